import { assertEquals } from "@std/assert";
import type { MessageFrame } from "../../src/protocol/frames.ts";
import { FakePeer, HubBench, refusal, twoInRoom } from "../support/hub_harness.ts";
import { pure } from "../support/pure.ts";

/** Says something as the host, and lets its client go. */
function say(bench: HubBench, roomId: string, id: string, isKept = false, t = bench.t): FakePeer {
  const peer = new FakePeer(false);
  const frame: MessageFrame = { action: "message", roomId, n: 1, bodies: ["hello"] };
  bench.perform(bench.hub.host.say(peer, { id, name: "CI", isKept }, frame, t));
  bench.perform(bench.hub.host.leave(peer, isKept, t));
  return peer;
}

pure("the host speaks in a room under a name, and nobody is told that it comes or goes", () => {
  const { bench, roomId } = twoInRoom();
  const room = bench.hub.rooms.get(roomId)!;
  const before = room.log.head;
  say(bench, roomId, "h1");
  const { seq, from, n, name, body } = JSON.parse(room.log.at(room.log.size - 1).text);
  assertEquals([seq, from, n, name, body], [before + 1, "h1", 1, "CI", "hello"]);
  assertEquals([room.here, room.roster.members.has("h1")], [2, false]);
  assertEquals(bench.hub.size, { clients: 2, away: 0 });
});

pure("what has a key is remembered like a client that has gone, and forgotten like one", () => {
  const { bench, roomId } = twoInRoom({ graceMs: 1_000, sessionMs: 5_000 });
  const effects = bench.hub.host.say(
    new FakePeer(false),
    { id: "h1", name: undefined, isKept: true },
    { action: "message", roomId, n: 1, bodies: ["hello"] },
    bench.t,
  );
  assertEquals(effects.map(({ type }) => type), ["remember", "append"]);
  say(bench, roomId, "h2", true);
  assertEquals(bench.hub.size.away, 1);
  for (let i = 0; i < 20; i++) {
    bench.pass(1_000);
    bench.perform(bench.hub.tick(bench.t));
  }
  assertEquals(bench.hub.size.away, 0);
});

pure("of two words with the same key at once the second is refused, and changes nothing", () => {
  const { bench, roomId } = twoInRoom();
  const frame: MessageFrame = { action: "message", roomId, n: 1, bodies: ["hello"] };
  const client = { id: "h1", name: undefined, isKept: true };
  bench.hub.host.say(new FakePeer(false), client, frame, bench.t);
  const second = new FakePeer(false);
  assertEquals(refusal(() => bench.hub.host.say(second, client, frame, bench.t)), [
    "already_connected",
    "Another request with this key is being answered",
  ]);
  assertEquals(bench.hub.host.leave(second, true, bench.t), []);
});

pure("the host says nothing where no room is open", () => {
  const bench = new HubBench();
  assertEquals(refusal(() => say(bench, "none", "h1"))[0], "room_gone");
});
