/**
 * What time it is: looked up once for each turn of the event loop, or to tell what is too old.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import type { Instant } from "./effects.ts";

/**
 * Both clocks of the system. They stand still within a turn: reading them for each frame that
 * comes in, and limiting the rate by them, took 4 % of what rooms of two get out of a core.
 */
export class Clock {
  #instant: Instant | undefined;
  readonly #forget = (): void => {
    this.#instant = undefined;
  };

  /** The moment when it was first asked for in this turn. */
  read(): Instant {
    if (this.#instant === undefined) {
      this.#instant = { now: performance.now(), at: Date.now() };
      setImmediate(this.#forget);
    }
    return this.#instant;
  }
}

/**
 * The time, in milliseconds since 1970, by which things become too old: that of the wall clock, or
 * where that has jumped ahead since this process began, what has passed since then. A clock that
 * was wrong for a moment would delete all history.
 */
export function agingTime(): number {
  return Math.min(Date.now(), performance.timeOrigin + performance.now());
}
