import { assertEquals } from "@std/assert";
import { HubBench, twoInRoom } from "../support/hub_harness.ts";
import { pure } from "../support/pure.ts";

const TIMES = { graceMs: 1_000, pauseMs: 100_000, sessionMs: 10_000, heartbeatMs: 1e9 };

/** The answer to the `hello` of a client that comes back, by its token. */
function back(bench: HubBench, token: string) {
  const peer = bench.v1("Ben", token);
  const { client_id: id, n, resumed } = JSON.parse(peer.sent[0]!);
  return { peer, welcome: { id, n, resumed } };
}

/** A room of two with a member that has said something, and its token. */
function spoken(options = {}) {
  const { bench, ana, ben, roomId } = twoInRoom({ ...TIMES, ...options });
  bench.perform(
    bench.hub.receive(ben, { action: "message", roomId, n: 1, bodies: ["x"] }, bench.t),
  );
  const id = ben.session?.id;
  return { bench, ana, ben, roomId, id, token: bench.tokenOf(ben) };
}

pure("who comes back after the grace time is the same client, and joins anew", () => {
  const { bench, ben, roomId, id, token } = spoken();
  assertEquals(bench.told(bench.hub.disconnect(ben, bench.t)), ["away Ben"]);
  bench.pass(1_000);
  const effects = bench.hub.tick(bench.t);
  assertEquals([bench.told(effects), effects.at(-1)], [["leave Ben"], {
    type: "trim",
    clientId: id!,
  }]);
  bench.pass(9_999);
  assertEquals(bench.hub.tick(bench.t), []);
  const { peer, welcome } = back(bench, token);
  assertEquals(welcome, { id, n: 1, resumed: true });
  assertEquals(bench.told(bench.hub.receive(peer, { action: "join", roomId }, bench.t)), [
    "join Ben",
  ]);
});

pure("who comes back later than that is somebody else, and the store is told to forget it", () => {
  const { bench, ben, id, token } = spoken();
  bench.hub.disconnect(ben, bench.t);
  bench.pass(1_000);
  bench.hub.tick(bench.t);
  bench.pass(10_000);
  assertEquals(bench.hub.tick(bench.t), [{ type: "forget", clientId: id! }]);
  assertEquals(back(bench, token).welcome.resumed, false);
});

pure("a pause closes with 4007, and nothing is told of it, nor of the way back", () => {
  const { bench, ben, roomId, id, token } = spoken();
  const [close, ...rest] = bench.hub.receive(ben, { action: "pause" }, bench.t);
  assertEquals([close?.type === "close" && close.code, rest], [4007, []]);
  bench.pass(99_999);
  assertEquals([bench.hub.disconnect(ben, bench.t), bench.hub.tick(bench.t)], [[], []]);
  assertEquals(bench.hub.rooms.get(roomId)?.roster.members.get(id!)?.away, undefined);
  const { peer, welcome } = back(bench, token);
  assertEquals(welcome, { id, n: 1, resumed: true });
  const effects = bench.hub.receive(peer, { action: "join", roomId, last: 1 }, bench.t);
  assertEquals(bench.told(effects), []);
  // The next time it goes, that is told as ever.
  bench.perform(effects);
  assertEquals(bench.told(bench.hub.disconnect(peer, bench.t)), ["away Ben"]);
});

pure("who joins after a pause begins where it asks to, like anybody who comes in", () => {
  const { bench, ana, ben, roomId, token } = spoken();
  bench.perform(bench.hub.receive(ben, { action: "pause" }, bench.t));
  bench.say(ana, roomId, "said meanwhile");
  const { peer } = back(bench, token);
  bench.join(peer, { roomId });
  const { seq, after } = JSON.parse(peer.sent.at(-1)!);
  assertEquals(after, seq);
});

pure("who does not come back from a pause leaves without having been away", () => {
  const { bench, ben } = spoken();
  bench.hub.receive(ben, { action: "pause", forMs: 5_000 }, bench.t);
  bench.pass(4_999);
  assertEquals(bench.hub.tick(bench.t), []);
  bench.pass(1);
  assertEquals(bench.told(bench.hub.tick(bench.t)), ["leave Ben"]);
});

