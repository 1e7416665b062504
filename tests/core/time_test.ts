import { assertEquals } from "@std/assert";
import { RetentionClock } from "../../src/core/time.ts";
import { pure } from "../support/pure.ts";

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
