import { assert, assertEquals } from "@std/assert";
import type { Entry } from "../../src/protocol/frames.ts";
import { type Frame, type RawSocket, TestChat } from "../support/fixtures.ts";
import { PageClient } from "../support/page_client.ts";
import { TcpWebSocket } from "../support/tcp_websocket.ts";
import { pause, until } from "../support/waiting.ts";

function events(entries: Entry[]): unknown[] {
  return entries.map((entry) =>
    "event" in entry ? entry.event : "body" in entry ? entry.body : "change"
  );
}

async function join(
  server: TestChat,
  body: unknown,
): Promise<{ socket: RawSocket; joined: Frame }> {
  const socket = await server.v1();
  return { socket, joined: await socket.ask({ action: "join", body }) };
}

Deno.test("a room larger than the presence limit says so once, and logs nobody coming or going", async () => {
  await using server = new TestChat({ presenceLimit: 2, graceMs: 0 });
  const { host: ana, roomId } = await server.host1();
  await using _ana = ana;
  const second = await join(server, roomId);
  await using _second = second.socket;
  assertEquals(second.joined.presence, true);
  assertEquals(events(await ana.entries(1)), ["join"]);
  const third = await join(server, roomId);
  assertEquals([third.joined.presence, third.joined.members], [false, []]);
  const quiet = await ana.entry();
  assertEquals(quiet, { seq: 3, at: quiet.at, event: "quiet", from: "" });
  await third.socket.close();
  await using fourth = (await join(server, roomId)).socket;
  ana.send({ action: "typing", room_id: roomId });
  await fourth.silence();
  await ana.silence();
  ana.send({ action: "message", room_id: roomId, body: "hello" });
  assertEquals(events(await fourth.entries(1)), ["hello"]);
});

Deno.test("history comes at once in a room too large for presence", async () => {
  await using server = new TestChat({ presenceLimit: 1 });
  const { host: ana, roomId, made } = await server.host1();
  await using _ana = ana;
  await using _ben = (await join(server, roomId)).socket;
  assertEquals(events(await ana.entries(1)), ["quiet"]);
  ana.send({ action: "messages", room_id: roomId, body: ["one", "two"] });
  await ana.entries(2);
  await using cleo = (await join(server, { room_id: roomId, last: 2 })).socket;
  assertEquals(events(await cleo.entries(2)), ["one", "two"]);
  await using dora = (await join(server, { room_id: roomId, epoch: made.epoch, after: 3 })).socket;
  assertEquals(events(await dora.entries(1)), ["two"]);
});

Deno.test("a room that was too large logs presence again after it was empty", async () => {
  await using server = new TestChat({ presenceLimit: 1 });
  const { host: ana, roomId } = await server.host1();
  const { socket: ben } = await join(server, roomId);
  await ana.close(1000);
  await ben.close(1000);
  await using cleo = (await join(server, { room_id: roomId, last: 9 })).socket;
  assertEquals(events(await cleo.entries(3)), ["join", "quiet", "join"]);
});

Deno.test("a burst larger than the log reaches everybody who can take it", async () => {
  await using server = new TestChat({ logEntries: 4 });
  const { host: ana, roomId } = await server.host1();
  await using _ana = ana;
  await using ben = (await join(server, roomId)).socket;
  await ben.entry();
  await using pia = await server.plain();
  await pia.ask({ action: "join", body: roomId });
  await ben.entry();
  const body = ["1", "2", "3", "4", "5", "6", "7"];
  ana.send({ action: "messages", room_id: roomId, body });
  assertEquals((await ben.entries(7)).map(({ seq }) => seq), [4, 5, 6, 7, 8, 9, 10]);
  for (const text of body) assertEquals((await pia.next()).body, text);
});

