import { assertEquals } from "@std/assert";
import { REMEMBERED_SENDS, Sends } from "../src/store/sends.ts";
import { pure } from "./pure.ts";

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
