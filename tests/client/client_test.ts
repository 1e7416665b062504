import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  ChatClient,
  type ChatRoom,
  type ClientOptions,
  connect as connectTo,
  type RoomEvent,
  SendError,
  type SendOptions,
} from "../../client.ts";
import { type Frame, TestChat } from "../support/fixtures.ts";
import { said, ScriptedServer } from "../support/scripted_server.ts";
import { bounded } from "../support/waiting.ts";

async function join(server: TestChat, options: ClientOptions = {}): Promise<ChatClient> {
  const chat = new ChatClient(server.url, options);
  await chat.connect();
  return chat;
}

/** Ana in a room of her own, and Ben in it as well; Ana's events up to Ben's join are read. */
async function pair(server: TestChat) {
  const ana = await join(server, { name: "Ana" });
  const anas = await ana.createRoom("Lobby");
  const ben = await join(server, { name: "Ben" });
  const bens = await ben.joinRoom(anas.id);
  await until(anas, ({ type, from }) => type === "join" && from === ben.clientId);
  await until(bens, ({ type, own }) => type === "join" && own === true);
  return {
    ana,
    ben,
    anas,
    bens,
    [Symbol.asyncDispose]: async () => void await Promise.all([ana.close(), ben.close()]),
  };
}

type Loose = { type: RoomEvent["type"]; from?: string; own?: boolean };

/** Reads the events of a room up to one that is wanted. */
async function until(room: ChatRoom, wanted: (event: Loose) => boolean): Promise<RoomEvent> {
  const reader = room.events();
  for (;;) {
    const { value } = await bounded(reader.next(), () => "no such event comes");
    if (value === undefined) throw new Error("The room has ended");
    if (wanted(value)) return value;
  }
}

/** The next bodies of a room, own ones marked. */
async function bodies(room: ChatRoom, count: number): Promise<string[]> {
  const read: string[] = [];
  const reading = (async () => {
    for await (const { body, own } of room) if (read.push(own ? `>${body}` : body) === count) break;
  })();
  await bounded(reading, () => `only ${read} of ${count} messages came`);
  return read;
}

Deno.test("an answer names what it answers, and data comes as it was sent", async () => {
  await using server = new TestChat();
  await using chats = await pair(server);
  const { anas, bens } = chats;
  const { seq = 0 } = await anas.send("who is there?");
  for (const data of [{ dice: [6], by: null }, null, false, "text"]) {
    await bens.send("me", { replyTo: seq, data });
    const found = await until(anas, (event) => event.type === "message" && event.own === false);
    assert(found.type === "message");
    assertEquals([found.body, found.re, found.data], ["me", seq, data]);
  }
  await Promise.all(["a", "b"].map((text) => bens.send(text)).concat(bens.send("", { data: 1 })));
  const bad = [[{ replyTo: 99 }, "message_not_found"], [{ data: Array(9_000) }, "invalid_json"]];
  for (const [options, code] of bad as [SendOptions, string][]) {
    const error = await assertRejects(() => bens.send("x", options), SendError);
    assertEquals([error.code as string, error.mayBeStored], [code, false]);
  }
  await bens.send("goes on");
});

Deno.test("the example of the README works", async () => {
  await using server = new TestChat();
  const lines: string[] = [];
  {
    await using chat = new ChatClient(server.url, { name: "Ana" });
    await chat.connect();
    const room = await chat.createRoom("Lobby");
    await room.send("hello");
    for await (const message of room) {
      lines.push(`${message.name} ${message.body}`);
      break;
    }
  }
  assertEquals(lines, ["Ana hello"]);
  assertEquals(server.errors, []);
});

Deno.test("a client knows itself, its rooms and its current room", async () => {
  await using server = new TestChat();
  await using chat = new ChatClient(server.url, { name: "Ana" });
  assertEquals([chat.clientId, chat.name, chat.rooms.size, chat.room], ["", "Ana", 0, undefined]);
  await chat.connect();
  assertEquals(chat.status, { type: "connected", resumed: false, stored: 0 });
  assert(chat.clientId.length >= 8);
  const one = await chat.createRoom("One");
  const two = await chat.createRoom("Two");
  assertEquals([one.name, two.name, chat.room], ["One", "Two", two]);
  assertEquals([...chat.rooms], [[one.id, one], [two.id, two]]);
  assertEquals(await chat.joinRoom(one.id.toUpperCase()), one);
  assertEquals(chat.room, one);
  await chat.leaveRoom();
  assertEquals([chat.room, chat.rooms.has(one.id)], [two, false]);
  await two.leave();
  assertEquals([chat.room, chat.rooms.size], [undefined, 0]);
});

