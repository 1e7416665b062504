// This module is pure: no sockets, no clock, no Deno.

/**
 * The report of the latency benchmark: one page with everything in it.
 *
 * @module
 */

import { distributionChart, timeChart } from "./charts.ts";
import { banner, card, facts, page, table } from "./page.ts";
import { fixed, mebibytes, ms, percent } from "./numbers.ts";
import { type RunResult, SUMMARY_COLUMNS, summaryRow } from "./summary.ts";
import { escape } from "./svg.ts";

/** The most problems of a run that are written out. */
const MOST_PROBLEMS = 20;

/** Writes the report of one or several runs; the charts are those of the run in the middle. */
export function latencyReport(results: readonly RunResult[], now: Date): string {
  const shown = middleOf(results);
  if (shown === undefined) {
    const subtitle = "The benchmark ended before there was anything to show.";
    return page({ title: "Parley latency", subtitle, parts: [] });
  }
  const { parameters: p, scheduled, sent } = shown;
  const plural = results.length > 1 ? `Run ${p.run} of ${results.length}. ` : "";
  const subtitle =
    `${plural}${p.clients} clients in ${p.rooms} ${p.rooms === 1 ? "room" : "rooms"}, ` +
    `${p.senders} sending in each, ${p.rate} messages a second for ${p.durationS} s, ` +
    `${p.payload} bytes${p.store === undefined ? "" : `, on ${p.store}`}. ${
      now.toISOString().slice(0, 16).replace("T", " ")
    } UTC.`;
  const seen = shown.status === "void" ? [] : [
    facts(keyFacts(shown)),
    card(
      "Distribution of latency",
      distributionChart(shown.bars, [
        { label: "p50", ms: scheduled.p50 },
        { label: "p99", ms: scheduled.p99 },
        { label: "max", ms: scheduled.max },
      ]),
      "From when a message was due until a client had it. Left is better; the far right is what people remember.",
    ),
    card(
      "Latency over time",
      overTime(shown),
      "A stall shows as a cliff: every message due during it waits.",
    ),
    card(
      "Deliveries over time",
      deliveriesOverTime(shown),
      "What came, beside what the load asks for: the two agree as long as the server keeps up. " +
        "How much it could deliver is what bench:throughput measures.",
    ),
    card(
      "Scheduled and send-based latency",
      table(
        ["", "from when it was due", "from when it was sent", "sent late by"],
        QUANTILES.map((key) => [key, ms(scheduled[key]), ms(sent[key]), ms(shown.late[key])]),
      ),
      "The second column is what a benchmark sees that waits for the server before it looks at its " +
        "clock. Where the two differ, believe the first.",
    ),
  ];
  return page({
    title: "Parley latency",
    subtitle,
    parts: [verdict(results), ...seen, problems(results), runs(results), origin(shown)],
  });
}

const QUANTILES = ["min", "p50", "p90", "p95", "p99", "p99.9", "max", "mean"] as const;

/** The run with the median p99: neither the lucky one nor the unlucky one. */
function middleOf(results: readonly RunResult[]): RunResult | undefined {
  const sorted = results.filter(({ status }) => status !== "void")
    .sort((a, b) => a.scheduled.p99 - b.scheduled.p99);
  return sorted[Math.floor(sorted.length / 2)] ?? results[0];
}

function keyFacts({ scheduled, counts, ...result }: RunResult) {
  const { askedPerSecond, deliveredPerSecond, serverCpuSeconds, serverRssBytes } = result;
  return [
    { label: "median", value: ms(scheduled.p50), note: `p90 ${ms(scheduled.p90)}` },
    { label: "99th percentile", value: ms(scheduled.p99), note: `p99.9 ${ms(scheduled["p99.9"])}` },
    { label: "longest", value: ms(scheduled.max), note: `of ${counts.received} deliveries` },
    {
      label: "delivered",
      value: `${fixed(deliveredPerSecond, 0)}/s`,
      note: `of ${fixed(askedPerSecond, 0)}/s asked for`,
    },
    ...serverCpuSeconds === undefined || serverRssBytes === undefined ? [] : [{
      label: "server",
      value: `${fixed(serverCpuSeconds, 2)} s CPU`,
      note: `${mebibytes(serverRssBytes)} of memory`,
    }],
  ];
}

function overTime({ slices }: RunResult): string {
  const line = (key: "p50" | "p99" | "max") =>
    slices.map((slice): [number, number] => [slice.atS, slice[key]]);
  return timeChart("Latency over time", {
    label: "latency, ms",
    mayBeLog: true,
    series: [
      // Where a slice has few deliveries the two are the same.
      { label: "max", style: "s3", shape: "wide", points: line("max") },
      { label: "p99", style: "s2", points: line("p99") },
      { label: "p50", style: "s1", points: line("p50") },
    ],
  });
}

function deliveriesOverTime({ slices, askedPerSecond }: RunResult): string {
  return timeChart("Deliveries over time", {
    label: "deliveries a second",
    series: [
      {
        label: "delivered",
        style: "s4",
        shape: "area",
        points: slices.map(({ atS, perSecond }) => [atS, perSecond]),
      },
      {
        label: "asked for",
        style: "s2",
        shape: "dashed",
        points: slices.map(({ atS }) => [atS, askedPerSecond]),
      },
    ],
  });
}

function verdict(results: readonly RunResult[]): string {
  const count = (key: "received" | "expected") =>
    results.reduce((sum, { counts }) => sum + counts[key], 0);
  if (results.some(({ status }) => status === "failed")) {
    return banner(
      "bad",
      `Failed: ${count("received")} of ${
        count("expected")
      } deliveries came; see the problems below.`,
    );
  }
  if (results.some(({ status }) => status === "void")) {
    return banner("bad", "Void: the generator was too busy to measure anything but itself.");
  }
  return banner("good", `All ${count("expected")} deliveries came, each once and in order.`);
}

function problems(results: readonly RunResult[]): string {
  const all = results.flatMap(({ counts }) => counts.problems);
  if (all.length === 0) return "";
  const items = all.slice(0, MOST_PROBLEMS).map((problem) => `<li>${escape(problem)}</li>`);
  const more = all.length > MOST_PROBLEMS
    ? `<li>… and ${all.length - MOST_PROBLEMS} more</li>`
    : "";
  return card("Problems", `<ul>${items.join("")}${more}</ul>`);
}

function runs(results: readonly RunResult[]): string {
  const rows = results.map(summaryRow);
  const columns = SUMMARY_COLUMNS.filter((column) =>
    column !== "machine" && column !== "deno_version" && column !== "url"
  );
  return card(
    "All figures",
    table(
      ["", ...results.map(({ parameters }) => `run ${parameters.run}`)],
      columns.map((column) => [column, ...rows.map((row) => row[column])]),
    ),
    "As in summary.csv: latencies in milliseconds, generator_cpu as a share of its core.",
  );
}

function origin({ parameters, deno, machine, generatorCpu }: RunResult): string {
  return card(
    "Where this was measured",
    `<p class="how">${escape(`${parameters.url}; Deno ${deno}; ${machine}.`)} The generator used ${
      percent(generatorCpu)
    } of its core; over 85 % a run is void. Each row of latency_results.csv is one delivery.</p>`,
  );
}
