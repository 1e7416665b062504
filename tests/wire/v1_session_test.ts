import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { Entry } from "../../src/protocol/frames.ts";
import { type RawSocket, TestChat } from "../support/fixtures.ts";

function events(entries: Entry[]): unknown[] {
  return entries.map((
    entry,
  ) => [entry.from, "event" in entry ? entry.event : "body" in entry ? entry.body : "change"]);
}

/** A second client in the room of `host`; both have read everything. */
async function guest(server: TestChat, host: RawSocket, roomId: string): Promise<RawSocket> {
  const socket = await server.v1({ name: "Ben" });
  await socket.ask({ action: "join", body: roomId });
  await socket.entry();
  await host.entry();
  return socket;
}

function session(socket: RawSocket): { session: string } {
  return { session: String(socket.welcome.session) };
}

Deno.test("a session brings back the same client with its number", async () => {
  await using server = new TestChat();
  const { host: ana, roomId } = await server.host1();
  ana.send({ action: "messages", room_id: roomId, body: ["1", "2", "3"] });
  await ana.entries(3);
  await ana.close();
  await using again = await server.v1(session(ana));
  assertEquals(again.welcome, { ...ana.welcome, resumed: true, n: 3 });
});

Deno.test("a session that is wrong in any way makes a new client", async () => {
  await using server = new TestChat();
  await using ana = await server.v1();
  const token = String(ana.welcome.session);
  const other = token.endsWith("0") ? "1" : "0";
  for (
    const wrong of [token.slice(0, -1), token.slice(0, -1) + other, ana.id, `${ana.id}.`, ".", "x"]
  ) {
    await using eve = await server.v1({ session: wrong });
    assertEquals(eve.welcome.resumed, false, wrong);
    assertNotEquals(eve.id, ana.id);
  }
  await ana.silence();
});

Deno.test("a newer connection of a session closes the older one with a goodbye and 4500", async () => {
  await using server = new TestChat();
  const { host: ana, roomId } = await server.host1();
  await using ben = await guest(server, ana, roomId);
  await using newer = await server.v1(session(ana));
  assertEquals([newer.id, newer.welcome.resumed], [ana.id, true]);
  const reason = "This session continues on a newer connection";
  assertEquals(await ana.next(), { event: "goodbye", code: 4500, reason });
  assertEquals(await ana.closed(), { code: 4500, reason });
  assertEquals(events(await ben.entries(1)), [[ana.id, "away"]]);
  // Memberships wait to be taken up again.
  assertEquals(
    (await newer.ask({ action: "message", room_id: roomId, body: "x", n: 1 })).code,
    "not_in_room",
  );
  const joined = await newer.ask({ action: "join", body: roomId });
  assertEquals(joined.members, [{ client_id: ana.id }, { client_id: ben.id, name: "Ben" }]);
  assertEquals(events(await ben.entries(1)), [[ana.id, "back"]]);
  newer.send({ action: "message", room_id: roomId, body: "here", n: 1 });
  assertEquals(events(await ben.entries(1)), [[ana.id, "here"]]);
});

Deno.test("a cut connection is away at once, and back with nothing missed", async () => {
  await using server = new TestChat();
  const { host: ana, roomId } = await server.host1();
  await using _ana = ana;
  const ben = await guest(server, ana, roomId);
  await ben.close();
  assertEquals(events(await ana.entries(1)), [[ben.id, "away"]]);
  ana.send({ action: "message", room_id: roomId, body: "meanwhile" });
  await ana.entry();
  await using cleo = await server.v1();
  const joined = await cleo.ask({ action: "join", body: roomId });
  assertEquals(joined.members, [
    { client_id: ana.id },
    { client_id: ben.id, name: "Ben", away: true },
    { client_id: cleo.id },
  ]);
  await using again = await server.v1(session(ben));
  const rejoined = await again.ask({
    action: "join",
    body: { room_id: roomId, after: 2, epoch: joined.epoch },
  });
  assertEquals(rejoined.recovered, true);
  assertEquals(events(await again.entries(4)), [
    [ben.id, "away"],
    [ana.id, "meanwhile"],
    [cleo.id, "join"],
    [ben.id, "back"],
  ]);
});

