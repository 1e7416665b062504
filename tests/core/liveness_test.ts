import { assertEquals } from "@std/assert";
import { Liveness } from "../../src/core/liveness.ts";
import { Histogram } from "../../src/core/state/metrics.ts";
import { rateOf } from "../../src/core/limits/rate_limit.ts";
import { type Session, Sessions } from "../../src/core/state/sessions.ts";
import { countingBytes, FakePeer } from "../support/hub_harness.ts";
import { pure } from "../support/pure.ts";

/** A watch over one client, and what is due to it at a time. */
function watched(plain = false) {
  const sessions = new Sessions(countingBytes(), (id) => id, rateOf(0));
  const session = sessions.add(0);
  session.attach(new FakePeer(plain), 0);
  const liveness = new Liveness({ heartbeatMs: 100, helloMs: 50 });
  const due = (now: number) =>
    [...liveness.due(sessions, now)].map((due) => due.ask ? "ask" : due.code);
  return { session, liveness, due };
}

/** Lists what is due at each of these times. */
function story(due: (now: number) => unknown[], times: number[]): unknown[] {
  return times.map((now) => due(now));
}

pure("a silent client is asked once, after a heartbeat, and closed after the second", () => {
  const { due } = watched();
  assertEquals(story(due, [0, 99, 100, 101, 150, 199, 200]), [[], [], ["ask"], [], [], [], [4001]]);
});

pure("a client that is heard is asked again only after another silent heartbeat", () => {
  const { session, due } = watched();
  assertEquals(story(due, [50, 120]), [[], ["ask"]]);
  session.seenAt = 130;
  assertEquals(story(due, [150, 229, 230, 240]), [[], [], ["ask"], []]);
});

pure("a watch that looks seldom asks nobody whom it has to close", () => {
  const { due } = watched();
  assertEquals(story(due, [0, 500]), [[], [4001]]);
});

pure("nothing is due to plain clients, and to those who are away", () => {
  assertEquals(watched(true).due(1_000), []);
  const { session, due } = watched();
  session.detach(session.peer!, 0);
  assertEquals(due(1_000), []);
});

pure("whoever says no hello is closed when its time is over, not earlier", () => {
  const { session, liveness, due } = watched();
  session.detach(session.peer!, 0);
  const [late, polite, gone] = [new FakePeer(false), new FakePeer(false), new FakePeer(false)];
  for (const peer of [late, polite, gone]) liveness.arrive(peer, 10);
  liveness.greeted(polite);
  liveness.greeted(gone);
  assertEquals([late, polite].map((peer) => liveness.awaits(peer)), [true, false]);
  assertEquals(story(due, [59, 60]), [[], [4000]]);
});

pure("clients may be ended while it is told what is due", () => {
  const sessions = new Sessions(countingBytes(), (id) => id, rateOf(0));
  const liveness = new Liveness({ heartbeatMs: 100, helloMs: 50 });
  const all = [sessions.add(0), sessions.add(0), sessions.add(0)];
  for (const session of all) session.attach(new FakePeer(false), 0);
  const closed: (Session | undefined)[] = [];
  for (const { peer } of liveness.due(sessions, 200)) {
    const { session } = peer;
    closed.push(session);
    if (session !== undefined) sessions.delete(session);
  }
  assertEquals(closed, all);
});

pure("the time until a client answers is observed once, for those that were asked", () => {
  const lag = new Histogram();
  const liveness = new Liveness({ heartbeatMs: 100, helloMs: 50 }, lag);
  const sessions = new Sessions(countingBytes(), (id) => id, rateOf(0));
  const peer = new FakePeer(false);
  sessions.add(0).attach(peer, 0);
  liveness.answered(peer, 50);
  assertEquals([...liveness.due(sessions, 100)].length, 1);
  liveness.answered(peer, 350);
  liveness.answered(peer, 400);
  assertEquals([lag.count, lag.sum], [1, 0.25]);
});
