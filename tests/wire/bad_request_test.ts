/**
 * Texts that a stranger can write to the port and that are no proper requests: each gets an answer
 * that blames the request, and the server has nothing to say about it in its log.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ServerProcess } from "../../bench/server_process.ts";
import { bounded } from "../support/waiting.ts";
import { outcomeOf, permitted } from "../support/server_process.ts";

const UPGRADE = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";

/** Ends whatever a request before it left open. */
const LAST = "\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/** Writes bytes, one a character, and returns the first line of the answer; empty where there is none. */
async function answerTo(port: number, request: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const bytes = Uint8Array.from(request + LAST, (character) => character.charCodeAt(0));
  let answer = "";
  try {
    for (let i = 0; i < bytes.length;) i += await connection.write(bytes.subarray(i));
    const buffer = new Uint8Array(1_024);
    while (!answer.includes("\r\n")) {
      const read = await bounded(connection.read(buffer), () => JSON.stringify(request));
      if (read === null) break;
      answer += new TextDecoder().decode(buffer.subarray(0, read));
    }
  } catch (error) {
    // It hung up before everything was written.
    if (
      !(error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe)
    ) {
      throw error;
    }
  }
  return answer.split("\r\n", 1)[0]!;
}

/** Ends the server and checks that it wrote nothing but where it listens, for programs and for people. */
async function assertSilent(server: ServerProcess): Promise<void> {
  server.kill("SIGTERM");
  const { code, stdout, stderr } = await outcomeOf(server);
  assertEquals([code, stdout.split("\n").length, stderr], [0, 3, ""], stdout);
}

Deno.test("a request that cannot be read is answered with 400, and not a word in the log", async () => {
  await using server = await ServerProcess.start(permitted());
  const hosts = ["a b", "a:99999", "[::1", "%zz", "xn--", "1.2.3.256", "a|b"];
  const requests = [
    ...hosts.map((host) => `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`),
    ...hosts.map((host) => `GET / HTTP/1.1\r\nHost: ${host}\r\n${UPGRADE}\r\n`),
    "GET http://a:99999/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET * HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    `GET /${"a".repeat(70_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    "GET /\u0000 HTTP/1.1\r\nHost: x\r\n\r\n",
    "G@T / HTTP/1.1\r\nHost: x\r\n\r\n",
    // WebSockets begin with a GET (RFC 6455, section 4.1).
    `HEAD / HTTP/1.1\r\nHost: x\r\n${UPGRADE}\r\n`,
    `POST / HTTP/1.1\r\nHost: x\r\n${UPGRADE}\r\n`,
    "\u0016\u0003\u0001\u0002\u0000\u0001\u0000",
  ];
  for (const request of requests) {
    const answer = await answerTo(server.port, request);
    assertEquals(answer, "HTTP/1.1 400 Bad Request", request.slice(0, 200));
  }
  await assertSilent(server);
});

Deno.test("a connection that asks for too much, or says more than a request, is ended", async () => {
  await using server = await ServerProcess.start(permitted());
  const get = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
  const post = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n";
  const large = "GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n";
  for (
    const [request, statuses] of [
      [get.repeat(150), `${"200 ".repeat(100)}429`],
      [post + "x".repeat(100), "413"],
      [large, "413"],
    ] as const
  ) {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
    await connection.write(new TextEncoder().encode(request));
    let answers = "";
    const reading = (async () => {
      const buffer = new Uint8Array(65_536);
      // What was not read makes the end a reset.
      const read = () => connection.read(buffer).catch(() => null);
      for (let count = await read(); count !== null; count = await read()) {
        answers += new TextDecoder().decode(buffer.subarray(0, count));
      }
    })();
    await bounded(reading, () => `still open: ${request.slice(0, 50)}`);
    const lines = answers.matchAll(/HTTP\/1\.1 (\d+)/g);
    assertEquals([...lines.map((found) => found[1])].join(" "), statuses);
  }
  await assertSilent(server);
});

Deno.test("whatever is written to the port, no answer blames the server, and the log is silent", async () => {
  await using server = await ServerProcess.start(permitted());
  const odd = fc.string({ unit: "binary-ascii", maxLength: 12 });
  const host = fc.oneof(odd, fc.domain(), fc.ipV6().map((ip) => `[${ip}]`), fc.webAuthority());
  const target = fc.oneof(
    fc.constantFrom("/", "/healthz", "*", "//", "x:1"),
    odd.map((text) => `/${text}`),
    fc.tuple(fc.constantFrom("http://", "https://", "ws://", "x:"), host, odd)
      .map((parts) => parts.join("")),
  );
  const method = fc.constantFrom("GET", "HEAD", "POST", "OPTIONS", "CONNECT", "TRACE", "get", "~!");
  const version = fc.constantFrom("HTTP/1.1", "HTTP/1.0", "HTTP/1.2", "HTTP/0.9");
  const header = fc.tuple(
    fc.constantFrom("Upgrade", "Connection", "Sec-WebSocket-Protocol", "Accept", "Expect", "X"),
    fc.oneof(odd, fc.constantFrom("websocket", "upgrade", "parley.v1", "text/html", "close")),
  ).map(([name, value]) => `${name}: ${value}\r\n`);
  const request = fc.record({
    line: fc.tuple(method, target, version).map((parts) => parts.join(" ")),
    host: fc.option(host.map((name) => `Host: ${name}\r\n`), { nil: "" }),
    upgrade: fc.constantFrom("", UPGRADE),
    headers: fc.array(header, { maxLength: 4 }),
    damage: fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 2 }),
  }).map(({ line, host, upgrade, headers, damage }) => {
    const bytes = `${line}\r\n${host}${upgrade}${headers.join("")}\r\n`.split("");
    for (const [at, byte] of damage) bytes[at % bytes.length] = String.fromCharCode(byte);
    return bytes.join("");
  });
  await fc.assert(
    fc.asyncProperty(request, async (request) => {
      const answer = await answerTo(server.port, request);
      assert(/^$|^HTTP\/1\.[01] (?:10[01]|200|4\d\d) /.test(answer), answer);
    }),
    { numRuns: 1_000 },
  );
  await assertSilent(server);
});
