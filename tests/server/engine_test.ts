import { assert, assertEquals } from "@std/assert";
import { changedStore } from "../support/changed_store.ts";
import { turn, until, untilTurn } from "../support/waiting.ts";
import { Bench, withFullBen, withSlowBen } from "./engine_setting.ts";
import { FakeSocket } from "./fake_socket.ts";

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

Deno.test("each connection that the log has as connected is disconnected there, whoever ends it", async () => {
  await using bench = new Bench();
  bench.connect("v1").end(1006);
  const { session } = bench.v1();
  bench.v1({ session });
  await bench.engine.close();
  const told = bench.log.filter(({ event }) => event === "disconnected");
  assertEquals(told.map(({ fields }) => [fields.connection, fields.code]), [
    [1, 1006],
    [2, 4500],
    [3, 1001],
  ]);
});

Deno.test("a socket that ends before it opens leaves nothing behind", async () => {
  await using bench = new Bench();
  const fake = new FakeSocket();
  bench.engine.accept(fake.socket, "plain");
  fake.dispatchEvent(new Event("error"));
  fake.end(1006);
  assertEquals([bench.engine.connections, bench.log], [0, []]);
});

Deno.test("a plain client that the runtime has given up is forgotten, though the close event never comes", async () => {
  await using bench = new Bench();
  const socket = bench.connect("plain");
  socket.readyState = WebSocket.CLOSING;
  await until(() => bench.engine.connections === 0, "it is not forgotten");
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
  bench.time.lookMs = 1;
  await until(() => ben.socket.closedWith !== undefined, "ben is not evicted");
  assertEquals(ben.socket.closedWith, [4002, "Reads too slowly"]);
  assertEquals(bench.engine.connections, 1);
  say("still here");
  await turn();
  const entries = ana.socket.take().flatMap(({ entries }) => entries as { body?: string }[]);
  assertEquals(entries.at(-1)?.body, "still here");
});

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

Deno.test("a new client may say as much as its limits tell, and hello costs none of it", async () => {
  await using bench = new Bench({ rate: 10 });
  const socket = bench.connect("v1");
  socket.hear({ action: "hello" });
  const { start } = socket.take()[0]?.limits as { start: number };
  for (let ref = 0; ref <= start; ref++) socket.hear({ action: "ping", ref });
  const refused = socket.take().filter(({ status }) => status === "error");
  assertEquals([start, refused.map(({ ref }) => ref)], [15, [15]]);
});

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

Deno.test("Engine.close() closes the store at once, while it waits for peers that do not read", async () => {
  const closed = Promise.withResolvers<void>();
  const bench = new Bench(
    { closeMs: 60_000 },
    changedStore(() => ({ close: () => (closed.resolve(), closed.promise) })),
  );
  bench.v1();
  const disposed = bench.engine.close();
  await closed.promise;
  await bench[Symbol.asyncDispose]();
  await disposed;
});

Deno.test("Engine.close() has the store answer what was said last before it closes that", async () => {
  const calls: string[] = [];
  const answering = (what: string) => () => (calls.push(what), Promise.resolve());
  const parts = { settled: answering("settled"), close: answering("closed") };
  const bench = new Bench({}, changedStore(() => parts));
  await bench.engine.close();
  // Once before the peers are told, and once more when they are gone.
  assertEquals(calls, ["settled", "settled", "closed"]);
});

Deno.test("Engine.close() has one deadline for what is to be stored, for peers and for the store", async () => {
  const now = performance.now;
  const settled = () => {
    performance.now = () => now.call(performance) + 60_000;
    return Promise.resolve();
  };
  const close = () => new Promise<never>(() => {});
  const bench = new Bench({ closeMs: 60_000 }, changedStore(() => ({ settled, close })));
  try {
    bench.v1();
    await bench.engine.close();
  } finally {
    performance.now = now;
  }
  const [warning] = bench.log.filter(({ level }) => level === "warn");
  assertEquals(warning?.event, "peers left behind");
});

