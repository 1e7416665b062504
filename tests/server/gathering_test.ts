import { assertEquals } from "@std/assert";
import { Gathering } from "../../src/server/gathering.ts";
import { pure } from "../support/pure.ts";

/** A gathering that has had output since 0 ms, and how many more turns it waits with these frames in each. */
function turns(
  gathering: Gathering,
  frames: readonly number[],
  { eager = false, everyMs = 0.01 } = {},
): number {
  gathering.begin(0);
  let waited = 0;
  for (;; waited++) {
    for (let i = frames[waited] ?? 0; i > 0; i--) gathering.heard();
    if (!gathering.waits(eager, waited * everyMs)) return waited;
  }
}

pure("output goes out at the end of its turn, with input or without", () => {
  const gathering = new Gathering();
  assertEquals([turns(gathering, []), turns(gathering, [1]), turns(gathering, [127])], [0, 0, 0]);
});

pure("after a turn as full as turns can be it waits until the sockets have been looked at", () => {
  const gathering = new Gathering();
  assertEquals(turns(gathering, [128]), 64);
  assertEquals(turns(gathering, [128, 128, 128]), 66);
});

pure("a turn with some input left is enough for whoever is not eager", () => {
  const gathering = new Gathering();
  assertEquals(turns(gathering, [128, 0, 5]), 2);
});

pure("it never waits for longer than ten milliseconds", () => {
  const gathering = new Gathering();
  const endless = Array(1_000).fill(128);
  assertEquals(turns(gathering, endless, { everyMs: 1 }), 10);
  assertEquals(turns(gathering, endless, { everyMs: 1, eager: true }), 10);
});

pure("an eager output waits for as many messages as there were last time, and no longer", () => {
  const gathering = new Gathering();
  const eager = { eager: true };
  // The first time there is nothing to expect.
  assertEquals(turns(gathering, [5], eager), 0);
  assertEquals(turns(gathering, [2, 0, 0, 2, 0, 1], eager), 5);
  assertEquals(turns(gathering, [2, 3], eager), 1);
  assertEquals(turns(gathering, [9], eager), 0);
});

pure("what does not come any more is soon not waited for", () => {
  const gathering = new Gathering();
  const eager = { eager: true };
  assertEquals(turns(gathering, [32], eager), 0);
  const waits = Array.from({ length: 40 }, () => turns(gathering, [1], eager));
  assertEquals(waits.slice(0, 2), [64, 64]);
  assertEquals(waits.slice(-2), [0, 0]);
});

pure("what comes while output goes on is for what begins after it", () => {
  const gathering = new Gathering();
  turns(gathering, [20], { eager: true });
  for (let i = 0; i < 20; i++) {
    gathering.heard();
    assertEquals(gathering.pauses(0), false);
  }
  assertEquals(turns(gathering, [], { eager: true }), 0);
  // And here it is gone, and waited for.
  assertEquals(turns(gathering, [1], { eager: true }), 64);
});

pure("output that goes on waits as well when there is known to be more input", () => {
  const gathering = new Gathering();
  gathering.begin(0);
  for (let i = 0; i < 128; i++) gathering.heard();
  assertEquals([gathering.pauses(1), gathering.pauses(11)], [true, false]);
});
