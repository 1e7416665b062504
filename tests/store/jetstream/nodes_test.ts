import { assertEquals } from "@std/assert";
import { Nodes } from "../../../src/store/jetstream/nodes.ts";
import { pure } from "../../support/pure.ts";

const TIMES = { probeMs: 1_000, leaseMs: 5_000 };

pure("a node is cut off until it hears itself, and again when it does not", () => {
  const nodes = new Nodes("me", TIMES);
  assertEquals(nodes.hears(0), false);
  nodes.heard("other", 0, 10);
  assertEquals(nodes.hears(10), false);
  nodes.heard("me", 0, 10);
  assertEquals([nodes.hears(1_499), nodes.hears(1_500)], [true, false]);
});

pure("what comes back late says only that it was heard when it was said", () => {
  const nodes = new Nodes("me", TIMES);
  nodes.heard("me", 2_000, 9_000);
  assertEquals(nodes.hears(9_000), false);
  nodes.heard("me", 8_900, 9_001);
  nodes.heard("me", 2_500, 9_002);
  assertEquals(nodes.hears(9_002), true);
});

pure("another node that was not always heard is told from one that was, and from a new one", () => {
  const nodes = new Nodes("me", TIMES);
  assertEquals([0, 1_000, 3_499, 5_999].map((now) => nodes.heard("other", 0, now)), [
    false,
    false,
    false,
    true,
  ]);
});

pure("another node is dead when its lease is over, heard of or not", () => {
  const nodes = new Nodes("me", TIMES);
  for (let now = 0; now <= 7_000; now += 1_000) nodes.heard("me", now, now);
  nodes.heard("other", 0, 3_000);
  assertEquals([nodes.isDead("stranger", 4_999), nodes.isDead("stranger", 7_000)], [false, true]);
  assertEquals([nodes.isDead("other", 7_999), nodes.isDead("other", 8_000)], [false, true]);
  assertEquals(nodes.silentFor("other", 8_100), 5_100);
});

pure("a node that was cut off itself gives all others a new lease", () => {
  const nodes = new Nodes("me", TIMES);
  nodes.heard("me", 0, 0);
  nodes.heard("other", 0, 0);
  assertEquals(nodes.isDead("other", 60_000), false);
  nodes.heard("me", 60_000, 60_000);
  assertEquals(nodes.isDead("other", 60_000), false);
  for (let now = 60_000; now <= 65_000; now += 1_000) nodes.heard("me", now, now);
  assertEquals(nodes.isDead("other", 65_000), true);
});

pure("a node never takes itself for dead", () => {
  const nodes = new Nodes("me", TIMES);
  assertEquals([nodes.isDead("me", 1e9), nodes.silentFor("me", 1e9)], [false, 0]);
});

pure("what was silent for a day is forgotten, and as dead as before", () => {
  const nodes = new Nodes("me", TIMES);
  nodes.heard("me", 0, 0);
  nodes.heard("other", 0, 0);
  const later = 100_000_000;
  nodes.prune(later);
  nodes.heard("me", later, later);
  assertEquals(nodes.isDead("other", later), false);
});