Deno.test("a peer whose goodbye fails does not keep the others from theirs", async () => {
  await using bench = new Bench();
  const [broken, whole] = [bench.v1().socket, bench.v1().socket];
  broken.beforeSend = () => {
    throw new TypeError("it is broken");
  };
  await bench.engine.close();
  assertEquals(whole.closedWith, [1001, "Server is going away"]);
  assertEquals(
    bench.log.filter(({ level }) => level === "error").map(({ event }) => event),
    ["handler failed"],
  );
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

Deno.test("where many have said large frames, who did so longest ago has to connect again", async () => {
  await using bench = new Bench();
  const all = Array.from({ length: 108 }, () => bench.v1().socket);
  for (const socket of all) socket.hear({ action: "ping", unknown: "x".repeat(390_000) });
  await until(() => all[0]?.closedWith !== undefined, "nobody has to connect again");
  assertEquals(all[0]?.closedWith, [1001, "Large frames: connect again"]);
  const goodbye = all[0]?.take().at(-1);
  assertEquals([goodbye?.event, goodbye?.code, goodbye?.retry_after_ms], ["goodbye", 1001, 2]);
  assertEquals(all.filter(({ closedWith }) => closedWith !== undefined).length, 1);
});

Deno.test("whoever lets large frames wait for its answers has to connect again, and others stay", async () => {
  await using bench = new Bench({ rate: 0, stuckMs: 60_000 });
  const { roomId, ben, say } = await withFullBen(bench, "v1");
  say("before");
  const { socket } = bench.v1();
  const large = { action: "ping", unknown: "x".repeat(390_000) };
  socket.hear(large);
  ben.hear({ action: "leave", body: { room_id: roomId } });
  for (let i = 0; i < 108; i++) ben.hear(large);
  await until(() => ben.closedWith !== undefined, "it goes on to wait");
  assertEquals(ben.closedWith, [1001, "Large frames: connect again"]);
  assertEquals(socket.closedWith, undefined);
});

Deno.test("of many who are cut off at once all are told in the end, also of one that is back by then", async () => {
  await using bench = new Bench({ rate: 0 });
  const ana = bench.v1().socket;
  for (let i = 0; i < 100; i++) ana.hear({ action: "create", body: `${i}` });
  const made = () => ana.frames.filter(({ status }) => status === "success");
  await until(() => made().length === 100, "not all rooms are made");
  const rooms = made().map(({ room_id }) => room_id);
  const crowd = Array.from({ length: 20 }, () => bench.v1());
  const joined = () => crowd.flatMap(({ socket }) => socket.frames).filter(({ seq }) => seq);
  for (const room of rooms) {
    for (const { socket } of crowd) socket.hear({ action: "join", body: room });
  }
  await until(() => joined().length === 2_000, "not all have come in");
  ana.take();
  const told = (who: string) =>
    ana.frames.flatMap(({ room_id, entries }) =>
      ((entries ?? []) as { from: string; event: string }[])
        .filter(({ from, event }) => from === who && event !== "join")
        .map(({ event }) => [room_id, event])
    );
  // A departure takes as much as a turn has: each has a turn of its own.
  bench.time.lookMs = 1;
  for (const { socket } of crowd) socket.end(1006);
  const last = crowd.at(-1)!;
  const back = bench.connect("v1");
  back.hear({ action: "hello", body: { session: last.session } });
  await untilTurn(() => back.sent.length > 0, "nobody is welcomed");
  assertEquals([back.take()[0]?.client_id, bench.engine.connections], [last.id, 2]);
  assertEquals(told(last.id), []);
  back.hear({ action: "join", body: rooms[0] });
  const isTold = () => crowd.every(({ id }) => told(id).length === (id === last.id ? 101 : 100));
  await until(isTold, "not all are told of");
  assertEquals(told(last.id).filter(([room]) => room === rooms[0]).map(([, event]) => event), [
    "away",
    "back",
  ]);
});

Deno.test("of many who have been away for too long all leave, soon one after the other", async () => {
  await using bench = new Bench({ graceMs: 20 });
  const ana = bench.v1().socket;
  ana.hear({ action: "create", body: "Lobby" });
  await until(() => ana.frames.length > 0, "no room is made");
  const roomId = ana.take()[0]?.room_id;
  const crowd = Array.from({ length: 400 }, () => bench.v1().socket);
  for (const socket of crowd) socket.hear({ action: "join", body: roomId });
  await until(() => crowd.every(({ frames }) => frames.length > 0), "not all come in");
  ana.take();
  for (const socket of crowd) socket.end(1006);
  bench.time.ms += 20;
  const left = () =>
    ana.frames.flatMap(({ entries }) => (entries ?? []) as { event: string }[])
      .filter(({ event }) => event === "leave").length;
  await until(() => left() > 0, "nobody leaves", { everyMs: 0 });
  // The next tick of itself comes half a second later.
  await untilTurn(() => left() === 400, () => `${left()} have left`, 20);
});
