/**
 * The chart of the README, as SVG: what servers deliver for each second of CPU, in a large room and
 * in many small ones. It has a light and a dark look, as whoever looks at it prefers.
 *
 * @module
 */

import { type MeasuredFigure, middleOf } from "./measurements.ts";
import { short } from "./numbers.ts";
import { escape, px } from "./svg.ts";

/** The shapes that are drawn, side by side, and what they are. */
const PANELS = [
  { shape: "fanout-1", title: "A room of 100, in which one talks" },
  { shape: "rooms", title: "500 rooms of 10, in which all talk" },
];

const PANEL_WIDTH = 430;
const NAME_WIDTH = 130;
const BAR_WIDTH = 230;
const BAR_HEIGHT = 16;
const ROW_HEIGHT = 24;
const HEAD_HEIGHT = 52;

const STYLE = `
text { font: 12px ui-sans-serif, system-ui, "DejaVu Sans", sans-serif; fill: #1f2328 }
.head { font-weight: 600 }
.note { fill: #59636e }
.other { fill: #afb8c1 }
.ours { fill: #1f883d }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .note { fill: #9198a1 }
  .other { fill: #3d444d }
  .ours { fill: #3fb950 }
}`;

/** Draws the medians of all runs of those shapes that count. */
export function readmeChart(measurements: readonly MeasuredFigure<"perCpuSecond">[]): string {
  const servers = [...new Set(measurements.map(({ server }) => server))];
  const height = HEAD_HEIGHT + servers.length * ROW_HEIGHT;
  const width = PANELS.length * PANEL_WIDTH;
  const panels = PANELS.map(({ shape, title }, i) => {
    const ranks = servers.flatMap((server) => {
      const middle = middleOf(measurements, { server, shape }, "perCpuSecond");
      return middle === undefined ? [] : [{ server, value: middle.median }];
    });
    return panel(title, ranks.toSorted((a, b) => b.value - a.value), i * PANEL_WIDTH);
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" role="img">
<title>Messages delivered for each second of the server's CPU</title>
<style>${STYLE}
</style>
${panels.join("\n")}
</svg>
`;
}

function panel(title: string, ranks: { server: string; value: number }[], x: number): string {
  const most = Math.max(...ranks.map(({ value }) => value), 1);
  const rows = ranks.map(({ server, value }, i) => {
    const y = HEAD_HEIGHT + i * ROW_HEIGHT;
    const length = Math.max(BAR_WIDTH * value / most, 1);
    const style = server === "Parley" ? "ours" : "other";
    const middle = px(y + 12);
    return `<text x="${x + NAME_WIDTH - 8}" y="${middle}" text-anchor="end">${
      escape(server)
    }</text>` +
      `<rect class="${style}" x="${x + NAME_WIDTH}" y="${y}" width="${px(length)}" ` +
      `height="${BAR_HEIGHT}" rx="2"/>` +
      `<text class="note" x="${px(x + NAME_WIDTH + length + 6)}" y="${middle}">${
        short(value)
      }</text>`;
  });
  return [
    `<text class="head" x="${x + 8}" y="18">${escape(title)}</text>`,
    `<text class="note" x="${
      x + 8
    }" y="36">messages delivered for each second of the server's CPU</text>`,
    ...rows,
  ].join("\n");
}
