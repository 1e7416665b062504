import { assert, assertEquals, assertRejects } from "@std/assert";
import { ChatClient, ChatError, type ChatRoom, type RoomEvent, SendError } from "../../client.ts";
import { type Frame, TestChat } from "../support/fixtures.ts";
import { type Script, type ScriptedPeer, ScriptedServer } from "../support/scripted_server.ts";
import { bounded, pause, until } from "../support/waiting.ts";

/** A client whose server follows a script from `hello` on. */
async function connected(script: Script): Promise<
  { chat: ChatClient; peer: ScriptedPeer; [Symbol.asyncDispose](): Promise<void> }
> {
  const { promise, resolve } = Promise.withResolvers<ScriptedPeer>();
  const server = new ScriptedServer(async (peer, turn) => {
    await peer.welcome();
    resolve(peer);
    await script(peer, turn);
  });
  const chat = new ChatClient(server.url);
  await chat.connect();
  async function close(): Promise<void> {
    await chat.close();
    await server[Symbol.asyncDispose]();
  }
  return { chat, peer: await promise, [Symbol.asyncDispose]: close };
}

/** A client in room `r1` of a server that then says what the test wants. */
async function inRoom() {
  const both = await connected(async (peer) => void await peer.admit());
  return { ...both, room: await both.chat.joinRoom("r1") };
}

/** Answers a request with room `r1`. */
function admit(peer: ScriptedPeer, { ref }: Frame, fields: Frame = {}): void {
  const reply = { room_id: "r1", epoch: "e1", seq: 0, after: 0, members: [], ...fields };
  peer.send({ status: "success", ref, ...reply });
}

/** All events of a room, once it has ended. */
function story(room: ChatRoom): Promise<RoomEvent[]> {
  return bounded(Array.fromAsync(room.events()), () => "the room does not end");
}

/** Waits until all that the server has said by now was read. */
async function heard(chat: ChatClient, peer: ScriptedPeer): Promise<void> {
  const renamed = chat.rename("x");
  peer.send({ status: "success", ref: (await peer.next()).ref });
  await renamed;
}

Deno.test("a room that answers too late is left again", async () => {
  await using both = await connected(() => {});
  const { chat, peer } = both;
  await assertRejects(() => chat.createRoom("Late", { timeoutMs: 10 }), ChatError);
  admit(peer, await peer.next());
  assertEquals(await peer.next(), { action: "leave", body: { room_id: "r1" } });
  assertEquals(chat.rooms.size, 0);
});

Deno.test("a room that answers too late is not left by who has asked for it again", async () => {
  await using both = await connected(() => {});
  const { chat, peer } = both;
  await assertRejects(() => chat.joinRoom("r1", { timeoutMs: 10 }), ChatError);
  const again = chat.joinRoom("r1");
  const [late, wanted] = [await peer.next(), await peer.next()];
  admit(peer, late);
  admit(peer, wanted);
  const room = await again;
  assertEquals(chat.rooms.get("r1"), room);
  await heard(chat, peer);
});

Deno.test("a room that answers too late is left when the room asked for instead is another", async () => {
  await using both = await connected(() => {});
  const { chat, peer } = both;
  await assertRejects(() => chat.joinRoom("r1", { timeoutMs: 10 }), ChatError);
  const other = chat.joinRoom("r2");
  const [late, wanted] = [await peer.next(), await peer.next()];
  admit(peer, late);
  admit(peer, wanted, { room_id: "r2" });
  assertEquals((await other).id, "r2");
  assertEquals(await peer.next(), { action: "leave", body: { room_id: "r1" } });
});

Deno.test("a room whose leaving was given up ends when the server has done it", async () => {
  await using both = await inRoom();
  const { chat, peer, room } = both;
  await assertRejects(() => room.leave({ timeoutMs: 10 }), ChatError);
  assertEquals(chat.rooms.size, 1);
  peer.send({ status: "success", ref: (await peer.next()).ref, room_id: "r1" });
  assertEquals((await story(room)).at(-1), { type: "closed", reason: "Left" });
  assertEquals(chat.rooms.size, 0);
});

