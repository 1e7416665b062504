// This module is pure: no sockets, no clock, no Deno.

/**
 * A timeline: a fixed number of slices of a run, whatever its length.
 *
 * @module
 */

import { Histogram } from "./histogram.ts";

/** The number of slices of a run, for a chart as wide as a page. */
const SLICES = 60;

/** Percentiles of one slice are for drawing: a hundredth is finer than a pixel. */
const SLICE_ERROR = 0.01;

/** One slice of a run. */
export interface Slice {
  /** The middle of the slice, in seconds from the beginning of the measured part. */
  atS: number;
  /** Latency of the messages that were due in it, in milliseconds; `NaN` if there were none. */
  p50: number;
  p99: number;
  max: number;
  /** Deliveries that came in it, a second. */
  perSecond: number;
}

/** Latency and throughput over the time of a run. */
export class Timeline {
  readonly #sliceMs: number;
  readonly #latency: Histogram[];
  readonly #received: Float64Array;

  /** Makes an empty timeline of a run whose measured part lasts `durationMs`. */
  constructor(durationMs: number) {
    this.#sliceMs = durationMs / SLICES;
    this.#latency = Array.from({ length: SLICES }, () => new Histogram(SLICE_ERROR));
    this.#received = new Float64Array(SLICES);
  }

  /** Adds a delivery; times in milliseconds from the beginning of the measured part. */
  add(scheduledMs: number, receivedMs: number): void {
    this.#latency[this.#sliceOf(scheduledMs)]?.add(receivedMs - scheduledMs);
    const slice = this.#sliceOf(receivedMs);
    // What comes after the end would make the last slice look fast.
    if (slice < SLICES) this.#received[slice] = this.#received[slice]! + 1;
  }

  /** The slices, in order. */
  slices(): Slice[] {
    return this.#latency.map((latency, i) => ({
      atS: (i + 0.5) * this.#sliceMs / 1_000,
      p50: latency.percentile(0.5),
      p99: latency.percentile(0.99),
      max: latency.max,
      perSecond: this.#received[i]! * 1_000 / this.#sliceMs,
    }));
  }

  #sliceOf(ms: number): number {
    return Math.max(0, Math.floor(ms / this.#sliceMs));
  }
}
