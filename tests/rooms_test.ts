import { assertEquals, assertThrows } from "@std/assert";
import { encodeEntry } from "../src/encode.ts";
import { ChatError } from "../src/errors.ts";
import { Log } from "../src/log.ts";
import { Rooms } from "../src/rooms.ts";
import { Roster } from "../src/roster.ts";
import type { Peer } from "../src/sessions.ts";
import { messageDraft } from "./drafts.ts";
import { pure } from "./pure.ts";

/** Rooms of the names given, opened at the times 0, 1, 2… */
function opened(names: string[], maxRooms = 2): Rooms {
  const rooms = new Rooms({ maxRooms, emptyRoomMs: 100, logAgeMs: 1_000 });
  names.forEach((id, now) => {
    const log = new Log("epoch", { logEntries: 10, logBytes: 1_000 });
    rooms.open({ id, name: id, log, roster: new Roster() }, now);
  });
  return rooms;
}

function enter(rooms: Rooms, id: string) {
  return rooms.byId.get(id)!.add({ id: "ana", name: undefined });
}

pure(
  "Rooms.makePlace() takes the place of the room that has been empty for the longest time",
  () => {
    assertEquals(opened(["a"]).makePlace(), []);
    const rooms = opened(["a", "b", "c"], 3);
    const ana = enter(rooms, "a");
    assertEquals(rooms.makePlace(), [{ type: "release", roomId: "b" }]);
    rooms.byId.get("a")!.remove(ana, 50);
    assertEquals(rooms.makePlace(), []);
    assertEquals([...rooms.byId.keys()], ["a", "c"]);
  },
);

pure("Rooms.makePlace() refuses where there are members in all of them, and they stay", () => {
  const rooms = opened(["a", "b"]);
  for (const id of ["a", "b"]) enter(rooms, id);
  assertThrows(() => rooms.makePlace(), ChatError, "There are 2 rooms, the most allowed");
  assertEquals(rooms.byId.size, 2);
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

pure("Rooms.delete() leaves nobody in the room, and knows when there was none", () => {
  const rooms = opened(["a"]);
  const room = rooms.byId.get("a")!;
  const member = enter(rooms, "a");
  member.outlet = { plain: false, ready: true, idle: true, send: () => {} };
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