Deno.test("the names of the Python client act on the current room", async () => {
  await using server = new TestChat();
  await using both = await pair(server);
  const { ana, ben } = both;
  const reading = ben.readMessages();
  const { seq } = await ana.sendMessage("hi Ben");
  await ben.sendMessage("hi Ana");
  await ana.sendMessage("bye");
  const first = await bounded(reading.next(), () => "nothing to read");
  assert(first.value);
  assertEquals([first.value.body, first.value.name, first.value.seq, first.value.own], [
    "hi Ben",
    "Ana",
    seq,
    false,
  ]);
  // Only the messages of others.
  assertEquals((await bounded(reading.next(), () => "nothing to read")).value?.body, "bye");
  await ben.leaveRoom();
  assertEquals((await bounded(reading.next(), () => "no end")).done, true);
});

Deno.test("without a room there is nothing to send to, to read or to leave", async () => {
  await using server = new TestChat();
  await using chat = await join(server);
  await assertRejects(() => chat.sendMessage("x"), Error, "Not in a room");
  await assertRejects(() => chat.leaveRoom(), Error, "Not in a room");
  await assertRejects(() => chat.readMessages().next(), Error, "Not in a room");
});

Deno.test("everybody in a room gets everything, and knows the own messages", async () => {
  await using server = new TestChat();
  await using both = await pair(server);
  const { anas, bens } = both;
  await anas.send("one");
  await bens.send("two");
  await anas.send("three");
  assertEquals(await bodies(anas, 3), [">one", "two", ">three"]);
  assertEquals(await bodies(bens, 3), ["one", ">two", "three"]);
});

Deno.test("joining with history begins with the last entries", async () => {
  await using server = new TestChat();
  await using ana = await join(server);
  const room = await ana.createRoom("Lobby");
  await Promise.all(["1", "2", "3", "4"].map((text) => room.send(text)));
  await using ben = await join(server);
  const bens = await ben.joinRoom(room.id, { last: 2 });
  assertEquals([...bens.members.keys()], [ana.clientId, ben.clientId]);
  assertEquals(await bodies(bens, 2), ["3", "4"]);
  await using cleo = await join(server);
  const cleos = await cleo.joinRoom(room.id);
  await room.send("5");
  assertEquals(await bodies(cleos, 1), ["5"]);
});

Deno.test("the members are known, come, go, are renamed, and are away and back", async () => {
  await using server = new TestChat();
  await using both = await pair(server);
  const { ana, anas, ben } = both;
  const names = () => [...anas.members.values()].map(({ name, away }) => away ? `(${name})` : name);
  assertEquals(names(), ["Ana", "Ben"]);
  await ben.rename("Benny");
  await until(anas, ({ type }) => type === "rename");
  assertEquals([names(), ben.name], [["Ana", "Benny"], "Benny"]);
  const raw = await server.v1({ name: "Cleo" });
  await raw.ask({ action: "join", body: anas.id });
  await until(anas, ({ type }) => type === "join");
  await raw.close();
  await until(anas, ({ type }) => type === "away");
  assertEquals(names(), ["Ana", "Benny", "(Cleo)"]);
  await using again = await server.v1({ session: String(raw.welcome.session) });
  await again.ask({ action: "join", body: anas.id });
  await until(anas, ({ type }) => type === "back");
  assertEquals(names(), ["Ana", "Benny", "Cleo"]);
  await again.close(1000);
  await until(anas, ({ type }) => type === "leave");
  await ben.close();
  const left = await until(anas, ({ type }) => type === "leave");
  assertEquals("from" in left && left.from, ben.clientId);
  assertEquals([...anas.members.keys()], [ana.clientId]);
});

