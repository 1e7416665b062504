import { assertEquals } from "@std/assert";
import { refusalOf } from "../../../src/server/admission/handshake.ts";
import { pure } from "../../support/pure.ts";

const GOOD: Record<string, string> = {
  "host": "localhost:8765",
  "connection": "Upgrade",
  "upgrade": "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

function answerTo(
  changes: Record<string, string | null>,
  { method = "GET", url = "http://localhost:8765/" } = {},
) {
  const headers = { ...GOOD, ...changes };
  return refusalOf({ method, url, headers: { get: (name) => headers[name] ?? null } });
}

pure("refusalOf() lets handshakes pass that browsers, libraries and proxies make", () => {
  const good: Record<string, string | null>[] = [
    {},
    { "connection": "keep-alive, Upgrade" },
    { "connection": "keep-alive,upgrade" },
    { "connection": "close , UPGRADE" },
    { "sec-websocket-protocol": "parley.v1" },
    { "sec-websocket-protocol": " other,parley.v1 ,, chat" },
    { "sec-websocket-extensions": "permessage-deflate; client_max_window_bits" },
    { "sec-websocket-extensions": 'permessage-deflate;a=10 ; b = "x", foo' },
    { "origin": "null" },
  ];
  for (const changes of good) assertEquals(answerTo(changes), undefined, JSON.stringify(changes));
});

pure("refusalOf() asks for version 13 where another one or none is asked for", () => {
  for (const version of [null, "", "12", "8", "13, 8", "13, 13", "013", "13.0"]) {
    const { status, headers } = answerTo({ "sec-websocket-version": version }) ?? {};
    assertEquals([status, headers], [426, {
      "upgrade": "websocket",
      "connection": "upgrade",
      "sec-websocket-version": "13",
    }], `${version}`);
  }
});

pure("refusalOf() refuses what no WebSocket begins with, and names it", () => {
  const bad: [Record<string, string | null>, string][] = [
    [{ "host": null }, "it has no Host"],
    [{ "host": "" }, "it has no Host"],
    [{ "connection": null }, "Connection must name Upgrade"],
    [{ "connection": "close" }, "Connection must name Upgrade"],
    [{ "connection": "x-upgrade" }, "Connection must name Upgrade"],
    [{ "sec-websocket-key": null }, "Sec-WebSocket-Key must be 16 bytes in base64, not missing"],
    [{ "sec-websocket-key": "" }, `Sec-WebSocket-Key must be 16 bytes in base64, not ""`],
    [{ "sec-websocket-key": "abc" }, `Sec-WebSocket-Key must be 16 bytes in base64, not "abc"`],
    ...["dGhlIHNhbXBsZSBub25jZWU=", "?".repeat(24), "dGhlIHNhbXBsZSBub25jZQ", "a".repeat(32)].map(
      (key): [Record<string, string>, string] => [
        { "sec-websocket-key": key },
        `Sec-WebSocket-Key must be 16 bytes in base64, not "${key}"`,
      ],
    ),
    ...["a b", ",", "", "a, a", "a;b", "parley.v1, @"].map(
      (list): [Record<string, string>, string] => [
        { "sec-websocket-protocol": list },
        `Sec-WebSocket-Protocol must name each protocol once, not "${list}"`,
      ],
    ),
    ...["", ";", "a; =", "a; b=", "a; b=c d", `a; b="c d"`, "a b"].map(
      (list): [Record<string, string>, string] => [
        { "sec-websocket-extensions": list },
        `Sec-WebSocket-Extensions cannot be read: ${JSON.stringify(list)}`,
      ],
    ),
  ];
  for (const [changes, reason] of bad) {
    const { status, text } = answerTo(changes) ?? {};
    assertEquals([status, text], [400, `Bad WebSocket handshake: ${reason}\n`]);
  }
  const twice = GOOD["sec-websocket-key"] + ", " + GOOD["sec-websocket-key"];
  assertEquals(answerTo({ "sec-websocket-key": twice })?.status, 400);
  assertEquals(
    answerTo({}, { method: "POST" })?.text,
    "Bad WebSocket handshake: it must be a GET\n",
  );
  assertEquals(answerTo({}, { url: "http://localhost/#x" })?.status, 400);
});

pure("refusalOf() needs no more time for a long header than it takes to read it", () => {
  const long = 1_000_000;
  const begin = performance.now();
  for (const text of [" ".repeat(long), "a".repeat(long), "a;".repeat(long), "a=".repeat(long)]) {
    answerTo({ "sec-websocket-extensions": `a;${text}@` });
    answerTo({ "sec-websocket-protocol": `${text}@` });
    answerTo({ "connection": `${text}@` });
  }
  const ms = performance.now() - begin;
  assertEquals(ms < 3_000, true, `${ms} ms`);
});
