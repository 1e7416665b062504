// This module is pure: no sockets, no clock, no Deno.

/**
 * Tells live nodes from dead ones. At an interval, each says to all nodes, and to itself, that it
 * lives. A node that does not hear itself is cut off, and knows nothing about the others.
 *
 * @module
 */

/** The interval at which nodes say that they live, and the lease; in milliseconds. */
export interface NodeTimes {
  /** The interval; a node that is cut off knows it after two. */
  probeMs: number;
  /** The silence after which a node is dead. */
  leaseMs: number;
}

/** Intervals without a word of its own after which a node is cut off; it looks every half one. */
const DEAF_AFTER = 1.5;

/** Intervals between two words of another node after which some may have been lost. */
const LATE_AFTER = 2.5;

/** Milliseconds after which a silent node is forgotten: none of its clients comes back any more. */
const FORGET_AFTER_MS = 86_400_000;

/** The nodes as one of them hears them; times are monotonic, in milliseconds. */
export class FailureDetector {
  readonly #self: string;
  readonly #times: NodeTimes;
  readonly #heardAt = new Map<string, number>();
  /** The time at which it said the newest of its own words that it has heard. */
  #echoOf = -Infinity;
  /** The time since which it has heard itself without a break. */
  #hearsSince = -Infinity;

  /** Makes the detector of a node, which is cut off at its beginning. */
  constructor(self: string, times: NodeTimes) {
    this.#self = self;
    this.#times = times;
  }

  /**
   * Notes that `node` was heard, and says whether that was late; `saidAt` counts only for a word of
   * this node itself.
   */
  heard(node: string, saidAt: number, now: number): boolean {
    if (node !== this.#self) {
      const before = this.#heardAt.get(node) ?? now;
      this.#heardAt.set(node, now);
      return now - before >= LATE_AFTER * this.#times.probeMs;
    }
    if (!this.hears(now)) this.#hearsSince = now;
    this.#echoOf = Math.max(this.#echoOf, saidAt);
    return false;
  }

  /** Says whether this node hears itself, and so the others. */
  hears(now: number): boolean {
    return now - this.#echoOf < DEAF_AFTER * this.#times.probeMs;
  }

  /** The time for which `node` was silent while this one was listening; 0 where it is cut off. */
  silentFor(node: string, now: number): number {
    if (node === this.#self || !this.hears(now)) return 0;
    return now - Math.max(this.#heardAt.get(node) ?? -Infinity, this.#hearsSince);
  }

  /** Says whether `node` has died, as far as can be known here. */
  isDead(node: string, now: number): boolean {
    return this.silentFor(node, now) >= this.#times.leaseMs;
  }

  /** Forgets nodes that died long ago: like any that was never heard, they count as dead. */
  prune(now: number): void {
    for (const [node, at] of this.#heardAt) {
      if (now - at >= FORGET_AFTER_MS) this.#heardAt.delete(node);
    }
  }
}
