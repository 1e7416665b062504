import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Effect } from "../../src/core/state/effects.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import { checkedProof } from "../../src/core/authority/proof.ts";
import { type FakePeer, HubBench, refusal, twoInRoom } from "../support/hub_harness.ts";
import { pure } from "../support/pure.ts";

/** The rooms that effects close, make or ask for. */
function touched(effects: readonly Effect[]): string[] {
  return effects.flatMap((effect) => {
    const { type } = effect;
    return type === "release" || type === "create" || type === "open" ? [type] : [];
  });
}

pure("a join that will be refused asks for no room, makes none and throws none out", () => {
  const bench = new HubBench({ maxRooms: 2, maxRoomsPerClient: 1 });
  const [ana, ben] = [bench.v1("Ana"), bench.v1("Ben")];
  const empty = bench.create(ana, "Empty");
  bench.perform(bench.hub.receive(ana, { action: "leave", roomId: empty }, bench.t));
  bench.create(ben, "Own");
  const join = { action: "join", roomId: "k7q2-m9xd-4hwn-r3tc", roomName: "Lost" } as const;
  assertEquals(refusal(() => bench.hub.receive(ben, join, bench.t)), [
    "too_many_rooms",
    "You are in 1 rooms, at most 1",
  ]);
  assertEquals(bench.hub.rooms.size, 2);
  assertEquals(touched(bench.hub.receive(ana, join, bench.t)), ["open"]);
});

pure("no room is made for a client that has gone while the store looked for it", () => {
  const bench = new HubBench();
  const ana = bench.v1("Ana");
  const join = { action: "join", roomId: "k7q2-m9xd-4hwn-r3tc", roomName: "Lost" } as const;
  assertEquals(touched(bench.hub.receive(ana, join, bench.t)), ["open"]);
  bench.perform(bench.hub.disconnect(ana, bench.t));
  assertEquals(bench.hub.joining.opened(ana, join, undefined, bench.t), []);
});

pure("a client keeps the rooms that it is in, and others make one when it has left one", () => {
  const bench = new HubBench({ maxRooms: 3 });
  const [ana, ben] = [bench.v1("Ana"), bench.v1("Ben")];
  const own = [1, 2, 3].map((i) => bench.create(ana, `Own ${i}`));
  assertEquals(refusal(() => bench.create(ben, "Bens"))[0], "too_many_rooms");
  for (const roomId of own) bench.say(ana, roomId, "x");
  bench.perform(bench.hub.receive(ana, { action: "leave", roomId: own[1]! }, bench.t));
  const bens = bench.create(ben, "Bens");
  assertEquals([...bench.hub.rooms.keys()], [own[0], own[2], bens]);
});

pure(
  "whoever was cut off from a room that went is told so when it comes back, and has it again",
  () => {
    const bench = new HubBench({ maxRooms: 1 });
    const [ana, ben] = [bench.v1("Ana"), bench.v1("Ben")];
    const token = bench.tokenOf(ana);
    const roomId = bench.create(ana, "Anas");
    bench.perform(bench.hub.disconnect(ana, bench.t));
    const bens = bench.create(ben, "Bens");
    const back = bench.v1("Ana", token);
    assertEquals(refusal(() => bench.say(back, roomId, "x"))[0], "not_in_room");
    assertEquals(refusal(() => bench.join(back, { roomId }))[0], "room_not_found");
    bench.perform(bench.hub.receive(ben, { action: "leave", roomId: bens }, bench.t));
    bench.join(back, { roomId, roomName: "Anas" });
    assertEquals([...bench.hub.rooms.keys()], [roomId]);
  },
);

pure("clients who take all rooms that they may leave some to whoever is in another one", () => {
  const bench = new HubBench({ maxRooms: 1_000, maxRoomsPerClient: 100 });
  const [ana, ben] = [bench.v1("Ana"), bench.v1("Ben")];
  const couple = bench.create(ana, "Couple");
  bench.join(ben, { roomId: couple });
  bench.pass(2_000);
  for (const peer of [ana, ben]) bench.perform(bench.hub.disconnect(peer, bench.t));
  const makeAll = () => {
    const peer = bench.v1("Hoard");
    for (let count = 0; count < 100; count++) {
      try {
        bench.create(peer, "Den");
      } catch (error) {
        assert(error instanceof ChatError && error.code === "too_many_rooms");
        return count;
      }
    }
    return 100;
  };
  const made = Array.from({ length: 30 }, makeAll);
  assertEquals([made[0], made[4], made.at(-1)], [100, 100, 3]);
  // Whoever came for the couple's room makes one of its own all the same.
  const newcomer = bench.v1("Newcomer");
  bench.join(newcomer, { roomId: couple });
  bench.create(newcomer, "New");
  assert(bench.hub.rooms.has(couple));
});

