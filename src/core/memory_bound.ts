// This module is pure: no sockets, no clock, no Deno.

/**
 * What many things of one kind, like logs, take together, and which of them has to take less.
 *
 * @module
 */

import { Order } from "./order.ts";

/** What can do with less memory. */
export interface Shrinkable {
  /** Forgets some of the oldest of what it has, and notes what it takes then, if that is less. */
  shrink(): void;
}

/** What is known of one of them: the bytes it takes, and the power of two that they reach. */
interface Share {
  bytes: number;
  size: number;
}

/**
 * One bound over all of them. Above it the largest ones shrink, so that they become alike: whoever
 * fills many loses what is in those, and a small one loses nothing before all are as small.
 * Everything here takes constant time.
 */
export class MemoryBound {
  readonly #most: number;
  readonly #shares = new Map<Shrinkable, Share>();
  /** All of them by that power of two; whoever has been of a size for longest comes first. */
  readonly #bySize: Order<Shrinkable>[] = [];
  #bytes = 0;
  #shrinking = false;

  /** Begins with none, which may take `most` bytes together. */
  constructor(most: number) {
    this.#most = most;
  }

  /** What all take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Notes what one takes now. Any may have to shrink within the call, this one too. */
  note(one: Shrinkable, bytes: number): void {
    this.#put(one, bytes);
    if (this.#shrinking) return;
    this.#shrinking = true;
    for (let largest; this.#bytes > this.#most && (largest = this.#largest()) !== undefined;) {
      // It comes back with what it takes then. One that cannot shrink is left alone until it has grown.
      this.#take(largest);
      largest.shrink();
    }
    this.#shrinking = false;
  }

  /** Forgets one. */
  delete(one: Shrinkable): void {
    this.#bytes -= this.#shares.get(one)?.bytes ?? 0;
    this.#take(one);
    this.#shares.delete(one);
  }

  #largest(): Shrinkable | undefined {
    return this.#bySize.at(-1)?.first;
  }

  #put(one: Shrinkable, bytes: number): void {
    const size = Math.floor(Math.log2(bytes + 1));
    const share = this.#shares.get(one) ?? { bytes: 0, size: -1 };
    this.#shares.set(one, share);
    this.#bytes += bytes - share.bytes;
    share.bytes = bytes;
    if (share.size === size && this.#bySize[size]?.has(one)) return;
    this.#take(one);
    share.size = size;
    (this.#bySize[size] ??= new Order()).add(one);
  }

  /** Takes one out of those that may have to shrink. */
  #take(one: Shrinkable): void {
    const { size } = this.#shares.get(one) ?? {};
    if (size !== undefined) this.#bySize[size]?.delete(one);
    while (this.#bySize.length > 0 && !this.#bySize.at(-1)?.size) this.#bySize.pop();
  }
}
