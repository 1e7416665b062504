// This module is pure: no sockets, no clock, no Deno.

/**
 * What a store knows of one client's messages.
 *
 * @module
 */

/** How many of a client's newest messages a repeat is answered for with the first one's `seq`. */
export const REMEMBERED_SENDS = 16_384;

/** How many they are once it has no place any more. */
export const KEPT_SENDS = 128;

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

  /** Forgets where all but the last messages are: as many as a client may have on their way. */
  trim(): void {
    this.#first = Math.max(this.#first, this.#last - KEPT_SENDS + 1);
    const kept: number[] = [];
    for (let n = this.#first; n <= this.#last; n++) {
      const place = n % REMEMBERED_SENDS;
      kept[place] = this.#seqs[place] ?? 0;
    }
    this.#seqs = kept;
  }

  /** The `seq` of message `n`, which is stored; 0 if it is not known, or no longer. */
  seqOf(n: number): number {
    if (n < this.#first || !this.isRecent(n)) return 0;
    return this.#seqs[n % REMEMBERED_SENDS] ?? 0;
  }
}
