import { assert, assertEquals } from "@std/assert";
import { MemoryBound } from "../../src/core/limits/memory_bound.ts";
import { DedupWindow, TRIMMED_SIZE, WINDOW_SIZE } from "../../src/store/dedup_window.ts";
import { pure } from "../support/pure.ts";

pure("a DedupWindow knows where each message is, from the first that it was told of", () => {
  const window = new DedupWindow(10);
  assertEquals([window.last, window.seqOf(10), window.seqOf(1)], [10, 0, 0]);
  window.add(11, 100);
  window.add(12, 105);
  assertEquals([window.last, window.seqOf(11), window.seqOf(12)], [12, 100, 105]);
});

pure("a DedupWindow knows nothing of what lies before a jump", () => {
  const window = new DedupWindow();
  window.add(1, 5);
  window.add(4, 9);
  assertEquals([1, 2, 3, 4].map((n) => window.seqOf(n)), [0, 0, 0, 9]);
});

pure("a DedupWindow forgets the places of the oldest, but not that they are stored", () => {
  const window = new DedupWindow();
  for (let n = 1; n <= WINDOW_SIZE + 5; n++) window.add(n, n);
  assertEquals([1, 5, 6].map((n) => window.seqOf(n)), [0, 0, 6]);
  assertEquals([5, 6].map((n) => window.isRecent(n)), [false, true]);
  assertEquals(window.last, WINDOW_SIZE + 5);
});

pure("a DedupWindow that is trimmed knows the places of the last ones, and goes on", () => {
  const window = new DedupWindow();
  for (let n = 1; n <= WINDOW_SIZE + 5; n++) window.add(n, 2 * n);
  const last = window.last;
  const edge = last - TRIMMED_SIZE;
  window.trim();
  assertEquals([edge, edge + 1, last].map((n) => window.seqOf(n)), [0, 2 * edge + 2, 2 * last]);
  window.add(last + 1, 7);
  assertEquals([last, last + 1].map((n) => window.seqOf(n)), [2 * last, 7]);
});

pure("a DedupWindow that is trimmed before there are as many loses nothing", () => {
  const window = new DedupWindow();
  window.add(1, 5);
  window.trim();
  assertEquals([window.last, window.seqOf(1)], [1, 5]);
  const empty = new DedupWindow(3);
  empty.trim();
  assertEquals([empty.last, empty.seqOf(3)], [3, 0]);
});

pure(
  "the windows of all clients have one bound: who has most forgets the older half, and the last stay",
  () => {
    const memory = new MemoryBound(100_000);
    const all = [
      new DedupWindow(0, memory),
      new DedupWindow(0, memory),
      new DedupWindow(0, memory),
    ];
    const [ana, ben, cleo] = all;
    for (let n = 1; n <= 300; n++) ana!.add(n, n);
    for (let n = 1; n <= 10_000; n++) for (const window of [ben!, cleo!]) window.add(n, n);
    assert(memory.bytes <= 100_000, `${memory.bytes}`);
    assertEquals(ana!.seqOf(1), 1);
    for (const window of [ben!, cleo!]) {
      assertEquals([1, 10_000 - TRIMMED_SIZE + 1].map((n) => window.seqOf(n)), [
        0,
        10_000 - TRIMMED_SIZE + 1,
      ]);
    }
    for (const window of all) window.close();
    assertEquals(memory.bytes, 0);
  },
);
