import { assertEquals } from "@std/assert";
import { Metrics } from "../../src/core/state/metrics.ts";
import { FAMILIES } from "../../src/ops/families.ts";
import { instrument, runtimeMeter } from "../../src/ops/telemetry.ts";
import { pure } from "../support/pure.ts";

pure("each family has its instrument, with the names and numbers of /metrics", () => {
  const metrics = new Metrics();
  metrics.open("v1");
  metrics.deliveryDelay.observe(100);
  const seen = new Map<string, [number, unknown][]>();
  const create = (kind: string) => (name: string) => ({
    addCallback: (
      callback: (observer: { observe(value: number, labels?: unknown): void }) => void,
    ) => {
      const values: [number, unknown][] = [];
      callback({ observe: (value, labels) => values.push([value, labels]) });
      seen.set(`${kind} ${name}`, values);
    },
  });
  instrument(
    { createObservableCounter: create("counter"), createObservableGauge: create("gauge") },
    () => ({
      metrics,
      gauges: { clientsAway: 1, rooms: 2, members: 3, storeUp: true },
      usage: { cpuSeconds: 1, residentBytes: 2, startedAt: 3 },
      build: { version: "1", deno: "2", store: "memory" },
    }),
  );
  assertEquals(seen.get("counter parley_connections_opened_total"), [
    [0, { protocol: "plain" }],
    [1, { protocol: "v1" }],
  ]);
  assertEquals(seen.get("gauge parley_rooms"), [[2, undefined]]);
  assertEquals(seen.get("counter parley_delivery_delay_seconds_bucket")?.slice(-2), [
    [0, { le: "10" }],
    [1, { le: "+Inf" }],
  ]);
  assertEquals(seen.get("counter parley_delivery_delay_seconds_count"), [[1, undefined]]);
  const histograms = FAMILIES.filter(({ type }) => type === "histogram").length;
  assertEquals(seen.size, FAMILIES.length + 2 * histograms);
});

Deno.test("without OTEL_DENO there is no meter", () => {
  assertEquals(runtimeMeter(), undefined);
});
