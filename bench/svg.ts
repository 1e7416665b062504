// This module is pure: no sockets, no clock, no Deno.

/**
 * The parts of a chart: scales, ticks, axes. A chart is as wide as its place, and its text is as
 * large as all other text: places along it are percentages, heights are pixels.
 *
 * @module
 */

import { short } from "./numbers.ts";

/** The height of a plot in pixels; what stands beside its axes is outside of it. */
export const HEIGHT = 240;

/** From left to right, in percent of the width. */
export const ALONG: [number, number] = [0, 100];

/** The width of a letter and of the space between two ticks, in percent of a phone's plot. */
const LETTER = 2.8;
const SPACE = 3;

/** Turns values into places. */
export interface Scale {
  /** The place of a value. */
  at(value: number): number;
  /** The values that are written on the axis. */
  ticks: number[];
}

/** An axis of a chart: a scale, what it means, and how its values are written. */
export interface Axis extends Scale {
  label: string;
  format?: (value: number) => string;
}

/** A scale from `domain` to `range` in equal steps. */
export function linear(domain: [number, number], range: [number, number]): Scale {
  const [from, to] = domain;
  const span = to - from || 1;
  const step = niceStep(span / 5);
  const ticks: number[] = [];
  for (let tick = Math.ceil(from / step) * step; tick <= to + step / 1e6; tick += step) {
    ticks.push(tick);
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
      const tick = step * 10 ** decade;
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

/** A chart: its axes with what they mean, and what is drawn between them. */
export function chart(title: string, { x, y }: { x: Axis; y: Axis }, inside: string): string {
  let end = -Infinity;
  const along = x.ticks.map((tick) => {
    const at = x.at(tick);
    const text = (x.format ?? short)(tick);
    const half = text.length * LETTER / 2;
    // On a narrow screen there is no place for it.
    const thin = at - half < end + SPACE;
    if (!thin) end = at + half;
    return `<text class="tick${thin ? " thin" : ""}" x="${percentage(at)}" y="${HEIGHT + 18}" ` +
      `text-anchor="middle">${text}</text>`;
  });
  const up = y.ticks.map((tick) => {
    const at = px(y.at(tick));
    return `<line class="grid" x1="0" x2="100%" y1="${at}" y2="${at}"/>` +
      `<text class="tick" x="-8" y="${at}" dy=".32em" text-anchor="end">${
        (y.format ?? short)(tick)
      }</text>`;
  });
  const floor = `<line class="axis" x1="0" x2="100%" y1="${HEIGHT}" y2="${HEIGHT}"/>`;
  return `<figure><p class="axis-name">${escape(y.label)}</p>` +
    `<svg role="img" aria-label="${escape(title)}">` +
    `${up.join("")}${along.join("")}${floor}${inside}</svg>` +
    `<p class="axis-name along">${escape(x.label)}</p></figure>`;
}

/** Stretches what is drawn by points `[percent, pixels]` to the width of the plot. */
export function stretched(inside: string): string {
  return `<svg class="stretched" viewBox="0 0 100 ${HEIGHT}" preserveAspectRatio="none">` +
    `${inside}</svg>`;
}

/** A place across the chart, with as many digits as a screen can show. */
export function px(pixels: number): string {
  return String(Math.round(pixels * 10) / 10);
}

/** A place along the chart, for {@linkcode stretched}. */
export function along(percent: number): string {
  return String(Math.round(percent * 100) / 100);
}

/** A place along the chart, with its unit. */
export function percentage(percent: number): string {
  return `${along(percent)}%`;
}

/** Text that is safe in HTML and in attributes. */
export function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;").replaceAll("'", "&#39;");
}
