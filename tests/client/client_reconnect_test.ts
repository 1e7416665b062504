import { assert, assertEquals } from "@std/assert";
import {
  ChatClient,
  type ChatRoom,
  type ClientOptions,
  type RoomEvent,
  type Status,
} from "../../client.ts";
import { TestChat } from "../support/fixtures.ts";
import { ScriptedServer, Wire } from "../support/scripted_server.ts";
import { bounded, pause, shortest, turn } from "../support/waiting.ts";
import { fate } from "./fate.ts";

/** Connects, and from then on never waits for a backoff. */
async function connect(url: string, options: ClientOptions = {}): Promise<ChatClient> {
  const chat = new ChatClient(url, options);
  await chat.connect();
  hurry(chat);
  return chat;
}

async function hurry(chat: ChatClient): Promise<void> {
  for await (const { type } of chat.statuses()) {
    // That is how a browser says that the network is back.
    if (type === "reconnecting") globalThis.dispatchEvent(new Event("online"));
  }
}

/** Ana on a wire, and Ben beside it, in one room. */
async function pair(server: TestChat, options: ClientOptions = {}) {
  const wire = new Wire(server.host);
  const ana = await connect(wire.url, { name: "Ana", ...options });
  const ben = await connect(server.url, { name: "Ben" });
  const anas = await ana.createRoom("Lobby");
  const bens = await ben.joinRoom(anas.id);
  const [anaReads, benReads] = [new Reader(anas), new Reader(bens)];
  await anaReads.until("join", ben.clientId);
  await benReads.until("join", ben.clientId);
  async function close(): Promise<void> {
    await Promise.all([ana.close(), ben.close()]);
    await wire[Symbol.asyncDispose]();
  }
  return { wire, ana, ben, anas, bens, anaReads, benReads, [Symbol.asyncDispose]: close };
}

/** Reads the events of a room, each within a bound. */
class Reader {
  readonly #events: AsyncGenerator<RoomEvent, void, undefined>;

  constructor(room: ChatRoom) {
    this.#events = room.events();
  }

  async next(): Promise<RoomEvent> {
    const { value } = await bounded(this.#events.next(), () => "no event comes");
    if (value === undefined) throw new Error("The room has ended");
    return value;
  }

  async until(type: RoomEvent["type"], from?: string): Promise<RoomEvent> {
    for (;;) {
      const event = await this.next();
      if (event.type !== type) continue;
      if (from === undefined || ("from" in event && event.from === from)) return event;
    }
  }

  /** Everything up to the message `last`, in short. */
  async upTo(last: string): Promise<string[]> {
    const short: string[] = [];
    for (;;) {
      const event = await this.next();
      if (event.type === "message") short.push(event.body);
      else if (event.type === "recovered") short.push(event.recovered ? "recovered" : "lost");
      else short.push(event.type);
      if (short.at(-1) === last) return short;
    }
  }
}

/** Reads statuses, each within a bound. */
async function statusesOf(chat: ChatClient, count: number): Promise<Status[]> {
  const read: Status[] = [];
  const reading = (async () => {
    for await (const status of chat.statuses()) if (read.push(status) === count) break;
  })();
  await bounded(reading, () => `${count} statuses: ${JSON.stringify(read)}`);
  return read;
}

/** Waits for a status of a type; call it before the status can come. */
async function status<T extends Status["type"]>(
  chat: ChatClient,
  type: T,
): Promise<Extract<Status, { type: T }>> {
  const reader = chat.statuses();
  for (;;) {
    const { value } = await bounded(reader.next(), () => `it is never ${type}`);
    if (value === undefined) throw new Error("The client has closed");
    if (value.type === type) return value as Extract<Status, { type: T }>;
  }
}

Deno.test("a cut connection comes back by itself, and each step is told", async () => {
  await using server = new TestChat();
  await using wire = new Wire(server.host);
  await using chat = new ChatClient(wire.url);
  const statuses = statusesOf(chat, 5);
  await chat.connect();
  const { clientId } = chat;
  wire.cut();
  const [, , lost, ...rest] = await statuses;
  assert(lost?.type === "reconnecting");
  assertEquals([lost.code, lost.attempt, lost.delayMs < 1_000], [1006, 1, true]);
  assertEquals(rest, [{ type: "connecting" }, { type: "connected", resumed: true, stored: 0 }]);
  assertEquals([chat.clientId, chat.status.type], [clientId, "connected"]);
});

Deno.test("what was missed comes once, in order, after the word that it is all there", async () => {
  await using server = new TestChat();
  await using both = await pair(server);
  const { wire, anas, bens, anaReads, benReads } = both;
  wire.host = undefined;
  wire.cut();
  await benReads.until("away");
  for (const text of ["1", "2", "3"]) await bens.send(text);
  wire.host = server.host;
  assertEquals(await anaReads.upTo("back"), ["recovered", "away", "1", "2", "3", "back"]);
  await anas.send("4");
  assertEquals(await benReads.upTo("4"), ["1", "2", "3", "back", "4"]);
  assertEquals(await anaReads.upTo("4"), ["4"]);
  assertEquals([...anas.members.values()].filter(({ away }) => away), []);
});

Deno.test("what is said while away is said once after coming back", async () => {
  await using server = new TestChat();
  await using both = await pair(server);
  const { wire, ana, anas, bens, benReads } = both;
  wire.host = undefined;
  wire.cut();
  await benReads.until("away");
  const sends = ["1", "2", "3"].map((text) => anas.send(text));
  const made = ana.createRoom("Made while away");
  wire.host = server.host;
  const [first = NaN, ...others] = (await Promise.all(sends)).map(({ seq }) => seq);
  assertEquals(others, [first + 1, first + 2]);
  await bens.send("end");
  assertEquals(await benReads.upTo("end"), ["back", "1", "2", "3", "end"]);
  assertEquals((await made).name, "Made while away");
});

Deno.test("however often the connection is cut, each message arrives once and in order", async () => {
  await using server = new TestChat({ rate: 0 });
  await using both = await pair(server);
  const { wire, anas, bens, benReads } = both;
  const sends: Promise<number | boolean>[] = [];
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 20; i++) sends.push(fate(anas.send(`${round * 20 + i}`)));
    // Now at a different place in the exchange each time.
    for (let turns = 0; turns < round; turns++) await turn();
    wire.cut();
  }
  const seqs = (await Promise.all(sends)).map(Number);
  assertEquals(seqs, [...seqs].sort((a, b) => a - b));
  await bens.send("end");
  const arrived = (await benReads.upTo("end")).filter((text) => /^\d+$/.test(text));
  assertEquals(arrived, Array.from({ length: 400 }, (_, i) => `${i}`));
});

