// This module is pure: no sockets, no clock, no Deno.

/**
 * Pages that may connect. A browser lets any page open a WebSocket to any host, and says in `Origin`
 * which page it is (RFC 6454, RFC 6455 section 10.2). Programs say nothing there.
 *
 * @module
 */

import { shown } from "../../core/state/option_checks.ts";
import type { Handshake } from "./handshake.ts";

/** The rules for pages. */
export interface OriginRules {
  /** Origins that may connect besides the server's own, as browsers write them; `*` for all. */
  readonly allowed: ReadonlySet<string>;
  /** The server's own host, where it is not the one that a request names. */
  readonly host?: string;
}

const HOST = String.raw`[a-z0-9._-]+|\[[0-9a-f:.]+\]`;
/** The origin of a page, as browsers write it: without a path. */
const PAGE = new RegExp(`^https?://(${HOST})(?::[0-9]{1,5})?$`);
/** The same with any scheme: apps in a browser's shell have their own. */
const ORIGIN = new RegExp(`^[a-z][a-z0-9+.-]*://(?:${HOST})(?::[0-9]{1,5})?$`);
const HOST_AND_PORT = new RegExp(`^(${HOST})(?::[0-9]*)?$`);
/** The address that people may be given; all of it but the host and the port is for them. */
const PUBLIC_URL = new RegExp(`^(?:https?|wss?)://(${HOST})(?::[0-9]{1,5})?(?:/[^\\s]*)?$`, "i");

/** The ports that browsers leave out. */
const USUAL_PORT = /^(http:.*):80$|^(https:.*):443$/;

/** Names of this machine, for itself. */
const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * Says whether a request may come from where it says. It may where it names no origin, one that is
 * allowed, or a page of the server's own host, on whatever port.
 */
export function admitsOrigin(
  headers: Handshake["headers"],
  { allowed, host }: OriginRules,
): boolean {
  const origin = headers.get("origin")?.toLowerCase();
  if (origin === undefined || allowed.has("*") || allowed.has(origin)) return true;
  const page = PAGE.exec(origin)?.[1];
  const own = host ?? hostOf(headers.get("host"));
  if (page === undefined || own === undefined) return false;
  return page === own || LOOPBACK.has(page) && LOOPBACK.has(own);
}

/** The host of a `Host` header, without its port; undefined where that cannot be one. */
function hostOf(header: string | null): string | undefined {
  return HOST_AND_PORT.exec(header?.toLowerCase() ?? "")?.[1];
}

/**
 * Takes an origin that is to be allowed: `*`, `null`, or one as browsers write it.
 *
 * @throws {RangeError} with one line that names where it came from.
 */
export function checkedOrigin(name: string, origin: unknown): string {
  if (origin === "*" || origin === "null") return origin;
  const written = typeof origin === "string" ? origin.toLowerCase() : "";
  if (ORIGIN.test(written)) return written.replace(USUAL_PORT, "$1$2");
  throw new RangeError(
    `${name} must be the origin of a page, like https://app.example.org, or *, not ${
      shown(origin)
    }`,
  );
}

/**
 * Takes the origin of pages that may show the chat's page in a frame: `*`, or as browsers write it.
 *
 * @throws {RangeError} with one line that names where it came from.
 */
export function checkedFrameAncestor(name: string, origin: unknown): string {
  // Pages without an origin have no name in a Content Security Policy.
  if (origin !== "null") return checkedOrigin(name, origin);
  throw new RangeError(`${name} must be the origin of a page, or *, not "null"`);
}

/**
 * Takes the public address of a server, and returns its host.
 *
 * @throws {RangeError} with one line that names where it came from.
 */
export function checkedPublicUrl(name: string, url: unknown): string {
  const host = typeof url === "string" ? PUBLIC_URL.exec(url)?.[1] : undefined;
  if (host !== undefined) return host.toLowerCase();
  throw new RangeError(
    `${name} must be the address that people use, like https://chat.example.org, not ${shown(url)}`,
  );
}
