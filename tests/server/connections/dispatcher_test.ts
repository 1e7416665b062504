import { assert, assertEquals } from "@std/assert";
import { turn, until } from "../../support/waiting.ts";
import { Bench } from "../engine_setting.ts";

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
  await until(() => socket.frames.length >= 6, "not all is answered");
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
  await using bench = new Bench({ rate: 200 });
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

Deno.test("what waited and is refused in its turn is told to wait until something can be taken", async () => {
  await using bench = new Bench({ rate: 3 });
  const { socket } = bench.v1();
  socket.hear({ action: "create", body: "Lobby" });
  await turn();
  const roomId = socket.take()[0]?.room_id;
  socket.hear({ action: "create", body: "Other" });
  socket.hear({ action: "messages", room_id: roomId, n: 1, body: Array(150).fill("") });
  socket.hear({ action: "ping", ref: "waited" });
  await turn();
  socket.hear({ action: "ping", ref: "later" });
  const [waited, later] = socket.take().filter(({ code }) => code === "rate_limited");
  assertEquals([waited?.ref, later?.ref], ["waited", "later"]);
  assert(Number(waited?.retry_after_ms) >= Number(later?.retry_after_ms), JSON.stringify(waited));
});

Deno.test("what no waiting helps is told so, however fast it comes", async () => {
  await using bench = new Bench({ rate: 1 });
  const { socket } = bench.v1();
  const tooLong = "x".repeat(400_000);
  for (const data of ["{}", tooLong, tooLong, new Blob(["x"]), { action: "ping", ref: 1 }]) {
    socket.hear(data);
  }
  assertEquals(
    socket.take().map(({ code, retry_after_ms: wait }) => [code, wait === undefined]),
    [
      ["invalid_action", true],
      ["too_large", true],
      ["too_large", true],
      ["invalid_frame", true],
      ["rate_limited", false],
    ],
  );
});

Deno.test("what no waiting helps ends in a close all the same", async () => {
  await using bench = new Bench({ rate: 1 });
  const { socket } = bench.v1();
  for (let i = 0; i < 1_010; i++) socket.hear(new Blob(["x"]));
  assertEquals(socket.closedWith, [4501, "Too many messages"]);
});

Deno.test("as much as a full bucket lets through may be refused at once, at any rate", async () => {
  for (const rate of [1, 200, 5_000]) {
    await using bench = new Bench({ rate });
    const { socket } = bench.v1();
    for (let i = 0; i < 3 * rate; i++) socket.hear({ action: "ping" });
    assertEquals(socket.closedWith, undefined, `at ${rate}`);
    for (let i = 0; i < 2 * rate + 1_000; i++) socket.hear({ action: "ping" });
    assertEquals(socket.closedWith?.[0], 4501, `at ${rate}`);
  }
});

Deno.test("of large frames one is read in a turn, whoever else says something meanwhile", async () => {
  await using bench = new Bench();
  const heavy = Array.from({ length: 3 }, () => bench.v1().socket);
  const light = bench.v1().socket;
  for (const [ref, socket] of heavy.entries()) {
    socket.hear({ action: "ping", ref, padding: "x".repeat(200_000) });
    socket.hear({ action: "ping", ref: `${ref} again` });
  }
  light.hear({ action: "ping", ref: "light" });
  const answered = () => heavy.map((socket) => socket.frames.map(({ ref }) => ref));
  assertEquals([light.take().map(({ ref }) => ref), answered()], [["light"], [[], [], []]]);
  await turn();
  assertEquals(answered(), [[0, "0 again"], [], []]);
  await turn();
  assertEquals(answered(), [[0, "0 again"], [1, "1 again"], []]);
  await turn();
  assertEquals(answered().at(-1), [2, "2 again"]);
});

Deno.test("of many who come in at once some wait for their turn, whoever else says something meanwhile", async () => {
  await using bench = new Bench({ rate: 0 });
  const ana = bench.v1().socket;
  ana.hear({ action: "create", body: "Lobby" });
  await turn();
  const roomId = ana.take()[0]?.room_id;
  const body = "x".repeat(65_536);
  for (let i = 0; i < 60; i++) ana.hear({ action: "message", room_id: roomId, body });
  await turn();
  const crowd = Array.from({ length: 20 }, () => bench.v1().socket);
  bench.time.lookMs = 0.5;
  for (const socket of crowd) {
    socket.hear({ action: "join", body: { room_id: roomId, last: 1_000 }, ref: "join" });
    socket.hear({ action: "ping", ref: "ping" });
  }
  ana.take();
  ana.hear({ action: "ping", ref: "Ana" });
  const answers = () => crowd.map(({ frames }) => frames.flatMap(({ ref }) => ref ?? []));
  assertEquals(ana.take().map(({ ref }) => ref), ["Ana"]);
  assertEquals(answers().some((refs) => refs.length === 0), true);
  await until(() => answers().every((refs) => refs.length === 2), "not all come in");
  assertEquals(new Set(answers().map(String)), new Set(["join,ping"]));
});

