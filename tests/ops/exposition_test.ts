import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { count, Metrics } from "../../src/core/state/metrics.ts";
import { expose, formatFor, FORMATS } from "../../src/ops/exposition.ts";
import { FAMILIES, type MetricsReading } from "../../src/ops/families.ts";
import { findProgram } from "../support/permissions.ts";
import { pure } from "../support/pure.ts";

/** A reading with something in each table. */
function reading(): MetricsReading {
  const metrics = new Metrics();
  metrics.open("v1");
  metrics.open("plain");
  metrics.close("plain", 1000);
  count(metrics.refused, "full");
  count(metrics.requests, "message", 3);
  count(metrics.errors, "rate_limited");
  count(metrics.appended, "message", 3);
  count(metrics.rejected, "message", 1);
  count(metrics.resumes, "resumed");
  count(metrics.recoveries, "true");
  for (const name of ["appendDuration", "deliveryDelay", "receiveLag", "eventLoopDelay"] as const) {
    metrics[name].observe(0.0015, 2);
  }
  return {
    metrics,
    gauges: { clientsAway: 1, rooms: 2, members: 3, storeUp: true, pending: 4 },
    usage: { cpuSeconds: 1.5, residentBytes: 1e8, startedAt: 1.7e9 },
    build: { version: '1.0 "x"\\', deno: "2.9.6", store: "memory" },
  };
}

pure("the text for Prometheus has the endings in its names, and buckets that add up", () => {
  const text = expose(reading(), "prometheus");
  for (
    const line of [
      '# TYPE parley_build_info gauge\nparley_build_info{version="1.0 \\"x\\"\\\\",deno="2.9.6",store="memory"} 1\n',
      '# TYPE parley_requests_total counter\nparley_requests_total{action="message"} 3\n',
      'parley_connections{protocol="plain"} 0\nparley_connections{protocol="v1"} 1\n',
      // Of three messages one was there already.
      'parley_entries_total{kind="message"} 2\n',
      'parley_delivery_delay_seconds_bucket{le="0.00125"} 0\nparley_delivery_delay_seconds_bucket{le="0.0016"} 2\n',
      'parley_delivery_delay_seconds_bucket{le="10.0"} 2\nparley_delivery_delay_seconds_bucket{le="+Inf"} 2\n',
      "parley_delivery_delay_seconds_sum 0.003\nparley_delivery_delay_seconds_count 2\n",
      "parley_store_up 1\n",
    ]
  ) assertStringIncludes(text, line);
});

pure("OpenMetrics names families without their endings, gives units, and has an end", () => {
  const text = expose(reading(), "openMetrics");
  assertStringIncludes(text, "# TYPE parley_build info\nparley_build_info{");
  assertStringIncludes(text, "# TYPE parley_requests counter\nparley_requests_total{");
  assertStringIncludes(text, "# UNIT parley_sent_bytes bytes\nparley_sent_bytes_total 0\n");
  assert(text.endsWith("\n# EOF\n"));
});

pure("what nobody counts is not there at all", () => {
  const { gauges: { pending: _, ...gauges }, ...rest } = reading();
  const text = expose({ ...rest, gauges, metrics: new Metrics() }, "prometheus");
  for (const name of ["store_pending", "parley_requests_total", "closed_total"]) {
    assertEquals(text.includes(name), false, name);
  }
});

pure("names are of one word, base units, and with their unit at the end", () => {
  for (const { name, unit, type, help } of FAMILIES) {
    assert(/^(?:parley|process)_[a-z_]+$/.test(name) && !name.endsWith("_total"), name);
    assert(unit === undefined || name.endsWith(`_${unit}`), name);
    assert(type !== "histogram" || unit === "seconds", name);
    assert(/^[A-Z1].*\.$/.test(help), help);
  }
  assertEquals(new Set(FAMILIES.map(({ name }) => name)).size, FAMILIES.length);
});

pure("Accept says the format, and silence means Prometheus", () => {
  const scraper = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3";
  const browser = "text/html,application/xhtml+xml,*/*;q=0.8";
  assertEquals(
    [null, "", scraper, browser, "text/plain", "application/openmetrics-text; version=2.0.0"]
      .map(formatFor),
    ["prometheus", "prometheus", "openMetrics", "prometheus", "prometheus", "prometheus"],
  );
  assertEquals(formatFor("APPLICATION/OPENMETRICS-TEXT"), "openMetrics");
  assertEquals(formatFor("application/openmetrics-text;q=0, text/plain"), "prometheus");
});

Deno.test("promtool finds nothing to say about the text", {
  ignore: findProgram("promtool") === undefined,
}, async () => {
  const child = new Deno.Command("promtool", {
    args: ["check", "metrics"],
    stdin: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(expose(reading(), "prometheus")));
  await writer.close();
  const { code, stderr } = await child.output();
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
  assertEquals(Object.keys(FORMATS), ["prometheus", "openMetrics"]);
});
