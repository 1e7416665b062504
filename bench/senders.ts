/**
 * Senders that keep to a schedule, whatever the server does.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import type { Due, Schedule } from "./schedule.ts";

/** Sends a message: the promise settles when it is acknowledged, or never will be. */
export type SendMessage = (due: Due) => Promise<void>;

/**
 * One sender. Like an app that awaits each `send`, it has at most `inFlight` messages
 * without an acknowledgement; what falls due meanwhile goes out late, in order, and its
 * latency still counts from when it was due.
 */
export class Sender {
  readonly #send: SendMessage;
  readonly #inFlight: number;
  #queue: Due[] = [];
  #flying = 0;

  /** Makes a sender; 0 as `inFlight` means without limit. `send` must not reject. */
  constructor(send: SendMessage, inFlight: number) {
    this.#send = send;
    this.#inFlight = inFlight === 0 ? Infinity : inFlight;
  }

  /** `true` where everything that fell due was sent and acknowledged. */
  get idle(): boolean {
    return this.#flying === 0 && this.#queue.length === 0;
  }

  /** Takes a message that is due now. */
  push(due: Due): void {
    this.#queue.push(due);
    this.#pump();
  }

  #pump(): void {
    while (this.#flying < this.#inFlight) {
      const due = this.#queue.shift();
      if (due === undefined) return;
      this.#flying++;
      this.#send(due).finally(() => {
        this.#flying--;
        this.#pump();
      });
    }
  }
}

/** Timers of the runtime fire at whole milliseconds, and up to another one later. */
const TIMER_MS = 2;

/** Up to this share of the time the generator may spin to be on time: on average half of it is spent. */
const SPIN_SHARE = 0.4;

/**
 * Gives each message to its sender when it is due; `startMs` is when the measured part
 * begins, on the clock of `performance.now()`. Resolves when all have been given, or the
 * signal is aborted.
 */
export async function dispatch(
  schedule: Schedule,
  senders: readonly Sender[],
  { startMs, signal }: { startMs: number; signal: AbortSignal },
): Promise<void> {
  // At high rates spinning would take the whole core: being late is reported instead.
  const spins = TIMER_MS <= schedule.gapMs * SPIN_SHARE;
  for (const due of schedule) {
    for (;;) {
      if (signal.aborted) return;
      const waitMs = startMs + due.atMs - performance.now();
      if (waitMs <= 0) break;
      await (!spins ? pause(waitMs) : waitMs < TIMER_MS ? turn() : pause(waitMs - TIMER_MS));
    }
    senders[due.sender]?.push(due);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
