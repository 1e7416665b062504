import { assert, assertEquals, assertThrows } from "@std/assert";
import { type FakePeer, HubBench } from "./hub_harness.ts";
import { ChatError } from "../src/errors.ts";
import { pure } from "./pure.ts";

/** A bench with one room and two `parley.v1` members. */
function twoInRoom(options = {}): {
  bench: HubBench;
  ana: FakePeer;
  ben: FakePeer;
  roomId: string;
} {
  const bench = new HubBench(options);
  const ana = bench.v1("Ana");
  const ben = bench.v1("Ben");
  const roomId = bench.create(ana, "Lobby");
  bench.join(ben, { roomId });
  return { bench, ana, ben, roomId };
}

function refusal(fn: () => unknown): [string, string] {
  const error = assertThrows(fn, ChatError);
  return [error.code, error.message];
}

pure("Hub.connect() welcomes a plain client at once, and waits for the hello of any other", () => {
  const bench = new HubBench();
  const plain = bench.peer(true);
  assertEquals(bench.hub.connect(plain, bench.t), [{
    type: "send",
    to: plain,
    text: `{"status":"connected","client_id":"${plain.session?.id}","message":"Welcome!"}`,
  }]);
  const v1 = bench.peer(false);
  assertEquals(bench.hub.connect(v1, bench.t), []);
  assertEquals(v1.session, undefined);
  assertEquals(bench.hub.clients, 1);
});

pure("Hub.receive() answers a create only after the store has made the room", () => {
  const bench = new HubBench();
  const ana = bench.v1("Ana");
  const frame = { action: "create", name: "Lobby" } as const;
  const [effect] = bench.hub.receive(ana, frame, bench.t);
  assert(effect?.type === "create");
  assertEquals(bench.hub.rooms.size, 0);
  const effects = bench.opened(ana, frame, bench.stored(effect.roomId, "Lobby"));
  assertEquals(bench.hub.rooms.size, 1);
  assertEquals(effects.filter(({ type }) => type !== "deliver").map(({ type }) => type), [
    "send",
    "append",
  ]);
});

pure(
  "Hub.receive() hears nothing that comes when its connection has gone, like a hello that waited",
  () => {
    const bench = new HubBench({ graceMs: 1_000 });
    const ana = bench.v1("Ana");
    const session = bench.tokenOf(ana);
    const late = bench.peer(false);
    bench.hub.connect(late, bench.t);
    for (const peer of [ana, late]) bench.hub.disconnect(peer, bench.t);
    assertEquals(bench.hub.receive(late, { action: "hello", session }, bench.t), []);
    assertEquals(bench.hub.receive(late, { action: "leave" }, bench.t), []);
    bench.pass(1_000);
    bench.hub.tick(bench.t);
    assertEquals(bench.hub.clients, 0, "the client is away, and its grace time is over");
  },
);

pure("Hub.opened() makes no member of a client that has gone meanwhile, but keeps the room", () => {
  const bench = new HubBench();
  const ana = bench.plain();
  const frame = { action: "create", name: "Lobby" } as const;
  const [effect] = bench.hub.receive(ana, frame, bench.t);
  assert(effect?.type === "create");
  bench.hub.disconnect(ana, bench.t);
  assertEquals(
    bench.opened(ana, frame, bench.stored(effect.roomId, "Lobby")),
    [],
  );
  assertEquals(bench.hub.rooms.get(effect.roomId)?.members, []);
});

pure("Hub.opened() refuses to enter a room that the store does not know", () => {
  const bench = new HubBench();
  const ana = bench.v1("Ana");
  const frame = { action: "join", roomId: "Nowhere" } as const;
  const effects = bench.hub.receive(ana, frame, bench.t);
  assertEquals(effects, [{ type: "open", peer: ana, frame, roomId: "Nowhere" }]);
  assertEquals(refusal(() => bench.hub.opened(ana, frame, undefined, bench.t)), [
    "room_not_found",
    "Room Nowhere does not exist",
  ]);
});

