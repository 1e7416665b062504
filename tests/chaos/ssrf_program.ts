// deno-lint-ignore-file no-console -- this is a program
/**
 * Sends webhooks where every address leads to this machine, and says which addresses were connected
 * to. It is run in a namespace of the network of its own.
 *
 * @module
 */

import { parseNetwork } from "../../src/server/admission/addresses.ts";
import { createChat } from "../../src/server/chat.ts";
import { insideOf } from "../../src/server/inside.ts";
import { Poster, type Resolve } from "../../src/webhooks/post.ts";
import { checkedSecrets } from "../../src/webhooks/signature.ts";
import { checkedWebhookUrl } from "../../src/webhooks/url.ts";
import { openWebhooks } from "../../src/webhooks/webhooks.ts";
import { SECRET } from "../support/webhook_receiver.ts";
import { until } from "../support/waiting.ts";
import { CONTROLS, HOSTS, LEADING, NAMES, PORT, REDIRECTS, TRICKS } from "./ssrf_corpus.ts";

/** The addresses that were connected to, since this was emptied. */
const reached: string[] = [];
/** The answer to whoever connects. */
let answer = "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";

listen();

/** Takes connections to all addresses, of IPv4 as well. */
async function listen(): Promise<void> {
  for await (const connection of Deno.listen({ hostname: "::", port: PORT })) {
    const { hostname } = connection.localAddr as Deno.NetAddr;
    reached.push(hostname.replace(/^::ffff:(?=.*\.)/, ""));
    take(connection).catch(() => {});
  }
}

async function take(connection: Deno.Conn): Promise<void> {
  using _closed = connection;
  await connection.read(new Uint8Array(65_536));
  await connection.write(new TextEncoder().encode(answer));
}

/** Sends twice: the second time, a name may lead elsewhere. Says whether anything was taken. */
async function send(url: URL, named: readonly string[], resolve?: Resolve): Promise<string[]> {
  const networks = named.map((network) => parseNetwork(network)!);
  reached.length = 0;
  for (let i = 0; i < 2; i++) {
    const poster = new Poster(url, {
      networks,
      answerMs: 1_000,
      ...(resolve === undefined ? {} : { resolve }),
    });
    await poster.post({}, "{}").catch(() => {});
    poster.close();
  }
  return [...reached];
}

/** A name that leads to the first of these at first, then to the next one, and in the end to the last. */
function leading(answers: readonly (readonly string[])[]): Resolve {
  let turn = 0;
  return (_host, found) => {
    const addresses = answers[Math.min(turn++, answers.length - 1)]!;
    found(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );
  };
}

const outcome = { tried: 0, refused: 0, private: [] as string[], controls: [] as string[] };

/** Notes addresses that were reached and must not be. */
function judge(what: string, addresses: string[], allowed: readonly string[] = []): void {
  outcome.tried++;
  const wrong = addresses.filter((address) => !allowed.includes(address));
  if (wrong.length > 0) outcome.private.push(`${what}: ${wrong.join(" ")}`);
}

for (const url of TRICKS) {
  const checked = tried(url);
  if (checked === undefined) outcome.refused++;
  judge(url, checked === undefined ? [] : await send(checked, []));
}
for (const host of [...HOSTS, ...NAMES]) {
  for (const scheme of ["https", "http"]) {
    const url = tried(`${scheme}://${host}:${PORT}/`);
    judge(`${scheme} ${host}`, url === undefined ? [] : await send(url, []));
  }
}
for (const { answers, allowed } of LEADING) {
  const url = new URL(`https://hook.example.org:${PORT}/`);
  judge(`DNS ${JSON.stringify(answers)}`, await send(url, [], leading(answers)), allowed);
}
for (const { status, location } of REDIRECTS) {
  answer =
    `HTTP/1.1 ${status} Elsewhere\r\nlocation: ${location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`;
  const url = new URL(`http://10.1.1.1:${PORT}/`);
  const addresses = await send(url, ["10.1.1.1"]);
  judge(`${status} to ${location}`, addresses, ["10.1.1.1"]);
  if (!addresses.includes("10.1.1.1")) outcome.controls.push(`${status} was not asked for`);
}
for (const { url, answers, named, address } of CONTROLS) {
  const addresses = await send(new URL(url), named, answers && leading(answers));
  if (!addresses.includes(address)) outcome.controls.push(`${url} was not reached`);
}

// The same hosts with all of a chat before them.
const urls = HOSTS.map((host) => tried(`https://${host}:${PORT}/`)).filter((url) =>
  url !== undefined
);
const unique = [...new Map(urls.map((url) => [url.href, url])).values()];
const chat = createChat({ logger: { debug() {}, info() {}, warn() {}, error() {} } });
reached.length = 0;
const hooks = openWebhooks(chat, {
  urls: unique,
  secrets: checkedSecrets("secret", SECRET),
  networks: [],
  logger: { debug() {}, info() {}, warn() {}, error() {} },
  version: "0.0.0",
});
const { roomId } = await chat.createRoom("Lobby");
await chat.publish(roomId, "said");
const { requests } = insideOf(chat)!.metrics.webhooks;
await until(() => requests.refused >= unique.length, "not all is refused");
for (const { host } of unique) judge(`a chat to ${host}`, []);
if (reached.length > 0) outcome.private.push(`a chat: ${reached.join(" ")}`);
await hooks.close(0);
await chat.close();

console.log(JSON.stringify(outcome));
Deno.exit();

/** A URL, where a configuration may have it. */
function tried(url: string): URL | undefined {
  try {
    return checkedWebhookUrl("--webhook", url);
  } catch {
    return undefined;
  }
}
