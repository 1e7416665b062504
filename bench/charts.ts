// This module is pure: no sockets, no clock, no Deno.

/**
 * The charts of the reports, as inline SVG. Colours are classes of the page's style, so
 * that they follow its light and dark.
 *
 * @module
 */

import type { Bar } from "./histogram.ts";
import { axes, escape, FRAME, linear, logarithmic, px, type Scale, short, svg } from "./svg.ts";

const { width, height, left, right, top, bottom } = FRAME;
const FLOOR = height - bottom;
const X_RANGE: [number, number] = [left, width - right];
const Y_RANGE: [number, number] = [FLOOR, top];

/** Over this ratio of largest to smallest value, a latency axis is logarithmic. */
const LOG_FROM_RATIO = 25;

/** A value that a distribution is marked with. */
export interface Mark {
  label: string;
  ms: number;
}

/** How often each latency came, on a logarithmic axis, with some percentiles marked. */
export function distributionChart(bars: readonly Bar[], marks: readonly Mark[]): string {
  const title = "Distribution of latency";
  const first = bars[0];
  const last = bars.at(-1);
  if (first === undefined || last === undefined) return nothing(title);
  const total = bars.reduce((sum, { count }) => sum + count, 0);
  const most = Math.max(...bars.map(({ count }) => 100 * count / total));
  const x = logarithmic([first.fromMs, last.toMs], X_RANGE);
  // Above the highest bar there is room for the labels of the marks.
  const y = linear([0, most * 1.15], Y_RANGE);
  const columns = bars.map(({ fromMs, toMs, count }) => {
    if (count === 0) return "";
    const share = 100 * count / total;
    const from = x.at(fromMs) + 0.5;
    // One delivery among a million is still to be seen: it may be the one that matters.
    const up = Math.max(1.5, FLOOR - y.at(share));
    return `<rect class="bar" x="${px(from)}" width="${
      px(Math.max(1, x.at(toMs) - from - 0.5))
    }" ` +
      `y="${px(FLOOR - up)}" height="${px(up)}"><title>${short(fromMs)}–${short(toMs)} ms: ` +
      `${count} deliveries, ${share.toPrecision(3)} %</title></rect>`;
  });
  let free = -Infinity;
  const lines = marks.filter(({ ms }) => Number.isFinite(ms)).map(({ label, ms }, i) => {
    const at = x.at(ms);
    // A label that would lie on the one before moves down a line.
    const line = at < free ? i : 0;
    free = at + 40;
    const outward = at < width - right - 40;
    return `<line class="mark" x1="${px(at)}" x2="${px(at)}" y1="${top}" y2="${FLOOR}"/>` +
      `<text class="mark-label" x="${px(outward ? at + 4 : at - 4)}" y="${top + 10 + 14 * line}" ` +
      `text-anchor="${outward ? "start" : "end"}">${escape(label)}</text>`;
  });
  const frame = axes({ ...x, label: "latency, ms (log)" }, {
    ...y,
    label: "share of deliveries",
    format: (value) => `${short(value)} %`,
  });
  return svg(title, frame + columns.join("") + lines.join(""));
}

/** One line of a chart over time. */
export interface Series {
  label: string;
  /** A class of the page's style: `s1` to `s4`. */
  style: string;
  /** The area below is filled. */
  filled?: boolean;
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
  if (values.length === 0) return nothing(title);
  const seconds = points.map(([at]) => at);
  const most = Math.max(...values);
  const least = Math.min(...values);
  const log = mayBeLog && least > 0 && most / least > LOG_FROM_RATIO;
  const x = linear([0, Math.max(...seconds)], X_RANGE);
  const y = log ? logarithmic([least, most], Y_RANGE) : linear([0, most || 1], Y_RANGE);
  const frame = axes({ ...x, label: "time since the start, s" }, {
    ...y,
    label: log ? `${label} (log)` : label,
  });
  return svg(title, frame + series.map((one) => drawSeries(one, x, y)).join("")) + legend(series);
}

/** Costs, from 0, over something that grows by factors. */
export function growthChart(
  title: string,
  { series, label, along }: { series: Series[]; label: string; along: string },
): string {
  const points = series.flatMap((one) => one.points).filter(([, value]) => Number.isFinite(value));
  if (points.length === 0) return nothing(title);
  const sizes = points.map(([size]) => size);
  const x = logarithmic([Math.min(...sizes), Math.max(...sizes)], X_RANGE);
  const y = linear([0, Math.max(...points.map(([, value]) => value))], Y_RANGE);
  const frame = axes({ ...x, label: `${along} (log)` }, { ...y, label });
  return svg(title, frame + series.map((one) => drawSeries(one, x, y)).join("")) + legend(series);
}

function drawSeries({ points, style, filled, label }: Series, x: Scale, y: Scale): string {
  // Holes split the line: where nothing came there is nothing to draw.
  const pieces: string[][] = [[]];
  for (const [at, value] of points) {
    if (Number.isFinite(value)) pieces.at(-1)?.push(`${px(x.at(at))},${px(y.at(value))}`);
    else pieces.push([]);
  }
  return pieces.filter((piece) => piece.length > 0).map((piece) => {
    const [start = ""] = piece[0]?.split(",") ?? [];
    const [end = ""] = piece.at(-1)?.split(",") ?? [];
    const area = filled === true
      ? `<polygon class="area ${style}" points="${start},${FLOOR} ${
        piece.join(" ")
      } ${end},${FLOOR}"/>`
      : "";
    return `${area}<polyline class="line ${style}" points="${piece.join(" ")}">` +
      `<title>${escape(label)}</title></polyline>`;
  }).join("");
}

function legend(series: readonly Series[]): string {
  if (series.length < 2) return "";
  const items = series.map(({ label, style }) =>
    `<span><i class="${style}"></i>${escape(label)}</span>`
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

/** Bars side by side, the best first: the largest, unless `lowIsGood`. */
export function rankChart(
  title: string,
  { ranks, lowIsGood }: { ranks: readonly Rank[]; lowIsGood: boolean },
): string {
  const row = 34;
  const start = 150;
  const sorted = ranks.toSorted((a, b) => (b.value - a.value) * (lowIsGood ? -1 : 1));
  const most = Math.max(...sorted.map(({ value, spread }) => spread?.[1] ?? value), 1e-9);
  const x = linear([0, most], [start, width - 190]);
  const rows = sorted.map(({ label, value, note, ours, spread }, i) => {
    const y = 6 + i * row;
    const middle = y + row / 2 - 4;
    const range = spread === undefined ? "" : `<line class="whisker" x1="${px(x.at(spread[0]))}" ` +
      `x2="${px(x.at(spread[1]))}" y1="${middle}" y2="${middle}"/>`;
    const behind = Math.max(x.at(value), spread === undefined ? 0 : x.at(spread[1])) + 8;
    return `<text class="${ours ? "name ours" : "name"}" x="${
      start - 10
    }" y="${middle}" dy=".34em" ` +
      `text-anchor="end">${escape(label)}</text>` +
      `<rect class="${ours ? "bar ours" : "bar other"}" x="${start}" y="${y}" rx="3" ` +
      `width="${px(Math.max(2, x.at(value) - start))}" height="${row - 8}"/>${range}` +
      `<text class="note" x="${px(behind)}" y="${middle}" dy=".34em">${escape(note)}</text>`;
  });
  return svg(title, rows.join(""), 8 + sorted.length * row);
}

function nothing(title: string): string {
  return svg(
    title,
    `<text class="label" x="${width / 2}" y="${
      height / 2
    }" text-anchor="middle">No deliveries</text>`,
  );
}
