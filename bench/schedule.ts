// This module is pure: no sockets, no clock, no Deno.

/**
 * When each message of an open-loop run is due. The schedule is made before the run and
 * asks nothing of the server: one that is slow does not make the load any smaller.
 *
 * @module
 */

/** Settings of a schedule; times in milliseconds. */
export interface ScheduleOptions {
  /** The number of senders; each sends at the same rate. */
  senders: number;
  /** Messages a second of each sender. */
  rate: number;
  /** The length of the measured part. */
  durationMs: number;
  /** The length of the part before it, whose messages are not measured. */
  warmupMs: number;
  /** Decides at which moment of its interval each sender sends. */
  seed: number;
}

/** One message that is due. */
export interface Due {
  /** Which sender, from 0. */
  sender: number;
  /** The sender's number of the message: from 0, and below 0 in the warm-up. */
  k: number;
  /** When it is due, in milliseconds from the beginning of the measured part. */
  atMs: number;
}

/** All messages of a run, and when each is due. */
export class Schedule implements Iterable<Due> {
  /** The number of measured messages of each sender. */
  readonly perSender: number;
  /** The mean time between two messages, whoever sends them, in milliseconds. */
  readonly gapMs: number;
  readonly #warmup: number;
  readonly #intervalMs: number;
  readonly #phasesMs: number[];

  /** Makes the schedule; the same options make the same one. */
  constructor({ senders, rate, durationMs, warmupMs, seed }: ScheduleOptions) {
    this.perSender = Math.round(rate * durationMs / 1_000);
    this.gapMs = 1_000 / (rate * senders);
    this.#warmup = Math.round(rate * warmupMs / 1_000);
    this.#intervalMs = 1_000 / rate;
    // Within its interval each sender has a moment of its own, so that they do not all send at once.
    const random = randomFrom(seed);
    this.#phasesMs = Array.from({ length: senders }, () => random() * this.#intervalMs);
  }

  /** When message `k` of a sender is due, in milliseconds from the beginning of the measured part. */
  atMs(sender: number, k: number): number {
    return k * this.#intervalMs + (this.#phasesMs[sender] ?? 0);
  }

  /** The messages in the order in which they are due. */
  *[Symbol.iterator](): Generator<Due, void, undefined> {
    const turns = [...this.#phasesMs.keys()]
      .sort((a, b) => this.#phasesMs[a]! - this.#phasesMs[b]!);
    for (let k = -this.#warmup; k < this.perSender; k++) {
      for (const sender of turns) yield { sender, k, atMs: this.atMs(sender, k) };
    }
  }
}

/** Repeatable random numbers from 0 to below 1 (Mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