pure("Hub.receive() appends messages with numbers that go on, and takes no gap", () => {
  const { bench, ana, roomId } = twoInRoom();
  const say = (bodies: string[], n?: number) =>
    bench.hub.receive(
      ana,
      { action: "messages", roomId, bodies, ...(n === undefined ? {} : { n }) },
      bench.t,
    ).flatMap((effect) => effect.type === "append" ? effect.drafts.map(({ n }) => n) : []);
  assertEquals(say(["a", "b"]), [1, 2]);
  assertEquals(say(["c"], 3), [3]);
  assertEquals(refusal(() => say(["e"], 5)), ["out_of_order", "Message 5 came before 4"]);
  assertEquals(say(["b", "c", "d"], 2), [2, 3, 4]);
  assertEquals(say(["e"]), [5]);
});

pure("Hub.refused() gives the number of a draft free again", () => {
  const { bench, ana, roomId } = twoInRoom();
  const message = (n: number) =>
    bench.hub.receive(ana, { action: "message", roomId, bodies: ["x"], n }, bench.t);
  message(1);
  const [second] = message(2);
  assert(second?.type === "append");
  const [told] = bench.hub.refused(second.drafts[0]!, new ChatError("unavailable", "Not now"));
  assert(told?.type === "send");
  assertEquals(JSON.parse(told.text), {
    status: "error",
    code: "unavailable",
    message: "Not now",
    n: 2,
  });
  assertEquals(refusal(() => message(3))[0], "out_of_order");
  assertEquals(message(2).length, 1);
});

pure("Hub.repeated() tells the place of the first one, or only that there was one", () => {
  const { bench, ana } = twoInRoom();
  const from = ana.session?.id ?? "";
  const tell = (seq: number) => {
    const [effect] = bench.hub.repeated({ from, n: 4, rest: "" }, seq);
    return effect?.type === "send" && JSON.parse(effect.text);
  };
  assertEquals(tell(9), { status: "success", n: 4, duplicate: true, seq: 9 });
  assertEquals(tell(0), { status: "success", n: 4, duplicate: true });
  assertEquals(bench.hub.repeated({ from: "nobody", n: 4, rest: "" }, 9), []);
});

pure("Hub.disconnect() makes a client away, and can be called again without effect", () => {
  const { bench, ben } = twoInRoom();
  assertEquals(bench.told(bench.hub.disconnect(ben, bench.t)), ["away Ben"]);
  assertEquals(bench.hub.disconnect(ben, bench.t), []);
  assertEquals(ben.session, undefined);
});

pure("Hub.disconnect() for good ends memberships at once", () => {
  const { bench, ben, roomId } = twoInRoom();
  const effects = bench.hub.disconnect(ben, bench.t, true);
  assertEquals(bench.told(effects), ["leave Ben"]);
  assertEquals(effects.at(-1)?.type, "forget");
  assertEquals(bench.hub.rooms.get(roomId)?.members.length, 1);
});

pure("Hub.tick() ends a client exactly when its grace time is over", () => {
  const { bench, ben } = twoInRoom({ graceMs: 1_000 });
  bench.hub.disconnect(ben, bench.t);
  bench.pass(999);
  assertEquals(bench.hub.tick(bench.t), []);
  assertEquals(bench.hub.clients, 2);
  bench.pass(1);
  assertEquals(bench.told(bench.hub.tick(bench.t)), ["leave Ben"]);
  assertEquals(bench.hub.clients, 1);
});

pure("Hub.tick() lets a room go exactly when it has been empty for its time", () => {
  const { bench, ana, ben, roomId } = twoInRoom({ emptyRoomMs: 1_000 });
  bench.hub.disconnect(ana, bench.t, true);
  bench.pass(5_000);
  assertEquals(bench.hub.tick(bench.t), []);
  bench.hub.disconnect(ben, bench.t, true);
  bench.pass(999);
  assertEquals(bench.hub.tick(bench.t), []);
  bench.pass(1);
  assertEquals(bench.hub.tick(bench.t), [{ type: "release", roomId }]);
  assertEquals(bench.hub.rooms.size, 0);
});

