import { assertEquals } from "@std/assert";
import { labelOf, quantileBetween, readMetrics, sumOf } from "../../src/daemon/scrape.ts";
import { Metrics } from "../../src/core/state/metrics.ts";
import { expose } from "../../src/ops/exposition.ts";
import { pure } from "../support/pure.ts";

function scraped(metrics: Metrics) {
  return readMetrics(expose({
    metrics,
    gauges: { clientsAway: 1, rooms: 2, members: 3, storeUp: true },
    usage: { cpuSeconds: 1.5, residentBytes: 1e8, startedAt: 1_000 },
    build: { version: "1.2.3", deno: "2.9.6", store: "sqlite" },
  }, "prometheus"));
}

pure("what /metrics answers is read back, and labels are added up", () => {
  const metrics = new Metrics();
  metrics.open("v1");
  metrics.open("v1");
  metrics.open("plain");
  const numbers = scraped(metrics);
  assertEquals(numbers.get('parley_connections{protocol="v1"}'), 2);
  assertEquals([sumOf(numbers, "parley_connections"), sumOf(numbers, "parley_members")], [3, 3]);
  assertEquals(sumOf(numbers, "parley_no_such_thing"), 0);
  assertEquals(labelOf(numbers, "parley_build_info", "store"), "sqlite");
  assertEquals(labelOf(numbers, "parley_build_info", "colour"), undefined);
});

pure("a quantile is of what a histogram has seen between two readings", () => {
  const metrics = new Metrics();
  const name = "parley_delivery_delay_seconds";
  assertEquals(quantileBetween(undefined, scraped(metrics), name, 0.5), undefined);
  metrics.deliveryDelay.observe(1, 100);
  const before = scraped(metrics);
  metrics.deliveryDelay.observe(0.001, 98);
  metrics.deliveryDelay.observe(0.1, 2);
  const after = scraped(metrics);
  assertEquals(quantileBetween(before, after, name, 0.5), 0.001);
  assertEquals(quantileBetween(before, after, name, 0.99), 0.1);
  assertEquals(quantileBetween(undefined, after, name, 0.99), 1);
  metrics.deliveryDelay.observe(100);
  assertEquals(quantileBetween(after, scraped(metrics), name, 0.5), Infinity);
});

pure("lines that are none are left out", () => {
  assertEquals([...readMetrics("# HELP a b\n\nnonsense\na 1\n")], [["a", 1]]);
});
