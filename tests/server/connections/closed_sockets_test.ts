import { assertEquals } from "@std/assert";
import { ANSWER_MS, ClosedSockets } from "../../../src/server/connections/closed_sockets.ts";
import { pure } from "../../support/pure.ts";

/** A socket that was closed; one that `stays` cannot be ended. */
function socket(stays = false) {
  return {
    ended: false,
    terminated: 0,
    isGone: false,
    terminate() {
      this.terminated++;
      this.ended = !stays;
    },
    gone() {
      this.isGone = true;
    },
  };
}

pure("a socket whose peer does not answer a close is ended after its time", () => {
  const closed = new ClosedSockets(100);
  const [ana, ben] = [socket(), socket()];
  closed.add(ana, 0);
  closed.add(ben, 1);
  closed.tick(ANSWER_MS - 1);
  assertEquals([ana.terminated, closed.size], [0, 2]);
  closed.tick(ANSWER_MS);
  assertEquals([ana.terminated, ben.terminated, closed.size], [1, 0, 1]);
  assertEquals([ana.isGone, ben.isGone], [true, false]);
});

pure("a socket that cannot be ended counts until it is gone", () => {
  const closed = new ClosedSockets(100);
  const [ana, ben] = [socket(true), socket(true)];
  closed.add(ana, 0);
  closed.add(ben, 0);
  closed.tick(ANSWER_MS);
  assertEquals(closed.size, 2);
  ana.ended = true;
  closed.tick(2 * ANSWER_MS);
  assertEquals([ana.terminated, closed.size], [1, 1]);
  assertEquals([ana.isGone, ben.isGone], [true, false]);
  closed.delete(ben);
  assertEquals([closed.size, ben.isGone], [0, true]);
});

pure("where many wait for an answer, the one that has waited longest has no more time", () => {
  const closed = new ClosedSockets(20);
  const sockets = [socket(), socket(), socket()];
  for (const [now, one] of sockets.entries()) closed.add(one, now);
  assertEquals(sockets.map(({ terminated }) => terminated), [1, 0, 0]);
  assertEquals(closed.size, 2);
});

pure("a socket that is gone already does not count", () => {
  const closed = new ClosedSockets(20);
  const ana = { ...socket(), ended: true };
  closed.add(ana, 0);
  assertEquals([closed.size, ana.isGone], [0, true]);
});
