import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ChatError } from "../../src/protocol/errors.ts";
import { createChat } from "../../src/server/chat.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { TestChat } from "../support/fixtures.ts";

/** The code that something is refused with. */
async function codeOf(promise: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => promise, ChatError)).code;
}

Deno.test("a program makes rooms, speaks in them, and sees who is there", async () => {
  await using server = new TestChat();
  const { chat } = server;
  const room = await chat.createRoom("Lobby");
  assertEquals({ ...room, roomId: "", epoch: "" }, {
    roomId: "",
    epoch: "",
    name: "Lobby",
    head: 0,
    members: 0,
  });
  await using ana = await server.v1({ name: "Ana" });
  await ana.ask({ action: "join", body: room.roomId });
  const said = await chat.publish(room.roomId, "Hello", { as: "Bot" });
  assertEquals(said, { seq: 2, epoch: room.epoch });
  const [, message] = [await ana.entry(), await ana.entry()];
  assert("body" in message);
  assertEquals([message.name, message.body], ["Bot", "Hello"]);
  assertEquals((await chat.members(room.roomId)).map(({ name }) => name), ["Ana"]);
  assertEquals(chat.rooms().map(({ head, members }) => [head, members]), [[2, 1]]);
  assertEquals(chat.rooms(room.roomId), []);
});

Deno.test("what is said with a key is stored once, also when nobody waited for the answer", async () => {
  await using server = new TestChat();
  const { chat } = server;
  const { roomId, epoch } = await chat.createRoom("Lobby");
  const first = chat.publish(roomId, "once", { key: "k" });
  assertEquals(await codeOf(chat.publish(roomId, "once", { key: "k" })), "already_connected");
  assertEquals(await first, { seq: 1, epoch });
  assertEquals(await chat.publish(roomId, "once", { key: "k" }), {
    seq: 1,
    epoch,
    duplicate: true,
  });
  assertEquals(await codeOf(chat.publish(roomId, "other", { key: "k" })), "invalid_frame");
  assertEquals(chat.rooms()[0]?.head, 1);
});

Deno.test("what will not do is refused with a code, and nothing is stored", async () => {
  await using server = new TestChat({ maxRooms: 1 });
  const { chat } = server;
  const { roomId } = await chat.createRoom("Lobby");
  assertEquals(await codeOf(chat.publish("none", "x")), "room_not_found");
  assertEquals(await codeOf(chat.publish(roomId, "x".repeat(65_537))), "too_large");
  assertEquals(await codeOf(chat.publish(roomId, "x", { key: "" })), "invalid_frame");
  assertEquals(await codeOf(chat.publish(roomId, "x", { as: "\u202e" })), "invalid_frame");
  assertEquals(await codeOf(chat.createRoom(" ")), "invalid_frame");
  assertEquals(await codeOf(chat.members("none")), "room_not_found");
  assertEquals(chat.rooms()[0]?.head, 0);
  assertEquals(chat.deleteRoom(roomId), true);
  assertEquals(await codeOf(chat.publish(roomId, "x")), "room_not_found");
});

Deno.test("a word that the store refuses is refused, and may come again", async () => {
  let failing = true;
  class Failing extends MemoryStore {
    readonly #refuse: (draft: Parameters<MemoryStore["append"]>[1]) => void;
    constructor(...args: ConstructorParameters<typeof MemoryStore>) {
      super(...args);
      const error = new ChatError("unavailable", "The disk is full", { retryAfterMs: 500 });
      this.#refuse = (draft) => args[0].refused(draft, error);
    }
    override append(roomId: string, draft: Parameters<MemoryStore["append"]>[1]): void {
      if (failing) this.#refuse(draft);
      else super.append(roomId, draft);
    }
  }
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const chat = createChat({
    logger,
    store: (events, limits) => new Failing(events, limits, () => "e"),
  });
  const { roomId } = await chat.createRoom("Lobby");
  const error = await assertRejects(() => chat.publish(roomId, "x", { key: "k" }), ChatError);
  assertEquals([error.code, error.retryAfterMs], ["unavailable", 500]);
  failing = false;
  assertEquals(await chat.publish(roomId, "x", { key: "k" }), { seq: 1, epoch: "e" });
  await chat.close();
  assertEquals(await codeOf(chat.publish(roomId, "x")), "unavailable");
});

Deno.test("rooms with names are there for whoever comes, and for the program first", async () => {
  await using server = new TestChat({ rooms: ["lobby", "#Hilfe"] });
  const { chat } = server;
  assertEquals((await chat.publish("#Lobby", "Welcome")).seq, 1);
  const made = await chat.createRoom("News", "#news-日本");
  assertEquals(made.roomId, "#news-日本");
  await using ana = await server.v1({ name: "Ana" });
  for (const [asked, id, name] of [["#lobby", "#lobby", "lobby"], ["#HILFE", "#hilfe", "Hilfe"]]) {
    ana.send({ action: "join", body: asked, ref: id });
    const joined = await ana.until(({ ref }) => ref === id);
    assertEquals([joined.room_id, joined.room_name], [id, name]);
  }
  ana.send({ action: "join", body: { room_id: made.roomId }, ref: 1 });
  await ana.until(({ ref }) => ref === 1);
  await chat.publish(made.roomId, "hello");
  const told = await ana.until(({ room_id, entries }) =>
    room_id === made.roomId &&
    (entries as { body?: string }[] | undefined)?.some(({ body }) => body === "hello") === true
  );
  assertEquals(told.event, "entries");
  assertEquals(await codeOf(chat.createRoom("Lobby", "#lobby")), "room_exists");
  assertEquals(await codeOf(chat.createRoom("Lobby", made.roomId)), "room_exists");
  assertEquals(await codeOf(chat.createRoom("Lobby", "lobby")), "invalid_frame");
  assertEquals(await codeOf(chat.publish("#other", "x")), "room_not_found");
  const wrong = assertThrows(() => createChat({ rooms: ["a b"] }), RangeError);
  assert(wrong.message.startsWith("rooms[0] must be a name of at most 64 letters"), wrong.message);
});
