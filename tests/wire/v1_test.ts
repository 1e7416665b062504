import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Frame, type RawSocket, TestChat } from "../support/fixtures.ts";

Deno.test("hello is answered with an identity, a secret, the heartbeat and the limits", async () => {
  await using server = new TestChat({ heartbeatMs: 12_345, maxRoomsPerClient: 7 });
  await using ana = await server.dial();
  const welcome = await ana.ask({ action: "hello", body: { name: "Ana" }, ref: "r1" });
  assertMatch(String(welcome.client_id), /^[0-9a-z]{12}$/);
  assertMatch(String(welcome.session), new RegExp(`^${welcome.client_id}\\.[0-9a-z]{32}$`));
  assertEquals(welcome, {
    status: "connected",
    client_id: welcome.client_id,
    session: welcome.session,
    resumed: false,
    n: 0,
    heartbeat_ms: 12_345,
    limits: {
      body_bytes: 65_536,
      name_chars: 128,
      name_bytes: 128,
      batch: 256,
      rooms: 7,
      frame_bytes: 394_240,
      rate: 200,
      burst: 400,
      start: 300,
      price_members: 100,
    },
    features: ["history", "rooms", "read", "search", "reply", "data", "edit", "redact", "react"],
    message: "Welcome!",
    ref: "r1",
  });
});

Deno.test("hello needs no body", async () => {
  await using server = new TestChat();
  await using ana = await server.dial();
  assertEquals((await ana.ask({ action: "hello" })).status, "connected");
});

Deno.test("nothing is answered before hello, and only one hello is", async () => {
  await using server = new TestChat();
  await using ana = await server.dial();
  const early = await ana.ask({ action: "create", body: "Lobby", ref: 1 });
  assertEquals([early.code, early.ref], ["hello_required", 1]);
  await ana.ask({ action: "hello" });
  assertEquals((await ana.ask({ action: "hello" })).code, "already_connected");
  assertEquals((await ana.ask({ action: "ping" })).event, "pong");
});

Deno.test("every reply carries the ref of its request, whatever it is", async () => {
  await using server = new TestChat();
  await using ana = await server.v1();
  for (const ref of ["a", "", 0, 1.5, -3, "é".repeat(128)]) {
    assertEquals(await ana.ask({ action: "ping", ref }), { event: "pong", ref });
    assertEquals((await ana.ask({ action: "dance", ref })).ref, ref);
  }
  for (const ref of [null, true, {}, [], "x".repeat(129)]) {
    const reply = await ana.ask({ action: "ping", ref });
    assertEquals([reply.code, reply.ref], ["invalid_frame", undefined]);
  }
});

Deno.test("create answers with the room before any of its entries", async () => {
  await using server = new TestChat();
  await using ana = await server.v1({ name: "Ana" });
  const made = await ana.ask({ action: "create", body: { room_name: "Lobby" }, ref: 2 });
  assertMatch(String(made.room_id), /^[0-9a-z]{4}(-[0-9a-z]{4}){3}$/);
  assertMatch(String(made.epoch), /^[0-9a-z]{8}$/);
  assertEquals(made, {
    status: "success",
    message: "Room 'Lobby' created",
    room_id: made.room_id,
    room_name: "Lobby",
    epoch: made.epoch,
    seq: 0,
    after: 0,
    members: [{ client_id: ana.id, name: "Ana" }],
    presence: true,
    you: { role: "owner" },
    roles: [{ to: ana.id, role: "owner" }],
    link: made.link,
    ref: 2,
  });
  assertMatch(String(made.link), /^owner\.[0-9a-z]{32}$/);
  const entries = await ana.next();
  const [entry] = entries.entries as { at: number }[];
  assertEquals(entries, {
    event: "entries",
    room_id: made.room_id,
    entries: [{ seq: 1, at: entry?.at, name: "Ana", event: "join", from: ana.id }],
  });
  assert(Math.abs(Date.now() - (entry?.at ?? 0)) < 60_000);
});

Deno.test("a message reaches everybody in the room, its sender included, as the same entry", async () => {
  await using server = new TestChat();
  const { host: ana, roomId } = await server.host1("Lobby", { name: "Ana" });
  await using _ana = ana;
  await using ben = await server.v1();
  await ben.ask({ action: "join", body: roomId });
  await ana.entry();
  await ben.entry();
  ana.send({ action: "message", room_id: roomId, body: "hello", n: 1 });
  const entry = await ana.entry();
  assertEquals(entry, { seq: 3, at: entry.at, from: ana.id, n: 1, name: "Ana", body: "hello" });
  assertEquals(await ben.entry(), entry);
  ben.send({ action: "message", room_id: roomId, body: "hi" });
  const answer = await ana.entry();
  assertEquals(answer, { seq: 4, at: answer.at, from: ben.id, n: 1, body: "hi" });
});