pure("where no places are kept, nobody is away and a pause is a leave", () => {
  for (const options of [{ graceMs: 0 }, { maxAway: 0 }]) {
    for (const pauses of [true, false]) {
      const { bench, ben } = spoken(options);
      const effects = pauses
        ? bench.hub.receive(ben, { action: "pause" }, bench.t)
        : bench.hub.disconnect(ben, bench.t);
      assertEquals(bench.told(effects), ["leave Ben"]);
    }
  }
});

pure("whoever takes its session over goes on, even where nobody may be away", () => {
  const { bench, ben, id, token } = spoken({ maxAway: 0 });
  const { peer, welcome } = back(bench, token);
  assertEquals([welcome, ben.session], [{ id, n: 1, resumed: true }, undefined]);
  bench.pass(1_000);
  bench.hub.tick(bench.t);
  assertEquals(peer.session?.id, id);
});

pure("one away too many sends the oldest away for good", () => {
  const bench = new HubBench({ ...TIMES, maxAway: 1 });
  const [ana, ben] = [bench.v1("Ana"), bench.v1("Ben")];
  const roomId = bench.create(ana, "Lobby");
  bench.join(ben, { roomId });
  const id = ana.session?.id;
  assertEquals(bench.told(bench.hub.disconnect(ana, bench.t)), ["away Ana"]);
  const effects = bench.hub.disconnect(ben, bench.t);
  assertEquals(bench.told(effects), ["away Ben", "leave Ana"]);
  assertEquals(effects.at(-1), { type: "forget", clientId: id! });
});

pure("clients that come, do nothing and go push nobody out who was in a room", () => {
  const { bench, ben, id, token } = spoken({ maxAway: 3 });
  bench.perform(bench.hub.disconnect(ben, bench.t));
  for (let i = 0; i < 10; i++) {
    const stranger = bench.v1(`Stranger ${i}`);
    bench.perform(bench.hub.disconnect(stranger, bench.t));
  }
  assertEquals(back(bench, token).welcome, { id, n: 1, resumed: true });
});

pure("clients that come into rooms and go push nobody out who had stayed longer", () => {
  const { bench, ana, ben, id, token } = spoken({ maxAway: 3 });
  bench.pass(60_000);
  bench.hub.heard(ana, bench.t.now);
  bench.perform(bench.hub.disconnect(ben, bench.t));
  for (let i = 0; i < 10; i++) {
    const guest = bench.v1(`Guest ${i}`);
    bench.create(guest, "Den");
    bench.perform(bench.hub.disconnect(guest, bench.t));
  }
  assertEquals(back(bench, token).welcome, { id, n: 1, resumed: true });
});

pure("a room keeps no more places than are told, and those who stayed longest have them", () => {
  const { bench, ben, roomId, id, token } = spoken({ presenceLimit: 2 });
  bench.pass(1_000);
  bench.perform(bench.hub.disconnect(ben, bench.t));
  const told = ["Cleo", "Dan"].map((name) => {
    const guest = bench.v1(name);
    bench.join(guest, { roomId });
    const effects = bench.hub.disconnect(guest, bench.t);
    bench.perform(effects);
    return bench.told(effects);
  });
  assertEquals(told, [["away Cleo"], ["away Dan", "leave Cleo"]]);
  const { peer, welcome } = back(bench, token);
  assertEquals(welcome, { id, n: 1, resumed: true });
  assertEquals(bench.told(bench.hub.receive(peer, { action: "join", roomId }, bench.t)), [
    "back Ben",
  ]);
});

pure("Departures.tick() lets many go at several ticks, and forgets nobody", () => {
  const bench = new HubBench({ ...TIMES, presenceLimit: 1_000 });
  const roomId = bench.create(bench.v1("Ana"), "Lobby");
  const crowd = Array.from({ length: 300 }, () => bench.v1("Ben"));
  for (const peer of crowd) bench.join(peer, { roomId });
  for (const peer of crowd) bench.perform(bench.hub.disconnect(peer, bench.t));
  bench.pass(1_000);
  const left: number[] = [];
  for (let ticks = 0; ticks < 4; ticks++) {
    const effects = bench.hub.tick(bench.t);
    left.push(bench.told(effects).length);
  }
  assertEquals(left, [128, 128, 44, 0]);
});
