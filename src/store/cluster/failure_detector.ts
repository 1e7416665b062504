// This module is pure: no sockets, no clock, no Deno.

/**
 * Tells nodes that live from dead ones. Each says that it lives at an interval, to all of them and to
 * itself. One that does not hear itself is cut off, and cannot say anything about others.
 *
 * @module
 */

/** The interval at which nodes say that they live, and the lease; in milliseconds. */
export interface NodeTimes {
  /** The interval; a node that is cut off knows it after two of these. */
  probeMs: number;
  /** A node that was not heard for this long is dead. */
  leaseMs: number;
}

/** The number of intervals without a word of its own after which a node is cut off; the next look is half an interval away. */
const DEAF_AFTER = 1.5;

/** The number of intervals between two words of another node after which it was not always heard. */
const LATE_AFTER = 2.5;

/** The time after which a silent node is forgotten, in milliseconds: nobody comes back from it any more. */
const FORGET_AFTER_MS = 86_400_000;

/** The nodes as one of them hears them; times are monotonic, in milliseconds. */
export class FailureDetector {
  readonly #self: string;
  readonly #times: NodeTimes;
  readonly #heardAt = new Map<string, number>();
  /** The time at which it said the newest word of its own that has come back. */
  #echoOf = -Infinity;
  /** The time since which it has heard without a break. */
  #hearsSince = -Infinity;

  /** Makes the detector of a node, which is cut off at its beginning. */
  constructor(self: string, times: NodeTimes) {
    this.#self = self;
    this.#times = times;
  }

  /**
   * Takes in what `node` said, and says whether it was expected earlier; `saidAt` counts only
   * where it is this one's own word.
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

  /** The time for which `node` has said nothing while this one was listening; 0 where it is not. */
  silentFor(node: string, now: number): number {
    if (node === this.#self || !this.hears(now)) return 0;
    return now - Math.max(this.#heardAt.get(node) ?? -Infinity, this.#hearsSince);
  }

  /** Says whether `node` has died, as far as can be known here. */
  isDead(node: string, now: number): boolean {
    return this.silentFor(node, now) >= this.#times.leaseMs;
  }

  /** Forgets nodes that died long ago: they count as dead like any that was never heard. */
  prune(now: number): void {
    for (const [node, at] of this.#heardAt) {
      if (now - at >= FORGET_AFTER_MS) this.#heardAt.delete(node);
    }
  }
}
