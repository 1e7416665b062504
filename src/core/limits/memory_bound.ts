/**
 * A bound for what many things of one kind, like logs, take together: the largest have to take less.
 *
 * @module
 */

import { Levels } from "./order.ts";

/** A thing that can do with less memory. */
export interface Shrinkable {
  /** Forgets some of the oldest of what it has and notes what it takes then; notes nothing where it cannot. */
  shrink(): void;
}

/** The number of levels from one size to twice that. */
const LEVELS_PER_DOUBLING = 4;

/**
 * One bound over all of them. Above it the largest ones shrink, so that they become alike: whoever
 * fills many loses what is in those, and one that takes less than an equal share loses nothing.
 * Everything here takes constant time.
 */
export class MemoryBound {
  readonly #most: number;
  readonly #least: number;
  /** The bytes that each takes. */
  readonly #shares = new Map<Shrinkable, number>();
  /** Those that may have to shrink by their sizes, see {@linkcode levelOf}. */
  readonly #bySize = new Levels<Shrinkable>();
  #bytes = 0;
  #shrinking = false;

  /** Begins with none, which may take `most` bytes together, and each of them `least` in any case. */
  constructor(most: number, least = 0) {
    this.#most = most;
    this.#least = least;
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
    while (this.#bytes > this.#most) {
      const largest = this.#bySize.highest;
      if (largest === undefined || this.#isSpared(this.#shares.get(largest)!)) break;
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

  /** Says whether one of that size keeps all that it has, though others that cannot shrink take too much. */
  #isSpared(bytes: number): boolean {
    return bytes <= this.#least || levelOf(bytes) < levelOf(this.#most / this.#shares.size);
  }

  #put(one: Shrinkable, bytes: number): void {
    this.#bytes += bytes - (this.#shares.get(one) ?? 0);
    this.#shares.set(one, bytes);
    this.#bySize.put(one, levelOf(bytes));
  }
}

/** The level of a size in bytes: whoever is at a higher one takes more. */
function levelOf(bytes: number): number {
  return Math.floor(LEVELS_PER_DOUBLING * Math.log2(bytes + 1));
}
