/**
 * Shares of what a room may owe its members. A room that cannot keep up slows down those who say
 * most, and hardly those who say little.
 *
 * Each author may have taken lately at most `SHARE` times what is left. These are the dynamic
 * thresholds of shared buffers (Choudhury and Hahne, IEEE/ACM Transactions on Networking 6(2), 1998).
 * One author who says much may fill two thirds. Ten of them get a tenth each. Some is always left for
 * an author who has said nothing lately.
 *
 * @module
 */

/** The factor between what is left of a room and what one author may have taken of it lately. */
const SHARE = 2;

/** The time after which a share that was taken counts for about a third, in milliseconds. */
const LATELY_MS = 1_000;

/** The longest and the shortest wait that an author is told, in milliseconds. */
const LONGEST_MS = 1_000;
const SHORTEST_MS = 20;

/** The least share that is remembered. */
const NEGLIGIBLE = 0.001;

/** The share that an author took of a room: it counts less as time goes by. */
interface Taken {
  /** The amount that counted at that time. */
  amount: number;
  /** The time, on the monotonic clock in milliseconds. */
  at: number;
}

/** Shares of one room. All amounts are parts of the most that the room may owe. */
export class FairShare<Author> {
  readonly #taken = new Map<Author, Taken>();
  #sweptAt = 0;

  /** The number of authors who have taken something lately. */
  get size(): number {
    return this.#taken.size;
  }

  /**
   * Takes `amount` for an author in a room that owes `owed` at the monotonic time `now`, and returns
   * 0. Or takes nothing, and returns the milliseconds for which the author should wait.
   */
  take(author: Author, amount: number, owed: number, now: number): number {
    const taken = this.#takenAt(author, now);
    const most = SHARE * (1 - owed);
    if (taken.amount > most) {
      // The share of an author fades in a known time. Nobody knows how soon a room can send.
      const wait = most > 0 ? LATELY_MS * Math.log(taken.amount / most) : LONGEST_MS;
      return Math.ceil(Math.min(LONGEST_MS, Math.max(SHORTEST_MS, wait)));
    }
    taken.amount += amount;
    this.#taken.set(author, taken);
    return 0;
  }

  #takenAt(author: Author, now: number): Taken {
    if (now - this.#sweptAt > LATELY_MS) this.#sweep(now);
    const taken = this.#taken.get(author) ?? { amount: 0, at: now };
    fade(taken, now);
    return taken;
  }

  #sweep(now: number): void {
    this.#sweptAt = now;
    for (const [author, taken] of this.#taken) {
      fade(taken, now);
      if (taken.amount < NEGLIGIBLE) this.#taken.delete(author);
    }
  }
}

function fade(taken: Taken, now: number): void {
  taken.amount *= Math.exp((taken.at - now) / LATELY_MS);
  taken.at = now;
}
