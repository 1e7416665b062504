import { assertEquals } from "@std/assert";
import { Log } from "../../../src/core/log/log.ts";
import { presenceEntry, typing } from "../../../src/core/state/presence.ts";
import { Room } from "../../../src/core/state/room.ts";
import { Roster } from "../../../src/protocol/roster.ts";
import { pure } from "../../support/pure.ts";

const T = { now: 5, at: 1_700_000_000_000 };

function lobby(): Room {
  const log = new Log("e", { logEntries: 10, logBytes: 1_000 });
  return new Room({ id: "id", name: "Lobby", log, roster: new Roster() }, 0);
}

pure("presenceEntry() makes an entry without a number, about whom it happened to", () => {
  const room = lobby();
  const ana = room.add({ id: "ana", name: "Ana" });
  assertEquals(presenceEntry("away", ana, T), [{
    type: "append",
    roomId: "id",
    drafts: [{ at: 1_700_000_000_000, event: "away", from: "ana", name: "Ana", n: 0 }],
  }]);
  assertEquals(presenceEntry("quiet", ana, T), [{
    type: "append",
    roomId: "id",
    drafts: [{ at: 1_700_000_000_000, event: "quiet", from: "", name: undefined, n: 0 }],
  }]);
});

pure("presenceEntry() says nothing in a quiet room, and nothing in one that is gone", () => {
  const room = lobby();
  const ana = room.add({ id: "ana", name: "Ana" });
  room.gone = true;
  assertEquals(presenceEntry("leave", ana, T), []);
  room.gone = false;
  room.hush();
  assertEquals(presenceEntry("leave", ana, T), []);
});

pure("typing() is passed on to the room with its next entries, once a second", () => {
  const room = lobby();
  const ana = room.add({ id: "ana", name: "Ana" });
  const at = (now: number) => typing(ana, { ...T, now });
  assertEquals(at(5), [{ type: "pass", room }]);
  assertEquals([...room.begin().passing], [
    [`{"event":"typing","room_id":"id","from":"ana","name":"Ana"}`, ana.person],
  ]);
  room.end();
  assertEquals(at(1_004), []);
  assertEquals(at(1_005), [{ type: "pass", room }]);
});

pure("typing() says nothing in a quiet room", () => {
  const room = lobby();
  const ana = room.add({ id: "ana", name: "Ana" });
  room.hush();
  assertEquals(typing(ana, T), []);
});

pure("typing() is told to other processes though the room is behind here", () => {
  const { id, name, log, roster } = lobby();
  const room = new Room({ id, name, log, roster, shared: true }, 0);
  const ana = room.add({ id: "ana", name: "Ana" });
  room.begin();
  assertEquals(typing(ana, T).map(({ type }) => type), ["relay"]);
});