pure("Hub.tick() closes who says no hello, and who is silent for two heartbeats", () => {
  const bench = new HubBench({ helloMs: 100, heartbeatMs: 1_000 });
  const ana = bench.v1("Ana");
  const late = bench.peer(false);
  bench.hub.connect(late, bench.t);
  const closes = () =>
    bench.hub.tick(bench.t).flatMap((effect) =>
      effect.type === "close" ? [[effect.peer, effect.code]] : []
    );
  bench.pass(99);
  assertEquals(closes(), []);
  bench.pass(1);
  assertEquals(closes(), [[late, 4000]]);
  bench.pass(1_899);
  assertEquals(closes(), []);
  bench.pass(1);
  assertEquals(closes(), [[ana, 4001]]);
  assertEquals(closes(), []);
});

pure("Hub.receive() takes any frame as a sign of life", () => {
  const bench = new HubBench({ heartbeatMs: 1_000 });
  const ana = bench.v1("Ana");
  for (let i = 0; i < 5; i++) {
    bench.pass(1_900);
    bench.hub.receive(ana, { action: "ping" }, bench.t);
    assertEquals(bench.hub.tick(bench.t), []);
  }
});

pure("Hub.dismiss() says why in each dialect before it closes", () => {
  const bench = new HubBench();
  const goodbye = (peer: FakePeer) => {
    const [effect] = bench.hub.dismiss(peer, 1001, "Bye", bench.t, 250);
    assert(effect?.type === "close");
    return effect.goodbye;
  };
  assertEquals(
    goodbye(bench.v1("Ana")),
    `{"event":"goodbye","code":1001,"reason":"Bye","retry_after_ms":250}`,
  );
  assertEquals(goodbye(bench.plain()), `{"status":"error","message":"Bye"}`);
});

pure("Hub.receive() sends typing to who can take it, and to nobody in a quiet room", () => {
  const { bench, ana, ben, roomId } = twoInRoom({ presenceLimit: 3 });
  const pia = bench.plain();
  bench.join(pia, { roomId });
  const typing = () =>
    bench.hub.receive(ana, { action: "typing", roomId }, bench.t).map((effect) =>
      effect.type === "send" && effect.to
    );
  assertEquals(typing(), [ben]);
  ben.ready = false;
  assertEquals(typing(), []);
  ben.ready = true;
  bench.join(bench.v1("Cleo"), { roomId });
  assertEquals(typing(), []);
});

pure("Hub.receive() of a join keeps the cursor of a member that is there already", () => {
  const { bench, ana, ben, roomId } = twoInRoom();
  const member = ben.session?.rooms.get(roomId);
  assert(member !== undefined);
  member.cursor = member.room.log.head;
  const pending = member.cursor;
  bench.say(ana, roomId, "not delivered yet");
  bench.hub.receive(ben, { action: "join", roomId }, bench.t);
  assertEquals(member.cursor, pending, "an entry would never be sent");
});

pure("Hub.receive() of a join into a room that was made again leaves the old one behind", () => {
  const { bench, ana, ben, roomId } = twoInRoom();
  assert(bench.hub.deleteRoom(roomId));
  bench.join(ana, { roomId, roomName: "Lobby" });
  bench.join(ben, { roomId, roomName: "Lobby" });
  const room = bench.hub.rooms.get(roomId);
  assert(room !== undefined);
  for (const peer of [ana, ben]) {
    assertEquals(peer.session?.rooms.get(roomId)?.room === room, true);
  }
  assertEquals(room.members.length, 2);
});

pure("Hub.deleteRoom() is told to each member at its next word, and only once", () => {
  const { bench, ana, ben, roomId } = twoInRoom();
  bench.hub.deleteRoom(roomId);
  for (const peer of [ana, ben]) {
    assertEquals(refusal(() => bench.say(peer, roomId, "x")), [
      "room_gone",
      "Room no longer exists",
    ]);
    assertEquals(refusal(() => bench.say(peer, roomId, "x"))[0], "not_in_room");
  }
  bench.hub.disconnect(ana, bench.t, true);
  bench.hub.disconnect(ben, bench.t, true);
  assertEquals(bench.hub.clients, 0);
});

