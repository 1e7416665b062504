/**
 * A bound for what many things of one kind, like logs, take together: the largest have to take less.
 *
 * @module
 */

import { Levels } from "./order.ts";

/** A thing that can do with less memory. */
export interface Shrinkable {
  /** Forgets some of the oldest of what it has, and notes what it takes then, if that is less. */
  shrink(): void;
}

/**
 * One bound over all of them. Above it the largest ones shrink, so that they become alike: whoever
 * fills many loses what is in those, and a small one loses nothing before all are as small.
 * Everything here takes constant time.
 */
export class MemoryBound {
  readonly #most: number;
  /** The bytes that each takes. */
  readonly #shares = new Map<Shrinkable, number>();
  /** Those that may have to shrink by the power of two that these reach. */
  readonly #bySize = new Levels<Shrinkable>();
  #bytes = 0;
  #shrinking = false;

  /** Begins with none, which may take `most` bytes together. */
  constructor(most: number) {
    this.#most = most;
  }

  /** The bytes that all take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Notes what one takes now. Any may have to shrink within the call, this one too. */
  note(one: Shrinkable, bytes: number): void {
    this.#put(one, bytes);
    if (this.#shrinking) return;
    this.#shrinking = true;
    for (let largest; this.#bytes > this.#most && (largest = this.#bySize.highest) !== undefined;) {
      // It comes back with what it takes then. One that cannot shrink is left alone until it has grown.
      this.#bySize.delete(largest);
      largest.shrink();
    }
    this.#shrinking = false;
  }

  /** Forgets one. */
  delete(one: Shrinkable): void {
    this.#bytes -= this.#shares.get(one) ?? 0;
    this.#bySize.delete(one);
    this.#shares.delete(one);
  }

  #put(one: Shrinkable, bytes: number): void {
    this.#bytes += bytes - (this.#shares.get(one) ?? 0);
    this.#shares.set(one, bytes);
    this.#bySize.put(one, Math.floor(Math.log2(bytes + 1)));
  }
}
