/**
 * What has output waits in line, and is served at the ends of turns of the event loop.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { Gathering } from "./gathering.ts";

/** What goes to as many waits for input that is on its way, so that it shares their frames. */
const LARGE = 16;

/** As many frames go out in a turn, then there is another look at what has come in. */
const SENDS_PER_TURN = 128;

/** Those with output, in the order in which they got it. */
export class Line<Item> {
  readonly #serve: (item: Item) => number;
  readonly #items = new Set<Item>();
  readonly #gathering = new Gathering();
  #scheduled = false;
  /** Whether there is a large one among them. */
  #large = false;

  /** Makes an empty line; `serve` sends what an item has when its turn has come, and returns to how many. */
  constructor(serve: (item: Item) => number) {
    this.#serve = serve;
  }

  /** Puts an item in line, unless it is there, that has output for so many `members`. */
  add(item: Item, members: number): void {
    if (this.#items.size === 0) this.#gathering.begin(performance.now());
    this.#items.add(item);
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
    let sends = 0;
    for (const item of this.#items) {
      if (sends >= SENDS_PER_TURN) break;
      this.#items.delete(item);
      sends += this.#serve(item);
    }
    this.#large = false;
    if (this.#items.size === 0) return;
    this.#gathering.begin(performance.now());
    this.#schedule();
  };
}
