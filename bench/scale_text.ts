// This module is pure: no sockets, no clock, no Deno.

/**
 * Charts of what a delivery costs as rooms grow in size and number.
 *
 * @module
 */

import { growthChart, type Series } from "./charts.ts";
import { type Measurement, middleOf } from "./measurements.ts";
import { card } from "./page.ts";
import { GROWING_ROOM, MORE_ROOMS, type Shape } from "./shapes.ts";
import { short } from "./numbers.ts";

const STYLES = ["s1", "s2", "s3", "s4"];

const HOW =
  "Microseconds of the server's CPU for each delivery, with as many deliveries a second " +
  "everywhere and a frame for each. Flat is good.";

/** The cards of a page: one for the size of a room, one for the number of rooms. */
export function scaleCards(
  measurements: readonly Measurement[],
  servers: readonly string[],
): string[] {
  const about = { measurements, servers };
  return [
    scaleCard("Members of one room", about, GROWING_ROOM, ({ members }) => members),
    scaleCard("Rooms of ten", about, MORE_ROOMS, ({ rooms }) => rooms),
  ];
}

function scaleCard(
  heading: string,
  { measurements, servers }: { measurements: readonly Measurement[]; servers: readonly string[] },
  shapes: readonly Shape[],
  sizeOf: (shape: Shape) => number,
): string {
  const series: Series[] = servers.map((server, i) => ({
    label: server,
    style: STYLES[i % STYLES.length]!,
    points: shapes.map((shape) => {
      const rate = middleOf(measurements, { server, shape: shape.name }, "perCpuSecond")?.median;
      return [sizeOf(shape), 1_000_000 / (rate ?? NaN)];
    }),
  }));
  const chart = growthChart(heading, { series, label: "µs a delivery", sizes: heading });
  return card(heading, chart, [HOW, ...series.flatMap(spreadOf)].join(" "));
}

/** Says how far a line is from flat, in words. */
function spreadOf({ label, points }: Series): string[] {
  const costs = points.map(([, cost]) => cost).filter(Number.isFinite);
  if (costs.length < 2) return [];
  const least = Math.min(...costs);
  const most = Math.max(...costs);
  return [`${label}: ${short(least)} to ${short(most)} µs, a factor of ${short(most / least)}.`];
}
