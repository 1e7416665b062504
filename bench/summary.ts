// This module is pure: no sockets, no clock, no Deno.

/**
 * Summaries of a run of the latency benchmark: a row of `summary.csv`, a text for the
 * terminal, an object for machines.
 *
 * @module
 */

import type { Bar, Quantiles } from "./histogram.ts";
import { fixed, mebibytes, ms, percent, rounded } from "./numbers.ts";
import type { Slice } from "./timeline.ts";

/** `failed`: something was lost, doubled, reordered, or broke. `void`: the generator was too busy to tell. */
export type RunStatus = "ok" | "failed" | "void";

/** The outcome of a run. */
export interface LoadCounts {
  sent: number;
  expected: number;
  received: number;
  missing: number;
  duplicate: number;
  reordered: number;
  unacknowledged: number;
  /** Problems, one line each; empty for a run without any. */
  problems: string[];
}

/** Settings of a run, and which run it is. */
export interface RunParameters {
  run: number;
  url: string;
  clients: number;
  rooms: number;
  senders: number;
  rate: number;
  durationS: number;
  warmupS: number;
  payload: number;
  seed: number;
  inFlight: number;
  /** The store that the server was told to keep its rooms in, where it was. */
  store: string | undefined;
}

/** One run; latencies in milliseconds. */
export interface RunResult {
  parameters: RunParameters;
  status: RunStatus;
  counts: LoadCounts;
  /** Latency from when a message was due. */
  scheduled: Quantiles;
  /** Latency from when it was sent. */
  sent: Quantiles;
  /** The delays with which messages were sent. */
  late: Quantiles;
  /** Deliveries a second that the load asks for: those expected, over the time that is measured. */
  askedPerSecond: number;
  /** Deliveries a second that came, from the first message due to the last delivery. */
  deliveredPerSecond: number;
  serverCpuSeconds: number | undefined;
  serverRssBytes: number | undefined;
  /** The share of a core that the generator used. */
  generatorCpu: number;
  deno: string;
  machine: string;
  /** The distribution of the latency from when a message was due. */
  bars: Bar[];
  slices: Slice[];
}

/** The columns of `summary.csv`; latencies in milliseconds, rates in deliveries a second. */
export const SUMMARY_COLUMNS = [
  ...["run", "status", "url", "clients", "rooms", "senders", "rate", "duration", "warmup"] as const,
  ...["payload", "seed", "in_flight", "store"] as const,
  ...["sent", "expected", "received", "missing", "duplicate", "reordered"] as const,
  ...["unacknowledged"] as const,
  ...["min", "mean", "p50", "p90", "p95", "p99", "p99.9", "max"] as const,
  ...["asked_per_second", "delivered_per_second"] as const,
  ...["send_p50", "send_p99", "send_max", "late_p50", "late_p99", "late_max"] as const,
  ...["server_cpu_seconds", "server_rss_bytes", "generator_cpu"] as const,
  ...["deno_version", "machine"] as const,
];

/** One column of `summary.csv`. */
export type SummaryColumn = typeof SUMMARY_COLUMNS[number];

/** A run as a row of `summary.csv`. A void run has no figures: its fields are empty. */
export function summaryRow(result: RunResult): Record<SummaryColumn, string | number> {
  const { parameters: p, counts, scheduled, sent, late, status } = result;
  const figures = {
    ...scheduled,
    delivered_per_second: result.deliveredPerSecond,
    send_p50: sent.p50,
    send_p99: sent.p99,
    send_max: sent.max,
    late_p50: late.p50,
    late_p99: late.p99,
    late_max: late.max,
  };
  return {
    run: p.run,
    status,
    url: p.url,
    clients: p.clients,
    rooms: p.rooms,
    senders: p.senders,
    rate: p.rate,
    duration: p.durationS,
    warmup: p.warmupS,
    payload: p.payload,
    seed: p.seed,
    in_flight: p.inFlight,
    store: p.store ?? "",
    sent: counts.sent,
    expected: counts.expected,
    received: counts.received,
    missing: counts.missing,
    duplicate: counts.duplicate,
    reordered: counts.reordered,
    unacknowledged: counts.unacknowledged,
    asked_per_second: figure(result.askedPerSecond),
    ...mapValues(figures, (value) => status === "void" ? "" : figure(value)),
    server_cpu_seconds: figure(result.serverCpuSeconds),
    server_rss_bytes: figure(result.serverRssBytes),
    generator_cpu: figure(result.generatorCpu),
    deno_version: result.deno,
    machine: result.machine,
  };
}

/** A number for those who calculate with it; empty where there is none. */
function figure(value: number | undefined): number | "" {
  return value !== undefined && Number.isFinite(value) ? rounded(value) : "";
}

/** A run as `--json` prints it: the row, and what went wrong. */
export function summaryJson(result: RunResult): Record<string, unknown> {
  const row = mapValues(summaryRow(result), (value) => value === "" ? null : value);
  return { ...row, problems: result.counts.problems };
}

/** A run for people to read. */
export function summaryText(result: RunResult): string {
  const { parameters: p, counts, scheduled, sent, late, status } = result;
  const lines = [
    `Run ${p.run}: ${p.clients} clients in ${p.rooms} rooms, ${p.senders} senders each, ` +
    `${p.rate} msg/s for ${p.durationS} s${p.store === undefined ? "" : `, on ${p.store}`}`,
    `  deliveries   ${counts.received} of ${counts.expected}` +
    (counts.problems.length === 0 ? ", each once and in order" : ""),
  ];
  if (status === "void") {
    lines.push("  VOID         the generator was too busy to measure anything but itself");
  } else if (counts.received > 0) {
    const line = ({ p50, p90, p99, "p99.9": p999, max }: Quantiles) =>
      `p50 ${ms(p50)}  p90 ${ms(p90)}  p99 ${ms(p99)}  p99.9 ${ms(p999)}  max ${ms(max)}`;
    lines.push(
      `  latency      ${line(scheduled)}   from when each message was due`,
      `  send-based   ${line(sent)}   hides what happened before it was sent`,
      `  sent late    ${line(late)}`,
      `  delivered    ${fixed(result.deliveredPerSecond, 0)}/s of ` +
        `${fixed(result.askedPerSecond, 0)}/s asked for`,
    );
    if (late.p50 > 1_000 / p.rate) {
      lines.push(
        "  note         acknowledgements take longer than the interval between two messages of a sender:",
        "               it falls behind. --in-flight 0 sends without waiting for them",
      );
    }
  }
  if (result.serverCpuSeconds !== undefined && result.serverRssBytes !== undefined) {
    const [cpu, memory] = [fixed(result.serverCpuSeconds, 2), mebibytes(result.serverRssBytes)];
    lines.push(`  server       ${cpu} CPU-seconds, ${memory}`);
  }
  lines.push(`  generator    ${percent(result.generatorCpu)} of its core`);
  lines.push(`  on           Deno ${result.deno}, ${result.machine}`);
  return lines.join("\n");
}

function mapValues<Key extends string, From, To>(
  record: Record<Key, From>,
  map: (value: From) => To,
): Record<Key, To> {
  const entries = Object.entries(record) as [Key, From][];
  return Object.fromEntries(entries.map(([key, value]) => [key, map(value)])) as Record<Key, To>;
}
