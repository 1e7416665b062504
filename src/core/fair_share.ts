/**
 * Who may still add to what a room owes its members: a room that cannot keep up slows down those who
 * say most, and hardly those who say little.
 *
 * Each may have added so much lately as is left, `SHARE` times: the dynamic thresholds of shared
 * buffers (Choudhury and Hahne, IEEE/ACM Transactions on Networking 6(2), 1998). One who says much
 * alone may fill two thirds, ten who do get a tenth each, and there is always some left for whoever
 * has said nothing lately.
 *
 * @module
 */

import type { Person } from "./room.ts";

/** How many times what is left of a room somebody may have taken lately. */
const SHARE = 2;

/** What somebody has taken counts for a third after this time, in milliseconds. */
const LATELY_MS = 1_000;

/** The longest and the shortest that anybody is told to wait, in milliseconds. */
const LONGEST_MS = 1_000;
const SHORTEST_MS = 20;

/** Who took less than this lately is forgotten. */
const NEGLIGIBLE = 0.001;

/** What somebody took of a room, as much as it counted at a time on the monotonic clock, in milliseconds. */
interface Taken {
  amount: number;
  at: number;
}

/** Shares of one room. All amounts are parts of the most that the room may owe. */
export class FairShare {
  readonly #taken = new Map<Person, Taken>();
  #sweptAt = 0;

  /** How many have taken something lately. */
  get size(): number {
    return this.#taken.size;
  }

  /**
   * Takes `amount` for somebody in a room that owes `owed` at the monotonic time `now`, and returns 0;
   * or takes nothing and returns for how many milliseconds to wait.
   */
  take(person: Person, amount: number, owed: number, now: number): number {
    const taken = this.#takenAt(person, now);
    const most = SHARE * (1 - owed);
    if (taken.amount > most) {
      // What one has taken fades; what a room owes, nobody knows how soon that is sent.
      const wait = most > 0 ? LATELY_MS * Math.log(taken.amount / most) : LONGEST_MS;
      return Math.ceil(Math.min(LONGEST_MS, Math.max(SHORTEST_MS, wait)));
    }
    taken.amount += amount;
    this.#taken.set(person, taken);
    return 0;
  }

  #takenAt(person: Person, now: number): Taken {
    if (now - this.#sweptAt > LATELY_MS) this.#sweep(now);
    const taken = this.#taken.get(person) ?? { amount: 0, at: now };
    fade(taken, now);
    return taken;
  }

  #sweep(now: number): void {
    this.#sweptAt = now;
    for (const [person, taken] of this.#taken) {
      fade(taken, now);
      if (taken.amount < NEGLIGIBLE) this.#taken.delete(person);
    }
  }
}

function fade(taken: Taken, now: number): void {
  taken.amount *= Math.exp((taken.at - now) / LATELY_MS);
  taken.at = now;
}
