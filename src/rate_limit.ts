// This module is pure: no sockets, no clock, no Deno.

/**
 * How often a connection may speak: a token bucket, and what frames cost.
 *
 * @module
 */

import type { ClientFrame } from "./protocol.ts";

/** Every frame costs one token, and one more for each of these UTF-16 units. */
const UNITS_PER_TOKEN = 1_024;

/** How many refusals a connection is told about at once, beside one for each token that it can save up. */
const PATIENCE = 1_000;

/** How often a connection may speak where it is `perSecond` on average; 0 for no limit. */
export function rateOf(perSecond: number): Rate {
  const most = perSecond || Infinity;
  return { perSecond: most, burst: 2 * most };
}

/**
 * How often a connection may be refused for its rate before that is a flood. Whoever waits as it
 * was told never is: all that it had on its way at the first refusal fits, and behind each later
 * one it has no more than it had acknowledged in between.
 */
export function patienceOf({ perSecond, burst }: Rate): Rate {
  return { perSecond, burst: PATIENCE + burst };
}

/** The tokens that a frame of this length costs before it is read. */
export function costOfFrame(length: number): number {
  return 1 + Math.floor(length / UNITS_PER_TOKEN);
}

/** The tokens that it costs beside those, of a client in these rooms, for each entry that may come of it. */
export function costOfEntries(frame: ClientFrame, rooms: { size: number } | undefined): number {
  if (frame.action === "messages") return frame.bodies.length - 1;
  return frame.action === "rename" ? rooms?.size ?? 0 : 0;
}

/** What a connection may use. */
export interface Rate {
  /** Tokens that come back each second; `Infinity` for no limit. */
  perSecond: number;
  /** The most tokens that can be saved up, and what a new connection has. */
  burst: number;
}

/** A token bucket: O(1) in time and space, and it takes the time as an argument. */
export class TokenBucket {
  readonly #rate: Rate;
  #tokens: number;
  #since: number;

  /** Makes a full bucket at the monotonic time `now`, in milliseconds. */
  constructor(rate: Rate, now: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#since = now;
  }

  /**
   * Takes `cost` tokens and returns 0; or takes none and returns the milliseconds
   * until there would be enough. A cost above the burst is let in by a full bucket,
   * and paid off afterwards.
   */
  take(cost: number, now: number): number {
    const { perSecond, burst } = this.#rate;
    if (perSecond === Infinity) return 0;
    this.#tokens = Math.min(burst, this.#tokens + (now - this.#since) * perSecond / 1_000);
    this.#since = now;
    const missing = Math.min(cost, burst) - this.#tokens;
    if (missing > 0) return Math.ceil(missing * 1_000 / perSecond);
    this.#tokens -= cost;
    return 0;
  }

  /** Takes tokens whether they are there or not: what comes next waits for them. */
  spend(cost: number): void {
    this.#tokens -= cost;
  }
}
