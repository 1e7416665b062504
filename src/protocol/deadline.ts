// This module runs in browsers.

/**
 * Promises with a deadline: each has a timeout, and takes a signal that ends it earlier.
 *
 * @module
 */

import { ChatError } from "./errors.ts";

/** Options of a wait: when it ends. */
export interface WaitOptions {
  /** Milliseconds after which the wait ends with a {@linkcode ChatError} `timeout`. */
  timeoutMs?: number;
  /** Ends the wait with a {@linkcode ChatError} `aborted` that has the signal's reason as its cause. */
  signal?: AbortSignal;
}

/** The longest time a timer can run, in milliseconds. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** A promise and the functions that settle it. */
export interface Deferred<T> {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
}

/**
 * Makes a promise that rejects after `timeoutMs` milliseconds with a {@linkcode ChatError}
 * `timeout`, or when the signal is aborted with `aborted`. `what` names in the error what was
 * waited for. It settles as `awaited` does, if that comes before.
 */
export function deferred<T>(
  what: string,
  timeoutMs: number,
  signal?: AbortSignal,
  awaited?: Promise<T>,
): Deferred<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  awaited?.then(resolve, reject);
  // What is left of a timeout may be a fraction, or less than nothing.
  timeoutMs = Math.max(0, Math.round(timeoutMs));
  const timer = setTimeout(
    () => reject(new ChatError("timeout", `${what} took longer than ${timeoutMs} ms`)),
    // A timer with a longer time would fire at once.
    Math.min(timeoutMs, MAX_TIMER_MS),
  );
  const abort = () => reject(abortedBy(signal!));
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  const settled = () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  };
  promise.then(settled, settled);
  return { promise, resolve, reject };
}

/** Throws where the signal was aborted, as a wait with it would. */
export function throwIfAborted(signal?: AbortSignal): void {
  if (signal?.aborted) throw abortedBy(signal);
}

function abortedBy({ reason }: AbortSignal): ChatError {
  return new ChatError("aborted", String(reason?.message ?? reason), { cause: reason });
}

/** Resolves after `ms` milliseconds, or as soon as the signal is aborted. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return deferred<void>("", ms, signal).promise.catch(() => {});
}

/** Resolves when the promise does, or after `ms` milliseconds; rejects if that rejects first. */
export async function withDeadline(ms: number, promise: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
