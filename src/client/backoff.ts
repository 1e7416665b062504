// This module is pure: no sockets, no clock, no Deno.

/**
 * Waits before the next attempt.
 *
 * @module
 */

/** The bounds of a backoff, in milliseconds. */
export interface BackoffOptions {
  /** The longest first delay. */
  firstMs: number;
  /** The longest delay of all. */
  mostMs: number;
}

/**
 * The delay before attempt number `attempt` (from 0), in milliseconds: anything
 * from 0 to a bound that doubles up to `mostMs`. That is "full jitter", which
 * spreads clients that lost a server in the same moment best (AWS Architecture
 * Blog, "Exponential Backoff And Jitter", 2015). `random` is in [0, 1).
 */
export function backoff(attempt: number, random: number, options: BackoffOptions): number {
  return Math.floor(random * Math.min(options.mostMs, options.firstMs * 2 ** attempt));
}

/** Whatever a server says, nothing is sent again sooner than this, in milliseconds. */
const LEAST_MS = 50;

/** The most doublings of that. */
const MOST_DOUBLINGS = 6;

/**
 * The wait before something is said again that was refused, in milliseconds: as long as the
 * server `asked` for, and longer the more refusals came in a row.
 */
export function patience(asked: number, refusals: number): number {
  return Math.max(asked, LEAST_MS * 2 ** Math.min(refusals, MOST_DOUBLINGS));
}
