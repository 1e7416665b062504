import { assertEquals, assertThrows } from "@std/assert";
import { Log } from "../../../src/core/log/log.ts";
import type { Room } from "../../../src/core/state/room.ts";
import { Rooms } from "../../../src/core/state/rooms.ts";
import type { Peer } from "../../../src/core/state/sessions.ts";
import { encodeEntry } from "../../../src/protocol/encode.ts";
import { ChatError } from "../../../src/protocol/errors.ts";
import { Roster } from "../../../src/protocol/roster.ts";
import { messageDraft } from "../../../src/store/suite/drafts.ts";
import { pure } from "../../support/pure.ts";

/** Rooms of the names given, opened at the times 0, 1, 2… */
function opened(names: string[], maxRooms = 2, memoryBytes = 100_000): Rooms {
  const rooms = new Rooms({
    maxRooms,
    maxRoomsPerClient: 10,
    emptyRoomMs: 100,
    logAgeMs: 1_000,
    memoryBytes,
  });
  names.forEach((id, now) => open(rooms, id, now));
  return rooms;
}

function open(rooms: Rooms, id: string, now: number): void {
  const log = new Log("epoch", { logEntries: 10, logBytes: 1_000_000 });
  rooms.open({ id, name: id, log, roster: new Roster() }, now);
}

/** Brings somebody into a room, connected. */
function enter(rooms: Rooms, id: string, client = "ana", now = 0) {
  const room = rooms.byId.get(id)!;
  const member = room.add({ id: client, name: undefined });
  room.enter(member, OUTLET, now);
  return member;
}

/** Lets a client stay in a room from one time to another, and be cut off. */
function stay(rooms: Rooms, id: string, client: string, from: number, to: number): void {
  const member = enter(rooms, id, client, from);
  member.room.unseat(member, to);
}

const OUTLET = { plain: false, ready: true, idle: true, send: () => {} };

pure("a room goes that nobody is connected to, and the one that has been so for longest", () => {
  assertEquals(opened(["a"]).dispensable(), undefined);
  const rooms = opened(["a", "b", "c"], 3);
  const members = ["a", "b", "c"].map((id) => enter(rooms, id, `maker of ${id}`));
  for (const place of [1, 0]) members[place]!.room.unseat(members[place]!, 100);
  assertEquals(rooms.dispensable()?.id, "b");
  assertEquals(rooms.release(members[1]!.room), { type: "release", roomId: "b" });
  assertEquals(rooms.dispensable(), undefined);
  assertEquals([...rooms.byId.keys()], ["a", "c"]);
});

pure("of rooms that nobody is connected to, one goes first in which people stayed less", () => {
  const rooms = opened(["a", "b", "c"], 3);
  stay(rooms, "a", "ana", 0, 5_000);
  stay(rooms, "b", "ben", 6_000, 7_000);
  stay(rooms, "c", "cleo", 7_000, 12_000);
  assertEquals(rooms.dispensable()?.id, "b");
  // It has earned more since.
  stay(rooms, "b", "ben", 20_000, 60_000);
  assertEquals(rooms.dispensable()?.id, "a");
});

pure("who is in several rooms has stayed in each of them for a part of the time", () => {
  const rooms = opened(["a", "b"]);
  const ana = { id: "ana", name: undefined, rooms: { size: 100 } };
  const { room } = enter(rooms, "a", "ben", 0);
  room.remove(room.members[0]!, 1_000);
  const member = rooms.byId.get("b")!.add(ana);
  member.room.enter(member, OUTLET, 0);
  member.room.unseat(member, 20_000);
  assertEquals([room.stayed, member.room.stayed], [1_000, 200]);
  assertEquals(rooms.dispensable()?.id, "b");
});

pure("no room goes that somebody is connected to, whoever else was there", () => {
  const rooms = opened(["a", "b"]);
  for (const id of ["a", "b"]) enter(rooms, id, "ana");
  assertThrows(() => rooms.dispensable(), ChatError, "There are 2 rooms, the most allowed");
  assertEquals(rooms.byId.size, 2);
});

pure("rooms that are made and left push out each other, and none in which people stayed", () => {
  for (const visited of [false, true]) {
    const rooms = opened(["host 1", "host 2", "couple", "left", "lone"], 4_000);
    for (const id of ["host 1", "host 2"]) enter(rooms, id, "host");
    for (const client of ["ana", "ben"]) stay(rooms, "couple", client, 0, 1_000);
    stay(rooms, "lone", "cleo", 0, 2_000);
    const left = enter(rooms, "left", "dan", 0).room;
    left.remove(left.members[0]!, 2_000);
    const honest = [...rooms.byId.keys()];
    let newcomers = "";
    for (let i = 0; i < 12_000; i++) {
      const room = rooms.dispensable();
      if (room !== undefined) rooms.release(room);
      const id = `${i}`;
      open(rooms, id, 3_000 + i);
      stay(rooms, id, id, 3_000 + i, 3_001 + i);
      if (visited) stay(rooms, id, "visitor", 3_001 + i, 3_002 + i);
      if (i === 11_100) newcomers = id;
    }
    assertEquals(honest.filter((id) => !rooms.byId.has(id)), []);
    assertEquals(rooms.byId.has(newcomers), true, "a newcomer finds its room after 900 others");
    assertEquals(rooms.byId.size, 1_000 + 5, "they may take a quarter of all, or 1,000");
  }
});

