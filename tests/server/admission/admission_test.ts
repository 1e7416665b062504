import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { ChatOptions } from "../../../src/server/chat.ts";
import { type Frame, RawSocket, TestChat } from "../../support/fixtures.ts";
import { until } from "../../support/waiting.ts";

/** A chat behind a proxy, which is this process. */
function behindProxy(options: ChatOptions = {}): TestChat {
  return new TestChat({ trustedProxies: ["127.0.0.1"], ...options });
}

async function statusFrom(server: TestChat, address: string, more = {}): Promise<number> {
  return (await server.handshake({ "X-Forwarded-For": address, ...more })).status;
}

Deno.test("a handshake too many of one address gets 429, and others come in", async () => {
  await using server = behindProxy({ addressHandshakes: 3 });
  const ana = await Promise.all(Array.from({ length: 3 }, () => statusFrom(server, "192.0.2.7")));
  assertEquals(new Set(ana), new Set([101]));
  const { status, headers } = await server.handshake({ "X-Forwarded-For": "192.0.2.7" });
  assertEquals(status, 429);
  assertMatch(String(headers.get("retry-after")), /^(20|1\d)$/);
  assertEquals(await statusFrom(server, "192.0.2.8"), 101);
  // All that are no more than malformed count as well.
  assertEquals(await statusFrom(server, "192.0.2.7", { "Sec-WebSocket-Key": "x" }), 429);
});

Deno.test("an address has so many connections, and another one when one has gone", async () => {
  await using server = behindProxy({ addressConnections: 2 });
  const from = (address: string, protocol?: string) =>
    RawSocket.open(server.url, protocol, { "x-forwarded-for": address });
  await using ana = await from("192.0.2.7", "parley.v1");
  await using plain = await from("192.0.2.7");
  assertEquals((await plain.next()).status, "connected");
  assertEquals(await statusFrom(server, "192.0.2.7"), 429);
  await using other = await from("2001:db8:0:7::1", "parley.v1");
  await using neighbour = await from("2001:db8:0:7::2", "parley.v1");
  assertEquals(await statusFrom(server, "2001:db8:0:7:ffff::"), 429);
  assertEquals(await statusFrom(server, "2001:db8:0:8::"), 101);
  await ana.close(1000);
  await until(async () => await statusFrom(server, "192.0.2.7") === 101, "no place becomes free");
  assertEquals((await other.ask({ action: "hello" })).status, "connected");
  assertEquals((await neighbour.ask({ action: "hello" })).status, "connected");
});

Deno.test("headers of a peer that is no trusted proxy change nothing", async () => {
  await using server = new TestChat({ addressHandshakes: 2, exempt: [] });
  assertEquals([await statusFrom(server, "192.0.2.7"), await statusFrom(server, "192.0.2.8")], [
    101,
    101,
  ]);
  assertEquals(await statusFrom(server, "192.0.2.9"), 429);
  assertEquals(await statusFrom(server, "192.0.2.9", { "Forwarded": "for=192.0.2.9" }), 429);
});

Deno.test("who comes from this machine has no limit, nor who is exempt; what a proxy hides counts as its own", async () => {
  const limits = { addressHandshakes: 1, exempt: ["127.0.0.0/8", "198.51.100.0/24"] };
  await using server = new TestChat(limits);
  for (let i = 0; i < 5; i++) assertEquals((await server.handshake()).status, 101);
  await using behind = behindProxy(limits);
  for (let i = 0; i < 5; i++) assertEquals(await statusFrom(behind, "198.51.100.7"), 101);
  assertEquals((await behind.handshake()).status, 101);
  assertEquals(await statusFrom(behind, "unknown"), 429);
  assertEquals(await statusFrom(behind, "198.51.100.7", { "Forwarded": "for=192.0.2.1" }), 429);
});

Deno.test("an address that says too much together is told to wait, and closed to come back when it does not", async () => {
  await using server = behindProxy({ addressRate: 1 });
  const from = (address: string) =>
    RawSocket.open(server.url, "parley.v1", { "x-forwarded-for": address });
  await using ana = await from("192.0.2.7");
  await using ben = await from("192.0.2.7");
  await using eve = await from("192.0.2.8");
  for (const socket of [ana, ben, eve]) await socket.ask({ action: "hello" });
  for (let i = 0; i < 9; i++) ana.send({ action: "ping" });
  let refused: Frame = {};
  while (refused.code === undefined) refused = await ben.ask({ action: "ping" });
  assertEquals(refused.code, "rate_limited");
  assertMatch(String(refused.message), /^Too fast: wait \d+ ms$/);
  assertEquals((await eve.ask({ action: "ping" })).event, "pong");
  // A thousand and a burst may be refused to all of them together: less than two could be by themselves.
  for (let i = 0; i < 700; i++) {
    ana.send({ action: "ping" });
    ben.send({ action: "ping" });
  }
  const closed = await Promise.race([ana.closed(), ben.closed()]);
  assertEquals(closed, { code: 4008, reason: "Too many messages from your address" });
  assertEquals((await eve.ask({ action: "ping" })).event, "pong");
});

Deno.test("an address pays by the clock of the server, which stands still before anybody has come", async () => {
  await using server = behindProxy({ addressRate: 1_000, rate: 0 });
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500);
  await using ana = await RawSocket.open(server.url, "parley.v1", {
    "x-forwarded-for": "192.0.2.7",
  });
  await ana.ask({ action: "hello" });
  // 1,500 may be said at once; by two clocks it was 500.
  for (let i = 0; i < 1_200; i++) ana.send({ action: "ping" });
  for (let i = 0; i < 1_200; i++) assertEquals((await ana.next()).event, "pong");
});

Deno.test("an app that hands no address on has no limits of addresses", async () => {
  await using server = new TestChat({ addressConnections: 1, exempt: [] });
  const { fetch } = server.chat;
  const bare = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request) => fetch(request),
  );
  const url = `ws://127.0.0.1:${bare.addr.port}/`;
  await using ana = await RawSocket.open(url, "parley.v1");
  await using ben = await RawSocket.open(url, "parley.v1");
  await using eve = await RawSocket.open(server.url, "parley.v1");
  for (const socket of [ana, ben, eve]) await socket.ask({ action: "hello" });
  await assertRejects(() => RawSocket.open(server.url, "parley.v1"));
  await server.chat.close();
  await bare.shutdown();
});
