/**
 * A configuration in lines for people: `check`.
 *
 * @module
 */

import { THIS_MACHINE } from "../server/chat_options.ts";
import type { ServerSettings } from "./flags/flags.ts";

/** Names of this machine that nobody else can reach. */
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|::1|\[::1\])$/;

/** Says who may reach and use a server with these settings. A line that begins with `!` asks for a second look. */
export function describeSettings(settings: ServerSettings): string[] {
  const { port, hostname, path, certFile, store, ops, apiTokenFile, tokens, engine } = settings;
  const { webhooks } = settings;
  const isOpen = !LOOPBACK.test(hostname);
  const scheme = certFile === undefined ? "ws" : "wss";
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  const address = `${scheme}://${host}:${port}${path === "/" ? "" : path}`;
  const hasTokens = tokens.secretFile !== undefined || tokens.jwks !== undefined;
  const lines = [
    `Chat: ${address}, for ${isOpen ? "whoever reaches this address" : "this machine"}`,
    `People: ${
      !hasTokens
        ? "anybody, without a token"
        : tokens.anonymous === "allow"
        ? "those with a token, and anybody without one"
        : "those with a token"
    }`,
    `Pages: of the server's own host${
      settings.allowOrigins.length > 0 ? `, and of ${settings.allowOrigins.join(", ")}` : ""
    }`,
    `Addresses without limits: ${listed(settings.exempt)}`,
    `Proxies that are believed: ${listed(settings.trustedProxies)}`,
    `Store: ${shownStore(store)}${store === "memory" ? ", which forgets all at a restart" : ""}`,
  ];
  if (ops === undefined) lines.push("Operators: no port");
  else {
    const who = LOOPBACK.test(ops.hostname) ? "this machine" : "whoever reaches this address";
    const byFile = apiTokenFile === undefined ? [] : [`the token in ${apiTokenFile}`];
    const keys = [...byFile, ...(hasTokens ? ["tokens of the scope admin"] : [])];
    const api = keys.length === 0 ? "no API" : `the API with ${keys.join(" or ")}`;
    lines.push(
      `Operators: http://${ops.hostname}:${ops.port}, for ${who}: health, metrics, ${api}`,
    );
    if (who !== "this machine") {
      lines.push("! Anybody who reaches the port for operators can read the metrics");
    }
  }
  if (webhooks.urls.length > 0) {
    const hosts = webhooks.urls.map(({ protocol, host }) => `${protocol}//${host}`);
    lines.push(`Webhooks, which are sent all that is said: ${hosts.join(", ")}`);
  }
  const isBehind = settings.trustedProxies.length > 0;
  if (isOpen && certFile === undefined && !isBehind) {
    lines.push("! Nothing is encrypted: give --cert and --key, or put a proxy in front");
  }
  if (settings.allowOrigins.includes("*")) lines.push("! Pages of every host may connect");
  if (engine.rate === 0) lines.push("! Nobody is limited in how fast it speaks (--rate 0)");
  if (isBehind && settings.exempt === THIS_MACHINE) {
    lines.push(
      "! Requests that a proxy on this machine makes by itself have no limits: see --exempt",
    );
  }
  return lines;
}

/** A store, without the password in its address. */
function shownStore(store: string): string {
  return store.replace(/\/\/.*@/, "//…@");
}

function listed(values: readonly string[]): string {
  return values.length === 0 ? "none" : values.join(", ");
}
