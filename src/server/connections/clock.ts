/**
 * The time, looked up once for each turn of the event loop.
 *
 * @module
 */

import type { Instant } from "../../core/state/time.ts";

/** Whoever does not read the clock for longer than this stood still, in milliseconds. */
const STOOD_STILL_MS = 1_000;

/** The time that a time of standing still counts for, in milliseconds: less than anybody is given up after. */
const COUNTS_AS_MS = 500;

/**
 * Both clocks of the system. They stand still within a turn: reading them for each frame that
 * comes in, and limiting the rate by them, took 4 % of what rooms of two get out of a core.
 *
 * The monotonic one also stands still while the process does, stopped by Ctrl-Z or a debugger: what
 * the others said meanwhile waits to be heard, and nobody is late. It must be read twice a second.
 */
export class Clock {
  #instant: Instant | undefined;
  #readAt: number | undefined;
  /** The time that the process stood still, all in all, in milliseconds. */
  #still = 0;
  readonly #monotonic: () => number;
  readonly #forget = (): void => {
    this.#instant = undefined;
  };

  /** Makes a clock over one that never goes back, in milliseconds. */
  constructor(monotonic: () => number = () => performance.now()) {
    this.#monotonic = monotonic;
  }

  /** The moment when it was first asked for in this turn. */
  read(): Instant {
    if (this.#instant === undefined) {
      this.#instant = { now: this.#now(), at: Date.now() };
      setImmediate(this.#forget);
    }
    return this.#instant;
  }

  /** The monotonic time at this moment. */
  fresh(): number {
    return this.#monotonic() - this.#still;
  }

  #now(): number {
    const now = this.#monotonic();
    const passed = now - (this.#readAt ?? now);
    this.#readAt = now;
    if (passed > STOOD_STILL_MS) this.#still += passed - COUNTS_AS_MS;
    return now - this.#still;
  }
}
