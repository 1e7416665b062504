import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  costOfEntering,
  costOfFrame,
  costOfRenaming,
  costOfSaying,
  costOfTelling,
  TokenBucket,
} from "../../../src/core/limits/rate_limit.ts";
import type { MessageParts } from "../../../src/protocol/frames.ts";
import { messageDraft } from "../../../src/store/suite/drafts.ts";
import { pure } from "../../support/pure.ts";

pure("TokenBucket.take() lets a burst through and then one for each that comes back", () => {
  const bucket = new TokenBucket({ perSecond: 125, burst: 3 }, 0);
  assertEquals([1, 2, 3].map(() => bucket.take(1, 0)), [0, 0, 0]);
  assertEquals(bucket.take(1, 0), 8);
  assertEquals(bucket.take(1, 7), 1);
  assertEquals(bucket.take(1, 8), 0);
  assertEquals(bucket.take(1, 8), 8);
});

pure("TokenBucket.take() saves up no more than the burst", () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 3 }, 0);
  assertEquals([1, 2, 3, 4].map(() => bucket.take(1, 1_000_000)), [0, 0, 0, 100]);
});

pure("TokenBucket.take() lets anything in for the last token, and has it paid off", () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 3, start: 1 }, 0);
  assertEquals(bucket.take(8, 0), 0);
  assertEquals([bucket.take(1, 0), bucket.take(99, 0), bucket.take(0, 0)], [800, 800, 800]);
  assertEquals(bucket.take(99, 800), 0);
});

pure("TokenBucket.take() begins with what there is at first, and saves up more", () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 3, start: 1 }, 0);
  assertEquals([bucket.take(1, 0), bucket.take(1, 0)], [0, 100]);
  assertEquals([1, 2, 3, 4].map(() => bucket.take(1, 1_000)), [0, 0, 0, 100]);
});

pure("TokenBucket.spend() takes what is not there, and what comes next waits for it", () => {
  const bucket = new TokenBucket({ perSecond: 125, burst: 3 }, 0);
  bucket.spend(5);
  assertEquals(bucket.take(1, 0), 24);
  assertEquals(bucket.take(1, 24), 0);
});

pure("TokenBucket.take() knows no limit where there is none", () => {
  const bucket = new TokenBucket({ perSecond: Infinity, burst: Infinity }, 0);
  for (let i = 0; i < 1_000; i++) assertEquals(bucket.take(1_000_000, 0), 0);
});

pure(
  "waiting as long as TokenBucket.take() said is enough, and one millisecond less is not",
  () => {
    const rates = fc.record({
      perSecond: fc.integer({ min: 1, max: 1_000 }),
      burst: fc.integer({ min: 1, max: 100 }),
    });
    const costs = fc.array(fc.integer({ min: 1, max: 150 }), { maxLength: 30 });
    fc.assert(fc.property(rates, costs, (rate, list) => {
      const bucket = new TokenBucket(rate, 0);
      let now = 0;
      for (const cost of list) {
        const wait = bucket.take(cost, now);
        if (wait === 0) continue;
        if (wait > 1) assert(bucket.take(cost, now + wait - 1.001) > 0);
        now += wait;
        assertEquals(bucket.take(cost, now + 1e-6), 0);
        now += 1e-6;
      }
    }));
  },
);

pure("a frame costs a token, and one for each KiB", () => {
  assertEquals([0, 1_023, 1_024, 65_536].map(costOfFrame), [1, 1, 2, 65]);
});

pure("what is told to a hundred members costs its price, and to more as many times as much", () => {
  const costs = [2, 100, 125, 150, 400].map((members) => costOfTelling(2, members));
  assertEquals(costs, [0, 0, 0.5, 1, 6]);
});

pure("another name costs for each room, and for all who are told", () => {
  assertEquals(costOfRenaming(1, 2), 1 + 0.02);
  assertEquals(costOfRenaming(99, 99 * 120), 99 + 118.8);
});

pure(
  "messages cost for each entry that comes of them, and more for more than a hundred members",
  () => {
    const cost = (bodies: string[], members: number, parts: MessageParts = {}) =>
      costOfSaying(bodies.map((body) => ({ ...messageDraft("ana", 1, body), ...parts })), members);
    assertEquals([100, 150, 400].map((members) => cost(["a"], members)), [0, 0.5, 3]);
    assertEquals([2, 400].map((members) => cost(["a", "b", "c"], members)), [2, 2 + 3 * 3]);
    assertEquals(cost(["x".repeat(65_536)], 400), 65 * 3);
    assertEquals(cost([""], 400, { data: "x".repeat(65_536) }), 65 * 3);
  },
);

pure("coming into a room costs for all who are told, and for what is sent", () => {
  assertEquals(costOfEntering(2, 16_383), 0);
  assertEquals(costOfEntering(150, 16_384), 1 + 1);
  assertEquals(costOfEntering(0, 4 * 1_048_576), 256);
  assertEquals(costOfEntering(400, 0), 6);
});
