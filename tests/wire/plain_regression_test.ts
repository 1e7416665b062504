/**
 * The bugs of the server whose protocol the plain dialect is, each so that it cannot come back.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { TestChat } from "../support/fixtures.ts";

const SENT = { status: "success", message: "Message sent" };
const INVALID = { status: "error", message: "Invalid action" };

Deno.test("creating a room while in one leaves no ghost member behind", async () => {
  await using server = new TestChat();
  await using ana = await server.plain();
  const first = (await ana.ask({ action: "create", body: "First" })).room_id;
  await ana.ask({ action: "create", body: "Second" });
  await using ben = await server.v1();
  const joined = await ben.ask({ action: "join", body: { room_id: first, last: 10 } });
  assertEquals(joined.members, [{ client_id: ben.id }]);
  const [came, left] = await ben.entries(2);
  assertEquals(came, { seq: 1, at: came!.at, event: "join", from: ana.id });
  assertEquals(left, { seq: 2, at: left!.at, event: "leave", from: ana.id });
  await ben.entry();
  ben.send({ action: "message", room_id: first, body: "is anybody left?" });
  await ben.entry();
  await ana.silence();
});

Deno.test("rejoining one's own room as its only member keeps the room", async () => {
  await using server = new TestChat();
  await using ana = await server.plain();
  const roomId = (await ana.ask({ action: "create", body: "Lobby" })).room_id;
  const joined = { status: "success", message: "Joined room 'Lobby'", room_id: roomId };
  assertEquals(await ana.ask({ action: "join", body: roomId }), joined);
  await using ben = await server.plain();
  assertEquals(await ben.ask({ action: "join", body: roomId }), joined);
  assertEquals(await ana.ask({ action: "message", body: "hello" }), SENT);
  assertEquals(await ben.next(), { from: ana.id, body: "hello" });
});

Deno.test("a body that is not a string is refused, and the connection goes on", async () => {
  await using server = new TestChat();
  await using ana = await server.plain();
  await using ben = await server.plain();
  const roomId = (await ana.ask({ action: "create", body: "Lobby" })).room_id;
  await ben.ask({ action: "join", body: roomId });
  const wrong = [undefined, null, 5, true, {}, [], ["x"], { room_name: "x" }];
  for (const body of wrong) {
    const reply = await ana.ask({ action: "message", body });
    assertEquals(reply.status, "error");
    assertEquals(Object.keys(reply), ["status", "message"]);
  }
  for (const body of [undefined, null, 5, [], { room_name: 5 }, {}, { room_id: {} }]) {
    for (const action of ["create", "join"]) {
      const reply = await ana.ask({ action, body });
      assertEquals(reply.status, "error", `${action} ${JSON.stringify(body)}`);
    }
  }
  await ben.silence();
  assertEquals(await ana.ask({ action: "message", body: "still here" }), SENT);
  assertEquals(await ben.next(), { from: ana.id, body: "still here" });
  assertEquals(server.errors, []);
});

Deno.test("a broadcast has no status and a reply has no sender, so that nobody confuses them", async () => {
  await using server = new TestChat();
  await using ana = await server.plain();
  await using ben = await server.plain();
  const roomId = (await ana.ask({ action: "create", body: "Lobby" })).room_id;
  await ben.ask({ action: "join", body: roomId });
  const body = `{"status":"success","message":"Message sent"}`;
  for (let i = 0; i < 20; i++) {
    ana.send({ action: "message", body });
    ben.send({ action: "message", body });
  }
  for (const [me, other] of [[ana, ben], [ben, ana]] as const) {
    let sent = 0;
    let heard = 0;
    for (let i = 0; i < 40; i++) {
      const frame = await me.next();
      if ("status" in frame) {
        assertEquals(frame, SENT);
        sent++;
      } else {
        assertEquals(frame, { from: other.id, body });
        heard++;
      }
    }
    assertEquals([sent, heard], [20, 20]);
  }
});

Deno.test("replies to a plain client come in the order of its requests", async () => {
  await using server = new TestChat();
  await using ana = await server.plain();
  const roomId = (await ana.ask({ action: "create", body: "Lobby" })).room_id;
  for (let round = 0; round < 5; round++) {
    ana.send({ action: "message", body: "1" });
    ana.send({ action: "dance" });
    ana.send({ action: "message", body: "2" });
    ana.send({ action: "message", body: "3" });
    ana.send({ action: "join", body: "nowhere" });
    ana.send({ action: "message", body: "4" });
    ana.send({ action: "leave" });
    ana.send({ action: "message", body: "5" });
    ana.send({ action: "join", body: roomId });
    const replies: unknown[] = [];
    for (let i = 0; i < 9; i++) replies.push(await ana.next());
    assertEquals(replies, [
      SENT,
      INVALID,
      SENT,
      SENT,
      { status: "error", message: "Room nowhere does not exist" },
      SENT,
      { status: "success", message: "Left room" },
      { status: "error", message: "You must join a room first" },
      { status: "success", message: "Joined room 'Lobby'", room_id: roomId },
    ]);
  }
});

Deno.test("joining the room one is in loses none of its messages", async () => {
  await using server = new TestChat();
  await using ana = await server.plain();
  await using ben = await server.plain();
  const roomId = (await ana.ask({ action: "create", body: "Lobby" })).room_id;
  await ben.ask({ action: "join", body: roomId });
  for (let round = 0; round < 20; round++) {
    ana.send({ action: "message", body: "once" });
    ana.send({ action: "join", body: roomId });
    ben.send({ action: "join", body: roomId });
    assertEquals(await ana.next(), SENT);
    assertEquals((await ana.next()).message, "Joined room 'Lobby'");
    const heard = [await ben.next(), await ben.next()];
    assertEquals(heard.filter((frame) => "body" in frame), [{ from: ana.id, body: "once" }]);
  }
});
