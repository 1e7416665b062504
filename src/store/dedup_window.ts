// This module is pure: no sockets, no clock, no Deno.

/**
 * The newest messages of one client, as far as a store knows them: a repeat of one is answered
 * with the `seq` that the first has.
 *
 * @module
 */

import type { MemoryBound, Shrinkable } from "../core/limits/memory_bound.ts";

/** The most messages of a client whose places are known. */
export const WINDOW_SIZE = 16_384;

/** The most of them once it has no place any more. */
export const TRIMMED_SIZE = 128;

/** The most bytes that these may take, over all clients of a process. */
export const MAX_WINDOW_BYTES = 67_108_864;

/** About the bytes that one of them takes. */
const MESSAGE_BYTES = 12;

/** The number of new ones after which it is worth noting. */
const NOTED_MESSAGES = 256;

/** The `seq` of each of a client's newest messages, by number. */
export class DedupWindow implements Shrinkable {
  readonly #memory: MemoryBound | undefined;
  #last: number;
  #first: number;
  #seqs: number[] = [];

  /** Begins behind message `last`: only that it is stored is known; counts what it takes in `memory`. */
  constructor(last = 0, memory?: MemoryBound) {
    this.#memory = memory;
    this.#last = last;
    this.#first = last + 1;
  }

  /** The number of the newest message. */
  get last(): number {
    return this.#last;
  }

  /** Takes in that the message `n`, which is newer than the last one, is stored at `seq`. */
  add(n: number, seq: number): void {
    if (n !== this.#last + 1) this.#first = n;
    this.#seqs[n % WINDOW_SIZE] = seq;
    this.#last = n;
    if (n % NOTED_MESSAGES === 0) this.#note();
  }

  /** Says whether the `seq` of message `n` would be known if it had been stored from here. */
  isRecent(n: number): boolean {
    return n > this.#last - WINDOW_SIZE;
  }

  /** Forgets where all but the last messages are: as many as a client may have on their way. */
  trim(): void {
    this.#keep(TRIMMED_SIZE);
  }

  /** Forgets where the older half of them is, but for those that are kept in any case. */
  shrink(): void {
    this.#keep(Math.max(TRIMMED_SIZE, this.#size >> 1));
  }

  /** Counts no longer. */
  close(): void {
    this.#memory?.delete(this);
  }

  get #size(): number {
    return Math.min(WINDOW_SIZE, this.#last - this.#first + 1);
  }

  #keep(count: number): void {
    if (count >= this.#size) return;
    this.#first = this.#last - count + 1;
    const kept: number[] = [];
    for (let n = this.#first; n <= this.#last; n++) {
      const place = n % WINDOW_SIZE;
      kept[place] = this.#seqs[place] ?? 0;
    }
    this.#seqs = kept;
    this.#note();
  }

  #note(): void {
    this.#memory?.note(this, MESSAGE_BYTES * this.#size);
  }

  /** The `seq` of message `n`, which is stored; 0 if it is not known, or no longer. */
  seqOf(n: number): number {
    if (n < this.#first || !this.isRecent(n)) return 0;
    return this.#seqs[n % WINDOW_SIZE] ?? 0;
  }
}
