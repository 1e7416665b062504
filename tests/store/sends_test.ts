import { assert, assertEquals } from "@std/assert";
import { MemoryBound } from "../../src/core/memory_bound.ts";
import { KEPT_SENDS, REMEMBERED_SENDS, Sends } from "../../src/store/sends.ts";
import { pure } from "../support/pure.ts";

pure("Sends knows where each message is, from the first that it was told of", () => {
  const sends = new Sends(10);
  assertEquals([sends.last, sends.seqOf(10), sends.seqOf(1)], [10, 0, 0]);
  sends.add(11, 100);
  sends.add(12, 105);
  assertEquals([sends.last, sends.seqOf(11), sends.seqOf(12)], [12, 100, 105]);
});

pure("Sends knows nothing of what lies before a jump", () => {
  const sends = new Sends();
  sends.add(1, 5);
  sends.add(4, 9);
  assertEquals([1, 2, 3, 4].map((n) => sends.seqOf(n)), [0, 0, 0, 9]);
});

pure("Sends forgets the places of the oldest, but not that they are stored", () => {
  const sends = new Sends();
  for (let n = 1; n <= REMEMBERED_SENDS + 5; n++) sends.add(n, n);
  assertEquals([1, 5, 6].map((n) => sends.seqOf(n)), [0, 0, 6]);
  assertEquals([5, 6].map((n) => sends.isRecent(n)), [false, true]);
  assertEquals(sends.last, REMEMBERED_SENDS + 5);
});

pure("Sends that are trimmed know the places of the last ones, and go on", () => {
  const sends = new Sends();
  for (let n = 1; n <= REMEMBERED_SENDS + 5; n++) sends.add(n, 2 * n);
  const last = sends.last;
  const edge = last - KEPT_SENDS;
  sends.trim();
  assertEquals([edge, edge + 1, last].map((n) => sends.seqOf(n)), [0, 2 * edge + 2, 2 * last]);
  sends.add(last + 1, 7);
  assertEquals([last, last + 1].map((n) => sends.seqOf(n)), [2 * last, 7]);
});

pure("Sends that are trimmed before there are as many lose nothing", () => {
  const sends = new Sends();
  sends.add(1, 5);
  sends.trim();
  assertEquals([sends.last, sends.seqOf(1)], [1, 5]);
  const empty = new Sends(3);
  empty.trim();
  assertEquals([empty.last, empty.seqOf(3)], [3, 0]);
});

pure(
  "Sends of all clients have one bound: who has most forgets the older half, and the last stay",
  () => {
    const memory = new MemoryBound(100_000);
    const all = [new Sends(0, memory), new Sends(0, memory), new Sends(0, memory)];
    const [ana, ben, cleo] = all;
    for (let n = 1; n <= 300; n++) ana!.add(n, n);
    for (let n = 1; n <= 10_000; n++) for (const sends of [ben!, cleo!]) sends.add(n, n);
    assert(memory.bytes <= 100_000, `${memory.bytes}`);
    assertEquals(ana!.seqOf(1), 1);
    for (const sends of [ben!, cleo!]) {
      assertEquals([1, 10_000 - KEPT_SENDS + 1].map((n) => sends.seqOf(n)), [
        0,
        10_000 - KEPT_SENDS + 1,
      ]);
    }
    for (const sends of all) sends.close();
    assertEquals(memory.bytes, 0);
  },
);