Deno.test("a room that grows too large tells so, and knows nobody any more", async () => {
  await using server = new TestChat({ presenceLimit: 2 });
  await using both = await pair(server);
  const { anas } = both;
  assertEquals([anas.presence, anas.members.size], [true, 2]);
  await using cleo = await join(server);
  const cleos = await cleo.joinRoom(anas.id);
  await until(anas, ({ type }) => type === "quiet");
  assertEquals([anas.presence, anas.members.size], [false, 0]);
  assertEquals([cleos.presence, cleos.members.size], [false, 0]);
});

Deno.test("typing is told to the others, with the name", async () => {
  await using server = new TestChat();
  await using both = await pair(server);
  const { ana, anas, bens } = both;
  anas.typing();
  assertEquals(await until(bens, ({ type }) => type === "typing"), {
    type: "typing",
    from: ana.clientId,
    name: "Ana",
  });
});

Deno.test("what is said in one room stays in it", async () => {
  await using server = new TestChat();
  await using ana = await join(server);
  const [one, two] = [await ana.createRoom("One"), await ana.createRoom("Two")];
  await Promise.all([one.send("1"), two.send("2"), one.send("3"), two.send("4")]);
  assertEquals(await bodies(one, 2), [">1", ">3"]);
  assertEquals(await bodies(two, 2), [">2", ">4"]);
});

Deno.test("two loops over a room both see everything", async () => {
  await using server = new TestChat();
  await using ana = await join(server);
  const room = await ana.createRoom("Lobby");
  const readers = [room.messages(), room.messages()];
  await Promise.all(["1", "2", "3"].map((text) => room.send(text)));
  await room.leave();
  for (const reader of readers) {
    assertEquals((await Array.fromAsync(reader)).map(({ body }) => body), ["1", "2", "3"]);
  }
});

Deno.test("a loop that breaks and a later one get each message once", async () => {
  await using server = new TestChat();
  await using ana = await join(server);
  const room = await ana.createRoom("Lobby");
  await Promise.all(["1", "2", "3"].map((text) => room.send(text)));
  assertEquals(await bodies(room, 1), [">1"]);
  assertEquals(await bodies(room, 2), [">2", ">3"]);
});

Deno.test("every loop ends when the room is left or the client closes, with the reason", async () => {
  await using server = new TestChat();
  await using ana = await join(server);
  const [one, two] = [await ana.createRoom("One"), await ana.createRoom("Two")];
  const [ones, twos] = [one, two].map((room) => Array.fromAsync(room.events()));
  await one.leave();
  assertEquals((await ones!).at(-1), { type: "closed", reason: "Left" });
  await ana.close();
  assertEquals((await twos!).at(-1), { type: "closed", reason: "Closed" });
  assertEquals(ana.rooms.size, 0);
});

Deno.test("a loop can be ended by its signal", async () => {
  await using server = new TestChat();
  await using ana = await join(server);
  const room = await ana.createRoom("Lobby");
  const controller = new AbortController();
  const { signal } = controller;
  const waits = [ana.readMessages({ signal }), ana.statuses({ signal })].map(async (reader) => {
    for await (const _ of reader);
  });
  const events = Array.fromAsync(room.events({ signal }));
  controller.abort(new Error("Enough"));
  for (const wait of [...waits, events]) await assertRejects(() => wait, Error, "Enough");
});

Deno.test("sends resolve with their place in the log, in order", async () => {
  await using server = new TestChat({ rate: 0 });
  await using ana = await join(server);
  const room = await ana.createRoom("Lobby");
  const stored = await Promise.all(Array.from({ length: 1_000 }, (_, i) => room.send(`${i}`)));
  const first = stored[0]!.seq!;
  assertEquals(stored, Array.from({ length: 1_000 }, (_, i) => ({ seq: first + i })));
  const read = await bodies(room, 1_000);
  assertEquals(read, Array.from({ length: 1_000 }, (_, i) => `>${i}`));
});

