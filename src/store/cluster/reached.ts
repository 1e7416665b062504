// This module is pure: no sockets, no clock, no Deno.

/**
 * Waits until a log has reached a place.
 *
 * @module
 */

/** Those who wait for places of one log. */
export class Reached {
  #waiting: { seq: number; reached: () => void }[] = [];

  /** Resolves when the log has reached `seq`, or is closed. */
  wait(seq: number): Promise<void> {
    return new Promise((reached) => this.#waiting.push({ seq, reached }));
  }

  /** Notes that the log has reached `seq`; Infinity where it is closed. */
  reach(head: number): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ seq }) => seq > head);
    for (const { seq, reached } of waiting) if (seq <= head) reached();
  }
}
