// This module is pure: no sockets, no clock, no Deno.

/**
 * What all logs take together, and which of them has to take less.
 *
 * @module
 */

/** A log, as far as its memory goes. */
export interface Shrinkable {
  /** Forgets some of the oldest of what it has, and notes what it takes then, if that is less. */
  shrink(): void;
}

/** What is known of one log: the bytes it takes, and its class. */
interface Share {
  bytes: number;
  size: number;
}

/**
 * One bound over all logs. Above it the largest ones shrink, so that they become alike: whoever
 * fills many logs loses what is in those, and a small one loses nothing before all are as small.
 * Everything here takes constant time.
 */
export class LogMemory {
  readonly #most: number;
  readonly #shares = new Map<Shrinkable, Share>();
  /** The logs by the power of two that their bytes reach; whoever has been of a size longest comes first. */
  readonly #bySize: Set<Shrinkable>[] = [];
  #bytes = 0;
  #shrinking = false;

  /** Begins with no logs, which may take `most` bytes together. */
  constructor(most: number) {
    this.#most = most;
  }

  /** What all logs take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Notes what a log takes now. Logs may have to shrink within the call, this one too. */
  note(log: Shrinkable, bytes: number): void {
    this.#put(log, bytes);
    if (this.#shrinking) return;
    this.#shrinking = true;
    for (let largest; this.#bytes > this.#most && (largest = this.#largest()) !== undefined;) {
      // It comes back with what it takes then. One that cannot shrink is left alone until it has grown.
      this.#take(largest);
      largest.shrink();
    }
    this.#shrinking = false;
  }

  /** Forgets a log. */
  delete(log: Shrinkable): void {
    this.#bytes -= this.#shares.get(log)?.bytes ?? 0;
    this.#take(log);
    this.#shares.delete(log);
  }

  #largest(): Shrinkable | undefined {
    return this.#bySize.at(-1)?.values().next().value;
  }

  #put(log: Shrinkable, bytes: number): void {
    const size = Math.floor(Math.log2(bytes + 1));
    const share = this.#shares.get(log) ?? { bytes: 0, size: -1 };
    this.#shares.set(log, share);
    this.#bytes += bytes - share.bytes;
    share.bytes = bytes;
    if (share.size === size && this.#bySize[size]?.has(log)) return;
    this.#take(log);
    share.size = size;
    (this.#bySize[size] ??= new Set()).add(log);
  }

  /** Takes a log out of those that may have to shrink. */
  #take(log: Shrinkable): void {
    const { size } = this.#shares.get(log) ?? {};
    if (size !== undefined) this.#bySize[size]?.delete(log);
    while (this.#bySize.length > 0 && !this.#bySize.at(-1)?.size) this.#bySize.pop();
  }
}