Deno.test("every room is rejoined, even if the server can only take some at a time", async () => {
  await using server = new TestChat({ rate: 40 });
  await using wire = new Wire(server.host);
  await using chat = await connect(wire.url);
  const rooms: ChatRoom[] = [];
  while (rooms.length < 90) {
    // Too fast now and then: it waits as it is told.
    await chat.createRoom(`${rooms.length}`)
      .then((room) => rooms.push(room), ({ retryAfterMs }) => pause(retryAfterMs));
  }
  const back = status(chat, "connected");
  wire.cut();
  await back;
  for (const room of rooms) await new Reader(room).until("recovered");
  assertEquals(chat.rooms.size, 90);
});

Deno.test("a line that has gone dead is noticed within one and a half heartbeats", async () => {
  const limitMs = 300 + 100;
  const took = await shortest(limitMs, async () => {
    await using server = new TestChat({ heartbeatMs: 200 });
    await using both = await pair(server, { timeoutMs: 150 });
    const { wire, ana, anaReads, bens } = both;
    const since = performance.now();
    wire.die();
    const lost = status(ana, "reconnecting");
    await bens.send("missed");
    assertEquals((await lost).code, 4005);
    const took = performance.now() - since;
    wire.heal();
    assert((await anaReads.upTo("missed")).includes("recovered"));
    return took;
  });
  assert(took < limitMs, `It took ${took} ms`);
});

Deno.test("a history that is no longer there is told as lost, and the room goes on", async () => {
  await using server = new TestChat({ logEntries: 5 });
  await using both = await pair(server);
  const { wire, anaReads, bens, benReads } = both;
  wire.host = undefined;
  wire.cut();
  await benReads.until("away");
  for (let i = 0; i < 20; i++) await bens.send("gone");
  wire.host = server.host;
  assertEquals(await anaReads.next(), { type: "recovered", recovered: false });
  await anaReads.until("back");
  await bens.send("here");
  assertEquals(await anaReads.upTo("here"), ["here"]);
});

Deno.test("a goodbye's time is kept, and the room is met again", async () => {
  await using server = new TestChat({ resumesPerSecond: 5 });
  await using wire = new Wire(server.host);
  await using chat = new ChatClient(wire.url);
  const statuses = statusesOf(chat, 5);
  await chat.connect();
  const room = await chat.createRoom("Lobby");
  await using next = new TestChat();
  wire.host = next.host;
  const since = performance.now();
  await server.chat.close();
  const [, , lost, , connected] = await statuses;
  assert(performance.now() - since >= 199);
  assertEquals(lost, {
    type: "reconnecting",
    attempt: 1,
    delayMs: 200,
    code: 1001,
    reason: "Server is going away",
  });
  assertEquals(connected, { type: "connected", resumed: false, stored: 0 });
  assertEquals((await new Reader(room).until("recovered")).type, "recovered");
  assertEquals(next.chat.size, { connections: 1, rooms: 1 });
});

