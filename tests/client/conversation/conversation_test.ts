import { assertEquals, assertRejects } from "@std/assert";
import { connect } from "../../../client.ts";
import {
  history,
  type HistoryPage,
  markRead,
  rooms,
  search,
} from "../../../src/client/conversation/conversation.ts";
import { ChatError } from "../../../src/protocol/errors.ts";
import { TestChat } from "../../support/fixtures.ts";
import { pure } from "../../support/pure.ts";

/** The events of a page in few words. */
function words({ events }: HistoryPage): string {
  return events.map((event) => {
    if (event.type === "message") return `${event.own ? ">" : ""}${event.body}`;
    return event.type;
  }).join(" ");
}

Deno.test("history() reads page after page, and the room goes on where it was", async () => {
  await using server = new TestChat();
  await using ana = await connect(server.url, { name: "Ana" });
  const room = await ana.createRoom("Lobby");
  for (let i = 1; i <= 9; i++) await room.send(`${i}`);
  await using ben = await connect(server.url, { name: "Ben" });
  const bens = await ben.joinRoom(room.id);
  const newest = await history(ben, bens, { limit: 4 });
  assertEquals([words(newest), newest.more], ["7 8 9 join", true]);
  assertEquals([newest.roomId, newest.epoch], [room.id, bens.epoch]);
  const older = await history(ben, bens, { before: newest.first, limit: 5 });
  assertEquals([words(older), older.first, older.last], ["2 3 4 5 6", 3, 7]);
  const oldest = await history(ben, bens, { before: older.first });
  assertEquals([words(oldest), oldest.more], ["join 1", false]);
  const [came] = oldest.events;
  assertEquals(came, {
    ...{ seq: 1, epoch: room.epoch, sentAt: came!.sentAt, type: "join" },
    ...{ from: ana.clientId, name: "Ana", own: false, roomId: room.id },
  });
  const beyond = await history(ben, bens, { before: oldest.first });
  assertEquals(beyond, { roomId: room.id, epoch: room.epoch, events: [], more: false });
  const after = await history(ana, room, { after: oldest.last, limit: 2 });
  assertEquals([words(after), after.more, after.recovered], [">2 >3", true, true]);
  assertEquals(words(await history(ana, room, { around: 4, limit: 3 })), ">2 >3 >4");
  assertEquals(bens.cursor, 11);
});

Deno.test("history() says why there is no page", async () => {
  await using server = new TestChat();
  await using ana = await connect(server.url);
  const room = await ana.createRoom("Lobby");
  const refused = async (options: object, of: { id: string } = room) =>
    (await assertRejects(() => history(ana, of, options), ChatError)).code;
  assertEquals(await refused({ before: -1 }), "invalid_argument");
  assertEquals(await refused({ limit: "5" }), "invalid_argument");
  assertEquals(await refused({ limit: 257 }), "invalid_frame");
  assertEquals(await refused({ before: 1, after: 1 }), "invalid_frame");
  assertEquals(await refused({}, { id: "k7q2-m9xd-4hwn-r3tc" }), "not_in_room");
  assertEquals(await refused({ signal: AbortSignal.abort() }), "aborted");
});

/** A client whose server answers this. */
function answered(reply: unknown) {
  return {
    clientId: "ana",
    request: <T>(_frame: unknown, accept: (reply: unknown) => T) =>
      Promise.resolve().then(() => accept(reply)),
  };
}

pure("history() takes what a later server may add, and nothing that is no page", async () => {
  const page = { status: "success", room_id: "r", epoch: "e", more: true };
  const entry = { seq: 5, at: 1, from: "ana", n: 1, body: "x" };
  const read = (entries: unknown) => history(answered({ ...page, entries }), { id: "r" });
  const later = await read([{ seq: 4, at: 1, from: "ana", event: "party" }, entry]);
  assertEquals([words(later), later.first, later.last], [">x", 4, 5]);
  for (
    const wrong of [
      undefined,
      {},
      [null],
      [entry, entry],
      [{ ...entry, seq: 1.5 }],
      [{ ...entry, at: "now" }],
      [{ ...entry, body: 5 }],
      [{ ...entry, from: undefined }],
    ]
  ) assertEquals((await assertRejects(() => read(wrong), ChatError)).code, "internal");
  for (const reply of [{}, { ...page, entries: [], epoch: 1 }]) {
    await assertRejects(() => history(answered(reply), { id: "r" }), ChatError, "sent no page");
  }
});

Deno.test("search(), rooms() and markRead() find, list and keep", async () => {
  await using server = new TestChat();
  await using ana = await connect(server.url);
  const room = await ana.createRoom("Lobby");
  for (const text of ["one fish", "two fish", "Red Fïsh", "blue"]) await room.send(text);
  await using ben = await connect(server.url);
  const bens = await ben.joinRoom(room.id);
  const bodies = (result: { events: object[] }) =>
    result.events.map((event) => "body" in event && event.body);
  const found = await search(ben, bens, "fish", { limit: 2 });
  assertEquals([bodies(found), found.roomId], [["two fish", "Red Fïsh"], room.id]);
  const more = await search(ben, bens, "fish", { before: found.before });
  assertEquals([bodies(more), more.before], [["one fish"], undefined]);
  assertEquals(await markRead(ben, bens, 3), 3);
  assertEquals(await markRead(ben, bens, 2), 3);
  const head = bens.cursor;
  assertEquals(await rooms(ben), [
    { id: room.id, name: "Lobby", epoch: room.epoch, head, read: 3, unread: 2, more: false },
  ]);
  const codes = [
    () => markRead(ben, bens, 100),
    () => markRead(ben, bens, -1),
    () => search(ben, bens, "!"),
  ].map(async (call) => (await assertRejects(call, ChatError)).code);
  assertEquals(await Promise.all(codes), ["beyond_head", "invalid_argument", "invalid_frame"]);
});

pure("what is no answer of a server is taken for none", async () => {
  const room = { id: "r" };
  for (const reply of [{}, { rooms: [{}] }, { rooms: [{ room_id: "r", seq: "1" }] }]) {
    await assertRejects(() => rooms(answered(reply)), ChatError, "sent no rooms");
  }
  await assertRejects(() => markRead(answered({ seq: "5" }), room, 5), ChatError, "no read marker");
  await assertRejects(() => search(answered({}), room, "x"), ChatError, "sent no page");
});
