import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { costOfEntries, costOfFrame, TokenBucket } from "../src/rate_limit.ts";
import { pure } from "./pure.ts";

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

pure("TokenBucket.take() lets a cost above the burst in when full, and has it paid off", () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 3 }, 0);
  assertEquals(bucket.take(8, 0), 0);
  assertEquals(bucket.take(1, 0), 600);
  assertEquals(bucket.take(1, 600), 0);
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

pure("a frame costs a token, one for each KiB, and one for each entry beside the first", () => {
  assertEquals([0, 1_023, 1_024, 65_536].map(costOfFrame), [1, 1, 2, 65]);
  const bodies = ["a", "b", "c"];
  assertEquals(costOfEntries({ action: "messages", bodies }, { size: 9 }), 2);
  assertEquals(costOfEntries({ action: "message", bodies: ["a"] }, { size: 9 }), 0);
  assertEquals(costOfEntries({ action: "rename", name: "Ana" }, { size: 9 }), 9);
});