Deno.test("several messages of one frame are numbered on, and come in their order", async () => {
  await using server = new TestChat();
  const { host: ana, roomId } = await server.host1();
  await using _ana = ana;
  ana.send({ action: "messages", room_id: roomId, n: 1, body: ["one", "two", "three"] });
  ana.send({ action: "messages", room_id: roomId, body: ["four"] });
  ana.send({ action: "message", room_id: roomId, body: "five" });
  const entries = await ana.entries(5);
  assertEquals(
    entries.map((entry) => "body" in entry ? [entry.seq, entry.n, entry.body] : entry),
    [[2, 1, "one"], [3, 2, "two"], [4, 3, "three"], [5, 4, "four"], [6, 5, "five"]],
  );
});

Deno.test("a client is in several rooms at once, and room_id says which one is meant", async () => {
  await using server = new TestChat();
  await using ana = await server.v1();
  const rooms: string[] = [];
  for (const name of ["One", "Two"]) {
    rooms.push(String((await ana.ask({ action: "create", body: name })).room_id));
    await ana.entry();
  }
  await using ben = await server.v1();
  await ben.ask({ action: "join", body: rooms[1] });
  await ben.entry();
  assertEquals((await ana.next()).room_id, rooms[1]);
  ana.send({ action: "message", room_id: rooms[0], body: "first" });
  assertEquals((await ana.next()).room_id, rooms[0]);
  await ben.silence();
  ana.send({ action: "message", room_id: rooms[1], body: "second" });
  assertEquals((await ana.next()).room_id, rooms[1]);
  // Numbers count over all rooms of a client.
  const entry = await ben.entry();
  assertEquals("n" in entry && entry.n, 2);
});

Deno.test("leaving a room is answered after its last entries, and told to the others", async () => {
  await using server = new TestChat();
  const { host: ana, roomId } = await server.host1();
  await using _ana = ana;
  await using ben = await server.v1({ name: "Ben" });
  await ben.ask({ action: "join", body: { room_id: roomId } });
  await ben.entry();
  await ana.entry();
  ben.send({ action: "message", room_id: roomId, body: "bye" });
  ben.send({ action: "leave", body: { room_id: roomId }, ref: 9 });
  const said = await ben.entry();
  assertEquals("body" in said && said.body, "bye");
  assertEquals(await ben.next(), {
    status: "success",
    message: "Left room",
    room_id: roomId,
    ref: 9,
  });
  const [, left] = await ana.entries(2);
  assertEquals(left, { seq: 4, at: left!.at, name: "Ben", event: "leave", from: ben.id });
  ana.send({ action: "message", room_id: roomId, body: "alone" });
  await ana.entry();
  await ben.silence();
  const refused = await ben.ask({ action: "message", room_id: roomId, body: "x", n: 2 });
  assertEquals([refused.code, refused.n], ["not_in_room", 2]);
});

Deno.test("typing reaches the others at once and is never stored", async () => {
  await using server = new TestChat();
  const { host: ana, roomId } = await server.host1("Lobby", { name: "Ana" });
  await using _ana = ana;
  await using ben = await server.v1();
  await ben.ask({ action: "join", body: roomId });
  await ben.entry();
  await ana.entry();
  ana.send({ action: "typing", room_id: roomId });
  assertEquals(await ben.next(), { event: "typing", room_id: roomId, from: ana.id, name: "Ana" });
  await ana.silence();
  await using cleo = await server.v1();
  await cleo.ask({ action: "join", body: { room_id: roomId, last: 100 } });
  assertEquals((await cleo.entries(3)).map((entry) => "event" in entry && entry.event), [
    "join",
    "join",
    "join",
  ]);
});

Deno.test("a new name is confirmed, told to the rooms, and stands in later messages", async () => {
  await using server = new TestChat();
  const { host: ana, roomId } = await server.host1("Lobby", { name: "Ana" });
  await using _ana = ana;
  assertEquals(await ana.ask({ action: "rename", body: "Anna", ref: 1 }), {
    status: "success",
    message: "You are 'Anna' now",
    ref: 1,
  });
  const renamed = await ana.entry();
  assertEquals(renamed, { seq: 2, at: renamed.at, name: "Anna", event: "rename", from: ana.id });
  ana.send({ action: "message", room_id: roomId, body: "x" });
  assertEquals((await ana.entry()).name, "Anna");
});

