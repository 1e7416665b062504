import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { backoff, patience } from "../../src/client/backoff.ts";
import { MOST_DELAY_MS } from "../../src/client/limits.ts";
import { pure } from "../support/pure.ts";

pure("backoff() doubles its bound up to the longest delay", () => {
  const almost = 1 - Number.EPSILON;
  assertEquals(
    [0, 1, 2, 4, 5, 1_000].map((attempt) => backoff(attempt, almost)),
    [999, 1_999, 3_999, 15_999, 19_999, 19_999],
  );
});

pure("backoff() takes any delay from nothing to its bound: full jitter", () => {
  const attempts = fc.integer({ min: 0, max: 10_000 });
  const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(fc.property(attempts, randoms, (attempt, random) => {
    const delay = backoff(attempt, random);
    assert(Number.isInteger(delay) && delay >= 0 && delay <= MOST_DELAY_MS, `${delay}`);
  }));
  assertEquals(backoff(4, 0), 0);
  assertEquals(backoff(4, 0.5), 8_000);
});

pure("patience() is what the server asked for, and more the more refusals came in a row", () => {
  assertEquals([0, 1, 2, 5, 6, 7, 1_000].map((refusals) => patience(0, refusals)), [
    50,
    100,
    200,
    1_600,
    3_200,
    3_200,
    3_200,
  ]);
  assertEquals([patience(700, 3), patience(700, 4), patience(9_000, 99)], [700, 800, 9_000]);
});
