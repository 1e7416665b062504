import { assertEquals } from "@std/assert";
import { Log } from "../src/log.ts";
import { tell, typing } from "../src/presence.ts";
import { Room } from "../src/room.ts";
import { Roster } from "../src/roster.ts";
import { FakePeer } from "./hub_harness.ts";
import { pure } from "./pure.ts";

const T = { now: 5, at: 1_700_000_000_000 };

function lobby(): Room {
  const log = new Log("e", { logEntries: 10, logBytes: 1_000 });
  return new Room({ id: "id", name: "Lobby", log, roster: new Roster() }, 0);
}

pure("tell() makes an entry without a number, about whom it happened to", () => {
  const room = lobby();
  const ana = room.add({ id: "ana", name: "Ana" });
  assertEquals(tell("away", ana, T), [{
    type: "append",
    roomId: "id",
    drafts: [{ at: 1_700_000_000_000, event: "away", from: "ana", name: "Ana", n: 0 }],
  }]);
  assertEquals(tell("quiet", ana, T), [{
    type: "append",
    roomId: "id",
    drafts: [{ at: 1_700_000_000_000, event: "quiet", from: "", name: undefined, n: 0 }],
  }]);
});

pure("tell() says nothing in a quiet room, and nothing in one that is gone", () => {
  const room = lobby();
  const ana = room.add({ id: "ana", name: "Ana" });
  room.gone = true;
  assertEquals(tell("leave", ana, T), []);
  room.gone = false;
  room.hush();
  assertEquals(tell("leave", ana, T), []);
});

pure("typing() goes to the others who speak parley.v1 and can take it", () => {
  const room = lobby();
  const ana = room.add({ id: "ana", name: "Ana" });
  const outlets = [false, true, false].map((plain) => new FakePeer(plain));
  outlets.forEach((outlet, i) => room.add({ id: `${i}`, name: undefined }).outlet = outlet);
  outlets[2]!.ready = false;
  room.add({ id: "away", name: undefined });
  ana.outlet = new FakePeer(false);
  assertEquals(typing(ana), [{
    type: "send",
    to: outlets[0]!,
    text: `{"event":"typing","room_id":"id","from":"ana","name":"Ana"}`,
  }]);
  room.hush();
  assertEquals(typing(ana), []);
});