Deno.test("names that are properties of every object are only names", async () => {
  await using server = new TestChat();
  for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    await using ana = await server.v1({ name });
    const made = await ana.ask({ action: "create", body: name });
    assertEquals([made.room_name, made.members], [name, [{ client_id: ana.id, name }]]);
    assertEquals((await ana.entry()).name, name);
  }
});

Deno.test("what looks like JSON in a name or a body arrives as it was written", async () => {
  await using server = new TestChat();
  const name = `"},{"seq":9`;
  const body = `\u0000 "\\\n\u2028 \u{1f600} ]}`;
  const { host: ana, roomId } = await server.host1(name, { name });
  await using _ana = ana;
  ana.send({ action: "message", room_id: roomId, body });
  const entry = await ana.entry();
  assertEquals("body" in entry && [entry.name, entry.body], [name, body]);
});

Deno.test("half of a surrogate pair reaches nobody, in whatever text and dialect it came", async () => {
  await using server = new TestChat();
  await using ana = await server.dial();
  await using pia = await server.plain();
  /** Sends a frame in which `?` is the half of a pair, and checks that `hearer` gets a whole character. */
  async function hears(hearer: RawSocket, from: RawSocket, frame: string): Promise<Frame> {
    from.sendRaw(frame.replaceAll("?", String.raw`\ud800`));
    const text = await hearer.nextText();
    assertEquals([text.includes(String.raw`\u`), text.includes("\ufffd")], [false, true], text);
    return JSON.parse(text);
  }
  await hears(ana, ana, `{"action":"hello","body":{"name":"Ana ?"},"ref":"?"}`);
  const { room_id: id, ref } = await hears(ana, ana, `{"action":"create","body":"?","ref":"?"}`);
  assertEquals(ref, "\ufffd");
  await ana.entry();
  await hears(ana, ana, `{"action":"message","room_id":"${id}","body":"?"}`);
  await hears(ana, ana, `{"action":"messages","room_id":"${id}","body":["?", "?"]}`);
  await hears(ana, ana, `{"action":"join","body":"?"}`);
  await hears(ana, ana, `{"action":"typing","room_id":"?"}`);
  await hears(ana, ana, `{"action":"dance","ref":"?"}`);
  await hears(pia, pia, `{"action":"join","body":{"room_id":"?"}}`);
  await hears(pia, pia, `{"action":"join","body":"${id}"}`);
  await hears(pia, ana, `{"action":"message","room_id":"${id}","body":"?"}`);
  pia.sendRaw(String.raw`{"action":"message","body":"\udc00"}`);
  assertEquals((await ana.entries(3)).map((entry) => "body" in entry && entry.body), [
    false,
    "\ufffd",
    "\ufffd",
  ]);
});

Deno.test("one plain and one parley.v1 client in a room read each other", async () => {
  await using server = new TestChat();
  const { host: ana, roomId } = await server.host1("Lobby", { name: "Ana" });
  await using _ana = ana;
  await using pia = await server.plain();
  assertEquals((await pia.ask({ action: "join", body: roomId })).message, "Joined room 'Lobby'");
  const joined = await ana.entry();
  assertEquals(joined, { seq: 2, at: joined.at, event: "join", from: pia.id });
  assertEquals((await pia.ask({ action: "message", body: "plainly" })).message, "Message sent");
  const said = await ana.entry();
  assertEquals(said, { seq: 3, at: said.at, from: pia.id, n: 1, body: "plainly" });
  ana.send({ action: "messages", room_id: roomId, body: ["a", "b"] });
  await ana.entries(2);
  assertEquals(await pia.next(), { from: ana.id, body: "a" });
  assertEquals(await pia.next(), { from: ana.id, body: "b" });
  await pia.close();
  const left = await ana.entry();
  assertEquals("event" in left && left.event, "leave");
});

Deno.test("a room id is understood as it may have been typed, wherever one stands", async () => {
  await using server = new TestChat();
  const { host: ana, roomId } = await server.host1();
  await using _ana = ana;
  const typed = roomId.toUpperCase().replaceAll("-", "").replaceAll("0", "o").replaceAll("1", "L");
  assertEquals((await ana.ask({ action: "join", body: typed })).room_id, roomId);
  ana.send({ action: "message", room_id: typed, body: "x" });
  assertEquals((await ana.next()).room_id, roomId);
  assertEquals((await ana.ask({ action: "leave", body: { room_id: typed } })).room_id, roomId);
});
