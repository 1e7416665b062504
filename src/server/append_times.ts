/**
 * The time that a store takes.
 *
 * @module
 */

import type { Histogram } from "../core/state/metrics.ts";
import type { Store } from "../core/store/store.ts";

/** The least time between two entries that are watched, in milliseconds. */
const EVERY_MS = 10;

/** Observes how long drafts take to be stored: one at a time, as each is a promise. */
export class AppendTimes {
  readonly #histogram: Histogram;
  readonly #store: Pick<Store, "settled">;
  readonly #now: () => number;
  #watching = false;
  #nextAt = -Infinity;

  /** Observes nothing yet; `now` is a clock that never goes back, in milliseconds. */
  constructor(histogram: Histogram, store: Pick<Store, "settled">, now: () => number) {
    this.#histogram = histogram;
    this.#store = store;
    this.#now = now;
  }

  /** Notes that something of a client was given to the store just now. */
  appended(clientId: string): void {
    // Where there is nothing to wait for, it is stored by now.
    if (this.#watching || this.#store.settled === undefined) return;
    const begin = this.#now();
    if (begin < this.#nextAt) return;
    this.#nextAt = begin + EVERY_MS;
    const settled = this.#store.settled(clientId);
    if (settled === undefined) return;
    this.#watching = true;
    settled.then(() => this.#histogram.observe((this.#now() - begin) / 1_000))
      .catch(() => {})
      .finally(() => this.#watching = false);
  }
}