Deno.test("who is too fast is told how long to wait, and may go on after that", async () => {
  await using server = new TestChat({ rate: 200 });
  const { host: ana, roomId } = await server.host1();
  await using _ana = ana;
  const body = Array.from({ length: 190 }, (_, i) => String(i));
  ana.send({ action: "messages", room_id: roomId, n: 1, body });
  await ana.entries(190);
  // A frame that was let in pays off what it costs: the next one waits for that.
  ana.send({ action: "messages", room_id: roomId, n: 191, body: body.slice(0, 150) });
  await ana.entries(150);
  const refused = await ana.ask({ action: "message", room_id: roomId, n: 341, body: "", ref: "r" });
  assertEquals([refused.code, refused.ref, refused.n], ["rate_limited", "r", 341]);
  const wait = Number(refused.retry_after_ms);
  assert(wait > 0 && wait <= 1_000, `${wait}`);
  // Waits as told: the time is what is tested here.
  await pause(wait);
  ana.send({ action: "messages", room_id: roomId, n: 341, body: ["again"] });
  const entry = await ana.entry();
  assertEquals("body" in entry && [entry.n, entry.body], [341, "again"]);
});

Deno.test("the largest frame of messages gets through the default rate", async () => {
  await using server = new TestChat();
  const { host: ana, roomId } = await server.host1();
  await using _ana = ana;
  const body = Array.from({ length: 256 }, () => "x".repeat(1_024));
  ana.send({ action: "messages", room_id: roomId, n: 1, body });
  const answer = await ana.next();
  assertEquals(answer.event, "entries", JSON.stringify(answer).slice(0, 200));
});

Deno.test("a frame of any price is let in by whoever has something left", async () => {
  await using server = new TestChat({ rate: 4 });
  const { host: ana, roomId } = await server.host1();
  await using _ana = ana;
  const body = ["x".repeat(20_000)];
  ana.send({ action: "messages", room_id: roomId, n: 1, body });
  assertEquals((await ana.entry()).seq, 2);
  const refused = await ana.ask({ action: "ping" });
  assertEquals(refused.code, "rate_limited");
  assert(Number(refused.retry_after_ms) > 3_000, `${refused.retry_after_ms}`);
});

Deno.test("a client that does as the page says is never thrown out, however fast it would be", async () => {
  await using server = new TestChat();
  const { host, roomId } = await server.host1();
  await using _host = host;
  await using ana = new PageClient();
  await ana.connect(server.url);
  await ana.join(roomId);
  const fates = await Promise.all(Array.from({ length: 700 }, (_, i) => ana.say(roomId, `${i}`)));
  assertEquals(fates.map((fate) => typeof fate), Array(700).fill("number"));
  assertEquals(ana.goodbyes, []);
  // It was refused now and then, and each time with no more than it had on its way.
  assert(ana.refusals.rate_limited! > 0);
  const bodies: unknown[] = [];
  while (bodies.length < 700) {
    const entry = await host.entry();
    if ("body" in entry) bodies.push(entry.body);
  }
  assertEquals(bodies, Array.from({ length: 700 }, (_, i) => `${i}`));
});

Deno.test("a flood ends in a goodbye and a close that means stay away", async () => {
  await using server = new TestChat({ rate: 10 });
  await using ana = await server.v1();
  await using ben = await server.v1();
  // First what is only refused; then one by one, because a close can overtake what is still
  // being sent, and the goodbye with it.
  const refusals = 1_000;
  for (let i = 0; i < refusals; i++) ana.send({ action: "ping" });
  for (let i = 0; i < refusals; i++) await ana.next();
  let answer: Frame = {};
  // On a busy machine one of them is let in now and then.
  await until(
    async () => {
      answer = await ana.ask({ action: "ping" });
      return answer.event === "goodbye";
    },
    "the flood goes on",
    { everyMs: 0 },
  );
  assertEquals(answer, { event: "goodbye", code: 4501, reason: "Too many messages" });
  assertEquals(await ana.closed(), { code: 4501, reason: "Too many messages" });
  await ben.silence();
});

Deno.test("a connection that says no hello in time is closed", async () => {
  await using server = new TestChat({ helloMs: 200 });
  await using late = await server.dial();
  await using ana = await server.v1();
  const reason = "No hello within 200 ms";
  assertEquals(await late.next(), { event: "goodbye", code: 4000, reason });
  assertEquals(await late.closed(), { code: 4000, reason });
  await ana.silence();
});

