/**
 * The time that entries take from the frame that says them to the sockets of the members.
 *
 * @module
 */

import type { Batch } from "../../core/log/batches.ts";
import type { Histogram } from "../../core/state/metrics.ts";
import type { Clock } from "./clock.ts";

/**
 * Writes that share one look at the clock. A look costs up to 0.4 µs, and a write 8 (measured): with
 * one each that would be 5 % of all.
 */
const WRITES_PER_LOOK = 8;

/** The most times that are told apart of the entries of a frame. */
const MOST_TIMES = 8;

/** Observes how long after its frame was heard each entry is written, for each member that it is written to. */
export class DeliveryTimes {
  readonly #histogram: Histogram;
  readonly #clock: Clock;
  /** The frames that were written since the last look, and how often each. */
  readonly #batches: Batch[] = [];
  readonly #writes: number[] = [];
  #batch: Batch | undefined;
  #sinceLook = 0;

  /** Observes nothing yet. */
  constructor(histogram: Histogram, clock: Clock) {
    this.#histogram = histogram;
    this.#clock = clock;
  }

  /** Notes that a frame was written to a member. Nobody says when what is in the past was heard. */
  written(batch: Batch): void {
    if (batch.heardBy === undefined) return;
    if (batch !== this.#batch) {
      this.#batch = batch;
      this.#batches.push(batch);
      this.#writes.push(0);
    }
    this.#writes[this.#writes.length - 1]!++;
    if (++this.#sinceLook >= WRITES_PER_LOOK) this.look();
  }

  /** Looks at the clock for what was written. Call it when nothing more is written for now. */
  look(): void {
    if (this.#sinceLook === 0) return;
    const monotonic = this.#clock.fresh();
    for (let i = 0; i < this.#batches.length; i++) {
      const batch = this.#batches[i]!;
      const now = batch.heardBy === "turn" ? monotonic : Date.now();
      this.#observe(batch, now, this.#writes[i]!);
    }
    this.#batches.length = 0;
    this.#writes.length = 0;
    this.#batch = undefined;
    this.#sinceLook = 0;
  }

  /** Takes the entries of a frame to have been heard evenly between the first and the last. */
  #observe({ count, heardFrom, heardTo }: Batch, now: number, writes: number): void {
    const times = Math.min(count, MOST_TIMES);
    const each = Math.floor(count / times);
    const step = times > 1 ? (heardTo - heardFrom) / (times - 1) : 0;
    for (let i = 0; i < times; i++) {
      const entries = i === times - 1 ? count - each * (times - 1) : each;
      this.#histogram.observe((now - heardFrom - i * step) / 1_000, entries * writes);
    }
  }
}
