import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Log } from "../../../src/core/log/log.ts";
import { Memberships } from "../../../src/core/state/memberships.ts";
import { type Member, Room } from "../../../src/core/state/room.ts";
import { Roster } from "../../../src/protocol/roster.ts";
import { pure } from "../../support/pure.ts";

function member(roomId: string): Member {
  const log = new Log("e", { logEntries: 10, logBytes: 1_000 });
  const room = new Room({ id: roomId, name: "Lobby", log, roster: new Roster() }, 0);
  return room.add({ id: "ana", name: undefined });
}

pure("memberships are those that were added and not deleted, one for each room id", () => {
  const id = fc.constantFrom("a", "b", "c", "d");
  const step = fc.record({ id, isNew: fc.boolean() });
  fc.assert(fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
    const rooms = new Memberships();
    const model = new Map<string, Member>();
    for (const { id, isNew } of steps) {
      if (isNew) {
        const added = member(id);
        rooms.add(added);
        model.set(id, added);
      } else {
        rooms.delete(id);
        model.delete(id);
      }
      assertEquals(rooms.size, model.size);
      assertEquals(new Set(rooms), new Set(model.values()));
      for (const id of "abcd") assertEquals(rooms.get(id) === model.get(id), true);
      assertEquals(rooms.any === undefined, model.size === 0);
    }
  }));
});

pure("memberships may be deleted while they are gone through", () => {
  const rooms = new Memberships();
  for (const id of "abc") rooms.add(member(id));
  const seen: string[] = [];
  for (const { room } of rooms) {
    seen.push(room.id);
    rooms.delete(room.id);
  }
  assertEquals([seen, rooms.size, rooms.any], [["a", "b", "c"], 0, undefined]);
});
