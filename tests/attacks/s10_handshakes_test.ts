/**
 * Handshakes drawn by chance: too many headers, too long ones, twice the same, bytes that are none
 * of HTTP, and connections that are reset in between.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { ServerProcess } from "../../bench/server_process.ts";
import { chance, report, setting } from "../chaos/setting.ts";
import { bounded } from "../support/waiting.ts";

const HANDSHAKES = setting(1_000, 100_000);
const AT_ONCE = 16;
/** More than the server needs to go on as before, in bytes. */
const MOST_BYTES = 64 * 1_048_576;

/** Ends whatever a request before it left open. */
const LAST = "\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

const HEADERS = [
  ...["Host: x", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"],
  ...["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: parley.v1"],
];
const ODD = [
  ...["Content-Length: 5", "Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked"],
  ...["Content-Length: -1", "Content-Length: 99999999999999999999", "Expect: 100-continue"],
  ...["Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__", "Connection: close", "Host: a b"],
  ...[
    "Sec-WebSocket-Extensions: permessage-deflate; =",
    "X",
    ": x",
    "X : y",
    " folded",
    "\u00ff: y",
  ],
  ...[
    "X: \u0000",
    "X: \u00ff\u00fe",
    "Sec-WebSocket-Version: 8",
    "Host: y",
    "Cookie: \r",
    "X: y\n\tz",
  ],
];

/** A request with something wrong, one character a byte. */
function request(random: () => number): string {
  const pick = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)]!;
  const lines = HEADERS.filter(() => random() < 0.9);
  for (let i = Math.floor(random() * 4); i > 0; i--) {
    lines.splice(Math.floor(random() * lines.length), 0, pick([...ODD, ...HEADERS]));
  }
  if (random() < 0.01) lines.push(...Array.from({ length: 2_000 }, (_, i) => `X${i}: y`));
  if (random() < 0.01) lines.push(`X: ${"x".repeat(pick([8_000, 16_384, 65_536, 70_000]))}`);
  const method = pick(["GET", "GET", "GET", "POST", "HEAD", "OPTIONS", "PRI", "get", "G\u00ff"]);
  const target = pick(["/", "/", "/healthz", "/?x", "*", "http://x/", "/\u00ff", "//", "/%zz", ""]);
  const version = pick(["HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/9", ""]);
  let text = [`${method} ${target} ${version}`, ...lines].join("\r\n");
  for (let i = Math.floor(random() * 6) - 3; i > 0; i--) {
    const at = Math.floor(random() * text.length);
    text = text.slice(0, at) + String.fromCharCode(Math.floor(random() * 256)) + text.slice(at + 1);
  }
  return text;
}

/** Says a request, or a part of it, and returns the first line of the answer; empty where there is none. */
async function say(port: number, text: string, cut: boolean): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const bytes = Uint8Array.from(cut ? text : text + LAST, (char) => char.charCodeAt(0));
  try {
    for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
    if (cut) return "";
    const buffer = new Uint8Array(1_024);
    const read = await bounded(connection.read(buffer), () => JSON.stringify(text.slice(0, 2_000)));
    return new TextDecoder("latin1").decode(buffer.subarray(0, read ?? 0)).split("\r\n", 1)[0]!;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe) {
      return "";
    }
    throw error;
  }
}

Deno.test("S10 no handshake breaks the server, or keeps it waiting", async () => {
  await using server = await ServerProcess.start({ args: ["--log-level", "warn"] });
  const port = Number(server.host.split(":")[1]);
  const [random, said] = [chance(), server.output.length];
  const statuses = new Map<string, number>();
  const some = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const text = request(random);
      const line = await say(port, text, random() < 0.1);
      assert(/^$|^HTTP\/1\.[01] (?:10[01]|200|4\d\d) /.test(line), `${line} to ${text}`);
      const status = line === "" ? "none" : line.slice(9, 12);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  // What runs for the first time takes memory for good.
  await some(HANDSHAKES / 10);
  const { rss } = server;
  await Promise.all(Array.from({ length: AT_ONCE }, () => some(HANDSHAKES / AT_ONCE)));
  const grown = server.rss - rss;
  assertEquals(await (await fetch(`http://${server.host}/healthz`)).text(), "ok\n");
  report("S10", `${HANDSHAKES} handshakes`, {
    ...Object.fromEntries([...statuses].sort()),
    "RSS MB more": Math.round(grown / 1e6),
    crashes: 0,
    hangs: 0,
  });
  assertEquals(server.output.slice(said), "");
  assert(grown < MOST_BYTES, `${grown} bytes more`);
});
