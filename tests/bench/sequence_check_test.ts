import { assertEquals } from "@std/assert";
import { describeRanges, SequenceCheck, sizeOf } from "../../bench/sequence_check.ts";

function pure(name: string, fn: () => void): void {
  Deno.test({ name, permissions: "none", fn });
}

function checkOf(numbers: number[]): SequenceCheck {
  const check = new SequenceCheck();
  for (const number of numbers) check.take(number);
  return check;
}

pure("a sequence that came whole and in order has nothing to tell", () => {
  const check = checkOf(Array.from({ length: 2_000 }, (_, i) => i));
  assertEquals([check.missing(2_000), check.duplicates, check.reordered], [[], [], []]);
  assertEquals(check.received, 2_000);
});

pure("what never came is missing, the end included", () => {
  assertEquals(checkOf([0, 3, 4, 7]).missing(10), [
    { from: 1, to: 2 },
    { from: 5, to: 6 },
    { from: 8, to: 9 },
  ]);
});

pure("a receiver that got nothing has missed everything", () => {
  assertEquals(new SequenceCheck().missing(300), [{ from: 0, to: 299 }]);
});

pure("what comes again is a duplicate each time", () => {
  const check = checkOf([0, 1, 1, 2, 1]);
  assertEquals(sizeOf(check.duplicates), 2);
  assertEquals(check.received, 3);
});

pure("what comes after a greater number is reordered, and not missing", () => {
  const check = checkOf([0, 2, 1, 3]);
  assertEquals([check.reordered, check.missing(4)], [[{ from: 1, to: 1 }], []]);
});

pure("ranges are told in short", () => {
  const ranges = checkOf([1, 5, 9]).missing(12);
  assertEquals(describeRanges(ranges), "0, 2–4, 6–8, 10–11");
  assertEquals(describeRanges(ranges, 2), "0, 2–4 and 2 more ranges");
});