Deno.test("who does not come back within the grace time has left, but is still the same", async () => {
  await using server = new TestChat({ graceMs: 20 });
  const { host: ana, roomId } = await server.host1();
  await using _ana = ana;
  const ben = await guest(server, ana, roomId);
  await ben.close();
  assertEquals(events(await ana.entries(2)), [[ben.id, "away"], [ben.id, "leave"]]);
  await using again = await server.v1(session(ben));
  assertEquals([again.welcome.resumed, again.id], [true, ben.id]);
  await again.ask({ action: "join", body: roomId });
  assertEquals(events(await ana.entries(1)), [[ben.id, "join"]]);
});

Deno.test("who does not come back within the time of a session is forgotten", async () => {
  await using server = new TestChat({ graceMs: 20, sessionMs: 0 });
  const { host: ana, roomId } = await server.host1();
  await using _ana = ana;
  const ben = await guest(server, ana, roomId);
  await ben.close();
  assertEquals(events(await ana.entries(2)), [[ben.id, "away"], [ben.id, "leave"]]);
  await using again = await server.v1(session(ben));
  assertEquals(again.welcome.resumed, false);
});

Deno.test("a pause closes with 4007, and nothing is told of it, nor of the way back", async () => {
  await using server = new TestChat();
  const { host: ana, roomId } = await server.host1();
  await using _ana = ana;
  const ben = await guest(server, ana, roomId);
  ben.send({ action: "pause", body: { for_ms: 60_000 } });
  assertEquals(await ben.next(), { event: "goodbye", code: 4007, reason: "Paused" });
  assertEquals(await ben.closed(), { code: 4007, reason: "Paused" });
  ana.send({ action: "message", room_id: roomId, body: "meanwhile" });
  await using again = await server.v1(session(ben));
  assertEquals([again.welcome.resumed, again.id], [true, ben.id]);
  const { epoch } = await again.ask({ action: "join", body: roomId });
  const joined = await again.ask({ action: "join", body: { room_id: roomId, epoch, after: 2 } });
  assertEquals([joined.recovered, events(await again.entries(1))], [true, [[ana.id, "meanwhile"]]]);
  assertEquals(events(await ana.entries(1)), [[ana.id, "meanwhile"]]);
  await ana.silence();
});

Deno.test("a session that comes back but not to its room leaves it after the grace time", async () => {
  await using server = new TestChat({ graceMs: 20 });
  const { host: ana, roomId } = await server.host1();
  await using _ana = ana;
  const ben = await guest(server, ana, roomId);
  await using again = await server.v1(session(ben));
  assertEquals(again.id, ben.id);
  assertEquals(events(await ana.entries(2)), [[ben.id, "away"], [ben.id, "leave"]]);
  await again.ask({ action: "join", body: roomId });
  assertEquals(events(await ana.entries(1)), [[ben.id, "join"]]);
});

Deno.test("a client that closes with 1000 has left for good", async () => {
  await using server = new TestChat();
  const { host: ana, roomId } = await server.host1();
  await using _ana = ana;
  const ben = await guest(server, ana, roomId);
  await ben.close(1000);
  assertEquals(events(await ana.entries(1)), [[ben.id, "leave"]]);
  await using again = await server.v1(session(ben));
  assertEquals(again.welcome.resumed, false);
});

Deno.test("without a grace time nobody is ever away", async () => {
  await using server = new TestChat({ graceMs: 0 });
  const { host: ana, roomId } = await server.host1();
  await using _ana = ana;
  const ben = await guest(server, ana, roomId);
  await using newer = await server.v1(session(ben));
  assertEquals(newer.welcome.resumed, true);
  assertEquals(events(await ana.entries(1)), [[ben.id, "leave"]]);
  assertEquals((await ben.next()).code, 4500);
});

