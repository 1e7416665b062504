import { assert, assertEquals } from "@std/assert";
import { setImmediate } from "node:timers";
import { openMemoryStore } from "../src/choose_store.ts";
import { Engine } from "../src/engine.ts";
import { DEFAULTS, type EngineOptions } from "../src/options.ts";
import type { Dialect } from "../src/protocol.ts";
import type { OpenStore } from "../src/store/store.ts";
import { until } from "./chaos/setting.ts";
import { FakeSocket } from "./fake_socket.ts";
import { type LogLine, recordingLogger } from "./fixtures.ts";

class Bench implements AsyncDisposable {
  readonly engine: Engine;
  readonly log: LogLine[] = [];
  readonly #sockets: FakeSocket[] = [];

  constructor(options: Partial<EngineOptions> = {}, openStore?: OpenStore) {
    this.engine = new Engine(
      { ...DEFAULTS, closeMs: 50, ...options },
      recordingLogger(this.log),
      openStore,
    );
  }

  /** A connection that is open. */
  connect(dialect: Dialect): FakeSocket {
    const fake = new FakeSocket();
    this.#sockets.push(fake);
    this.engine.accept(fake.socket, dialect);
    fake.open();
    return fake;
  }

  /** A `parley.v1` connection that has said hello; its `client_id` and `session`. */
  v1(hello = {}): { socket: FakeSocket; id: string; session: string } {
    const socket = this.connect("v1");
    socket.hear({ action: "hello", body: hello });
    const [welcome] = socket.take();
    return { socket, id: String(welcome?.client_id), session: String(welcome?.session) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.readyState = WebSocket.CLOSED;
    await this.engine.close();
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

Deno.test("Engine.accept() takes a plain connection in only when its socket opens, any other at once", async () => {
  await using bench = new Bench();
  const fake = new FakeSocket();
  bench.engine.accept(fake.socket, "plain");
  assertEquals([bench.engine.connections, fake.sent], [0, []]);
  fake.open();
  assertEquals(bench.engine.connections, 1);
  assertEquals(fake.frames[0]?.status, "connected");
  const other = new FakeSocket();
  bench.engine.accept(other.socket, "v1");
  assertEquals(bench.engine.connections, 2);
  other.end(1006);
  assertEquals([bench.engine.connections, other.sent], [1, []]);
});

Deno.test("a client that is still opening when the server ends is told so", async () => {
  await using bench = new Bench();
  const fake = new FakeSocket();
  bench.engine.accept(fake.socket, "v1");
  const closed = bench.engine.close();
  fake.open();
  assertEquals(fake.frames.map(({ event }) => event), ["goodbye"]);
  assertEquals(fake.closedWith?.[0], 1001);
  fake.end(1001);
  await closed;
});

Deno.test("a close event that comes twice, or with an error, ends a connection once", async () => {
  await using bench = new Bench();
  const socket = bench.connect("plain");
  socket.dispatchEvent(new Event("error"));
  socket.end(1006);
  socket.end(1006);
  assertEquals(bench.engine.connections, 0);
  assertEquals(bench.log.filter(({ event }) => event === "disconnected").length, 1);
  assertEquals(bench.log.filter(({ level }) => level === "error"), []);
});

Deno.test("a socket that ends before it opens leaves nothing behind", async () => {
  await using bench = new Bench();
  const fake = new FakeSocket();
  bench.engine.accept(fake.socket, "plain");
  fake.dispatchEvent(new Event("error"));
  fake.end(1006);
  assertEquals([bench.engine.connections, bench.log], [0, []]);
});

Deno.test("what a client says while its room is being made waits, and is heard in order", async () => {
  await using bench = new Bench();
  const socket = bench.connect("plain");
  socket.take();
  socket.hear({ action: "create", body: "Lobby" });
  socket.hear({ action: "message", body: "1" });
  socket.hear({ action: "dance" });
  socket.hear({ action: "leave" });
  socket.hear({ action: "create", body: "Other" });
  socket.hear({ action: "leave" });
  assertEquals(socket.sent, []);
  await turn();
  assertEquals(socket.take().map(({ message }) => message), [
    "Room 'Lobby' created",
    "Message sent",
    "Invalid action",
    "Left room",
    "Room 'Other' created",
    "Left room",
  ]);
});

Deno.test("more than may wait while a room is being made is refused", async () => {
  await using bench = new Bench({ rate: 0 });
  const { socket } = bench.v1();
  socket.hear({ action: "create", body: "Lobby" });
  for (let i = 0; i < 300; i++) socket.hear({ action: "ping", ref: i });
  const refused = socket.take();
  assertEquals(refused.length, 44);
  assertEquals([refused[0]?.code, refused[0]?.ref], ["unavailable", 256]);
  await turn();
  const answers = socket.take();
  assertEquals(answers.filter(({ event }) => event === "pong").length, 256);
});

Deno.test("a plain client that is too fast while its room is being made is told so in its turn", async () => {
  await using bench = new Bench({ rate: 1 });
  const socket = bench.connect("plain");
  socket.take();
  socket.hear({ action: "create", body: "Lobby" });
  socket.hear({ action: "message", body: "1" });
  socket.hear({ action: "message", body: "2" });
  assertEquals(socket.sent, []);
  await turn();
  assertEquals(socket.take().map(({ message }) => String(message).slice(0, 8)), [
    "Room 'Lo",
    "Message ",
    "Too fast",
  ]);
});

Deno.test("a plain client of which too much waits is thrown out", async () => {
  await using bench = new Bench({ rate: 0 });
  const socket = bench.connect("plain");
  socket.hear({ action: "create", body: "Lobby" });
  for (let i = 0; i <= 512; i++) socket.hear({ action: "message", body: `${i}` });
  assertEquals(socket.closedWith, [4501, "Too many messages"]);
  await turn();
});

Deno.test("a connection that ends while its room is being made is forgotten with what waited", async () => {
  await using bench = new Bench({ graceMs: 0 });
  const { socket } = bench.v1();
  socket.hear({ action: "create", body: "Lobby" });
  socket.hear({ action: "create", body: "Never" });
  socket.end(1000);
  await turn();
  assertEquals([bench.engine.connections, bench.engine.rooms], [0, 1]);
  assertEquals(bench.log.filter(({ level }) => level === "error"), []);
});

Deno.test("what a plain client said before it went is heard, though its room was still being made", async () => {
  await using bench = new Bench();
  const ana = bench.v1().socket;
  ana.hear({ action: "create", body: "Lobby" });
  await turn();
  const roomId = ana.take()[0]?.room_id;
  const socket = bench.connect("plain");
  socket.hear({ action: "create", body: "Other" });
  socket.hear({ action: "join", body: roomId });
  socket.hear({ action: "message", body: "last words" });
  socket.end(1000);
  await turn();
  await turn();
  const entries = ana.take().flatMap(({ entries }) => entries as { body?: string }[]);
  assertEquals(entries.map(({ body }) => body), [undefined, undefined, "last words", undefined]);
  assertEquals(bench.engine.connections, 1);
});

Deno.test("what waits while a room is being made is limited by all that came of it", async () => {
  await using bench = new Bench({ rate: 100 });
  const { socket } = bench.v1();
  socket.hear({ action: "create", body: "Lobby" });
  await turn();
  const roomId = socket.take()[0]?.room_id;
  socket.hear({ action: "create", body: "Other" });
  for (let i = 0; i < 3; i++) {
    socket.hear({ action: "messages", room_id: roomId, n: 1 + 150 * i, body: Array(150).fill("") });
  }
  await turn();
  const frames = socket.take();
  assertEquals(frames.filter(({ code }) => code === "rate_limited").map(({ n }) => n), [301]);
});

Deno.test("whoever renames itself pays for each of its rooms", async () => {
  await using bench = new Bench({ rate: 10 });
  const { socket } = bench.v1({ name: "Ana" });
  for (let i = 0; i < 9; i++) socket.hear({ action: "create", body: `${i}` });
  await turn();
  await turn();
  socket.take();
  for (const ref of [1, 2, 3]) socket.hear({ action: "rename", body: `Ana ${ref}`, ref });
  assertEquals(socket.take().map(({ status }) => status), ["success", "error", "error"]);
});

Deno.test("a client of which a message is in doubt comes back all the same, and is to say it again", async () => {
  let doubt: Promise<void> | undefined;
  await using bench = new Bench({ helloMs: 20 }, (events, options) => {
    const store = openMemoryStore(events, options);
    return Object.assign(store, { settled: () => doubt });
  });
  const ana = bench.v1();
  ana.socket.hear({ action: "create", body: "Lobby" });
  await turn();
  const roomId = ana.socket.take()[0]?.room_id;
  ana.socket.hear({ action: "message", room_id: roomId, n: 1, body: "stored?" });
  doubt = new Promise(() => {});
  ana.socket.end(1006);
  const again = bench.connect("v1");
  again.hear({ action: "hello", body: { session: ana.session } });
  assertEquals(again.sent, []);
  await until(() => again.sent.length > 0, "nobody is welcomed");
  const [welcome] = again.take();
  assertEquals([welcome?.resumed, welcome?.n], [true, 0]);
  doubt = undefined;
});

Deno.test("a plain client that the runtime has given up is forgotten, though the close event never comes", async () => {
  await using bench = new Bench();
  const socket = bench.connect("plain");
  socket.readyState = WebSocket.CLOSING;
  await until(() => bench.engine.connections === 0, "it is not forgotten");
});

Deno.test("nothing is heard from a connection that the server has closed", async () => {
  await using bench = new Bench();
  const first = bench.v1();
  const second = bench.v1({ session: first.session });
  assertEquals(first.socket.closedWith?.[0], 4500);
  first.socket.take();
  first.socket.hear({ action: "create", body: "Late" });
  await turn();
  assertEquals([first.socket.sent, bench.engine.rooms, second.id], [[], 0, first.id]);
});

Deno.test("a stuck peer is evicted, and others in its room go on", async () => {
  await using bench = new Bench({ highWaterBytes: 1_000, stuckMs: 1, graceMs: 0, rate: 0 });
  const ana = bench.v1();
  ana.socket.hear({ action: "create", body: "Lobby" });
  await turn();
  const roomId = ana.socket.take()[0]?.room_id;
  const ben = bench.v1();
  ben.socket.hear({ action: "join", body: roomId });
  ben.socket.bufferedAmount = 1e9;
  const say = (body: string) =>
    ana.socket.hear({ action: "message", room_id: roomId, body, ref: 1 });
  say("x".repeat(60_000));
  say("x".repeat(60_000));
  while (ben.socket.closedWith === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assertEquals(ben.socket.closedWith, [4002, "Reads too slowly"]);
  assertEquals(bench.engine.connections, 1);
  say("still here");
  await turn();
  const entries = ana.socket.take().flatMap(({ entries }) => entries as { body?: string }[]);
  assertEquals(entries.at(-1)?.body, "still here");
});

/** A room with Ana and Ben, and what makes Ana say something; the socket of Ben takes nothing from now on. */
async function withSlowBen(bench: Bench, dialect: Dialect) {
  const ana = bench.v1();
  ana.socket.hear({ action: "create", body: "Lobby" });
  await turn();
  const roomId = ana.socket.take()[0]?.room_id;
  const ben = dialect === "v1" ? bench.v1().socket : bench.connect("plain");
  ben.hear({ action: "join", body: roomId });
  await turn();
  ben.take();
  ben.bufferedAmount = 1e9;
  const say = (body: string) =>
    ana.socket.hear({ action: "message", room_id: roomId, body, ref: 1 });
  return { roomId, ben, say };
}

/** The same, where Ben is known to be full. */
async function withFullBen(bench: Bench, dialect: Dialect) {
  const all = await withSlowBen(bench, dialect);
  all.say("x".repeat(65_536));
  await turn();
  all.ben.take();
  return all;
}

Deno.test("whoever leaves gets first what is in the log, however slowly it reads", async () => {
  await using bench = new Bench({ highWaterBytes: 1_000, rate: 0 });
  const { roomId, ben, say } = await withFullBen(bench, "v1");
  say("before");
  await turn();
  ben.hear({ action: "leave", body: { room_id: roomId } });
  say("meanwhile");
  await turn();
  assertEquals(ben.sent, []);
  ben.bufferedAmount = 0;
  await until(() => ben.sent.length > 1, "Ben is sent nothing");
  const [entries, left] = ben.take();
  assertEquals(
    (entries?.entries as { body?: string }[]).map(({ body }) => body),
    ["before", "meanwhile"],
  );
  assertEquals(left?.message, "Left room");
});

Deno.test("a peer that does not read is not answered again and again who is in its room", async () => {
  await using bench = new Bench({ highWaterBytes: 1_000, rate: 0 });
  const { roomId, ben } = await withFullBen(bench, "v1");
  for (let ref = 1; ref <= 9; ref++) ben.hear({ action: "join", body: roomId, ref });
  await turn();
  assertEquals(ben.sent, []);
  ben.bufferedAmount = 0;
  await until(() => ben.sent.length > 0, "Ben is sent nothing");
  assertEquals(ben.take().map(({ ref }) => ref), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

for (const action of ["dance", "leave", "create"]) {
  Deno.test(`to a plain client that reads slowly, nothing overtakes a message: ${action}`, async () => {
    await using bench = new Bench({ highWaterBytes: 1_000, rate: 0 });
    const { ben, say } = await withFullBen(bench, "plain");
    say("before");
    await turn();
    ben.hear({ action: "message", body: "mine" });
    ben.hear({ action, body: "Other" });
    await turn();
    assertEquals(ben.sent, []);
    ben.bufferedAmount = 0;
    await until(() => ben.sent.length > 2, "Ben is sent nothing");
    const frames = ben.take();
    assertEquals([frames[0]?.body, frames[1]?.message], ["before", "Message sent"]);
    assertEquals(frames.length, 3);
  });
}

Deno.test("a plain client is closed before an answer overtakes a message", async () => {
  await using bench = new Bench({ highWaterBytes: 1_000, rate: 0 });
  const { ben, say } = await withSlowBen(bench, "plain");
  for (const letter of "ab") say(letter.repeat(65_536));
  ben.hear({ action: "dance" });
  const [a, error, ...more] = ben.take();
  assertEquals([String(a?.body)[0], error?.message, more], ["a", "Reads too slowly", []]);
  assertEquals(ben.closedWith?.[0], 4002);
});

for (const dialect of ["v1", "plain"] as const) {
  Deno.test(`a ${dialect} peer that was full for longer than the log lasts is told`, async () => {
    await using bench = new Bench({ highWaterBytes: 1_000, logEntries: 4, rate: 0 });
    const { roomId, ben, say } = await withFullBen(bench, dialect);
    for (let i = 0; i < 9; i++) {
      say("missed");
      await turn();
    }
    assertEquals(ben.take(), []);
    ben.bufferedAmount = 0;
    await until(() => ben.sent.length > 0, "Ben is sent nothing");
    assertEquals(
      ben.take()[0],
      dialect === "v1"
        ? { event: "gap", room_id: roomId, from_seq: 4, to_seq: 8 }
        : { status: "error", message: "Reads too slowly" },
    );
    assertEquals(ben.closedWith, dialect === "v1" ? undefined : [4002, "Reads too slowly"]);
  });
}

Deno.test("Engine.close() tells each client its own moment to come back, closes with 1001, and takes no more", async () => {
  await using bench = new Bench({ resumesPerSecond: 10 });
  const sockets = [bench.v1(), bench.v1(), bench.v1()].map(({ socket }) => socket);
  const plain = bench.connect("plain");
  plain.take();
  assert(bench.engine.accepting);
  const closed = bench.engine.close();
  assertEquals(bench.engine.accepting, false);
  assertEquals(
    sockets.map((socket) => socket.take().map((frame) => frame.retry_after_ms)),
    [[100], [200], [300]],
  );
  assertEquals(plain.take(), [{ status: "error", message: "Server is going away" }]);
  for (const socket of [...sockets, plain]) {
    assertEquals(socket.closedWith, [1001, "Server is going away"]);
    socket.end(1001);
  }
  await closed;
  assertEquals(bench.log.filter(({ level }) => level === "warn"), []);
});

Deno.test("Engine.close() does not wait longer than it may for a peer that does not read", async () => {
  await using bench = new Bench({ closeMs: 30 });
  bench.v1();
  await bench.engine.close();
  const [warning] = bench.log.filter(({ level }) => level === "warn");
  assertEquals([warning?.event, warning?.fields], ["peers left behind", { connections: 1 }]);
  assertEquals(bench.engine.close(), bench.engine.close());
});

Deno.test("the log never holds what somebody wrote, a name or a secret", async () => {
  await using bench = new Bench({ graceMs: 0 });
  const { socket, session } = bench.v1({ name: "NAME-IN-CLEAR" });
  socket.hear({ action: "create", body: "ROOM-IN-CLEAR" });
  await turn();
  const roomId = socket.take()[0]?.room_id;
  socket.hear({ action: "message", room_id: roomId, body: "BODY-IN-CLEAR" });
  socket.hear("BODY-IN-CLEAR");
  socket.hear({ action: "BODY-IN-CLEAR" });
  await turn();
  socket.end(1006);
  const text = JSON.stringify(bench.log);
  assert(bench.log.length > 0);
  for (const secret of ["IN-CLEAR", session.split(".")[1]!]) assert(!text.includes(secret), text);
});

Deno.test("a server that ends first sends what is in its logs", async () => {
  await using bench = new Bench();
  const { socket } = bench.v1();
  socket.hear({ action: "create", body: "Lobby" });
  await turn();
  const [created] = socket.take();
  await turn();
  socket.take();
  socket.hear({ action: "message", room_id: created?.room_id, n: 1, body: "last words" });
  const closed = bench.engine.close();
  assertEquals(socket.take().map(({ event }) => event), ["entries", "goodbye"]);
  assertEquals(socket.closedWith, [1001, "Server is going away"]);
  await closed;
});

Deno.test("a socket that opens while the server ends is sent away", async () => {
  await using bench = new Bench();
  const closed = bench.engine.close();
  const late = bench.connect("v1");
  assertEquals([late.closedWith, bench.engine.connections], [[1001, "Server is going away"], 0]);
  await closed;
});
