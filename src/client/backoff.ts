// This module is pure: no sockets, no clock, no Deno.

/**
 * Waits before the next attempt.
 *
 * @module
 */

import { FIRST_DELAY_MS, LEAST_MS, MOST_DELAY_MS, MOST_DOUBLINGS } from "./limits.ts";

/**
 * The delay before attempt number `attempt` (from 0), in milliseconds: anything from 0 to a bound
 * that doubles up to {@linkcode MOST_DELAY_MS}. That is "full jitter", which spreads clients that
 * lost a server in the same moment best (AWS Architecture Blog, "Exponential Backoff And Jitter",
 * 2015). `random` is in [0, 1).
 */
export function backoff(attempt: number, random: number): number {
  return Math.floor(random * Math.min(MOST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt));
}

/**
 * The wait before something is said again that was refused, in milliseconds: as long as the
 * server `asked` for, and longer the more refusals came in a row.
 */
export function patience(asked: number, refusals: number): number {
  return Math.max(asked, LEAST_MS * 2 ** Math.min(refusals, MOST_DOUBLINGS));
}
