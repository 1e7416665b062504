// This module is pure: no sockets, no clock, no Deno.

/**
 * The time that output waits for input, so that more of it shares a frame: until the end of a turn
 * of the event loop, or of a later turn where more input is known to wait.
 *
 * @module
 */

/**
 * The number of frames in one turn that shows that more are waiting. The runtime reads at most 128
 * sockets in a turn, and takes up in reverse order what it left behind (the budget and the deferred
 * wakers of its scheduler). With output between the turns some sockets wait for seconds (measured
 * with 500 busy rooms of ten: p99.9 of 2 s, and 0.1 s without).
 */
const FULL_TURN = 128;

/**
 * The number of empty turns after which nothing is left to read. The runtime looks at its sockets
 * after 61 tasks, and an empty turn is one of them. All of them take about 50 µs.
 */
const TURNS_TO_LOOK = 64;

/** The longest that output waits for input, in milliseconds. */
const GATHER_MS = 10;

/** The share of the frames expected last time that is still expected the next time. */
const DECAY = 0.9;

/** Decides, turn by turn, whether to wait for more input before anything goes out. */
export class BatchWindow {
  /** The number of frames that have come in since the last turn. */
  #frames = 0;
  /** The number of frames that have come in since output last went out. */
  #gathered = 0;
  /** The number of frames that is expected, by what came the last times. */
  #expected = 0;
  /** The number of empty turns for which it still waits. */
  #patience = 0;
  /** The beginning of the wait, on the monotonic clock in milliseconds. */
  #since = 0;

  /** Counts a frame that has come in. */
  heard(): void {
    this.#frames++;
  }

  /** Begins to wait at the monotonic time `now`, in milliseconds: there is output. */
  begin(now: number): void {
    this.#since = now;
  }

  /**
   * Decides at the end of a turn, and says whether to wait for another one. After a turn as full as
   * turns can be, all output waits until all input is read. Output that is `eager`, as it goes to
   * many members, also waits until as many frames have come as last time, to share them.
   */
  waits(eager: boolean, now: number): boolean {
    if (this.#reads(eager, now)) return true;
    this.#expected = Math.max(this.#gathered, this.#expected * DECAY);
    this.#gathered = 0;
    return false;
  }

  /** Decides the same where output has begun and goes on. It is not eager: it takes nothing more in. */
  pauses(now: number): boolean {
    return this.#reads(false, now);
  }

  /** Says whether to wait, as there may be more input. */
  #reads(eager: boolean, now: number): boolean {
    const frames = this.#frames;
    this.#frames = 0;
    this.#gathered += frames;
    if (frames >= FULL_TURN) this.#patience = TURNS_TO_LOOK;
    else if (frames > 0) this.#patience = eager ? TURNS_TO_LOOK : 0;
    else this.#patience--;
    if (eager && this.#gathered >= this.#expected) this.#patience = 0;
    return this.#patience > 0 && now - this.#since < GATHER_MS;
  }
}