Deno.test("after a restart that forgot everything people meet in the same room, and are told", async () => {
  await using old = new TestChat();
  await using wire = new Wire(old.host);
  await using ana = await connect(wire.url, { name: "Ana" });
  await using ben = await connect(wire.url, { name: "Ben" });
  const anas = await ana.createRoom("Lobby");
  const bens = await ben.joinRoom(anas.id);
  const [anaReads, benReads] = [new Reader(anas), new Reader(bens)];
  const { epoch } = anas;
  await ana.sendMessage("before");
  await benReads.upTo("before");
  wire.die();
  // On its way when the server went: nobody can know whether it came in.
  const sent = fate(anas.send("sent"));
  await turn();
  await using fresh = new TestChat();
  const lost = status(ana, "reconnecting");
  wire.host = undefined;
  wire.heal();
  await lost;
  const unsent = anas.send("unsent");
  wire.host = fresh.host;
  assertEquals(await sent, true);
  assert((await bounded(unsent, () => "the send hangs")).seq! > 0);
  await anaReads.until("recovered");
  const told = await benReads.until("recovered");
  assertEquals(told, { type: "recovered", recovered: false });
  assert(anas.epoch !== epoch && anas.epoch === bens.epoch);
  await bens.send("goes on");
  assert((await anaReads.upTo("goes on")).every((text) => text !== "sent"));
  const names = [...anas.members.values()].map(({ name }) => name).sort();
  assertEquals([names, fresh.chat.size.rooms], [["Ana", "Ben"], 1]);
});

Deno.test("a room that cannot be rejoined is closed, and the others go on", async () => {
  await using server = new ScriptedServer(async (peer, turn) => {
    await peer.welcome({ resumed: turn > 0 });
    if (turn === 0) {
      await peer.admit();
      await peer.admit({ room_id: "r2" });
      return peer.close(1001);
    }
    const { ref } = await peer.next();
    peer.send({ status: "error", ref, code: "room_gone", message: "Room no longer exists" });
    await peer.admit({ room_id: "r2", recovered: true });
    const { room_id, n, body } = await peer.next();
    peer.send({ event: "entries", room_id, entries: [{ seq: 1, at: 1, from: "me", n, body }] });
  });
  await using chat = await connect(server.url);
  const gone = await chat.createRoom("Gone");
  const events = Array.fromAsync(gone.events());
  const room = await chat.createRoom("Lobby");
  assertEquals(await bounded(events, () => "the room does not end"), [
    { type: "closed", reason: "Room no longer exists" },
  ]);
  assertEquals(await fate(gone.send("x")), false);
  assertEquals(await fate(room.send("y")), 1);
  assertEquals([...chat.rooms.keys()], ["r2"]);
});

Deno.test("who is asked to connect again while a large message waits says it again", async () => {
  const said: unknown[] = [];
  await using server = new ScriptedServer(async (peer, turn) => {
    await peer.welcome({ resumed: turn > 0 });
    await peer.admit({ recovered: turn > 0 });
    const { room_id, n, body } = await peer.next();
    said.push([n, String(body).length]);
    if (turn > 0) {
      return peer.send({
        event: "entries",
        room_id,
        entries: [{ seq: 1, at: 1, from: "me", n, body }],
      });
    }
    const reason = "Large frames: connect again";
    peer.send({ event: "goodbye", code: 1001, reason, retry_after_ms: 2 });
    peer.close(1001, reason);
  });
  await using chat = await connect(server.url);
  const room = await chat.createRoom("Lobby");
  // Each unit takes six in the frame.
  const sent = room.send("\u0001".repeat(65_536));
  assertEquals(await bounded(sent, () => "the send hangs"), { seq: 1 });
  assertEquals(said, [[1, 65_536], [1, 65_536]]);
});

Deno.test("a client whose session went on elsewhere stays away", async () => {
  await using server = new ScriptedServer(async (peer) => {
    await peer.welcome();
    await peer.admit();
    await peer.next();
    peer.send({ event: "goodbye", code: 4500, reason: "Taken" });
    peer.close(4500, "Taken");
  });
  await using chat = await connect(server.url);
  const room = await chat.createRoom("Lobby");
  const events = Array.fromAsync(room.events());
  assertEquals(await fate(room.send("x")), true);
  assertEquals(await events, [{ type: "closed", reason: "Taken" }]);
  assertEquals(chat.status, {
    type: "closed",
    code: 4500,
    reason: "Taken",
  });
  assertEquals(server.attempts.length, 1);
});

Deno.test("a client that was told not to reconnect is closed by a cut", async () => {
  await using server = new TestChat();
  await using both = await pair(server, { reconnect: false });
  const { wire, ana, anas } = both;
  const events = Array.fromAsync(anas.events());
  wire.cut();
  assertEquals((await bounded(events, () => "no end")).at(-1)?.type, "closed");
  assertEquals(ana.status.type, "closed");
});
