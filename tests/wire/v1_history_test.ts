import { assert, assertEquals } from "@std/assert";
import { ChatClient } from "../../client.ts";
import { sqlite } from "../../src/store/sqlite/sqlite.ts";
import type { Entry } from "../../src/protocol/frames.ts";
import { FaultProxy } from "../chaos/fault_proxy.ts";
import { type RawSocket, TestChat } from "../support/fixtures.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { until } from "../support/waiting.ts";

function bodies(entries: Entry[]): unknown[] {
  return entries.map((entry) =>
    "body" in entry ? entry.body : "event" in entry ? entry.event : "change"
  );
}

/** A room whose log is `join` and the messages 1 to `count`; its host has read them. */
async function talked(server: TestChat, count: number) {
  const { host, roomId, made } = await server.host1();
  for (let i = 1; i <= count; i++) {
    host.send({ action: "message", room_id: roomId, body: String(i) });
    await host.entry();
  }
  return { host, roomId, epoch: made.epoch };
}

async function join(socket: RawSocket, body: unknown) {
  return await socket.ask({ action: "join", body });
}

Deno.test("join without more starts at the head, and shows who is there", async () => {
  await using server = new TestChat();
  const { host, roomId, epoch } = await talked(server, 3);
  await using _host = host;
  await using ben = await server.v1({ name: "Ben" });
  const joined = await ben.ask({ action: "join", body: roomId, ref: 3 });
  assertEquals(joined, {
    status: "success",
    message: "Joined room 'Lobby'",
    room_id: roomId,
    room_name: "Lobby",
    epoch,
    seq: 4,
    after: 4,
    members: [{ client_id: host.id }, { client_id: ben.id, name: "Ben" }],
    presence: true,
    you: { role: "member" },
    ref: 3,
  });
  assertEquals(bodies(await ben.entries(1)), ["join"]);
  await ben.silence();
});

Deno.test("last brings the newest entries, or all there are, before the join itself", async () => {
  await using server = new TestChat();
  const cases: [number, unknown[]][] = [
    [0, ["join"]],
    [2, ["2", "3", "join"]],
    [4, ["join", "1", "2", "3", "join"]],
    [10_000, ["join", "1", "2", "3", "join"]],
  ];
  for (const [last, expected] of cases) {
    const { host, roomId } = await talked(server, 3);
    await using _host = host;
    await using ben = await server.v1();
    const joined = await join(ben, { room_id: roomId, last });
    assertEquals([joined.seq, joined.after], [4, 4 - Math.min(last, 4)]);
    assertEquals(bodies(await ben.entries(expected.length)), expected);
    await ben.silence();
  }
});

Deno.test("after goes on behind the given entry: recovered, and nothing twice", async () => {
  await using server = new TestChat();
  const { host, roomId, epoch } = await talked(server, 5);
  await using _host = host;
  await using ben = await server.v1();
  const joined = await join(ben, { room_id: roomId, epoch, after: 4 });
  assertEquals([joined.recovered, joined.seq, joined.after], [true, 6, 4]);
  const entries = await ben.entries(3);
  assertEquals(entries.map(({ seq }) => seq), [5, 6, 7]);
  assertEquals(bodies(entries), ["4", "5", "join"]);
});

Deno.test("after at the head is recovered with nothing to send", async () => {
  await using server = new TestChat();
  const { host, roomId, epoch } = await talked(server, 1);
  await using _host = host;
  await using ben = await server.v1();
  assertEquals((await join(ben, { room_id: roomId, epoch, after: 2 })).recovered, true);
  assertEquals(bodies(await ben.entries(1)), ["join"]);
});

Deno.test("after is not recovered in another epoch, beyond the head, or behind the log's tail", async () => {
  await using server = new TestChat({ logEntries: 3 });
  // The log holds seq 4 to 6, so that 3 is the oldest cursor that misses nothing.
  const cases: [epoch: string | undefined, after: number, recovered: boolean][] = [
    ["right", 3, true],
    ["right", 6, true],
    ["right", 2, false],
    ["right", 0, false],
    ["right", 1_000, false],
    ["wrong", 6, false],
    [undefined, 6, false],
  ];
  for (const [named, after, recovered] of cases) {
    const { host, roomId, epoch } = await talked(server, 5);
    await using _host = host;
    await using ben = await server.v1();
    const how = { after, epoch: named === "right" ? epoch : named };
    const joined = await join(ben, { room_id: roomId, ...how });
    assertEquals(joined.recovered, recovered, JSON.stringify(how));
    // The next entry is what was missed, or the newcomer's own join.
    assertEquals((await ben.entries(1))[0]?.seq, recovered ? after + 1 : 7);
  }
});