for (const code of ["room_gone", "not_in_room"]) {
  Deno.test(`leaving a room ends it where the server answers ${code}`, async () => {
    await using both = await inRoom();
    const { chat, peer, room } = both;
    const leaving = room.leave();
    const { ref } = await peer.next();
    peer.send({ status: "error", ref, code, message: "Not there" });
    await leaving;
    assertEquals((await story(room)).at(-1), { type: "closed", reason: "Not there" });
    assertEquals(chat.room, undefined);
  });

  Deno.test(`a message refused with ${code} ends its room`, async () => {
    await using both = await inRoom();
    const { chat, peer, room } = both;
    const sending = assertRejects(() => room.send("x"), SendError, "Not there");
    const { n } = await peer.next();
    peer.send({ status: "error", n, code, message: "Not there" });
    await sending;
    assertEquals((await story(room)).at(-1), { type: "closed", reason: "Not there" });
    assertEquals(chat.room, undefined);
  });
}

Deno.test("leaving twice at once leaves once", async () => {
  await using server = new TestChat();
  await using chat = new ChatClient(server.url);
  await chat.connect();
  const room = await chat.createRoom("Lobby");
  await Promise.all([room.leave(), room.leave()]);
  const ends = (await story(room)).filter(({ type }) => type === "closed");
  assertEquals(ends, [{ type: "closed", reason: "Left" }]);
});

Deno.test("a name that was taken after the client gave up stays", async () => {
  await using both = await connected(async (peer, turn) => {
    if (turn > 0) return;
    const { ref } = await peer.next();
    await gaveUp.promise;
    peer.send({ status: "success", ref });
    peer.close();
  });
  const gaveUp = Promise.withResolvers<void>();
  const { chat } = both;
  await assertRejects(() => chat.rename("New", { timeoutMs: 10 }), ChatError);
  gaveUp.resolve();
  for await (const { type } of chat.statuses()) if (type === "reconnecting") break;
  assertEquals(chat.name, "New");
});

Deno.test("after gaps in a row the members are asked for once, and are true again", async () => {
  await using both = await inRoom();
  const { chat, peer, room } = both;
  peer.send({ event: "gap", room_id: "r1", from_seq: 1, to_seq: 5 });
  const join = await peer.next();
  assertEquals(join, { action: "join", ref: join.ref, body: { room_id: "r1" } });
  peer.send({ event: "gap", room_id: "r1", from_seq: 6, to_seq: 8 });
  const members = [{ client_id: "me" }, { client_id: "ben" }];
  admit(peer, join, { seq: 10, after: 8, members });
  const left = { at: 1, event: "leave", from: "ben" };
  peer.entries({ ...left, seq: 9, from: "me" }, { ...left, seq: 11 });
  // What comes next is no other join.
  await heard(chat, peer);
  assertEquals([...room.members.keys()], ["me"]);
  await chat.close();
  const types = (await story(room)).map(({ type }) => type);
  assertEquals(types, ["gap", "gap", "leave", "leave", "closed"]);
  assertEquals(room.cursor, 11);
});

Deno.test("the members are asked for again where the server says when", async () => {
  await using both = await inRoom();
  const { peer, room, chat } = both;
  peer.send({ event: "gap", room_id: "r1", from_seq: 1, to_seq: 5 });
  const { ref } = await peer.next();
  peer.send({ status: "error", ref, code: "rate_limited", message: "x", retry_after_ms: 5 });
  admit(peer, await peer.next(), { seq: 5, after: 5, members: [{ client_id: "ben" }] });
  await heard(chat, peer);
  assertEquals([...room.members.keys()], ["ben"]);
});

Deno.test("gaps without end have the members asked for once a second", async () => {
  await using both = await inRoom();
  const { peer, chat } = both;
  let joins = 0;
  const since = performance.now();
  for (let seq = 1; performance.now() - since < 1_500; seq++) {
    peer.send({ event: "gap", room_id: "r1", from_seq: seq, to_seq: seq });
    await pause(5);
    while (peer.waiting > 0) {
      admit(peer, await peer.next(), { seq, after: seq });
      joins++;
    }
  }
  await heard(chat, peer);
  assertEquals(joins, 2);
});