Deno.test("what may be told in many rooms waits in the same line: a rename, a pause, a client that comes back", async () => {
  for (const frame of [{ action: "rename", body: "Bea" }, { action: "pause" }, undefined]) {
    await using bench = new Bench();
    const ben = bench.v1({ name: "Ben" });
    const heavy = bench.v1().socket;
    const socket = frame === undefined ? bench.connect("v1") : ben.socket;
    heavy.hear({ action: "ping", padding: "x".repeat(200_000) });
    socket.hear(frame ?? { action: "hello", body: { session: ben.session } });
    socket.hear({ action: "ping", ref: "behind it" });
    assertEquals(socket.sent, []);
    await until(() => socket.sent.length > 0, "it is not its turn");
    const last = frame?.action === "pause" ? "goodbye" : "pong";
    assertEquals(socket.take().at(-1)?.event, last);
  }
});

Deno.test("who pauses and goes at once has paused, though that waits for its turn", async () => {
  await using bench = new Bench();
  const ana = bench.v1().socket;
  ana.hear({ action: "create", body: "Lobby" });
  await turn();
  const roomId = ana.take()[0]?.room_id;
  const ben = bench.v1();
  ben.socket.hear({ action: "join", body: roomId });
  await turn();
  ana.take();
  bench.v1().socket.hear({ action: "ping", padding: "x".repeat(200_000) });
  ben.socket.hear({ action: "pause" });
  ben.socket.end(1000);
  assertEquals(bench.engine.connections, 3);
  await until(() => bench.engine.connections === 2, "Ben is still there");
  await turn();
  assertEquals([ana.take(), bench.v1({ session: ben.session }).id], [[], ben.id]);
});

Deno.test("what a client says before it is welcomed back is paid by what it has left", async () => {
  await using bench = new Bench({ rate: 4 });
  const { session, socket } = bench.v1();
  for (let ref = 1; ref <= 5; ref++) socket.hear({ action: "ping", ref });
  assertEquals(socket.take().at(-1)?.event, "pong");
  bench.v1().socket.hear({ action: "ping", padding: "x".repeat(200_000) });
  const again = bench.connect("v1");
  again.hear({ action: "hello", body: { session } });
  for (let ref = 1; ref <= 3; ref++) again.hear({ action: "ping", ref });
  await until(() => again.sent.length === 4, "not all is answered");
  assertEquals(again.take().slice(1).map(({ code, event }) => code ?? event), [
    "pong",
    "rate_limited",
    "rate_limited",
  ]);
});

Deno.test("of many plain clients that are refused something some wait for what goes before, and none for good", async () => {
  await using bench = new Bench({ rate: 0 });
  const ana = bench.v1().socket;
  ana.hear({ action: "create", body: "Lobby" });
  await turn();
  const roomId = ana.take()[0]?.room_id;
  const crowd = Array.from({ length: 60 }, () => bench.connect("plain"));
  for (const socket of crowd) socket.hear({ action: "join", body: roomId });
  await until(() => crowd.every(({ sent }) => sent.length === 2), "not all come in");
  for (const socket of crowd) socket.take();
  for (let n = 1; n <= 301; n += 100) {
    ana.hear({ action: "messages", room_id: roomId, n, body: Array(100).fill("x") });
  }
  bench.time.lookMs = 0.5;
  for (const socket of crowd) socket.hear({ action: "dance" });
  assert(crowd.some(({ sent }) => sent.length === 0), "all were sent everything at once");
  await until(() => crowd.every(({ sent }) => sent.length >= 401), "not all are answered");
  for (const { frames } of crowd) {
    assertEquals([frames.length, frames[400]?.message], [401, "Invalid action"]);
  }
});

Deno.test("what is refused in its turn is refused with the mark of its frame", async () => {
  await using bench = new Bench({ maxRoomsPerClient: 1 });
  const { socket } = bench.v1();
  for (const ref of [1, 2]) socket.hear({ action: "create", body: "Lobby", ref });
  const answers = () => socket.frames.filter(({ ref }) => ref !== undefined);
  await until(() => answers().length === 2, "not all is answered");
  const told = answers().map(({ status, code, ref }) => [code ?? status, ref]);
  assertEquals(told, [["success", 1], ["too_many_rooms", 2]]);
});

Deno.test("a large frame of a plain client that has gone is heard", async () => {
  await using bench = new Bench();
  const ana = bench.v1().socket;
  ana.hear({ action: "create", body: "Lobby" });
  await turn();
  const roomId = ana.take()[0]?.room_id;
  const ben = bench.connect("plain");
  ben.hear({ action: "join", body: roomId });
  await turn();
  ana.take();
  // Each character is six in the frame.
  ben.hear({ action: "message", body: "\u0001".repeat(21_845) });
  ben.end(1005);
  const entries = () => ana.frames.flatMap(({ entries }) => entries as { event?: string }[]);
  await until(() => entries().length === 2, "nothing is heard of it");
  assertEquals(entries().map(({ event }) => event ?? "message"), ["message", "leave"]);
});