Deno.test("where after is not recovered, last says what is sent instead", async () => {
  await using server = new TestChat();
  const { host, roomId } = await talked(server, 3);
  await using _host = host;
  await using ben = await server.v1();
  const joined = await join(ben, { room_id: roomId, epoch: "lost", after: 4, last: 2 });
  assertEquals([joined.recovered, joined.after], [false, 2]);
  assertEquals(bodies(await ben.entries(3)), ["2", "3", "join"]);
});

Deno.test("a long history comes in several frames, complete and in order", async () => {
  await using server = new TestChat({ rate: 0 });
  const { host, roomId } = await server.host1();
  await using _host = host;
  const body = "x".repeat(50_000);
  for (let i = 0; i < 20; i++) host.send({ action: "message", room_id: roomId, body });
  await host.entries(20);
  await using ben = await server.v1();
  await join(ben, { room_id: roomId, last: 20 });
  const seqs: number[] = [];
  let frames = 0;
  while (seqs.at(-1) !== 22) {
    const text = await ben.nextText();
    frames++;
    assertEquals(text.length < 400_000, true);
    seqs.push(...JSON.parse(text).entries.map((entry: Entry) => entry.seq));
  }
  assertEquals(seqs, Array.from({ length: 21 }, (_, i) => i + 2));
  assertEquals(frames > 2, true);
});

Deno.test("a member that asks again keeps its place, or goes back to where it says", async () => {
  await using server = new TestChat();
  const { host, roomId, epoch } = await talked(server, 3);
  await using _host = host;
  assertEquals((await join(host, roomId)).seq, 4);
  await host.silence();
  const again = await join(host, { room_id: roomId, epoch, after: 2 });
  assertEquals([again.recovered, again.seq], [true, 4]);
  assertEquals(bodies(await host.entries(2)), ["2", "3"]);
  await host.silence();
});

Deno.test("a member that asks again in the middle of a talk misses nothing", async () => {
  await using server = new TestChat();
  const { host, roomId } = await server.host1();
  await using _host = host;
  for (let round = 1; round <= 10; round++) {
    host.send({ action: "message", room_id: roomId, body: "once", n: round });
    host.send({ action: "join", body: roomId });
    const frames = [await host.next(), await host.next()];
    assertEquals(frames.filter(({ event }) => event === "entries").length, 1, `round ${round}`);
  }
});

Deno.test("an empty room can be rejoined with its history until it is forgotten", async () => {
  await using server = new TestChat({ emptyRoomMs: 1 });
  await using kept = new TestChat({ emptyRoomMs: 60_000 });
  for (const [chat, remains] of [[server, false], [kept, true]] as const) {
    const { host, roomId } = await talked(chat, 2);
    await using _host = host;
    await host.ask({ action: "leave", body: { room_id: roomId } });
    if (!remains) {
      await using watcher = await chat.v1();
      await until(async () => {
        await watcher.silence();
        return chat.chat.size.rooms === 0;
      }, "the room is not forgotten");
      const refused = await join(host, roomId);
      assertEquals([refused.code, refused.message], [
        "room_not_found",
        `Room ${roomId} does not exist`,
      ]);
      continue;
    }
    assertEquals((await join(host, { room_id: roomId, last: 4 })).seq, 4);
    assertEquals(bodies(await host.entries(5)), ["join", "1", "2", "leave", "join"]);
  }
});

Deno.test("a room that is gone is made again by a join that brings its name", async () => {
  await using before = new TestChat();
  const { host, roomId, epoch } = await talked(before, 2);
  await using _host = host;
  // Nothing is left of it after a restart.
  await using server = new TestChat();
  await using ben = await server.v1();
  const asked = { room_id: roomId, room_name: "Lobby", epoch, after: 3 };
  const joined = await join(ben, asked);
  assertEquals([joined.status, joined.room_id, joined.room_name, joined.seq, joined.recovered], [
    "success",
    roomId,
    "Lobby",
    0,
    false,
  ]);
  assertEquals(joined.epoch === epoch, false);
  assertEquals(bodies(await ben.entries(1)), ["join"]);
  // Whoever comes second finds the room that the first one made.
  await using cat = await server.v1();
  const second = await join(cat, { ...asked, room_name: "Another name" });
  assertEquals([second.room_name, second.epoch, second.seq], ["Lobby", joined.epoch, 1]);
});

