import { assertEquals } from "@std/assert";
import { rankOf, RetentionClock } from "../../../src/core/state/time.ts";
import { pure } from "../../support/pure.ts";

pure(
  "RetentionClock.time() goes back with the wall clock, but jumps ahead with it no further than time has passed",
  () => {
    for (const [jump, seen] of [[0, 0], [1e9, 0], [-1e9, -1e9]] as const) {
      const clock = new RetentionClock();
      assertEquals(clock.time({ now: 500, at: 2e9 }), 2e9);
      assertEquals(clock.time({ now: 600, at: 2e9 + 100 + jump }), 2e9 + 100 + seen);
    }
  },
);

pure("the rank of a stay grows by one with twice the time", () => {
  assertEquals([0, 1, 500, 501, 1_500, 1_501, 3_500].map(rankOf), [0, 1, 1, 2, 2, 3, 3]);
  assertEquals([1e12, Infinity].map(rankOf), [20, 20]);
});
