/**
 * Timers that keep no program alive: a server of somebody else's ends when its own work is done,
 * whether or not it closed the chat that is mounted in it.
 *
 * @module
 */

/** A timer, for `clearTimeout` and `clearInterval`. */
export type Timer = ReturnType<typeof setTimeout>;

/** Runs something once after `ms` milliseconds, if the program still runs. */
export function later(run: () => void, ms: number): Timer {
  const timer = setTimeout(run, ms);
  Deno.unrefTimer(timer);
  return timer;
}

/** Runs something every `ms` milliseconds for as long as the program runs. */
export function every(run: () => void, ms: number): Timer {
  const timer = setInterval(run, ms);
  Deno.unrefTimer(timer);
  return timer;
}
