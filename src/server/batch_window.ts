// This module is pure: no sockets, no clock, no Deno.

/**
 * When output goes out: at the end of a turn of the event loop, or of a later one where
 * more input is known to wait.
 *
 * @module
 */

/**
 * As many frames in one turn mean that more are waiting. The runtime reads at most 128
 * sockets a turn, and takes up those that it left behind in reverse order (the budget and
 * the deferred wakers of its scheduler): with output between the turns, some of them wait
 * for seconds (measured with 500 busy rooms of ten: p99.9 of 2 s, and 0.1 s without).
 */
const FULL_TURN = 128;

/**
 * The runtime looks at its sockets after 61 tasks, and an empty turn is one of them: after
 * this many it has looked, and there is nothing. They take about 50 µs.
 */
const TURNS_TO_LOOK = 64;

/** The longest that output waits for input, in milliseconds. */
const GATHER_MS = 10;

/** What part of the messages expected last time is still expected the next time. */
const DECAY = 0.9;

/** Decides, turn by turn, whether to wait for more input before anything goes out. */
export class BatchWindow {
  /** Frames that have come in since the last turn. */
  #frames = 0;
  /** Frames that have come in since output last went out, and how many came before that. */
  #gathered = 0;
  #expected = 0;
  /** For how many more empty turns it waits. */
  #patience = 0;
  #since = 0;

  /** A frame has come in. */
  heard(): void {
    this.#frames++;
  }

  /** At the monotonic time `now`, in milliseconds, there is output for the first time, or still. */
  begin(now: number): void {
    this.#since = now;
  }

  /**
   * At the end of a turn: whether to wait for another one. After a turn as full as turns
   * can be everybody waits until all input is read. Besides, an `eager` output, one to many
   * members, waits until as many messages have come as last time, to share their frames.
   */
  waits(eager: boolean, now: number): boolean {
    if (this.#reads(eager, now)) return true;
    this.#expected = Math.max(this.#gathered, this.#expected * DECAY);
    this.#gathered = 0;
    return false;
  }

  /** The same where output goes on that has begun: what has come meanwhile is for what begins after it. */
  pauses(now: number): boolean {
    return this.#reads(false, now);
  }

  /** Whether there may be more input that is waited for. */
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
