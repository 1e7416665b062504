import { assert, assertEquals } from "@std/assert";
import type { ClientFrame } from "../../src/protocol/frames.ts";
import { type FakePeer, HubBench, refusal, twoInRoom } from "../support/hub_harness.ts";
import { pure } from "../support/pure.ts";

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
  assertEquals(bench.hub.size.clients, 1);
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
    const bench = new HubBench({ graceMs: 1_000, sessionMs: 0 });
    const ana = bench.v1("Ana");
    const session = bench.tokenOf(ana);
    const late = bench.peer(false);
    bench.hub.connect(late, bench.t);
    for (const peer of [ana, late]) bench.hub.disconnect(peer, bench.t);
    assertEquals(bench.hub.receive(late, { action: "hello", session }, bench.t), []);
    assertEquals(bench.hub.receive(late, { action: "leave" }, bench.t), []);
    bench.pass(1_000);
    bench.hub.tick(bench.t);
    assertEquals(bench.hub.size.clients, 0, "the client is away, and its grace time is over");
  },
);

pure(
  "Joining.opened() makes no member of a client that has gone meanwhile, but keeps the room",
  () => {
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
  },
);

pure("Joining.opened() refuses to enter a room that the store does not know", () => {
  const bench = new HubBench();
  const ana = bench.v1("Ana");
  const frame = { action: "join", roomId: "Nowhere" } as const;
  const effects = bench.hub.receive(ana, frame, bench.t);
  assertEquals(effects, [{ type: "open", peer: ana, frame, roomId: "Nowhere" }]);
  assertEquals(refusal(() => bench.hub.joining.opened(ana, frame, undefined, bench.t)), [
    "room_not_found",
    "Room Nowhere does not exist",
  ]);
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

pure("whoever takes its session over, or breaks off again at once, stays the same client", () => {
  const { bench, ana, ben, roomId } = twoInRoom({ maxAway: 1 });
  const [anas, bens] = [ana, ben].map((peer) => bench.tokenOf(peer));
  const id = ana.session?.id;
  bench.perform(bench.hub.disconnect(ben, bench.t));
  assertEquals(bench.v1("Ana", anas).session?.id, id);
  const again = bench.v1("Ben", bens);
  bench.join(again, { roomId });
  assertEquals(bench.told(bench.hub.disconnect(again, bench.t)), ["away Ben"]);
});

pure("a client is not in the rooms that were deleted while it said nothing there", () => {
  const bench = new HubBench({ maxRoomsPerClient: 1 });
  const ana = bench.v1("Ana");
  bench.hub.deleteRoom(bench.create(ana, "Lobby"));
  assertEquals(bench.hub.rooms.has(bench.create(ana, "Other")), true);
  assertEquals(refusal(() => bench.create(ana, "Third")), [
    "too_many_rooms",
    "You are in 1 rooms, at most 1",
  ]);
});

pure("whoever is called so already is renamed without a word to its rooms", () => {
  const { bench, ana } = twoInRoom();
  const rename = (name: string) => bench.hub.receive(ana, { action: "rename", name }, bench.t);
  assertEquals(bench.told(rename("Ann")), ["rename Ann"]);
  assertEquals(rename("Ann").map(({ type }) => type), ["send"]);
});

pure("Hub.tick() takes a client out exactly when its grace time is over, and remembers it", () => {
  const { bench, ben } = twoInRoom({ graceMs: 1_000 });
  bench.hub.disconnect(ben, bench.t);
  bench.pass(999);
  assertEquals(bench.hub.tick(bench.t), []);
  bench.pass(1);
  assertEquals(bench.told(bench.hub.tick(bench.t)), ["leave Ben"]);
  assertEquals(bench.hub.size.clients, 2);
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

pure("Hub.tick() asks a silent client for a sign of life, and takes anything for one", () => {
  const bench = new HubBench({ heartbeatMs: 1_000 });
  const ana = bench.v1("Ana");
  for (let i = 0; i < 5; i++) {
    bench.pass(1_000);
    assertEquals(bench.hub.tick(bench.t), [{ type: "send", to: ana, text: `{"event":"ping"}` }]);
    bench.pass(900);
    bench.hub.heard(ana, bench.t.now);
    assertEquals(bench.hub.receive(ana, { action: "pong" }, bench.t), []);
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

pure("Hub.receive() passes typing on, and to nobody in a quiet room", () => {
  const { bench, ana, roomId } = twoInRoom({ presenceLimit: 3 });
  bench.join(bench.plain(), { roomId });
  const typing = () => bench.hub.receive(ana, { action: "typing", roomId }, bench.t);
  assertEquals(typing(), [{ type: "pass", room: bench.hub.rooms.get(roomId)! }]);
  bench.t = { ...bench.t, now: 10_000 };
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
  assertEquals(bench.hub.size.clients, 0);
});

pure(
  "a client that is cut off again before it rejoins leaves at the end of its first grace time",
  () => {
    const { bench, ben } = twoInRoom({ graceMs: 1_000, sessionMs: 0, heartbeatMs: 1e6 });
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

pure("Hub.receive() charges a frame for the members who are told, and a repeat for none", () => {
  const bench = new HubBench({ presenceLimit: 500 });
  const ana = bench.v1("Ana");
  const roomId = bench.create(ana, "Lobby");
  for (let i = 0; i < 297; i++) bench.join(bench.v1(`${i}`), { roomId });
  const room = bench.hub.rooms.get(roomId)!;
  const cost = (...frames: ClientFrame[]) => {
    const [ben, cem] = [bench.v1("Ben"), bench.v1("Cem")];
    for (const peer of [ben, cem]) bench.join(peer, { roomId });
    // All has been sent, so that there is a place for what is said.
    room.begin();
    room.end();
    for (const frame of frames) bench.perform(bench.hub.receive(cem, frame, bench.t));
    const spent = tokensOf(ben) - tokensOf(cem);
    for (const peer of [ben, cem]) bench.hub.disconnect(peer, bench.t, true);
    return spent;
  };
  const said: ClientFrame = { action: "messages", roomId, n: 1, bodies: ["a", "b", "c"] };
  assertEquals(cost({ action: "ping" }), 0);
  assertEquals(cost({ action: "typing", roomId }), 2);
  assertEquals(cost({ action: "leave", roomId }), 2);
  assertEquals(cost({ action: "rename", name: "Dan" }), 1 + 3);
  assertEquals(cost(said), 2 + 3 * 2);
  assertEquals(cost(said, said), 2 + 3 * 2 + 2);
});

pure("Joining.admit() charges for a log that is read, and that once", () => {
  const bench = new HubBench();
  const [ana, ben] = [bench.v1("Ana"), bench.v1("Ben")];
  const stored = bench.stored("id", "Lobby");
  stored.log.push(1, "x".repeat(3 * 16_384));
  const had = tokensOf(bench.v1("Cem"));
  const frame = { action: "join", roomId: "id" } as const;
  for (const peer of [ana, ben]) bench.perform(bench.opened(peer, frame, stored));
  assertEquals([tokensOf(ana), tokensOf(ben)], [had - 3, had]);
});

/** The tokens that a client has left, taken one by one. */
function tokensOf({ session }: FakePeer): number {
  let count = 0;
  while (session!.budget.take(1, 0) === 0) count++;
  return count;
}

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
