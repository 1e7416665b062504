import { assert, assertEquals } from "@std/assert";
import { Histogram, quantilesOf } from "../../bench/histogram.ts";
import { randomFrom } from "../../bench/schedule.ts";

function pure(name: string, fn: () => void): void {
  Deno.test({ name, permissions: "none", fn });
}

pure("percentiles are within a thousandth of those of a full sort", () => {
  const random = randomFrom(7);
  const histogram = new Histogram();
  // From microseconds to minutes, as latencies are.
  const values = Array.from({ length: 20_000 }, () => 10 ** (random() * 7 - 2));
  for (const value of values) histogram.add(value);
  values.sort((a, b) => a - b);
  for (const quantile of [0, 0.001, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999, 1]) {
    const exact = values[Math.max(0, Math.ceil(quantile * values.length) - 1)]!;
    const error = Math.abs(histogram.percentile(quantile) - exact) / exact;
    assert(error < 0.001, `p${100 * quantile} is off by ${error}`);
  }
});

pure("least, most, mean and count are exact", () => {
  const histogram = new Histogram();
  for (const value of [3.25, 1.5, 100.125]) histogram.add(value);
  const { min, max, mean, count } = histogram;
  assertEquals({ min, max, mean, count }, { min: 1.5, max: 100.125, mean: 104.875 / 3, count: 3 });
});

pure("an empty histogram has no figures", () => {
  assertEquals([...new Set(Object.values(quantilesOf(new Histogram())))], [NaN]);
});

pure("what is too short or too long for a bucket still counts", () => {
  const histogram = new Histogram();
  for (const value of [0, 0.000_1, 1e9]) histogram.add(value);
  assertEquals([histogram.count, histogram.min, histogram.max], [3, 0, 1e9]);
  assert(histogram.percentile(0.5) <= 0.001);
});

pure("bars hold every value once", () => {
  const histogram = new Histogram();
  for (let value = 1; value <= 1_000; value++) histogram.add(value / 10);
  const bars = histogram.bars(20);
  assertEquals(bars.reduce((sum, { count }) => sum + count, 0), 1_000);
  bars.slice(1).forEach(({ fromMs }, i) => assert(Math.abs(fromMs / bars[i]!.toMs - 1) < 1e-9));
});
