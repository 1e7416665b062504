// This module is pure: no sockets, no clock, no Deno.

/**
 * What a store knows of one client's messages.
 *
 * @module
 */

import type { MemoryBound, Shrinkable } from "../core/memory_bound.ts";

/** How many of a client's newest messages a repeat is answered for with the first one's `seq`. */
export const REMEMBERED_SENDS = 16_384;

/** How many they are once it has no place any more. */
export const KEPT_SENDS = 128;

/** The most bytes that these may take, over all clients of a process. */
export const MAX_SENDS_BYTES = 67_108_864;

/** What one of them takes, about. */
const SEND_BYTES = 12;

/** After so many more it is worth noting. */
const NOTED_SENDS = 256;

/** The `seq` of each of a client's newest messages, by number. */
export class Sends implements Shrinkable {
  readonly #memory: MemoryBound | undefined;
  #last: number;
  #first: number;
  #seqs: number[] = [];

  /** Begins behind message `last`, of which only that it is stored is known; counts what it takes in `memory`. */
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
    this.#seqs[n % REMEMBERED_SENDS] = seq;
    this.#last = n;
    if (n % NOTED_SENDS === 0) this.#note();
  }

  /** Whether the `seq` of message `n` would be known if it had been stored from here. */
  isRecent(n: number): boolean {
    return n > this.#last - REMEMBERED_SENDS;
  }

  /** Forgets where all but the last messages are: as many as a client may have on their way. */
  trim(): void {
    this.#keep(KEPT_SENDS);
  }

  /** Forgets where the older half of them is, but for those that are kept in any case. */
  shrink(): void {
    this.#keep(Math.max(KEPT_SENDS, this.#size >> 1));
  }

  /** Counts no longer. */
  close(): void {
    this.#memory?.delete(this);
  }

  get #size(): number {
    return Math.min(REMEMBERED_SENDS, this.#last - this.#first + 1);
  }

  #keep(count: number): void {
    if (count >= this.#size) return;
    this.#first = this.#last - count + 1;
    const kept: number[] = [];
    for (let n = this.#first; n <= this.#last; n++) {
      const place = n % REMEMBERED_SENDS;
      kept[place] = this.#seqs[place] ?? 0;
    }
    this.#seqs = kept;
    this.#note();
  }

  #note(): void {
    this.#memory?.note(this, SEND_BYTES * this.#size);
  }

  /** The `seq` of message `n`, which is stored; 0 if it is not known, or no longer. */
  seqOf(n: number): number {
    if (n < this.#first || !this.isRecent(n)) return 0;
    return this.#seqs[n % REMEMBERED_SENDS] ?? 0;
  }
}
