/**
 * Waits of tests: for a condition, with a bound. Nothing here needs a permission.
 *
 * @module
 */

import { setImmediate } from "node:timers";

/** The longest wait for anything in a test: far more than a healthy run needs, for slow machines. */
export const PATIENCE_MS = 10_000;

/** Rejects with a sentence when `promise` takes longer than {@linkcode PATIENCE_MS}. */
export async function bounded<T>(promise: Promise<T>, what: () => string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited ${PATIENCE_MS} ms: ${what()}`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until something is so; rejects with what it waited for when that takes too long. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  what: string | (() => string),
  { withinMs = PATIENCE_MS, everyMs = 5 } = {},
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!await isSo()) {
    if (performance.now() > deadline) {
      throw new Error(`Waited ${withinMs} ms: ${typeof what === "string" ? what : what()}`);
    }
    await pause(everyMs);
  }
}

/** Lets time pass, where time itself is what a test is about, or that nothing happens in it. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * The shortest of up to three times in milliseconds, up to the first below `limitMs`: whatever else
 * runs on the machine can only make it longer.
 */
export async function shortest(limitMs: number, time: () => Promise<number>): Promise<number> {
  let least = Infinity;
  for (let attempt = 0; attempt < 3 && least >= limitMs; attempt++) {
    least = Math.min(least, await time());
  }
  return least;
}

/** Waits for the end of this turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Waits turn by turn until something is so, where it takes turns and no time; rejects with what it
 * waited for after `most` turns.
 */
export async function untilTurn(
  isSo: () => boolean,
  what: string | (() => string),
  most = 1_000,
): Promise<void> {
  for (let turns = 0; !isSo(); turns++) {
    if (turns === most) {
      throw new Error(`Waited ${most} turns: ${typeof what === "string" ? what : what()}`);
    }
    await turn();
  }
}
