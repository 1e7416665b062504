// This module is pure: no sockets, no clock, no Deno.

/**
 * A limit of how often the same is said in a log: of some lines, strangers can make as many as they
 * like.
 *
 * @module
 */

/** Events of one name that were held back. */
export interface HeldBack {
  event: string;
  /** Their severity. */
  level: number;
  count: number;
}

/** Counts events of each name. There must be few names: they are kept for a while. */
export class LogLimit {
  /** The length of a window, in milliseconds. */
  readonly ms: number;
  readonly #most: number;
  readonly #windows = new Map<string, { level: number; end: number; count: number }>();

  /** Lets `most` events of a name through within `ms` milliseconds of the first. */
  constructor(most: number, ms: number) {
    this.#most = most;
    this.ms = ms;
  }

  /** Counts an event at `now`, in milliseconds, and says whether it is let through. */
  admits(event: string, level: number, now: number): boolean {
    let window = this.#windows.get(event);
    if (window === undefined) {
      window = { level, end: now + this.ms, count: 0 };
      this.#windows.set(event, window);
    }
    return ++window.count <= this.#most;
  }

  /** `true` where something is held back that was not told. */
  get holdsBack(): boolean {
    return this.#windows.values().some(({ count }) => count > this.#most);
  }

  /** Ends the windows whose time is over at `now`, and returns what was held back in them. */
  end(now: number): HeldBack[] {
    const heldBack: HeldBack[] = [];
    for (const [event, { level, end, count }] of this.#windows) {
      if (end > now) continue;
      this.#windows.delete(event);
      if (count > this.#most) heldBack.push({ event, level, count: count - this.#most });
    }
    return heldBack;
  }
}
