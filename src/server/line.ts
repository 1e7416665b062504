/**
 * What has output waits in line, and is served at the ends of turns of the event loop, each in
 * pieces: so that nobody waits for more than a piece of what the others have.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { Gathering } from "./gathering.ts";

/** What goes to as many waits for input that is on its way, so that it shares their frames. */
const LARGE = 16;

/** So much goes out in a turn, in sends, then there is another look at what has come in. */
const SENDS_PER_TURN = 128;

/** So much of it an item may have before it is the turn of the next one. What it has beyond is taken off the next time. */
const QUANTUM = 64;

/** What an item has sent. */
export interface Served {
  /** How much that was, in sends. */
  readonly cost: number;
  /** Whether there is more of it. */
  readonly more: boolean;
}

/**
 * Those with output. The scheme is that of FQ-CoDel (RFC 8290): deficit round robin in which whoever
 * has something after a while goes before those who have always more. Such an item is kept among the
 * others for one round when it is done, so that many who come again and again starve nobody.
 */
export class Line<Item> {
  readonly #serve: (item: Item, most: number) => Served;
  /** Those that have not been served since they have output, in the order in which they got it. */
  readonly #fresh = new Set<Item>();
  /** The others in the order of their turns, and what each had beyond its quantum; undefined for those that are done. */
  readonly #others = new Map<Item, number | undefined>();
  /** Those among them that were served in part. */
  readonly #going = new Set<Item>();
  /** Those among these that have got more output meanwhile, and for how many members. */
  readonly #again = new Map<Item, number>();
  /** Those that have come to that, and will be among the others in the next turn. */
  readonly #next = new Map<Item, number>();
  readonly #gathering = new Gathering();
  #scheduled = false;
  /** How many have output. */
  #busy = 0;
  /** Whether there is a large one among those that begin. */
  #large = false;

  /** Makes an empty line; `serve` sends what an item has when its turn has come, and about so `much` of it. */
  constructor(serve: (item: Item, much: number) => Served) {
    this.#serve = serve;
  }

  /**
   * Puts an item in line that has output for so many `members`, unless it is there. One that was
   * served in part is served again when that is over.
   */
  add(item: Item, members: number): void {
    if (this.#fresh.has(item)) return;
    // Nearly always there are no others, and a look is saved.
    if (this.#busy > this.#fresh.size && this.#isServed(item, members)) return;
    if (this.#busy++ === 0) this.#gathering.begin(performance.now());
    if (this.#others.size > 0 && this.#others.has(item)) this.#others.set(item, 0);
    else this.#fresh.add(item);
    if (members >= LARGE) this.#large = true;
    this.#schedule();
  }

  /** Whether an item that is not fresh has output already; notes that it has more where it is served in part. */
  #isServed(item: Item, members: number): boolean {
    if (!this.#going.has(item)) return this.#next.has(item) || this.#others.get(item) !== undefined;
    this.#again.set(item, members);
    return true;
  }

  /** Says that a frame has come in from somewhere. */
  heard(): void {
    this.#gathering.heard();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // A whole turn, not a microtask: only then have all sockets with input been read,
    // and their messages share a frame (measured: 12 times the deliveries with 32 senders).
    setImmediate(this.#turn);
  }

  /** The end of a turn: serves, or waits for another one. */
  readonly #turn = (): void => {
    this.#scheduled = false;
    if (this.#waits(performance.now())) {
      this.#schedule();
      return;
    }
    this.#large = false;
    if (this.#next.size > 0) {
      for (const [item, beyond] of this.#next) this.#others.set(item, beyond);
      this.#next.clear();
    }
    this.#serveTurn();
    if (this.#busy === 0) {
      this.#others.clear();
      return;
    }
    this.#gathering.begin(performance.now());
    this.#schedule();
  };

  #waits(now: number): boolean {
    return this.#going.size > 0
      ? this.#gathering.pauses(now)
      : this.#gathering.waits(this.#large, now);
  }

  /** Serves the fresh ones, then the others, as far as a turn goes. */
  #serveTurn(): void {
    let spent = 0;
    for (const item of this.#fresh) {
      if (spent >= SENDS_PER_TURN) return;
      this.#fresh.delete(item);
      spent += this.#serveOne(item, 0);
      if (this.#others.size > 0 && !this.#others.has(item)) this.#others.set(item, undefined);
    }
    // Who is not done comes again behind the others, in the same turn too.
    for (const [item, beyond] of this.#others) {
      if (spent >= SENDS_PER_TURN) return;
      this.#others.delete(item);
      if (beyond !== undefined) spent += this.#serveOne(item, beyond);
    }
  }

  #serveOne(item: Item, beyond: number): number {
    const much = QUANTUM - beyond;
    const { cost, more } = this.#serve(item, much);
    const rest = Math.min(QUANTUM - 1, Math.max(0, cost - much));
    if (more) {
      this.#going.add(item);
      this.#others.set(item, rest);
      return cost;
    }
    if (this.#going.size === 0 || !this.#going.delete(item) || !this.#comesAgain(item, rest)) {
      this.#busy--;
    }
    return cost;
  }

  /** Puts an item that is done in line for the next turn, if it has got more output meanwhile; says whether it has. */
  #comesAgain(item: Item, rest: number): boolean {
    const members = this.#again.get(item);
    if (members === undefined) return false;
    this.#again.delete(item);
    this.#next.set(item, rest);
    if (members >= LARGE) this.#large = true;
    return true;
  }
}
