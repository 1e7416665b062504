// This module is pure: no sockets, no clock, no Deno.

/**
 * What a store knows of one client's messages.
 *
 * @module
 */

/** How many of a client's newest messages a repeat is answered for with the first one's `seq`. */
export const REMEMBERED_SENDS = 16_384;

/** The `seq` of each of a client's newest messages, by number. */
export class Sends {
  #last: number;
  #first: number;
  #seqs: number[] = [];

  /** Begins behind message `last`, of which only that it is stored is known. */
  constructor(last = 0) {
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
  }

  /** Whether the `seq` of message `n` would be known if it had been stored from here. */
  isRecent(n: number): boolean {
    return n > this.#last - REMEMBERED_SENDS;
  }

  /** The `seq` of message `n`, which is stored; 0 if it is not known, or no longer. */
  seqOf(n: number): number {
    if (n < this.#first || !this.isRecent(n)) return 0;
    return this.#seqs[n % REMEMBERED_SENDS] ?? 0;
  }
}