pure("clients who are in as many rooms as they may leave some for others", () => {
  const bench = new HubBench({ maxRooms: 100 });
  const crew = Array.from({ length: 20 }, (_, i) => bench.v1(`Crew ${i}`));
  const attempt = (act: () => void) => {
    try {
      act();
    } catch (error) {
      assertEquals(error instanceof ChatError && error.code, "too_many_rooms");
    }
  };
  // Each makes what it may, and comes into what the next one has made, so that nobody's is its own.
  for (let i = 0; i < 10; i++) {
    for (const [k, one] of crew.entries()) {
      attempt(() => {
        const roomId = bench.create(one, "Ours");
        bench.join(crew[(k + 1) % crew.length]!, { roomId });
      });
    }
  }
  const ana = bench.v1("Ana");
  const own = bench.create(ana, "Own");
  bench.join(bench.v1("Ben"), { roomId: own });
  assertEquals([...bench.hub.rooms.values()].every(({ here }) => here > 0), true);
  assert(bench.hub.rooms.size < 95, `${bench.hub.rooms.size} rooms`);
  assertMatch(
    refusal(() => bench.create(crew[0]!, "More"))[1]!,
    /^You are in \d rooms, at most \d$/,
  );
});

pure("members who are away make no room full, and find their places", () => {
  const { bench, ben, roomId } = twoInRoom({ maxMembers: 2 });
  const token = bench.tokenOf(ben);
  bench.perform(bench.hub.disconnect(ben, bench.t));
  const cleo = bench.v1("Cleo");
  bench.join(cleo, { roomId });
  const dan = bench.v1("Dan");
  assertEquals(refusal(() => bench.join(dan, { roomId })), [
    "room_full",
    `Room ${roomId} has 2 members`,
  ]);
  const back = bench.v1("Ben", token);
  const effects = bench.hub.receive(back, { action: "join", roomId }, bench.t);
  assertEquals(bench.told(effects), ["back Ben"]);
});

pure("members who are away or have paused make no room quiet", () => {
  for (const pauses of [true, false]) {
    const { bench, ana, ben, roomId } = twoInRoom({ presenceLimit: 2 });
    bench.perform(
      pauses
        ? bench.hub.receive(ben, { action: "pause" }, bench.t)
        : bench.hub.disconnect(ben, bench.t),
    );
    const cleo = bench.v1("Cleo");
    bench.join(cleo, { roomId });
    assertEquals(bench.hub.rooms.get(roomId)?.quiet, false);
    bench.join(bench.v1("Dan"), { roomId });
    assertEquals([bench.hub.rooms.get(roomId)?.quiet, ana.sent.length > 0], [true, true]);
  }
});

pure(
  "Joining.admit() opens no more rooms than there may be: empty ones make place, others do not",
  () => {
    const bench = new HubBench({ maxRooms: 1 });
    const ana = bench.v1("Ana");
    const first = bench.create(ana, "Lobby");
    const stored = bench.stored("id", "Old");
    assertEquals(refusal(() => bench.hub.joining.admit(ana, stored, bench.t)), [
      "too_many_rooms",
      "There are 1 rooms, the most allowed",
    ]);
    bench.perform(bench.hub.receive(ana, { action: "leave", roomId: first }, bench.t));
    assertEquals(bench.hub.joining.admit(ana, stored, bench.t), [{
      type: "release",
      roomId: first,
    }]);
    assertEquals([...bench.hub.rooms.keys()], ["id"]);
  },
);

const ROOMS = new Map([["#lobby", "lobby"]]);

pure("a room that there always is is made by whoever comes, and is nobody's", () => {
  const bench = new HubBench({ rooms: ROOMS });
  const [ana, ben, pia] = [bench.v1("Ana"), bench.v1("Ben"), bench.plain()];
  bench.join(ana, { roomId: "#Lobby" });
  const { room_id, room_name, you, link } = JSON.parse(ana.sent.at(-1)!);
  assertEquals([room_id, room_name, you, link], ["#lobby", "lobby", { role: "member" }, undefined]);
  for (const peer of [ben, pia]) bench.join(peer, { roomId: "＃lobby" });
  assertEquals(bench.hub.rooms.get("#lobby")?.members.length, 3);
  assertEquals(refusal(() => bench.join(ana, { roomId: "#help", roomName: "help" })), [
    "room_not_found",
    "Room #help does not exist",
  ]);
});

pure("who has the scope makes a named room, once", () => {
  const bench = new HubBench();
  const maker = (sub: string, scope: string) => {
    const peer = bench.peer(false);
    peer.proof = checkedProof({ sub, scope }, bench.t.at);
    bench.perform(bench.hub.connect(peer, bench.t));
    bench.perform(bench.hub.receive(peer, { action: "hello" }, bench.t));
    return peer;
  };
  const create = (peer: FakePeer, roomId: string) =>
    bench.perform(bench.hub.receive(peer, { action: "create", name: "Lobby", roomId }, bench.t));
  const ana = maker("ana", "rooms:create");
  create(ana, "#Lobby");
  const made = JSON.parse(ana.sent.at(-1)!);
  assertEquals([made.room_id, made.you], ["#lobby", { role: "owner" }]);
  assertEquals(refusal(() => create(bench.v1("Ben"), "#help"))[0], "forbidden");
  assertEquals(refusal(() => create(maker("cid", "admin"), "lobby"))[0], "invalid_frame");
  assertEquals(refusal(() => create(ana, "k7q2-m9xd-4hwn-r3tc"))[0], "invalid_frame");
  const stored = bench.stored("#help", "Help", "dan");
  const frame = { action: "create", name: "x", roomId: "#help" } as const;
  assertEquals(refusal(() => bench.opened(ana, frame, stored)), [
    "room_exists",
    "There is a room #help already",
  ]);
});