Deno.test("servers with a secret make a lost room again only under the name that it had", async () => {
  const secret = "the same before and after the restart";
  await using before = new TestChat({ secret });
  const { host, roomId, made } = await before.host1();
  await using _host = host;
  const { room_token } = made;
  await using server = new TestChat({ secret });
  await using ben = await server.v1();
  const asked = { room_id: roomId, room_name: "Lobby" };
  const { host: other, made: another } = await before.host1("Elsewhere");
  await using _other = other;
  for (
    const wrong of [
      asked,
      { ...asked, room_name: "Log in at evil.example", room_token },
      { ...asked, room_token: another.room_token },
      { ...asked, room_token: `${room_token}x` },
    ]
  ) {
    assertEquals((await join(ben, wrong)).code, "room_not_found", JSON.stringify(wrong));
  }
  assertEquals((await join(ben, { ...asked, room_token: 5 })).code, "invalid_frame");
  const joined = await join(ben, { ...asked, room_token });
  assertEquals([joined.room_name, joined.room_token], ["Lobby", room_token]);
  // It is the key to no session: what it signs is not what a session token signs.
  await using eve = await server.v1({ session: `${roomId} Lobby.${room_token}` });
  assertEquals(eve.welcome.resumed, false);
});

Deno.test("an app shows what its rooms were called to a server with a secret that has lost them", async () => {
  const secret = "the same before and after the restart";
  await using before = new TestChat({ secret });
  await using after = new TestChat({ secret });
  await using proxy = await FaultProxy.to(before.host);
  await using chat = new ChatClient(proxy.url);
  await chat.connect();
  const room = await chat.createRoom("Lobby");
  proxy.aim(after.host);
  proxy.reset();
  for await (const event of room.events()) {
    assert(event.type !== "closed", event.type === "closed" ? event.reason : "");
    if (event.type === "recovered") break;
  }
  assertEquals([after.chat.size.rooms, room.name], [1, "Lobby"]);
});

Deno.test("a room that was deleted is made again by nobody", async () => {
  await using server = new TestChat();
  const { host, roomId, epoch } = await talked(server, 2);
  await using _host = host;
  server.chat.deleteRoom(roomId);
  await using ben = await server.v1();
  for (const socket of [ben, host]) {
    const refused = await join(socket, { room_id: roomId, room_name: "Lobby", epoch, after: 3 });
    assertEquals([refused.code, refused.message], ["room_gone", "Room no longer exists"]);
  }
  assertEquals(server.chat.size.rooms, 0);
});

Deno.test("an app whose connection breaks does not make a deleted room again, and is told", async () => {
  await using server = new TestChat();
  await using proxy = await FaultProxy.to(server.host);
  await using chat = new ChatClient(proxy.url);
  await chat.connect();
  const room = await chat.createRoom("Lobby");
  server.chat.deleteRoom(room.id);
  proxy.reset();
  const types: string[] = [];
  for await (const event of room.events()) types.push(event.type === "closed" ? event.reason : "");
  assertEquals([types.at(-1), server.chat.size.rooms], ["Room no longer exists", 0]);
});

Deno.test("only what is written like a room id can be made again, and never by a plain client", async () => {
  await using server = new TestChat();
  await using ana = await server.v1();
  for (const room_id of ["lobby", "__proto__", "k7q2-m9xd-4hwn-r3tu", "k7q2-m9xd-4hwn-r3tc-k7q2"]) {
    assertEquals((await join(ana, { room_id, room_name: "Lobby" })).code, "room_not_found");
  }
  await using pia = await server.plain();
  const room_id = "k7q2-m9xd-4hwn-r3tc";
  assertEquals(
    (await join(pia, { room_id, room_name: "Lobby" })).message,
    `Room ${room_id} does not exist`,
  );
  assertEquals(server.chat.size.rooms, 0);
});

Deno.test("history is read page by page, to the beginning and forth again, whatever is said", async () => {
  await using server = new TestChat({ logEntries: 200 });
  const { host, roomId, epoch } = await talked(server, 25);
  await using _host = host;
  await using ben = await server.v1();
  assertEquals(
    (await ben.ask({ action: "history", body: { room_id: roomId } })).code,
    "not_in_room",
  );
  await join(ben, roomId);
  await ben.entries(1);
  const page = async (body: Record<string, number>) => {
    const { entries, ...rest } = await ben.ask({
      ...{ action: "history", body: { room_id: roomId, limit: 10, ...body }, ref: "h" },
    });
    const { more, recovered } = rest;
    assertEquals([rest.room_id, rest.epoch, rest.ref], [roomId, epoch, "h"]);
    return [(entries as Entry[]).map(({ seq }) => seq), more, recovered];
  };
  const seqs = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, i) => from + i);
  assertEquals(await page({}), [seqs(18, 27), true, undefined]);
  // What comes meanwhile changes nothing in pages that go on from one another.
  host.send({ action: "message", room_id: roomId, body: "meanwhile" });
  assertEquals(bodies(await ben.entries(1)), ["meanwhile"]);
  assertEquals(await page({ before: 18 }), [seqs(8, 17), true, undefined]);
  assertEquals(await page({ before: 8 }), [seqs(1, 7), false, undefined]);
  assertEquals(await page({ after: 0 }), [seqs(1, 10), true, true]);
  assertEquals(await page({ after: 20 }), [seqs(21, 28), false, true]);
  assertEquals(await page({ around: 20 }), [seqs(16, 25), true, undefined]);
  // Its cursor is where it was.
  host.send({ action: "message", room_id: roomId, body: "last" });
  assertEquals(bodies(await ben.entries(1)), ["last"]);
});