Deno.test("a refusal counts for a flood by the size of what is refused", async () => {
  await using bench = new Bench({ rate: 1 });
  const { socket } = bench.v1();
  const large = `{"action":"ping","x":"${"x".repeat(380_000)}"}`;
  socket.hear(large);
  for (let i = 0; i < 3; i++) socket.hear(large);
  assertEquals(socket.closedWith, undefined);
  socket.hear(large);
  assertEquals(socket.closedWith?.[0], 4501);
});

Deno.test("a connection whose first frame is larger than a hello can be is thrown out", async () => {
  await using bench = new Bench();
  const hello = JSON.stringify({ action: "hello", body: { name: "Ana" } });
  const largest = bench.connect("v1");
  largest.hear(hello.padEnd(16_384));
  assertEquals([largest.take()[0]?.status, largest.closedWith], ["connected", undefined]);
  const larger = bench.connect("v1");
  larger.hear(hello.padEnd(16_385));
  assertEquals(larger.closedWith?.[0], 4501);
});

Deno.test("a connection is thrown out whose frame is larger than any that it goes on behind", async () => {
  await using bench = new Bench();
  const large = bench.v1().socket;
  large.hear("x".repeat(1_048_576));
  assertEquals([large.take()[0]?.code, large.closedWith], ["too_large", undefined]);
  const larger = bench.v1().socket;
  larger.hear("x".repeat(1_048_577));
  assertEquals([larger.take()[0]?.code, larger.closedWith?.[0]], ["too_large", 4501]);
});

Deno.test("a client that comes back has no more to spend than it had", async () => {
  await using bench = new Bench({ rate: 100 });
  const first = bench.v1();
  for (let i = 0; i < 151; i++) first.socket.hear({ action: "ping", ref: i });
  assertEquals(first.socket.take().at(-1)?.code, "rate_limited");
  const second = bench.v1({ session: first.session });
  assertEquals(second.id, first.id);
  second.socket.hear({ action: "ping" });
  assertEquals(second.socket.take()[0]?.code, "rate_limited");
});

Deno.test("whoever comes into a room pays for its history", async () => {
  await using bench = new Bench({ rate: 60 });
  const ana = bench.v1().socket;
  ana.hear({ action: "create", body: "Lobby" });
  await turn();
  const roomId = ana.take()[0]?.room_id;
  for (let i = 0; i < 30; i++) {
    const author = bench.v1().socket;
    author.hear({ action: "join", body: roomId });
    author.hear({ action: "message", room_id: roomId, body: "x".repeat(64_000) });
  }
  const ben = bench.v1().socket;
  ben.hear({ action: "join", body: { room_id: roomId, last: 1_000 } });
  ben.hear({ action: "ping" });
  await until(() => ben.frames.some(({ status }) => status === "error"), "Ben is not told to wait");
  // 1.9 MB are 117 times 16 KiB, and the join is a frame: of 90, 28 are missing, and one for the ping.
  const refused = ben.take().find(({ code }) => code === "rate_limited");
  assertEquals(refused?.retry_after_ms, Math.ceil(29 * 1_000 / 60));
});

Deno.test("whoever comes into a room pays for the list of its members as it is written, and for telling those who are here", async () => {
  for (
    const { members, name, left } of [
      { members: 140, name: "x", left: "pong" },
      { members: 60, name: '"'.repeat(120), left: "rate_limited" },
    ]
  ) {
    await using bench = new Bench({ rate: 1 });
    const ana = bench.v1().socket;
    ana.hear({ action: "create", body: "Lobby" });
    await turn();
    const roomId = ana.take()[0]?.room_id;
    for (let i = 0; i < members; i++) {
      const { socket } = bench.v1({ name });
      socket.hear({ action: "join", body: roomId });
      socket.hear({ action: "pause" });
    }
    const ben = bench.v1().socket;
    ben.hear({ action: "join", body: roomId });
    // Of the two frames that a new client has, this is the second.
    ben.hear({ action: "ping" });
    await until(() => ben.frames.some(({ code, event }) => (code ?? event) === left), `no ${left}`);
  }
});

Deno.test("what is refused costs its size, not what it would have cost others", async () => {
  await using bench = new Bench({ rate: 10 });
  const { socket } = bench.v1();
  const body = Array(200).fill("x");
  socket.hear({ action: "messages", room_id: "0000-0000-0000-0000", n: 1, body });
  socket.hear({ action: "ping" });
  assertEquals(socket.take().map(({ code, event }) => code ?? event), ["not_in_room", "pong"]);
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
