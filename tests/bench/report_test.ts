import { assert, assertEquals, assertMatch } from "@std/assert";
import { comparisonPage, comparisonRow } from "../../bench/comparison_text.ts";
import { Histogram, quantilesOf } from "../../bench/histogram.ts";
import { latencyReport } from "../../bench/latency_report.ts";
import type { Measurement } from "../../bench/measurements.ts";
import { scaleCards } from "../../bench/scale_text.ts";
import { SCALE_SHAPES, SHAPES } from "../../bench/shapes.ts";
import {
  type RunResult,
  type RunStatus,
  summaryJson,
  summaryRow,
  summaryText,
} from "../../bench/summary.ts";
import { Timeline } from "../../bench/timeline.ts";

function pure(name: string, fn: () => void): void {
  Deno.test({ name, permissions: "none", fn });
}

/** A number with what binary fractions leave behind. */
const LONG = /\d\.\d{7,}/;

const NOW = new Date("2026-01-02T03:04:05Z");

function result(status: RunStatus, problems: string[] = []): RunResult {
  const histogram = new Histogram();
  const timeline = new Timeline(1_000);
  for (let i = 1; i <= 1_000; i++) {
    histogram.add(i / 100);
    timeline.add(i, i + i / 100);
  }
  return {
    parameters: {
      run: 1,
      url: "ws://localhost:1",
      clients: 4,
      rooms: 1,
      senders: 1,
      rate: 30,
      durationS: 10,
      warmupS: 1,
      payload: 64,
      seed: 1,
      inFlight: 1,
      store: undefined,
    },
    status,
    counts: {
      sent: 300,
      expected: 900,
      received: 900,
      missing: 0,
      duplicate: 0,
      reordered: 0,
      unacknowledged: 0,
      problems,
    },
    scheduled: quantilesOf(histogram),
    sent: quantilesOf(histogram),
    late: quantilesOf(histogram),
    askedPerSecond: 90,
    deliveredPerSecond: 90.012_345_678,
    serverCpuSeconds: 0.679_999_999_999_999_9,
    serverRssBytes: 1e8,
    generatorCpu: 0.2,
    deno: "2.9.6",
    machine: "a <fast> machine",
    bars: histogram.bars(20),
    slices: timeline.slices(),
  };
}

function measurement(server: string, perSecond: number): Measurement {
  return {
    ...{ server, shape: "pairs", round: 1, status: "ok", problem: "", perSecond },
    ...{ perCpuSecond: perSecond, messagesPerSecond: 1, entriesPerFrame: 1, bytesPerDelivery: 138 },
    ...{ serverCpu: 1, generatorCpu: 0.5, serverRssBytes: 1, p50: 1, p99: 2, "p99.9": 3, max: 4 },
    lost: 0,
  };
}

/** Finds what a page asks the network for, which is nothing. */
function references(html: string): string[] {
  return html.match(/\b(src|href|srcset|action)=|url\(|@import|https?:|<(script|link|iframe)/g) ??
    [];
}

pure("a report needs nothing but itself", () => {
  const html = latencyReport([result("ok"), result("ok")], NOW);
  assertEquals(references(html), []);
  assertMatch(html, /prefers-color-scheme:dark/);
  assertEquals(html.match(/<svg role="img"/g)?.length, 3);
  assertMatch(html, /a &lt;fast&gt; machine/);
  assert(!/NaN|Infinity|undefined/.test(html));
});

pure("no figure shows what binary fractions leave behind", () => {
  const html = latencyReport([result("ok")], NOW);
  assert(!LONG.test(html), html.match(LONG)?.[0]);
  const json = JSON.stringify(summaryJson(result("ok")));
  assert(!LONG.test(json), json);
  assertMatch(json, /"server_cpu_seconds":0\.68,/);
});

pure("what the load asks for and what was delivered have different words", () => {
  const asked = { ...result("ok"), askedPerSecond: 100 };
  assertMatch(
    latencyReport([asked], NOW),
    /<dt>delivered<\/dt><dd>90\/s<\/dd><small>of 100\/s asked for</,
  );
  assertMatch(summaryText(asked), /delivered +90\/s of 100\/s asked for/);
  const { asked_per_second, delivered_per_second } = summaryRow(asked);
  assertEquals([asked_per_second, delivered_per_second], [100, 90.0123]);
  assertEquals(/throughput/i.test(summaryText(asked)), false);
});

pure("a void run shows no figures", () => {
  const row = summaryRow(result("void"));
  assertEquals([row.p50, row["p99.9"], row.delivered_per_second, row.status], ["", "", "", "void"]);
  const html = latencyReport([result("void")], NOW);
  assert(!html.includes("<svg"));
  assertMatch(html, /Void/);
});

pure("a run that failed says what went wrong", () => {
  const html = latencyReport([result("failed", ["Missing at receiver <b>"])], NOW);
  assertMatch(html, /<li>Missing at receiver &lt;b&gt;<\/li>/);
});

pure("a report of nothing is still a page", () => {
  assertMatch(latencyReport([], NOW), /^<!doctype html>/);
});

pure("a comparison shows every server, and what does not count", () => {
  const voided: Measurement = { ...measurement("Slow", 10), status: "void" };
  const html = comparisonPage({
    title: "Peers",
    measurements: [measurement("Parley", 2_000), measurement("Other", 1_000), voided],
    shapes: SHAPES.filter(({ name }) => name === "pairs"),
    servers: ["Parley", "Other", "Slow"],
    deno: "2.9.6",
    machine: "here",
    now: NOW,
    notes: ["Parley: has a log."],
  });
  assertEquals(references(html), []);
  assertMatch(html, /1 of 3 runs do not count/);
  assertEquals(html.match(/<rect/g)?.length, 2);
  assert(!LONG.test(html.replaceAll(/<style>.*<\/style>/gs, "")));
  assertEquals(comparisonRow(voided, { deno: "", machine: "" }).deliveries_per_second, "");
});

pure("what a delivery costs is drawn over members and over rooms, for each server", () => {
  const servers = ["Parley", "Deno alone"];
  const measurements = SCALE_SHAPES.flatMap(({ name }) =>
    servers.map((server): Measurement => ({
      ...measurement(server, server === "Parley" && name === "members-10000" ? 50_000 : 200_000),
      shape: name,
    }))
  );
  const [members = "", rooms = ""] = scaleCards(measurements, servers);
  assertMatch(members, /Parley: 5 to 20 µs, a factor of 4\. Deno alone: 5 to 5 µs/);
  assertMatch(rooms, /Parley: 5 to 5 µs, a factor of 1\./);
  assertEquals([members, rooms].map((card) => card.match(/<polyline/g)?.length), [2, 2]);
  assertMatch(scaleCards([], servers)[0]!, /No deliveries/);
});