pure(
  "a client that is cut off again before it rejoins leaves at the end of its first grace time",
  () => {
    const { bench, ben } = twoInRoom({ graceMs: 1_000, heartbeatMs: 1_000_000 });
    const session = bench.tokenOf(ben);
    bench.hub.disconnect(ben, bench.t);
    bench.pass(600);
    const again = bench.v1("Ben", session);
    assertEquals(bench.hub.disconnect(again, bench.t), []);
    bench.pass(400);
    const effects = bench.hub.tick(bench.t);
    assertEquals(bench.told(effects), ["leave Ben"]);
    // The session itself was seen later, and may still come back.
    assertEquals(effects.some(({ type }) => type === "forget"), false);
    bench.pass(600);
    assertEquals(bench.hub.tick(bench.t).map(({ type }) => type), ["forget"]);
  },
);

pure("Hub.adopt() takes in a client of an earlier process as away, and its grace begins", () => {
  const bench = new HubBench({ graceMs: 1_000, maxAway: 1 });
  bench.pass(5_000);
  assertEquals(bench.hub.adopt({ id: "ana", name: "Ana", n: 7 }, bench.t), []);
  assertEquals(bench.hub.adopt({ id: "ben", name: "Ben", n: 7 }, bench.t), [
    { type: "forget", clientId: "ben" },
  ]);
  bench.pass(999);
  const ana = bench.v1("Ana", "ana.signed:ana");
  assertEquals(ana.session?.id, "ana");
  assertEquals([JSON.parse(ana.sent[0]!).resumed, JSON.parse(ana.sent[0]!).n], [true, 7]);
  bench.hub.tick(bench.t);
  bench.hub.disconnect(ana, bench.t);
  bench.pass(1_000);
  assertEquals(bench.hub.tick(bench.t), [{ type: "forget", clientId: "ana" }]);
});

pure("Hub.receive() of a hello asks the store for a client that only another process knows", () => {
  const bench = new HubBench();
  const ana = bench.peer(false);
  bench.hub.connect(ana, bench.t);
  const frame = { action: "hello", session: "ana.signed:ana" } as const;
  assertEquals(bench.hub.receive(ana, frame, bench.t), [
    { type: "recall", peer: ana, frame, clientId: "ana" },
  ]);
  bench.perform(
    bench.hub.recalled(ana, frame, "ana", { id: "ana", name: "Ana", n: 3 }, bench.t),
  );
  const { client_id, session, resumed, n } = JSON.parse(ana.sent[0]!);
  assertEquals([client_id, session, resumed, n], ["ana", "ana.signed:ana", true, 3]);
  assertEquals(ana.session?.name, "Ana");
});

pure(
  "Hub.recalled() makes a new client where the store knows none, and none where nobody waits",
  () => {
    const bench = new HubBench();
    const ana = bench.v1("Ana", "ana.signed:ana");
    assertEquals(JSON.parse(ana.sent[0]!).resumed, false);
    assert(ana.session?.id !== "ana");
    const gone = bench.peer(false);
    bench.hub.connect(gone, bench.t);
    bench.hub.disconnect(gone, bench.t);
    const frame = { action: "hello", session: "ben.signed:ben" } as const;
    const known = { id: "ben", name: undefined, n: 0 };
    assertEquals(bench.hub.recalled(gone, frame, "ben", known, bench.t), []);
    assertEquals(bench.hub.clients, 1);
  },
);

pure("Hub.recalled() of two connections of one client lets the later one have it", () => {
  const bench = new HubBench();
  const frame = { action: "hello", session: "ana.signed:ana" } as const;
  const known = { id: "ana", name: undefined, n: 2 };
  const [first, second] = [bench.peer(false), bench.peer(false)];
  for (const peer of [first, second]) bench.hub.connect(peer, bench.t);
  bench.hub.recalled(first, frame, "ana", known, bench.t);
  const [closed] = bench.hub.recalled(second, frame, "ana", known, bench.t);
  assert(closed?.type === "close");
  assertEquals([closed.peer === first, closed.code], [true, 4500]);
  assertEquals([second.session?.id, first.session], ["ana", undefined]);
});