Deno.test("history goes on in the file where memory ends, also after a restart", async () => {
  const path = `${tempFolder()}/chat.db`;
  const limits = { logEntries: 10, historyEntries: 1_000 };
  const earlier = new TestChat({ ...limits, store: sqlite(path) });
  const { host, roomId } = await talked(earlier, 60);
  const { session } = host.welcome;
  await earlier[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
  await using server = new TestChat({ ...limits, store: sqlite(path) });
  await using back = await server.v1({ session: String(session) });
  await join(back, roomId);
  await back.entries(1);
  const found: unknown[] = [];
  let before: number | undefined;
  for (let more: unknown = true; more;) {
    const body = { room_id: roomId, limit: 25, before };
    const frame = await back.ask({ action: "history", body });
    const entries = frame.entries as Entry[];
    found.unshift(...bodies(entries));
    before = entries[0]!.seq;
    more = frame.more;
  }
  const said = Array.from({ length: 60 }, (_, i) => `${i + 1}`);
  assertEquals(found, ["join", ...said, "away", "back"]);
});

Deno.test("no frame of the server is larger than it says, whatever was said and however much", async () => {
  await using server = new TestChat({ rate: 0, highWaterBytes: 100_000_000 });
  const { host: ana, roomId } = await server.host1("x", { name: '"'.repeat(128) });
  await using _ana = ana;
  const most = (ana.welcome.limits as { frame_bytes: number }).frame_bytes;
  // Bodies that become six bytes for each of theirs, and others of which a unit is three bytes.
  const bodies = ["\u0001".repeat(21_845), ...Array<string>(20).fill("€".repeat(21_845))];
  let last = 1;
  const seen = async (socket: RawSocket) => {
    const sizes: number[] = [];
    for (let seq = 0; seq < last;) {
      const text = await socket.nextText();
      const { event, entries } = JSON.parse(text);
      if (event !== "entries") continue;
      sizes.push(new TextEncoder().encode(text).length);
      seq = entries.at(-1).seq;
    }
    return sizes;
  };
  for (const body of bodies) ana.send({ action: "message", room_id: roomId, body });
  last += bodies.length;
  const live = await seen(ana);
  await using ben = await server.v1({ name: "Ben" });
  ben.send({ action: "join", body: { room_id: roomId, last: 100 } });
  const history = await seen(ben);
  for (const size of [...live, ...history]) assert(size <= most, `${size} of ${most} bytes`);
  assert(Math.max(...live) > 2 * 65_536 && Math.max(...history) > 65_536);
});

Deno.test("how far somebody has read is there after a restart of the server, and in the reply to join", async () => {
  const path = `${tempFolder()}/chat.db`;
  const earlier = new TestChat({ store: sqlite(path) });
  const { host, roomId } = await talked(earlier, 5);
  const { session } = host.welcome;
  const read = (socket: RawSocket, seq: number) =>
    socket.ask({ action: "read", body: { room_id: roomId, seq }, ref: seq });
  assertEquals(await read(host, 4), { status: "success", room_id: roomId, seq: 4, ref: 4 });
  assertEquals((await read(host, 3)).seq, 4);
  assertEquals((await read(host, 7)).code, "beyond_head");
  await earlier[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
  await using server = new TestChat({ store: sqlite(path) });
  await using back = await server.v1({ session: String(session) });
  const asked = await back.ask({ action: "rooms", ref: "r" });
  assertEquals(asked, { status: "success", rooms: [], ref: "r" });
  assertEquals((await join(back, roomId)).read, 4);
  await back.entries(1);
  const [room] = (await back.ask({ action: "rooms" })).rooms as Record<string, unknown>[];
  assertEquals([room?.room_id, room?.read, room?.unread], [roomId, 4, 0]);
});
