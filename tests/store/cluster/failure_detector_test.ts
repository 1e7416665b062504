import { assertEquals } from "@std/assert";
import { FailureDetector } from "../../../src/store/cluster/failure_detector.ts";
import { pure } from "../../support/pure.ts";

const TIMES = { probeMs: 1_000, leaseMs: 5_000 };

pure("a node is cut off until it hears itself, and again when it does not", () => {
  const detector = new FailureDetector("me", TIMES);
  assertEquals(detector.hears(0), false);
  detector.heard("other", 0, 10);
  assertEquals(detector.hears(10), false);
  detector.heard("me", 0, 10);
  assertEquals([detector.hears(1_499), detector.hears(1_500)], [true, false]);
});

pure("what comes back late says only that it was heard when it was said", () => {
  const detector = new FailureDetector("me", TIMES);
  detector.heard("me", 2_000, 9_000);
  assertEquals(detector.hears(9_000), false);
  detector.heard("me", 8_900, 9_001);
  detector.heard("me", 2_500, 9_002);
  assertEquals(detector.hears(9_002), true);
});

pure("another node that was not always heard is told from one that was, and from a new one", () => {
  const detector = new FailureDetector("me", TIMES);
  assertEquals([0, 1_000, 3_499, 5_999].map((now) => detector.heard("other", 0, now)), [
    false,
    false,
    false,
    true,
  ]);
});

pure("another node is dead when its lease is over, heard of or not", () => {
  const detector = new FailureDetector("me", TIMES);
  for (let now = 0; now <= 7_000; now += 1_000) detector.heard("me", now, now);
  detector.heard("other", 0, 3_000);
  assertEquals([detector.isDead("stranger", 4_999), detector.isDead("stranger", 7_000)], [
    false,
    true,
  ]);
  assertEquals([detector.isDead("other", 7_999), detector.isDead("other", 8_000)], [false, true]);
  assertEquals(detector.silentFor("other", 8_100), 5_100);
});

pure("a node that was cut off itself gives all others a new lease", () => {
  const detector = new FailureDetector("me", TIMES);
  detector.heard("me", 0, 0);
  detector.heard("other", 0, 0);
  assertEquals(detector.isDead("other", 60_000), false);
  detector.heard("me", 60_000, 60_000);
  assertEquals(detector.isDead("other", 60_000), false);
  for (let now = 60_000; now <= 65_000; now += 1_000) detector.heard("me", now, now);
  assertEquals(detector.isDead("other", 65_000), true);
});

pure("a node never takes itself for dead", () => {
  const detector = new FailureDetector("me", TIMES);
  assertEquals([detector.isDead("me", 1e9), detector.silentFor("me", 1e9)], [false, 0]);
});

pure("what was silent for a day is forgotten, and as dead as before", () => {
  const detector = new FailureDetector("me", TIMES);
  detector.heard("me", 0, 0);
  detector.heard("other", 0, 0);
  const later = 100_000_000;
  detector.prune(later);
  detector.heard("me", later, later);
  assertEquals(detector.isDead("other", later), false);
});
