// This module is pure: no sockets, no clock, no Deno.

/**
 * Durations without their number: buckets that grow by a constant factor, so that every
 * percentile is as exact as asked for, and a run of a day needs no more memory than one
 * of a second.
 *
 * @module
 */

/** The shortest duration that is told from zero, in milliseconds: one microsecond. */
const LEAST_MS = 0.001;

/** The longest one, in milliseconds: what is longer counts as this, and still as the exact maximum. */
const MOST_MS = 3_600_000;

/** Durations in milliseconds, counted in logarithmic buckets. */
export class Histogram {
  readonly #growth: number;
  readonly #counts: Float64Array;
  #count = 0;
  #sum = 0;
  #min = Infinity;
  #max = -Infinity;

  /** Makes an empty histogram whose percentiles are off by at most `relativeError` of their value. */
  constructor(relativeError = 0.000_5) {
    // A value in the middle of a bucket from a to b is at most (b - a) / (b + a) off: `relativeError`.
    this.#growth = Math.log((1 + relativeError) / (1 - relativeError));
    this.#counts = new Float64Array(1 + this.#indexOf(MOST_MS));
  }

  /** The number of durations that were added. */
  get count(): number {
    return this.#count;
  }

  /** The shortest duration added, exactly; `NaN` if there is none. */
  get min(): number {
    return this.#count === 0 ? NaN : this.#min;
  }

  /** The longest duration added, exactly; `NaN` if there is none. */
  get max(): number {
    return this.#count === 0 ? NaN : this.#max;
  }

  /** The mean of all durations, exactly; `NaN` if there is none. */
  get mean(): number {
    return this.#sum / this.#count;
  }

  /** Adds a duration in milliseconds. */
  add(ms: number): void {
    const index = this.#indexOf(ms);
    this.#counts[index] = this.#counts[index]! + 1;
    this.#count++;
    this.#sum += ms;
    if (ms < this.#min) this.#min = ms;
    if (ms > this.#max) this.#max = ms;
  }

  /**
   * The smallest duration that a share of `quantile` of all durations does not exceed
   * (0.99: the 99th percentile), in milliseconds; `NaN` if there is none.
   */
  percentile(quantile: number): number {
    if (this.#count === 0) return NaN;
    const rank = Math.max(1, Math.ceil(quantile * this.#count));
    let seen = 0;
    let index = -1;
    while (seen < rank) seen += this.#counts[++index]!;
    return Math.min(this.#max, Math.max(this.#min, this.#middleOf(index)));
  }

  /** The counts between logarithmic edges, `perDecade` of them to a factor of ten, for drawing. */
  bars(perDecade: number): Bar[] {
    if (this.#count === 0) return [];
    const bars = new Map<number, number>();
    this.#counts.forEach((count, index) => {
      if (count === 0) return;
      const place = Math.floor(Math.log10(this.#middleOf(index)) * perDecade);
      bars.set(place, (bars.get(place) ?? 0) + count);
    });
    const first = Math.min(...bars.keys());
    const last = Math.max(...bars.keys());
    return Array.from({ length: last - first + 1 }, (_, i) => ({
      fromMs: 10 ** ((first + i) / perDecade),
      toMs: 10 ** ((first + i + 1) / perDecade),
      count: bars.get(first + i) ?? 0,
    }));
  }

  #indexOf(ms: number): number {
    if (ms <= LEAST_MS) return 0;
    return Math.ceil(Math.log(Math.min(ms, MOST_MS) / LEAST_MS) / this.#growth);
  }

  #middleOf(index: number): number {
    if (index === 0) return LEAST_MS;
    const above = LEAST_MS * Math.exp(index * this.#growth);
    return 2 * above / (1 + Math.exp(this.#growth));
  }
}

/** The number of durations between two edges, in milliseconds. */
export interface Bar {
  fromMs: number;
  toMs: number;
  count: number;
}

/** The figures of a histogram that are reported, in milliseconds. */
export interface Quantiles {
  min: number;
  mean: number;
  p50: number;
  p90: number;
  p95: number;
  p99: number;
  "p99.9": number;
  max: number;
}

/** The figures of a histogram that are reported. */
export function quantilesOf(histogram: Histogram): Quantiles {
  return {
    min: histogram.min,
    mean: histogram.mean,
    p50: histogram.percentile(0.5),
    p90: histogram.percentile(0.9),
    p95: histogram.percentile(0.95),
    p99: histogram.percentile(0.99),
    "p99.9": histogram.percentile(0.999),
    max: histogram.max,
  };
}
