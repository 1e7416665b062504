import { assertEquals, assertThrows } from "@std/assert";
import { Log } from "../../src/core/log.ts";
import type { Room } from "../../src/core/room.ts";
import { Rooms } from "../../src/core/rooms.ts";
import type { Peer } from "../../src/core/sessions.ts";
import { encodeEntry } from "../../src/protocol/encode.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import { Roster } from "../../src/protocol/roster.ts";
import { messageDraft } from "../support/drafts.ts";
import { pure } from "../support/pure.ts";

/** Rooms of the names given, opened at the times 0, 1, 2… */
function opened(names: string[], maxRooms = 2, memoryBytes = 100_000): Rooms {
  const rooms = new Rooms({
    maxRooms,
    maxRoomsPerClient: 10,
    emptyRoomMs: 100,
    logAgeMs: 1_000,
    memoryBytes,
  });
  names.forEach((id, now) => {
    const log = new Log("epoch", { logEntries: 10, logBytes: 1_000_000 });
    rooms.open({ id, name: id, log, roster: new Roster() }, now);
  });
  return rooms;
}

/** Brings somebody into a room, connected. */
function enter(rooms: Rooms, id: string, client = "ana") {
  const room = rooms.byId.get(id)!;
  const member = room.add({ id: client, name: undefined });
  room.seat(member, OUTLET);
  return member;
}

const OUTLET = { plain: false, ready: true, idle: true, send: () => {} };

pure("a room goes that nobody is connected to, and the one that has been so for longest", () => {
  assertEquals(opened(["a"]).dispensable(), undefined);
  const rooms = opened(["a", "b", "c"], 3);
  const members = ["a", "b", "c"].map((id) => enter(rooms, id, `maker of ${id}`));
  members.forEach(({ room }) => room.add({ id: "somebody", name: undefined }));
  for (const place of [1, 0]) members[place]!.room.unseat(members[place]!);
  assertEquals(rooms.dispensable()?.id, "b");
  assertEquals(rooms.release(members[1]!.room), { type: "release", roomId: "b" });
  assertEquals(rooms.dispensable(), undefined);
  assertEquals([...rooms.byId.keys()], ["a", "c"]);
});

pure("of rooms that nobody is connected to, one goes first that only its maker was in", () => {
  const rooms = opened(["a", "b"]);
  const members = ["a", "b"].map((id) => enter(rooms, id, `maker of ${id}`));
  members[0]!.room.add({ id: "somebody", name: undefined });
  for (const member of members) member.room.unseat(member);
  assertEquals(rooms.dispensable()?.id, "b");
});

pure("whoever makes rooms that nobody comes to loses one of those, connected or not", () => {
  for (const connected of [true, false]) {
    const rooms = opened(["a", "b", "c"], 3);
    const own = enter(rooms, "a", "ben");
    own.room.unseat(own);
    const hoard = ["b", "c"].map((id) => enter(rooms, id, "ana"));
    if (!connected) hoard.forEach((member) => member.room.unseat(member));
    assertEquals(rooms.dispensable()?.id, "b");
  }
});

pure("whoever makes rooms that others come to, and all leave, loses one of those", () => {
  const rooms = opened(["a", "b", "c"], 3);
  for (const [id, client] of [["a", "ben"], ["b", "ana"], ["c", "ana"]]) {
    const member = enter(rooms, id!, client);
    member.room.add({ id: "somebody", name: undefined });
    member.room.unseat(member);
  }
  assertEquals(rooms.dispensable()?.id, "b");
});

pure("no room goes that its maker is in, where that is its only one, or with others", () => {
  const rooms = opened(["a", "b"]);
  enter(rooms, "a", "ana");
  enter(rooms, "b", "ben");
  assertThrows(() => rooms.dispensable(), ChatError, "There are 2 rooms, the most allowed");
  assertEquals(rooms.byId.size, 2);
  const shared = opened(["a", "b"]);
  for (const id of ["a", "b"]) for (const client of ["ana", "ben"]) enter(shared, id, client);
  assertThrows(() => shared.dispensable(), ChatError, "There are 2 rooms, the most allowed");
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

pure("rooms that only their makers were in make place for each other before all are taken", () => {
  const names = Array.from({ length: 1_000 }, (_, i) => `${i}`);
  const rooms = opened(names, 2_000);
  for (const name of names.slice(2)) enter(rooms, name, `maker of ${name}`);
  assertEquals(rooms.dispensable("ben")?.id, "0", "nobody is in it");
  assertEquals(rooms.dispensable(), undefined, "a room that there is already is opened");
  for (const name of ["0", "1"]) enter(rooms, name, "ana");
  assertEquals(rooms.dispensable("ben")?.id, "0", "ana has several");
  rooms.byId.get("0")!.add({ id: "ben", name: undefined });
  assertEquals(rooms.dispensable("ben"), undefined);
});

pure("nobody has to wait for a room because many wait in one of their own", () => {
  const names = Array.from({ length: 1_100 }, (_, i) => `${i}`);
  const rooms = opened(names, 2_000);
  for (const name of names) enter(rooms, name, `maker of ${name}`);
  assertEquals(rooms.dispensable("ben"), undefined);
});
