// This module is pure: no sockets, no clock, no Deno.

/**
 * The parts of a chart: scales, ticks, axes. Everything is text.
 *
 * @module
 */

/** Size of a chart and of the margins around its plot, in the units of its view box. */
export const FRAME = { width: 760, height: 300, left: 64, right: 20, top: 18, bottom: 44 };

/** Turns values into places. */
export interface Scale {
  /** The place of a value. */
  at(value: number): number;
  /** The values that are written on the axis. */
  ticks: number[];
}

/** A scale from `domain` to `range` in equal steps. */
export function linear(domain: [number, number], range: [number, number]): Scale {
  const [from, to] = domain;
  const span = to - from || 1;
  const step = niceStep(span / 5);
  const ticks: number[] = [];
  for (let tick = Math.ceil(from / step) * step; tick <= to + step / 1e6; tick += step) {
    ticks.push(Number(tick.toPrecision(12)));
  }
  return { at: (value) => place((value - from) / span, range), ticks };
}

/** A scale from `domain`, above 0, to `range` in equal factors. */
export function logarithmic(domain: [number, number], range: [number, number]): Scale {
  const [from, to] = domain.map(Math.log10) as [number, number];
  const span = to - from || 1;
  const steps = span > 3 ? [1] : span > 1.2 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 8];
  const ticks: number[] = [];
  for (let decade = Math.floor(from); decade <= to; decade++) {
    for (const step of steps) {
      const tick = Number((step * 10 ** decade).toPrecision(6));
      if (tick >= domain[0] * 0.999 && tick <= domain[1] * 1.001) ticks.push(tick);
    }
  }
  return { at: (value) => place((Math.log10(value) - from) / span, range), ticks };
}

/** The smallest of 1, 2 and 5 times a power of ten that is not below `least`. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((factor) => factor * power >= least * 0.999) ?? 10);
}

function place(share: number, [from, to]: [number, number]): number {
  return from + share * (to - from);
}

/** The inside of a chart: grid, axes and what both axes mean. */
export function axes(
  x: Scale & { label: string; format?: (value: number) => string },
  y: Scale & { label: string; format?: (value: number) => string },
): string {
  const { left, right, top, bottom, width, height } = FRAME;
  const floor = height - bottom;
  const edge = width - right;
  return [
    ...y.ticks.map((tick) => {
      const at = px(y.at(tick));
      return `<line class="grid" x1="${left}" x2="${edge}" y1="${at}" y2="${at}"/>` +
        `<text class="tick" x="${left - 8}" y="${at}" dy=".32em" text-anchor="end">${
          (y.format ?? short)(tick)
        }</text>`;
    }),
    ...x.ticks.map((tick) =>
      `<text class="tick" x="${px(x.at(tick))}" y="${floor + 18}" text-anchor="middle">${
        (x.format ?? short)(tick)
      }</text>`
    ),
    `<line class="axis" x1="${left}" x2="${edge}" y1="${floor}" y2="${floor}"/>`,
    `<text class="label" x="${edge}" y="${height - 6}" text-anchor="end">${escape(x.label)}</text>`,
    `<text class="label" x="${left}" y="${top - 6}">${escape(y.label)}</text>`,
  ].join("");
}

/** A whole picture, with a title for those who do not see it. */
export function svg(title: string, inside: string, height: number = FRAME.height): string {
  return `<svg viewBox="0 0 ${FRAME.width} ${height}" role="img" aria-label="${escape(title)}">` +
    `${inside}</svg>`;
}

/** A place with as many digits as a screen can show. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** A number with thousands as `k` and millions as `M`. */
export function short(value: number): string {
  if (Math.abs(value) >= 1_000_000) return `${trim(value / 1_000_000)}M`;
  if (Math.abs(value) >= 10_000) return `${trim(value / 1_000)}k`;
  return Math.abs(value) >= 1_000 ? value.toLocaleString("en") : trim(value);
}

function trim(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** Text that is safe in HTML and in attributes. */
export function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;").replaceAll("'", "&#39;");
}
