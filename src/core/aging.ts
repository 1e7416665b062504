/**
 * By what time things become too old.
 *
 * @module
 */

import type { Instant } from "./effects.ts";

/** Sees to it that a wall clock that jumps ahead makes nothing old: for a moment, that would delete all history. */
export class Aging {
  /** How far the wall clock was ahead of the monotonic one at first. */
  #ahead: number | undefined;

  /**
   * The time, in milliseconds since 1970: that of the wall clock, or where that has jumped ahead
   * since this was asked first, what has passed since then.
   */
  time({ now, at }: Instant): number {
    this.#ahead ??= at - now;
    return Math.min(at, this.#ahead + now);
  }
}