Deno.test("a connection that is silent is asked, and closed after two heartbeats", async () => {
  await using server = new TestChat({ heartbeatMs: 600 });
  await using ana = await server.v1();
  await using pia = await server.plain();
  const reason = "Nothing heard for 1200 ms";
  assertEquals(await ana.next(), { event: "ping" });
  assertEquals(await ana.next(), { event: "goodbye", code: 4001, reason });
  assertEquals(await ana.closed(), { code: 4001, reason });
  // Plain clients know no heartbeat: the WebSocket's own pings find out about them.
  await pia.silence();
});

Deno.test("a connection that answers each ping with anything at all is not closed", async () => {
  await using server = new TestChat({ heartbeatMs: 600, rate: 1 });
  await using ana = await server.v1();
  const since = performance.now();
  const answers = [{ action: "pong" }, { action: "nonsense", ref: 1 }, { action: "pong" }];
  for (const answer of answers) {
    await ana.until(({ event }) => event === "ping");
    ana.send(answer);
  }
  await ana.until(({ event }) => event === "ping");
  assert(performance.now() - since >= 2_400 - 100, "It was asked more often than it was silent");
});

Deno.test("what is refused for its rate is a sign of life too", async () => {
  await using server = new TestChat({ heartbeatMs: 600, rate: 1 });
  await using ana = await server.v1();
  // It costs more than comes back in many heartbeats: all that follows is refused.
  ana.send({ action: "ping", ref: "large", padding: "x".repeat(100_000) });
  await ana.until(({ ref }) => ref === "large");
  for (let i = 0; i < 4; i++) {
    await ana.until(({ event }) => event === "ping");
    assertEquals((await ana.ask({ action: "pong" })).code, "rate_limited");
  }
});

Deno.test("a server with all the rooms it may have refuses to make more", async () => {
  await using server = new TestChat({ maxRooms: 2, emptyRoomMs: 0 });
  await using ana = await server.v1();
  await using ben = await server.v1();
  await using cleo = await server.v1();
  for (const maker of [ana, ben]) {
    await maker.ask({ action: "create", body: "Own" });
    await maker.entry();
  }
  const refused = await cleo.ask({ action: "create", body: "Third", ref: 3 });
  assertEquals([refused.code, refused.ref, refused.message], [
    "too_many_rooms",
    3,
    "There are 2 rooms, the most allowed",
  ]);
});

Deno.test("a client in all the rooms it may be in can neither make nor join another", async () => {
  await using server = new TestChat({ maxRoomsPerClient: 1 });
  const { host: ana, roomId } = await server.host1();
  await using _ana = ana;
  const { host: ben, roomId: other } = await server.host1();
  await using _ben = ben;
  assertEquals((await ana.ask({ action: "create", body: "More" })).code, "too_many_rooms");
  assertEquals((await ana.ask({ action: "join", body: other })).code, "too_many_rooms");
  await ben.silence();
  assertEquals((await ana.ask({ action: "join", body: roomId })).status, "success");
  await ana.ask({ action: "leave", body: { room_id: roomId } });
  assertEquals((await ana.ask({ action: "join", body: other })).status, "success");
});

Deno.test("a server with all the connections it may have answers 503 until one ends", async () => {
  await using server = new TestChat({ maxConnections: 1 });
  const ana = await server.plain();
  const full = await server.handshake();
  assertEquals([full.status, full.headers.get("retry-after")], [503, "5"]);
  await ana.close();
  await using ben = await server.plain();
  await ben.silence();
});

Deno.test("a connection that the server has closed counts until it is gone, which it is soon", async () => {
  await using server = new TestChat({ maxConnections: 4 });
  const others = await Promise.all([server.plain(), server.plain(), server.plain()]);
  using ana = await TcpWebSocket.open(server.host, "parley.v1");
  // It takes the answer, and nothing behind it.
  ana.reads = false;
  await ana.send(`{"action":"hello"}`);
  await ana.next();
  await ana.send(`{"action":"pause"}`);
  await until(() => server.chat.size.connections === 3, "the server does not close it");
  assertEquals((await server.handshake()).status, 503);
  // The peer never answers.
  await until(async () => (await server.handshake()).status === 101, "it stays");
  for (const other of others) await other.close();
});
