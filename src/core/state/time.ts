/**
 * Moments, and the time by which things become too old.
 *
 * @module
 */

/** A moment on both clocks. Only the monotonic one decides anything, but for what is too old. */
export interface Instant {
  /** Monotonic, in milliseconds. */
  readonly now: number;
  /** The wall clock, in milliseconds since 1970: what people are shown. */
  readonly at: number;
}

/** The highest rank of a stay, for days. */
const HIGHEST_RANK = 20;

/** The rank of a stay, given in milliseconds: 0 for none, 1 for less than half a second, one more for twice the time. */
export function rankOf(stayedMs: number): number {
  return Math.min(HIGHEST_RANK, Math.ceil(Math.log2(2 * stayedMs / 1_000 + 1)));
}

/** The time that retention goes by: a wall clock that jumps ahead for a moment must not delete all history. */
export class RetentionClock {
  /** The milliseconds that the wall clock was ahead of the monotonic one at first. */
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
