import { assertEquals } from "@std/assert";
import type { Batch } from "../../../src/core/log/batches.ts";
import { BOUNDS, Histogram } from "../../../src/core/state/metrics.ts";
import { Clock } from "../../../src/server/connections/clock.ts";
import { DeliveryTimes } from "../../../src/server/connections/delivery_times.ts";

function batch(
  count: number,
  heardFrom: number,
  heardTo: number,
  heardBy?: "turn" | "wall",
): Batch {
  return { after: 0, frame: "", upTo: count, count, bytes: 0, heardBy, heardFrom, heardTo };
}

/** Times at a clock that stands, and the numbers of times by the bounds of their buckets in ms. */
function bench(now: number) {
  const histogram = new Histogram();
  const times = new DeliveryTimes(histogram, new Clock(() => now));
  const seen = () =>
    Object.fromEntries(
      histogram.counts.flatMap((count, i) => count > 0 ? [[BOUNDS[i]! * 1_000, count]] : []),
    );
  return { times, seen };
}

Deno.test("each entry counts once for each write, from when it was heard", () => {
  const { times, seen } = bench(100);
  const two = batch(2, 90, 98, "turn");
  times.written(two);
  times.written(two);
  assertEquals(seen(), {});
  times.look();
  assertEquals(seen(), { 2: 2, 10: 2 });
  times.look();
  assertEquals(seen(), { 2: 2, 10: 2 });
});

Deno.test("after eight writes it looks at the clock by itself", () => {
  const { times, seen } = bench(100);
  const [one, other] = [batch(1, 99, 99, "turn"), batch(1, 98, 98, "turn")];
  for (let i = 0; i < 5; i++) times.written(one);
  for (let i = 0; i < 2; i++) times.written(other);
  assertEquals(seen(), {});
  times.written(other);
  assertEquals(seen(), { 1: 5, 2: 3 });
});

Deno.test("many entries of a frame are taken to have come evenly, and none is lost", () => {
  const { times, seen } = bench(100);
  times.written(batch(1_001, 0, 99, "turn"));
  times.look();
  assertEquals(Object.values(seen()).reduce((sum, count) => sum + count), 1_001);
});

Deno.test("history has no time, and what came from a store that of the wall", () => {
  const { times, seen } = bench(100);
  times.written(batch(3, 0, 0));
  times.look();
  assertEquals(seen(), {});
  const at = Date.now() - 3_600_000;
  times.written(batch(1, at, at, "wall"));
  times.look();
  assertEquals(Object.values(seen()), [1]);
});
