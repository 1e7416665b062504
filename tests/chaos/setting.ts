/**
 * Settings of the chaos tests, and what they report. `CHAOS=full` takes the figures of
 * the scoreboard, everything else a short setting; `CHAOS_SEED` repeats a run.
 *
 * @module
 */

import "../support/ignore_unpermitted.ts";
import { variable } from "../support/permissions.ts";

/** `true`: the tests run at the scoreboard's full figures. */
export const FULL: boolean = variable("CHAOS") === "full";

/** The seed that all chance in the chaos tests comes from. */
export const SEED: number = Number(variable("CHAOS_SEED") ?? Date.now() % 1_000_000_000);

/** Picks the figure for the setting. */
export function setting<T>(short: T, full: T): T {
  return FULL ? full : short;
}

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
export function chance(seed: number = SEED): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The findings of a test of a row. */
export interface Report {
  /** The row of the scoreboard, like `R4`. */
  row: string;
  /** The deed, in few words. */
  what: string;
  /** Figures that were counted and measured. */
  figures: Record<string, string | number>;
  /** Parts of the row's figure that were not reached, or not shown; empty where it was. */
  missed: string[];
}

/** Prints what was found out, and keeps it where `CHAOS_REPORT` names a file. */
export function report(
  row: string,
  what: string,
  figures: Report["figures"],
  missed: string[] = [],
): void {
  const all = Object.entries(figures).map(([name, figure]) => `${name} ${figure}`).join(", ");
  // deno-lint-ignore no-console -- this is what the run is for
  console.log(`${row} (seed ${SEED}) ${what}: ${all}`);
  const path = variable("CHAOS_REPORT");
  if (path === undefined) return;
  const line: Report = { row, what, figures, missed };
  Deno.writeTextFileSync(path, JSON.stringify(line) + "\n", { append: true });
}

/** The value below which the given part of all values lies; NaN where there are none. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN;
}
