import { assertEquals, assertThrows } from "@std/assert";
import {
  admitsOrigin,
  checkedOrigin,
  checkedPublicUrl,
} from "../../../src/server/admission/origins.ts";
import { TestChat } from "../../support/fixtures.ts";
import { pure } from "../../support/pure.ts";

function admits(
  origin: string | null,
  host: string | null = "chat.example.org",
  allowed: string[] = [],
  own?: string,
): boolean {
  const headers = { get: (name: string) => name === "host" ? host : origin };
  return admitsOrigin(headers, {
    allowed: new Set(allowed),
    ...(own === undefined ? {} : { host: own }),
  });
}

pure(
  "admitsOrigin() admits programs, which say nothing, and pages of the same host on any port",
  () => {
    const good: [origin: string | null, host: string | null][] = [
      [null, "chat.example.org"],
      [null, null],
      ["https://chat.example.org", "chat.example.org"],
      ["https://chat.example.org:8443", "Chat.Example.org:443"],
      ["http://CHAT.example.org:3000", "chat.example.org:8765"],
      ["http://192.0.2.7:3000", "192.0.2.7:8765"],
      ["http://[2001:db8::7]", "[2001:db8::7]:8765"],
      ["https://xn--bcher-kva.example", "xn--bcher-kva.example"],
      ["http://my_host", "my_host:80"],
    ];
    for (const [origin, host] of good) {
      assertEquals(
        admits(origin, host),
        true,
        `${origin} ${host}`,
      );
    }
  },
);

pure("admitsOrigin() takes localhost, 127.0.0.1 and [::1] for one host, and nothing else", () => {
  const names = ["localhost", "127.0.0.1", "[::1]"];
  for (const page of names) {
    for (const own of names) assertEquals(admits(`http://${page}:3000`, `${own}:8765`), true);
    assertEquals(admits(`http://${page}:3000`, "chat.example.org"), false, page);
    assertEquals(admits("http://chat.example.org", page), false, page);
  }
  assertEquals(admits("http://127.0.0.2", "127.0.0.1"), false);
});

Deno.test("a page of somebody else gets a text that names the flag, and the log a line", async () => {
  await using server = new TestChat();
  const response = server.chat.fetch(
    new Request("http://localhost:8765/", {
      headers: {
        "host": "localhost:8765",
        "connection": "upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        "origin": `http://evil.example/"${"x".repeat(200)}`,
      },
    }),
  );
  assertEquals(response.status, 403);
  const origin = `http://evil.example/"${"x".repeat(79)}`;
  assertEquals(
    await response.text(),
    `Pages of ${JSON.stringify(origin)} may not connect to "localhost:8765": ` +
      "--allow-origin lets them, and so does allowOrigins of createChat\n",
  );
  assertEquals(server.log, [
    { level: "info", event: "origin refused", fields: { origin, host: "localhost:8765" } },
  ]);
});

pure("the host of the public address is the server's own, whatever a request names", () => {
  // A page whose name was made to lead here (DNS rebinding) names itself twice.
  assertEquals(admits("http://evil.example", "evil.example"), true);
  assertEquals(admits("http://evil.example", "evil.example", [], "chat.example.org"), false);
  assertEquals(admits("https://chat.example.org", "10.0.0.7:8765", [], "chat.example.org"), true);
});

pure("a request without a Host has no page of its own", () => {
  assertEquals([admits("http://localhost", null), admits("http://localhost", "")], [false, false]);
  assertEquals([admits("http://a b", "a b"), admits("http://localhost", "@")], [false, false]);
});

pure("checkedOrigin() takes an origin as browsers write it, and leaves the usual port out", () => {
  const taken: [given: string, taken: string][] = [
    ["*", "*"],
    ["null", "null"],
    ["https://app.example.org", "https://app.example.org"],
    ["HTTPS://App.example.org:443", "https://app.example.org"],
    ["http://app.example.org:80", "http://app.example.org"],
    ["http://app.example.org:443", "http://app.example.org:443"],
    ["http://[::1]:3000", "http://[::1]:3000"],
    ["capacitor://localhost", "capacitor://localhost"],
    ["chrome-extension://abcdef", "chrome-extension://abcdef"],
  ];
  for (const [given, expected] of taken) assertEquals(checkedOrigin("--x", given), expected);
  const refused = [
    "app.example.org",
    "https://app.example.org/",
    "https://*.example.org",
    "https://bücher.example",
    "https://",
    "",
    7,
    null,
  ];
  for (const given of refused) assertThrows(() => checkedOrigin("--x", given), RangeError, "--x");
});

pure("checkedPublicUrl() takes an address of HTTP or WebSocket for its host", () => {
  const urls = ["https://Chat.example.org", "wss://chat.example.org:8443/chat?x"];
  for (const url of urls) assertEquals(checkedPublicUrl("--x", url), "chat.example.org");
  assertEquals(checkedPublicUrl("--x", "http://[::1]:1/"), "[::1]");
  for (const url of ["chat.example.org", "ftp://a", "https://", "https://a b", "https://a@b", 7]) {
    assertThrows(() => checkedPublicUrl("--x", url), RangeError, "--x");
  }
});
