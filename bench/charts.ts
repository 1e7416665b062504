// This module is pure: no sockets, no clock, no Deno.

/**
 * The charts of the reports, as inline SVG. Colours are classes of the page's style, so
 * that they follow its light and dark.
 *
 * @module
 */

import type { Bar } from "./histogram.ts";
import { percent, short } from "./numbers.ts";
import {
  ALONG,
  along,
  chart,
  escape,
  HEIGHT,
  linear,
  logarithmic,
  percentage,
  px,
  type Scale,
  stretched,
} from "./svg.ts";

const UP: [number, number] = [HEIGHT, 0];

/** Over this ratio of largest to smallest value, a latency axis is logarithmic. */
const LOG_FROM_RATIO = 25;

/** The labels of marks stand below each other, above everything that is drawn. */
const LABEL_PX = 15;

/** A value that a distribution is marked with. */
export interface Mark {
  label: string;
  ms: number;
}

/** Draws how often each latency came, on a logarithmic axis, with some percentiles marked. */
export function distributionChart(bars: readonly Bar[], marks: readonly Mark[]): string {
  const title = "Distribution of latency";
  const first = bars[0];
  const last = bars.at(-1);
  if (first === undefined || last === undefined) return nothing();
  const shown = marks.filter(({ ms }) => Number.isFinite(ms));
  const total = bars.reduce((sum, { count }) => sum + count, 0);
  const most = Math.max(...bars.map(({ count }) => count / total));
  const x = logarithmic([first.fromMs, last.toMs], ALONG);
  const y = linear([0, most], [HEIGHT, LABEL_PX * shown.length + 6]);
  const columns = bars.map(({ fromMs, toMs, count }) => {
    if (count === 0) return "";
    const from = x.at(fromMs);
    // One delivery among a million is still to be seen: it may be the one that matters.
    const up = Math.max(1.5, HEIGHT - y.at(count / total));
    return `<rect class="bar" x="${percentage(from)}" ` +
      `width="${percentage(0.88 * (x.at(toMs) - from))}" y="${px(HEIGHT - up)}" ` +
      `height="${px(up)}"><title>${short(fromMs)}–${short(toMs)} ms: ${count} deliveries, ` +
      `${percent(count / total, 2)}</title></rect>`;
  });
  const lines = shown.map(({ label, ms }, i) => {
    const at = x.at(ms);
    const [anchor, dx] = at > 60 ? ["end", -5] : ["start", 5];
    return `<line class="mark" x1="${percentage(at)}" x2="${percentage(at)}" ` +
      `y1="${LABEL_PX * i}" y2="${HEIGHT}"/><text class="mark-label" x="${percentage(at)}" ` +
      `dx="${dx}" y="${LABEL_PX * i + 11}" text-anchor="${anchor}">${escape(label)}</text>`;
  });
  const axes = {
    x: { ...x, label: "latency, ms (log)" },
    y: {
      ...y,
      label: "share of deliveries",
      format: (value: number) => `${short(100 * value)} %`,
    },
  };
  return chart(title, axes, columns.join("") + lines.join(""));
}

/** One line of a chart over time. */
export interface Series {
  label: string;
  /** A class of the page's style: `s1` to `s4`. */
  style: string;
  /** The area below is filled, a wide line shows around one that lies on it, or it is dashed. */
  shape?: "area" | "wide" | "dashed";
  /** `[seconds, value]`, or whatever lies along the chart; a value that is not finite leaves a hole. */
  points: [number, number][];
}

/** Values over the time of a run. A wide spread of values above zero gets a logarithmic axis. */
export function timeChart(
  title: string,
  { series, label, mayBeLog = false }: { series: Series[]; label: string; mayBeLog?: boolean },
): string {
  const points = series.flatMap((one) => one.points);
  const values = points.map(([, value]) => value).filter(Number.isFinite);
  if (values.length === 0) return nothing();
  const seconds = points.map(([at]) => at);
  const most = Math.max(...values);
  const least = Math.min(...values);
  const log = mayBeLog && least > 0 && most / least > LOG_FROM_RATIO;
  const x = linear([0, Math.max(...seconds)], ALONG);
  const y = log ? logarithmic([least, most], UP) : linear([0, most || 1], UP);
  const axes = {
    x: { ...x, label: "time since the start, s" },
    y: { ...y, label: log ? `${label} (log)` : label },
  };
  return chart(title, axes, drawAll(series, x, y)) + legend(series);
}