Deno.test("what is said within one turn shares a frame", async () => {
  const frames: Frame[] = [];
  await using server = new ScriptedServer(async (peer) => {
    await peer.welcome();
    await peer.admit();
    frames.push(await peer.next());
    peer.entries(said(1, "a", "me", 1), said(2, "b", "me", 2));
    frames.push(await peer.next());
    peer.entries(said(3, "c", "me", 3));
  });
  await using chat = new ChatClient(server.url);
  await chat.connect();
  const room = await chat.createRoom("Lobby");
  assertEquals(await Promise.all([room.send("a"), room.send("b")]), [{ seq: 1 }, { seq: 2 }]);
  assertEquals(await room.send("c"), { seq: 3 });
  assertEquals(frames, [
    { action: "messages", room_id: "r1", n: 1, body: ["a", "b"], ref: -1 },
    { action: "message", room_id: "r1", n: 3, body: "c", ref: -2 },
  ]);
});

Deno.test("joining a room again misses nothing of it", async () => {
  await using server = new TestChat({ rate: 0 });
  await using both = await pair(server);
  const { ana, anas, bens } = both;
  const sends: Promise<unknown>[] = [];
  for (let i = 0; i < 50; i++) {
    sends.push(anas.send(`${i}`, { timeoutMs: 1_000 }), bens.send(`${i}`));
    assertEquals(await ana.joinRoom(anas.id), anas);
  }
  await Promise.all(sends);
  assertEquals((await bodies(anas, 100)).length, 100);
});

Deno.test("a client that is closed says so, and can be closed again", async () => {
  await using server = new TestChat();
  const chat = await join(server);
  const room = await chat.createRoom("Lobby");
  await chat.close();
  await chat.close();
  assertEquals(chat.status, {
    type: "closed",
    code: 1000,
    reason: "Closed",
  });
  await assertRejects(() => room.send("x"), Error, "Not in room");
  await assertRejects(() => chat.createRoom("x"), Error, "Closed");
  await assertRejects(() => chat.connect(), Error, "closed");
  await room.leave();
});

Deno.test("a signal closes the client, even one that was aborted before", async () => {
  await using server = new TestChat();
  const controller = new AbortController();
  await using chat = await join(server, { signal: controller.signal });
  const room = await chat.createRoom("Lobby");
  const events = Array.fromAsync(room.events());
  controller.abort();
  assertEquals((await bounded(events, () => "no end")).at(-1)?.type, "closed");
  assertEquals(chat.status.type, "closed");
  await using never = new ChatClient(server.url, { signal: AbortSignal.abort() });
  await assertRejects(() => never.connect(), Error, "Closed");
});

Deno.test("connect() gives a client that is connected, and rejects where it is not", async () => {
  await using server = new TestChat();
  {
    await using chat = await connectTo(server.url, { name: "Ana" });
    assertEquals([chat.status.type, chat.name], ["connected", "Ana"]);
  }
  await assertRejects(() => connectTo(server.url, { signal: AbortSignal.abort() }));
});

Deno.test("a client that begins after an entry gets all behind it, and nothing again", async () => {
  await using server = new TestChat();
  await using ana = await join(server);
  const room = await ana.createRoom("Lobby");
  const { seq: after = 0 } = await room.send("1");
  const { epoch } = room;
  await room.send("2");
  await room.send("3");
  await using ben = await join(server);
  const bens = await ben.joinRoom(room.id, { after, epoch, last: 50 });
  const reader = bens.events();
  const types: string[] = [];
  while (types.length < 3) {
    const { value } = await bounded(reader.next(), () => `only ${types}`);
    if (value === undefined) break;
    types.push(value.type === "message" ? value.body : value.type);
  }
  assertEquals(types, ["2", "3", "join"]);
});

for (
  const [what, start] of Object.entries({
    "an entry of another epoch": (_: string) => ({ after: 1, epoch: "another" }),
    "an entry of no epoch": (_: string) => ({ after: 1 }),
    "an entry that never was": (epoch: string) => ({ after: 1_000, epoch }),
  })
) {
  Deno.test(`a client that begins after ${what} is told, and gets what it asked for besides`, async () => {
    await using server = new TestChat();
    await using ana = await join(server);
    const room = await ana.createRoom("Lobby");
    for (const text of ["1", "2", "3"]) await room.send(text);
    await using ben = await join(server);
    const bens = await ben.joinRoom(room.id, { ...start(room.epoch), last: 2 });
    const first = await bounded(bens.events().next(), () => "nothing comes");
    assertEquals(first.value, { type: "recovered", recovered: false });
    assertEquals(await bodies(bens, 2), ["2", "3"]);
  });
}