pure("a client whose number nobody remembers says it once, and cannot skip one afterwards", () => {
  const bench = new HubBench();
  bench.clients.set("ana", { id: "ana", name: "Ana", n: undefined });
  const ana = bench.v1("Ana", "ana.signed:ana");
  const roomId = bench.create(ana, "Lobby");
  const say = (n: number) =>
    bench.hub.receive(ana, { action: "message", roomId, bodies: ["x"], n }, bench.t);
  assertEquals(say(7).length, 1);
  assertEquals(refusal(() => say(9)), ["out_of_order", "Message 9 came before 8"]);
});

pure("Hub.opened() takes over whom a dead process left in the room", () => {
  const bench = new HubBench({ graceMs: 1_000 });
  bench.hub.adopt({ id: "ana", name: "Ana", n: 0 }, bench.t);
  bench.hub.adopt({ id: "ben", name: "Ben", n: 0 }, bench.t);
  const stored = { ...bench.stored("id", "Lobby"), orphans: ["ana", "ben", "cleo"] };
  stored.roster.reset([
    { client_id: "ana", name: "Ana" },
    { client_id: "ben", name: "Ben", away: true },
    { client_id: "cleo", name: "Cleo" },
  ]);
  const ana = bench.v1("Ana", "ana.signed:ana");
  const frame = { action: "join", roomId: "id" } as const;
  const effects = bench.opened(ana, frame, stored);
  assertEquals(bench.told(effects), ["away Ana", "leave Cleo", "back Ana"]);
  const [reply] = effects.flatMap((effect) => effect.type === "send" ? [effect.text] : []);
  assertEquals(JSON.parse(reply!).members.length, 3, "as the log knows them so far");
  bench.perform(effects);
  assertEquals([...stored.roster.members.values()], [
    { client_id: "ana", name: "Ana" },
    { client_id: "ben", name: "Ben", away: true },
  ]);
  bench.pass(1_000);
  assertEquals(bench.told(bench.hub.tick(bench.t)), ["leave Ben"]);
});

pure("whom a dead process left in a room is taken over, even if nobody can come in", () => {
  const bench = new HubBench({ maxMembers: 1 });
  bench.hub.adopt({ id: "ana", name: "Ana", n: 0 }, bench.t);
  const ben = bench.v1("Ben");
  const stored = { ...bench.stored("id", "Lobby"), orphans: ["ana", "cleo"] };
  stored.roster.reset([{ client_id: "ana", name: "Ana" }, { client_id: "cleo", name: "Cleo" }]);
  const frame = { action: "join", roomId: "id" } as const;
  assertEquals(bench.told(bench.hub.admit(stored, bench.t)), ["away Ana", "leave Cleo"]);
  assertEquals(refusal(() => bench.hub.opened(ben, frame, stored, bench.t)), [
    "room_full",
    "Room id has 1 members",
  ]);
  assertEquals(bench.hub.admit(stored, bench.t), [], "once");
});

pure(
  "Hub.admit() opens no more rooms than there may be: empty ones make place, others do not",
  () => {
    const bench = new HubBench({ maxRooms: 1 });
    const ana = bench.v1("Ana");
    const first = bench.create(ana, "Lobby");
    const stored = bench.stored("id", "Old");
    assertEquals(refusal(() => bench.hub.admit(stored, bench.t)), [
      "too_many_rooms",
      "There are 1 rooms, the most allowed",
    ]);
    bench.perform(bench.hub.receive(ana, { action: "leave", roomId: first }, bench.t));
    assertEquals(bench.hub.admit(stored, bench.t), [{ type: "release", roomId: first }]);
    assertEquals([...bench.hub.rooms.keys()], ["id"]);
  },
);

pure("Hub.orphaned() leaves alone who is here, and rooms that nobody here is in", () => {
  const { bench, ana, roomId } = twoInRoom();
  const id = ana.session?.id ?? "";
  assertEquals(bench.hub.orphaned(roomId, [id], bench.t), []);
  assertEquals(bench.hub.orphaned("nowhere", [id], bench.t), []);
  assertEquals(bench.told(bench.hub.orphaned(roomId, ["stranger"], bench.t)), ["leave stranger"]);
});

