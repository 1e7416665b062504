// This module is pure: no sockets, no clock, no Deno.

/**
 * Which nodes are alive: each says so at an interval, to all of them and to itself.
 * One that does not hear itself is cut off, and cannot say anything about others.
 *
 * @module
 */

/** How often a node says that it lives, and for how long it is believed; in milliseconds. */
export interface NodeTimes {
  /** The interval; a node that is cut off knows it after two of these. */
  probeMs: number;
  /** A node that was not heard for this long is dead. */
  leaseMs: number;
}

/** Without a word of its own for so many intervals, a node is cut off; the next look is half an interval away. */
const DEAF_AFTER = 1.5;

/** Another node whose words are so many intervals apart was not always heard. */
const LATE_AFTER = 2.5;

/** When a node that is silent is forgotten, in milliseconds: nobody comes back from it any more. */
const FORGET_AFTER_MS = 86_400_000;

/** What one node knows of itself and of the others; times are monotonic, in milliseconds. */
export class Nodes {
  readonly #self: string;
  readonly #times: NodeTimes;
  readonly #heardAt = new Map<string, number>();
  /** When the newest word of its own was said that has come back. */
  #echoOf = -Infinity;
  /** Since when it has heard without a break. */
  #hearsSince = -Infinity;

  /** Makes what a node knows at its beginning: that it is cut off. */
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

  /** Whether this node hears itself, and so the others. */
  hears(now: number): boolean {
    return now - this.#echoOf < DEAF_AFTER * this.#times.probeMs;
  }

  /** For how long `node` has said nothing while this one was listening; 0 where it is not. */
  silentFor(node: string, now: number): number {
    if (node === this.#self || !this.hears(now)) return 0;
    return now - Math.max(this.#heardAt.get(node) ?? -Infinity, this.#hearsSince);
  }

  /** Whether `node` has died, as far as can be known here. */
  isDead(node: string, now: number): boolean {
    return this.silentFor(node, now) >= this.#times.leaseMs;
  }

  /** Forgets those that have died: of them is known as much as of ones that were never heard. */
  prune(now: number): void {
    for (const [node, at] of this.#heardAt) {
      if (now - at >= FORGET_AFTER_MS) this.#heardAt.delete(node);
    }
  }
}
