/**
 * Work that comes in heaps, like the departures of many who are cut off at once: done in its order,
 * and for a millisecond in a turn of the event loop.
 *
 * @module
 */

/** The time for it in a turn, in milliseconds. */
const TURN_MS = 1;

/** Jobs that wait; where none does, the next is done as it comes. */
export class Backlog {
  readonly #now: () => number;
  readonly #jobs: (() => void)[] = [];
  #isTurnOpen = false;
  #isAtWork = false;
  #spentMs = 0;

  /** Makes an empty backlog; `now` is a clock that never goes back, in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** The number of those that wait. */
  get size(): number {
    return this.#jobs.length;
  }

  /** Does something, which must not throw, or lets it wait behind what is to be done before. */
  add(job: () => void): void {
    const isNow = this.#jobs.length === 0 && !this.#isAtWork && this.#spentMs < TURN_MS;
    if (isNow) this.#do(job);
    else this.#jobs.push(job);
  }

  #do(job: () => void): void {
    if (!this.#isTurnOpen) setImmediate(this.#nextTurn);
    this.#isTurnOpen = true;
    const began = this.#now();
    this.#isAtWork = true;
    job();
    this.#isAtWork = false;
    this.#spentMs += this.#now() - began;
  }

  readonly #nextTurn = (): void => {
    this.#isTurnOpen = false;
    this.#spentMs = 0;
    while (this.#jobs.length > 0 && this.#spentMs < TURN_MS) this.#do(this.#jobs.shift()!);
  };
}
