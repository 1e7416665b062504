/**
 * What time it is, looked up once for each turn of the event loop.
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
