import { assert, assertEquals } from "@std/assert";
import { BOUNDS, count, type Counts, Histogram, Metrics } from "../../../src/core/state/metrics.ts";
import { pure } from "../../support/pure.ts";

pure("the bounds of histograms grow by about a quarter, from 0.1 ms to 10 s", () => {
  assertEquals([BOUNDS[0], BOUNDS[10], BOUNDS.at(-1)], [0.0001, 0.001, 10]);
  const steps = BOUNDS.slice(1).map((bound, i) => bound / BOUNDS[i]!);
  assert(steps.every((step) => step > 1.2 && step < 1.3), `${steps}`);
});

pure("a histogram puts a time into the bucket whose bound is the first that is not less", () => {
  const histogram = new Histogram();
  histogram.observe(0);
  histogram.observe(0.0001, 3);
  histogram.observe(0.00011);
  histogram.observe(60);
  // Clocks of two machines.
  histogram.observe(-5);
  assertEquals(histogram.counts.slice(0, 2), [5, 1]);
  assertEquals([histogram.counts.at(-1), histogram.count], [1, 7]);
  assertEquals(Math.round(histogram.sum * 1e6), 60_000_410);
});

pure("count() begins at 0", () => {
  const counts: Counts<"a" | "b"> = {};
  count(counts, "a");
  count(counts, "a", 2);
  assertEquals(counts, { a: 3 });
});

pure("clients may close with any code, and yet there are few", () => {
  const metrics = new Metrics();
  for (let code = 3000; code < 4000; code++) {
    metrics.open("v1");
    metrics.close("v1", code);
  }
  assertEquals(Object.keys(metrics.closed).length, 65);
  assertEquals([metrics.closed["3000"], metrics.closed.other], [1, 936]);
  assertEquals([metrics.connections.v1, metrics.opened.v1], [0, 1_000]);
});