Deno.test("a server that never lets a client back into its room is asked less and less often", async () => {
  const times: number[] = [];
  await using server = new ScriptedServer(async (peer, turn) => {
    await peer.welcome({ resumed: turn > 0 });
    if (turn === 0) {
      await peer.admit();
      return peer.close(4004);
    }
    for (;;) {
      const { ref } = await peer.next();
      times.push(performance.now());
      peer.send({ status: "error", ref, code: "unavailable", message: "x", retry_after_ms: 0 });
    }
  });
  await using chat = new ChatClient(server.url);
  await chat.connect();
  await chat.createRoom("Lobby");
  await until(() => times.length === 4, () => `only ${times.length} joins`);
  const waits = times.slice(1).map((time, i) => time - times[i]!);
  [50, 100, 200].forEach((ms, i) => assert(waits[i]! >= ms - 1, `${waits}`));
  assert(waits[2]! < 400, `${waits}`);
  // The fifth would come only after this.
  await pause(350);
  assertEquals(times.length, 4);
});

Deno.test("whoever is in many rooms joins no more of them at once than the server lets through", async () => {
  const ids = Array.from({ length: 9 }, (_, i) => `r${i + 1}`);
  const rejoined = Promise.withResolvers<void>();
  await using server = new ScriptedServer(async (peer, turn) => {
    const limits = {
      body_bytes: 1,
      name_chars: 1,
      batch: 1,
      rooms: 9,
      rate: 2,
      burst: 8,
      start: 4,
    };
    await peer.welcome({ resumed: turn > 0, limits });
    if (turn === 0) {
      for (const room_id of ids) await peer.admit({ room_id });
      peer.close(4004);
      return;
    }
    for (const size of [4, 1, 2, 4, 1, 1]) {
      const round: Frame[] = [];
      while (round.length < size) round.push(await peer.next());
      // More would have come with these.
      await pause(10);
      assertEquals(peer.waiting, 0);
      for (const [i, join] of round.entries()) {
        const { room_id } = join.body as { room_id: string };
        const no = { status: "error", code: "rate_limited", message: "x", retry_after_ms: 1 };
        if (i < 2) admit(peer, join, { room_id, recovered: true });
        else peer.send({ ...no, ref: join.ref });
      }
    }
    rejoined.resolve();
  });
  await using chat = new ChatClient(server.url);
  await chat.connect();
  for (const _ of ids) await chat.createRoom("Lobby");
  await bounded(rejoined.promise, () => "it does not rejoin");
  assertEquals([...chat.rooms.keys()], ids);
});

Deno.test("a place that turns out to be lost while the members are asked for is told", async () => {
  await using both = await inRoom();
  const { chat, peer, room } = both;
  peer.send({ event: "gap", room_id: "r1", from_seq: 1, to_seq: 5 });
  admit(peer, await peer.next(), { seq: 9, after: 9 });
  await heard(chat, peer);
  await chat.close();
  assertEquals((await story(room)).slice(0, 2), [
    { type: "gap", fromSeq: 1, toSeq: 5 },
    { type: "recovered", recovered: false },
  ]);
  assertEquals(room.cursor, 9);
});

Deno.test("a room that is left while its members are asked for is left for good", async () => {
  await using both = await inRoom();
  const { chat, peer, room } = both;
  const leaving = room.leave();
  const leave = await peer.next();
  peer.send({ event: "gap", room_id: "r1", from_seq: 1, to_seq: 5 });
  const join = await peer.next();
  peer.send({ status: "success", ref: leave.ref, room_id: "r1" });
  await leaving;
  admit(peer, join);
  assertEquals(await peer.next(), { action: "leave", body: { room_id: "r1" } });
  assertEquals(chat.rooms.size, 0);
});

Deno.test("joining a room again brings its members up to date, and tells of nothing", async () => {
  await using both = await inRoom();
  const { chat, peer, room } = both;
  assertEquals(room.members.size, 0);
  const again = chat.joinRoom("r1");
  const join = await peer.next();
  assertEquals(join.body, { room_id: "r1", after: 0, epoch: "e1" });
  admit(peer, join, { recovered: true, members: [{ client_id: "me" }] });
  assertEquals(await again, room);
  assertEquals([...room.members.keys()], ["me"]);
  await chat.close();
  assertEquals((await story(room)).map(({ type }) => type), ["closed"]);
});
