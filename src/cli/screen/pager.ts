// This module is pure: no sockets, no clock, no Deno.

/**
 * Reading back: a window over rows that are older than those on the screen.
 *
 * @module
 */

/** A move of somebody who reads back. */
export type PageMove = "up" | "down" | "end";

/** The rows that stay on the screen from one page to the next. */
const OVERLAP = 2;

/** A window over rows. */
export interface Window {
  /** The number of rows below it. */
  below: number;
  /** The rows in it, filled up at the top with empty ones. */
  rows: string[];
  /** `true` where it begins with the first row. */
  isAtTop: boolean;
}

/** The rows below the window after a move; 0 where there is nothing to read back any more. */
export function movedBelow(below: number, move: PageMove, height: number): number {
  const step = Math.max(height - OVERLAP, 1);
  return move === "up" ? below + step : move === "down" ? Math.max(below - step, 0) : 0;
}

/** Takes the window of `height` rows that has `below` rows below it, or as many as there are. */
export function windowOf(all: readonly string[], below: number, height: number): Window {
  const most = Math.max(all.length - height, 0);
  const shown = Math.min(below, most);
  const end = all.length - shown;
  const rows = all.slice(Math.max(end - height, 0), end);
  const empty = Array.from({ length: Math.max(height - rows.length, 0) }, () => "");
  return { below: shown, rows: [...empty, ...rows], isAtTop: below >= most };
}