/** Costs, from 0, over something that grows by factors. */
export function growthChart(
  title: string,
  { series, label, sizes: sizesLabel }: { series: Series[]; label: string; sizes: string },
): string {
  const points = series.flatMap((one) => one.points).filter(([, value]) => Number.isFinite(value));
  if (points.length === 0) return nothing();
  const sizes = points.map(([size]) => size);
  const x = logarithmic([Math.min(...sizes), Math.max(...sizes)], ALONG);
  const y = linear([0, Math.max(...points.map(([, value]) => value))], UP);
  const axes = { x: { ...x, label: `${sizesLabel} (log)` }, y: { ...y, label } };
  return chart(title, axes, drawAll(series, x, y)) + legend(series);
}

function drawAll(series: readonly Series[], x: Scale, y: Scale): string {
  return stretched(series.map((one) => draw(one, x, y)).join(""));
}

function draw({ points, style, shape, label }: Series, x: Scale, y: Scale): string {
  // Holes split the line: where nothing came there is nothing to draw.
  const pieces: [string, string][][] = [[]];
  for (const [at, value] of points) {
    if (Number.isFinite(value)) pieces.at(-1)?.push([along(x.at(at)), px(y.at(value))]);
    else pieces.push([]);
  }
  return pieces.filter((piece) => piece.length > 0).map((piece) => {
    const line = piece.map((point) => point.join()).join(" ");
    const [start = ""] = piece[0] ?? [];
    const [end = ""] = piece.at(-1) ?? [];
    const area = shape !== "area"
      ? ""
      : `<polygon class="area ${style}" points="${start},${HEIGHT} ${line} ${end},${HEIGHT}"/>`;
    return `${area}<polyline class="line ${style} ${shape ?? ""}" points="${line}">` +
      `<title>${escape(label)}</title></polyline>`;
  }).join("");
}

function legend(series: readonly Series[]): string {
  if (series.length < 2) return "";
  const items = series.map(({ label, style, shape = "" }) =>
    `<span><i class="${style} ${shape}"></i>${escape(label)}</span>`
  );
  return `<p class="legend">${items.join("")}</p>`;
}

/** One bar of a ranking. */
export interface Rank {
  label: string;
  value: number;
  /** Written behind the bar. */
  note: string;
  /** Drawn in the colour of ours. */
  ours: boolean;
  /** Smallest and largest value of the rounds. */
  spread?: [number, number];
}

/** Bars below each other, the best first: the largest, unless `lowIsGood`. */
export function rankChart(
  title: string,
  { ranks, lowIsGood }: { ranks: readonly Rank[]; lowIsGood: boolean },
): string {
  const sorted = ranks.toSorted((a, b) => (b.value - a.value) * (lowIsGood ? -1 : 1));
  const most = Math.max(...sorted.map(({ value, spread }) => spread?.[1] ?? value), 1e-9);
  const x = linear([0, most], ALONG);
  const rows = sorted.map(({ label, value, note, ours, spread }) => {
    const range = spread === undefined
      ? ""
      : `<line class="whisker" x1="${percentage(x.at(spread[0]))}" ` +
        `x2="${percentage(x.at(spread[1]))}" y1="50%" y2="50%"/>`;
    return `<li class="${ours ? "ours" : "other"}"><b>${escape(label)}</b>` +
      `<svg aria-hidden="true"><rect class="bar" rx="3" width="${percentage(x.at(value))}" ` +
      `height="100%"/>${range}</svg><small>${escape(note)}</small></li>`;
  });
  return `<ol class="ranks" aria-label="${escape(title)}">${rows.join("")}</ol>`;
}

function nothing(): string {
  return `<p class="nothing">No deliveries</p>`;
}