pure("nobody loses or waits for a room because many stay in one of their own", () => {
  const names = Array.from({ length: 1_100 }, (_, i) => `${i}`);
  const rooms = opened(names, 2_000);
  for (const name of names) enter(rooms, name, `maker of ${name}`);
  assertEquals(rooms.dispensable(), undefined);
});

pure(
  "Rooms.tick() lets go of rooms that are empty, in their time, and of entries that are too old",
  () => {
    const rooms = opened(["a", "b"]);
    enter(rooms, "b");
    const { log } = rooms.byId.get("b")!;
    log.push(1, encodeEntry(1, messageDraft("ana", 1, "x", 5)));
    assertEquals(rooms.tick({ now: 99, at: 1_005 }), []);
    assertEquals(log.size, 1);
    assertEquals(rooms.tick({ now: 100, at: 1_006 }), [{ type: "release", roomId: "a" }]);
    assertEquals([log.size, rooms.byId.size], [0, 1]);
  },
);

pure(
  "Rooms.tick() takes nothing for old because the wall clock jumps ahead, or is set back",
  () => {
    const rooms = opened(["a"]);
    enter(rooms, "a");
    const { log } = rooms.byId.get("a")!;
    rooms.tick({ now: 0, at: 5_000 });
    log.push(1, encodeEntry(1, messageDraft("ana", 1, "x", 5_000)));
    rooms.tick({ now: 500, at: 1e12 });
    log.push(2, encodeEntry(2, messageDraft("ana", 2, "x", 500)));
    rooms.tick({ now: 1_000, at: 1_000 });
    assertEquals(log.size, 2);
    rooms.tick({ now: 1_001, at: 6_001 });
    assertEquals(log.size, 0);
  },
);

pure("Rooms.tick() looks at a part of many rooms, and at all of them in turn", () => {
  const rooms = opened(Array.from({ length: 2_500 }, (_, i) => `room ${i}`), 3_000);
  const released = () => rooms.tick({ now: 2_600, at: 1_000 }).length;
  assertEquals([released(), released(), released(), released()], [1_000, 1_000, 500, 0]);
  assertEquals(rooms.byId.size, 0);
});

pure("Rooms.delete() leaves nobody in the room, and knows when there was none", () => {
  const rooms = opened(["a"]);
  const room = rooms.byId.get("a")!;
  const member = enter(rooms, "a");
  room.log.push(1, encodeEntry(1, messageDraft("ana", 1, "x", 5)));
  assertEquals([rooms.delete("a"), rooms.delete("a")], [true, false]);
  assertEquals([room.gone, member.outlet, rooms.byId.size, room.log.size], [true, undefined, 0, 0]);
});

pure("Rooms.lost() makes no room again under what is no name any more", () => {
  const rooms = opened([]);
  const peer = { plain: false } as Peer;
  const frame = { action: "join", roomId: "k7q2-m9xd-4hwn-r3tc" } as const;
  assertEquals(rooms.lost(peer, { ...frame, roomName: "Cafe\u0301" }), {
    id: "k7q2-m9xd-4hwn-r3tc",
    name: "Caf\u00e9",
  });
  const error = assertThrows(
    () => rooms.lost(peer, { ...frame, roomName: "Lob\u202eby" }),
    ChatError,
    "A name must not hold U+202E",
  );
  assertEquals(error.code, "invalid_frame");
});

pure("the logs of open rooms share their memory, and one that is let go of takes none", () => {
  const rooms = opened(["a", "b", "c"], 3);
  const [a, b, c] = ["a", "b", "c"].map((id) => {
    for (const client of ["ana", "ben"]) enter(rooms, id, client);
    return rooms.byId.get(id)!;
  });
  const say = (room: Room, chars: number) => room.log.push(room.log.head + 1, "x".repeat(chars));
  say(a!, 100);
  rooms.release(c!);
  for (let i = 0; i < 10; i++) say(b!, 40_000);
  for (let i = 0; i < 10; i++) say(c!, 40_000);
  assertEquals([a!.log.size, b!.log.size < 4, b!.log.size > 0], [1, true, true]);
});

pure("rooms that only their makers were in have a small share of that memory", () => {
  const rooms = opened(["a", "b"], 2, 3_200_000);
  const [a, b] = ["a", "b"].map((id) => enter(rooms, id).room);
  b!.add({ id: "ben", name: undefined });
  for (const { log } of [a!, b!]) {
    for (let seq = 1; seq <= 10; seq++) log.push(seq, "x".repeat(40_000));
  }
  assertEquals([a!.log.size < 4, b!.log.size], [true, 10]);
});
