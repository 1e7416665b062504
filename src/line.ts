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
  /** Whether it has more. */
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
  readonly #gathering = new Gathering();
  #scheduled = false;
  /** How many have output. */
  #busy = 0;
  /** Whether there is a large one among the fresh ones. */
  #large = false;

  /** Makes an empty line; `serve` sends what an item has when its turn has come, and about so `much` of it. */
  constructor(serve: (item: Item, much: number) => Served) {
    this.#serve = serve;
  }

  /** Puts an item in line, unless it is there, that has output for so many `members`. */
  add(item: Item, members: number): void {
    if (this.#fresh.has(item) || this.#others.get(item) !== undefined) return;
    if (this.#busy++ === 0) this.#gathering.begin(performance.now());
    if (this.#others.has(item)) this.#others.set(item, 0);
    else this.#fresh.add(item);
    if (members >= LARGE) this.#large = true;
    this.#schedule();
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
    if (this.#gathering.waits(this.#large, performance.now())) {
      this.#schedule();
      return;
    }
    for (let spent = 0; spent < SENDS_PER_TURN && this.#busy > 0;) spent += this.#next();
    this.#large = false;
    if (this.#busy === 0) {
      this.#others.clear();
      return;
    }
    this.#gathering.begin(performance.now());
    this.#schedule();
  };

  /** Serves the next one, and returns what that cost. */
  #next(): number {
    for (const item of this.#fresh) {
      this.#fresh.delete(item);
      const cost = this.#serveOne(item, 0);
      if (this.#others.size > 0 && !this.#others.has(item)) this.#others.set(item, undefined);
      return cost;
    }
    for (const [item, beyond] of this.#others) {
      this.#others.delete(item);
      if (beyond !== undefined) return this.#serveOne(item, beyond);
    }
    return 0;
  }

  #serveOne(item: Item, beyond: number): number {
    const much = QUANTUM - beyond;
    const { cost, more } = this.#serve(item, much);
    if (more) this.#others.set(item, Math.min(QUANTUM - 1, Math.max(0, cost - much)));
    else this.#busy--;
    return cost;
  }
}