pure("who comes to another node of a shared room comes back, and is no new member", () => {
  const bench = new HubBench();
  const ana = bench.v1("Ana");
  const stored = { ...bench.stored("id", "Lobby"), shared: true } as const;
  stored.roster.apply({ event: "away", from: ana.session?.id ?? "", name: "Ana" });
  const frame = { action: "join", roomId: "id" } as const;
  assertEquals(bench.told(bench.opened(ana, frame, stored)), ["back Ana"]);
});

pure("Hub.tick() takes from the logs what has become too old", () => {
  const { bench, ana, roomId } = twoInRoom({ logAgeMs: 1_000, heartbeatMs: 60_000 });
  bench.say(ana, roomId, "old");
  bench.pass(1_000);
  bench.say(ana, roomId, "new");
  bench.pass(1);
  bench.perform(bench.hub.tick(bench.t));
  const log = bench.hub.rooms.get(roomId)?.log;
  assertEquals([log?.size, JSON.parse(log?.at(0).text ?? "").body], [1, "new"]);
});

pure("Hub.taken() closes the connection of a client that is elsewhere, and tells nobody", () => {
  const { bench, ana, ben, roomId } = twoInRoom({ graceMs: 1_000 });
  const id = ben.session?.id ?? "";
  const { log } = bench.hub.rooms.get(roomId)!;
  const head = log.head;
  const effects = bench.hub.taken(id, undefined, bench.t);
  assertEquals(effects.map(({ type }) => type), ["close", "forget"]);
  assertEquals(effects.map((effect) => effect.type === "close" && effect.code), [4500, false]);
  assertEquals([ben.session, log.head], [undefined, head]);
  assertEquals(bench.hub.taken("nobody", undefined, bench.t), []);
  // Of a room that it does not take up there it is no member when the grace time is over.
  bench.pass(1_000);
  bench.perform(bench.hub.tick(bench.t));
  assertEquals([log.head, bench.hub.clients], [head + 1, 1]);
  assertEquals(JSON.parse(log.at(log.size - 1).text).event, "leave");
  assertEquals(ana.session?.rooms.size, 1);
});

pure("Hub.taken() of a room gives up a place there, and the client only if it is in it", () => {
  const { bench, ben, roomId } = twoInRoom({ graceMs: 1_000 });
  const { session } = ben;
  const token = bench.tokenOf(ben);
  bench.perform(bench.hub.disconnect(ben, bench.t));
  const again = bench.v1("Ben", token);
  assertEquals(again.session, session);
  // It has not come back to the room here: another process may speak for it there.
  assertEquals(bench.hub.taken(session!.id, roomId, bench.t), []);
  assertEquals([again.session, session?.rooms.size], [session, 0]);
  bench.join(again, { roomId });
  const effects = bench.hub.taken(session!.id, roomId, bench.t);
  assertEquals(effects.map(({ type }) => type), ["close", "forget"]);
  assertEquals([session?.rooms.size, bench.hub.clients], [0, 1]);
});

pure(
  "a hub that is not alone asks where a client has been, and counts on from what it says",
  () => {
    const bench = new HubBench({ graceMs: 1_000 }, true);
    const ana = bench.v1("Ana");
    const roomId = bench.create(ana, "Lobby");
    bench.say(ana, roomId, "one");
    const { session } = ana;
    const token = bench.tokenOf(ana);
    bench.perform(bench.hub.disconnect(ana, bench.t));
    // Nothing is known of it elsewhere: it is still this one's.
    assertEquals(bench.v1("Ana", token).session?.n, 1);
    bench.clients.set(session!.id, { id: session!.id, name: "Ana", n: undefined });
    const again = bench.v1("Ana", token);
    assertEquals([again.session, session?.n, session?.counted], [session, 0, false]);
    bench.join(again, { roomId });
    const bodies = ["seven"];
    bench.perform(bench.hub.receive(again, { action: "message", roomId, n: 7, bodies }, bench.t));
    assertEquals([session?.n, session?.counted], [7, true]);
  },
);
