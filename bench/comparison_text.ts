// This module is pure: no sockets, no clock, no Deno.

/**
 * A comparison as rows of a CSV file, as lines on a terminal, and as a page.
 *
 * @module
 */

import { rankChart } from "./charts.ts";
import { type Measurement, middleOf } from "./measurements.ts";
import { banner, card, page, table } from "./page.ts";
import type { Shape } from "./shapes.ts";
import { escape } from "./svg.ts";
import { fixed, ms, percent, short } from "./numbers.ts";

/** The columns of `throughput.csv` and `peers.csv`: a row for each run. */
export const COMPARISON_COLUMNS = [
  ...["round", "shape", "server", "status", "deliveries_per_second"] as const,
  ...["deliveries_per_cpu_second", "messages_per_second", "entries_per_frame"] as const,
  ...["bytes_per_delivery", "server_cpu", "generator_cpu", "server_rss_bytes"] as const,
  ...["p50", "p99", "p99.9", "max", "lost", "deno_version", "machine", "problem"] as const,
];

/** One column of it. */
export type ComparisonColumn = typeof COMPARISON_COLUMNS[number];

/** A run as a row. A void or failed one has no figures but those that say why. */
export function comparisonRow(
  it: Measurement,
  { deno, machine }: { deno: string; machine: string },
): Record<ComparisonColumn, string | number> {
  const figure = (value: number, digits: number) =>
    it.status === "ok" && Number.isFinite(value) ? fixed(value, digits) : "";
  const share = (value: number) => Number.isFinite(value) ? fixed(value, 3) : "";
  return {
    round: it.round,
    shape: it.shape,
    server: it.server,
    status: it.status,
    deliveries_per_second: figure(it.perSecond, 0),
    deliveries_per_cpu_second: figure(it.perCpuSecond, 0),
    messages_per_second: figure(it.messagesPerSecond, 0),
    entries_per_frame: figure(it.entriesPerFrame, 2),
    bytes_per_delivery: figure(it.bytesPerDelivery, 1),
    server_cpu: share(it.serverCpu),
    generator_cpu: share(it.generatorCpu),
    server_rss_bytes: figure(it.serverRssBytes, 0),
    p50: figure(it.p50, 3),
    p99: figure(it.p99, 3),
    "p99.9": figure(it["p99.9"], 3),
    max: figure(it.max, 3),
    lost: Number.isFinite(it.lost) ? it.lost : "",
    deno_version: deno,
    machine,
    problem: it.problem,
  };
}

/** One run as a line for a terminal. */
export function measurementLine(it: Measurement): string {
  const name = `${it.shape.padEnd(10)} ${it.server.padEnd(18)}`;
  const cpu = `server ${percent(it.serverCpu)}, generator ${percent(it.generatorCpu)} of a core`;
  if (it.status === "failed") return `${name} FAILED: ${it.problem}`;
  if (it.status === "void") return `${name} VOID: the generator measured itself (${cpu})`;
  return `${name} ${short(it.perSecond).padStart(7)} deliveries/s ` +
    `${short(it.perCpuSecond).padStart(7)}/CPU-s  p50 ${ms(it.p50)} p99 ${ms(it.p99)}  ` +
    cpu;
}

/** The parts of a page about a comparison. */
export interface ComparisonPage {
  title: string;
  measurements: readonly Measurement[];
  shapes: readonly Shape[];
  /** Servers in the order in which they were asked for; the first one is ours. */
  servers: readonly string[];
  deno: string;
  machine: string;
  now: Date;
  /** Cards that it shows instead of a ranking under each shape. */
  cards?: readonly string[] | undefined;
  /** Things that are not equal between the servers, one line each. */
  notes: readonly string[];
}

/** Writes the page of a comparison. */
export function comparisonPage(it: ComparisonPage): string {
  const { title, measurements, shapes, now, deno, machine, notes } = it;
  const cards = it.cards ?? shapes.map((shape) => shapeCard(it, shape));
  const lost = measurements.filter(({ status }) => status !== "ok");
  const subtitle = `Medians of ${Math.max(0, ...measurements.map(({ round }) => round))} rounds ` +
    `on ${now.toISOString().slice(0, 10)}; Deno ${deno}; ${machine}.`;
  return page({
    title,
    subtitle,
    parts: [
      ...lost.length === 0 ? [] : [
        banner("bad", `${lost.length} of ${measurements.length} runs do not count: see the table.`),
      ],
      ...cards,
      card("Every run", everyRun(measurements), "As they were made, round by round."),
      ...notes.length === 0 ? [] : [card("What is not equal", notesList(notes))],
    ],
  });
}

function shapeCard({ measurements, servers }: ComparisonPage, shape: Shape): string {
  const { name, rooms, members, senders, rate, window } = shape;
  const how =
    `${rooms} ${rooms === 1 ? "room" : "rooms"} of ${members} members, ${senders} sending, ` +
    (rate === undefined
      ? `${window} messages in flight in each room. More is better.`
      : `${rate} messages a second each. Lower is better: the load is the same for all.`);
  const figure = rate === undefined ? "perSecond" : "p99";
  const ours = servers[0] ?? "";
  const ranks = servers.flatMap((server) => {
    const middle = middleOf(measurements, { server, shape: name }, figure);
    if (middle === undefined) return [];
    const perCpu = middleOf(measurements, { server, shape: name }, "perCpuSecond")?.median ?? NaN;
    const p50 = middleOf(measurements, { server, shape: name }, "p50")?.median ?? NaN;
    const note = rate === undefined
      ? `${short(middle.median)}/s · ${short(perCpu)}/CPU-s`
      : `p99 ${ms(middle.median)} · p50 ${ms(p50)}`;
    const spread: [number, number] = [middle.least, middle.most];
    return [{ label: server, value: middle.median, note, ours: server === ours, spread }];
  });
  return card(name, rankChart(name, { ranks, lowIsGood: rate !== undefined }), how);
}

function everyRun(measurements: readonly Measurement[]): string {
  const head = ["shape", "server", "round", "deliveries/s", "per CPU-s", "entries/frame"];
  const more = ["bytes each", "p50", "p99", "server CPU", "generator CPU"];
  return table(
    [...head, ...more],
    measurements.map((it) => {
      const about = [it.shape, it.server, String(it.round)];
      const cpu = [percent(it.serverCpu), percent(it.generatorCpu)];
      if (it.status !== "ok") return [...about, it.status, "", "", "", "", "", ...cpu];
      return [
        ...about,
        short(it.perSecond),
        short(it.perCpuSecond),
        fixed(it.entriesPerFrame, 1),
        fixed(it.bytesPerDelivery, 0),
        ms(it.p50),
        ms(it.p99),
        ...cpu,
      ];
    }),
  );
}

function notesList(notes: readonly string[]): string {
  const items = notes.map((note) => {
    const [name = "", ...rest] = note.split(": ");
    return `<li><b>${escape(name)}</b>: ${escape(rest.join(": "))}</li>`;
  });
  return `<ul>${items.join("")}</ul>`;
}
