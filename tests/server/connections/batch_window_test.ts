import { assertEquals } from "@std/assert";
import { BatchWindow } from "../../../src/server/connections/batch_window.ts";
import { pure } from "../../support/pure.ts";

/** A window that has had output since 0 ms, and how many more turns it waits with these frames in each. */
function turns(
  window: BatchWindow,
  frames: readonly number[],
  { eager = false, everyMs = 0.01 } = {},
): number {
  window.begin(0);
  let waited = 0;
  for (;; waited++) {
    for (let i = frames[waited] ?? 0; i > 0; i--) window.heard();
    if (!window.waits(eager, waited * everyMs)) return waited;
  }
}

pure("output goes out at the end of its turn, with input or without", () => {
  const window = new BatchWindow();
  assertEquals([turns(window, []), turns(window, [1]), turns(window, [127])], [0, 0, 0]);
});

pure("after a turn as full as turns can be it waits until the sockets have been looked at", () => {
  const window = new BatchWindow();
  assertEquals(turns(window, [128]), 64);
  assertEquals(turns(window, [128, 128, 128]), 66);
});

pure("a turn with some input left is enough for whoever is not eager", () => {
  const window = new BatchWindow();
  assertEquals(turns(window, [128, 0, 5]), 2);
});

pure("it never waits for longer than ten milliseconds", () => {
  const window = new BatchWindow();
  const endless = Array(1_000).fill(128);
  assertEquals(turns(window, endless, { everyMs: 1 }), 10);
  assertEquals(turns(window, endless, { everyMs: 1, eager: true }), 10);
});

pure("an eager output waits for as many messages as there were last time, and no longer", () => {
  const window = new BatchWindow();
  const eager = { eager: true };
  // The first time there is nothing to expect.
  assertEquals(turns(window, [5], eager), 0);
  assertEquals(turns(window, [2, 0, 0, 2, 0, 1], eager), 5);
  assertEquals(turns(window, [2, 3], eager), 1);
  assertEquals(turns(window, [9], eager), 0);
});

pure("what does not come any more is soon not waited for", () => {
  const window = new BatchWindow();
  const eager = { eager: true };
  assertEquals(turns(window, [32], eager), 0);
  const waits = Array.from({ length: 40 }, () => turns(window, [1], eager));
  assertEquals(waits.slice(0, 2), [64, 64]);
  assertEquals(waits.slice(-2), [0, 0]);
});

pure("what comes while output goes on is for what begins after it", () => {
  const window = new BatchWindow();
  turns(window, [20], { eager: true });
  for (let i = 0; i < 20; i++) {
    window.heard();
    assertEquals(window.pauses(0), false);
  }
  assertEquals(turns(window, [], { eager: true }), 0);
  // And here it is gone, and waited for.
  assertEquals(turns(window, [1], { eager: true }), 64);
});

pure("output that goes on waits as well when there is known to be more input", () => {
  const window = new BatchWindow();
  window.begin(0);
  for (let i = 0; i < 128; i++) window.heard();
  assertEquals([window.pauses(1), window.pauses(11)], [true, false]);
});