Deno.test("a repeated message is stored once, and answered with the first one's place", async () => {
  await using server = new TestChat();
  const { host: ana, roomId } = await server.host1();
  await using ben = await guest(server, ana, roomId);
  ana.send({ action: "messages", room_id: roomId, n: 1, body: ["one", "two"] });
  await ana.entries(2);
  const repeat = { action: "message", room_id: roomId, n: 2, body: "two", ref: "again" };
  assertEquals(await ana.ask(repeat), {
    status: "success",
    n: 2,
    duplicate: true,
    seq: 4,
    ref: "again",
  });
  await ana.close();
  // Over a reconnect: what was stored is answered, the rest of the same frame is new.
  await using again = await server.v1(session(ana));
  await again.ask({ action: "join", body: roomId });
  await again.entry();
  again.send({ action: "messages", room_id: roomId, n: 1, body: ["one", "two", "three"] });
  const answers = [await again.next(), await again.next()];
  assertEquals(answers.map(({ n, seq }) => [n, seq]), [[1, 3], [2, 4]]);
  assertEquals(events(await again.entries(1)), [[ana.id, "three"]]);
  assertEquals(events(await ben.entries(5)), [
    [ana.id, "one"],
    [ana.id, "two"],
    [ana.id, "away"],
    [ana.id, "back"],
    [ana.id, "three"],
  ]);
});

Deno.test("a number that skips one is refused, and stays free", async () => {
  await using server = new TestChat();
  const { host: ana, roomId } = await server.host1();
  await using _ana = ana;
  const early = await ana.ask({ action: "message", room_id: roomId, n: 2, body: "two" });
  assertEquals([early.code, early.n, early.message], [
    "out_of_order",
    2,
    "Message 2 came before 1",
  ]);
  ana.send({ action: "message", room_id: roomId, n: 1, body: "one" });
  ana.send({ action: "message", room_id: roomId, n: 2, body: "two" });
  assertEquals(events(await ana.entries(2)), [[ana.id, "one"], [ana.id, "two"]]);
});

Deno.test("a refused message has not used its number", async () => {
  await using server = new TestChat();
  await using ana = await server.v1();
  const outside = await ana.ask({ action: "message", room_id: "nowhere", n: 1, body: "x" });
  assertEquals([outside.code, outside.n], ["not_in_room", 1]);
  const made = await ana.ask({ action: "create", body: "Lobby" });
  await ana.entry();
  const roomId = made.room_id;
  const long = "x".repeat(70_000);
  const tooLarge = await ana.ask({ action: "message", room_id: roomId, n: 1, body: long });
  assertEquals([tooLarge.code, tooLarge.n], ["too_large", 1]);
  const batch = await ana.ask({ action: "messages", room_id: roomId, n: 1, body: ["ok", 5] });
  assertEquals([batch.code, batch.n], ["invalid_frame", 1]);
  ana.send({ action: "message", room_id: roomId, n: 1, body: "first" });
  const entry = await ana.entry();
  assertEquals("n" in entry && [entry.seq, entry.n], [2, 1]);
});

Deno.test("a deleted room is gone for its members, and for who asks afterwards", async () => {
  await using server = new TestChat();
  const { host: ana, roomId } = await server.host1();
  await using _ana = ana;
  assert(server.chat.deleteRoom(roomId.toUpperCase().replaceAll("-", "")));
  assert(!server.chat.deleteRoom(roomId));
  const gone = await ana.ask({ action: "message", room_id: roomId, n: 1, body: "x" });
  assertEquals([gone.code, gone.n, gone.message], ["room_gone", 1, "Room no longer exists"]);
  const after = await ana.ask({ action: "message", room_id: roomId, n: 1, body: "x" });
  assertEquals(after.code, "not_in_room");
  assertEquals((await ana.ask({ action: "join", body: roomId })).code, "room_not_found");
});
