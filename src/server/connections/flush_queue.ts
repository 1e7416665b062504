/**
 * A queue of those with output. They are served at the ends of turns of the event loop, each in
 * pieces, so that nobody waits for more than a piece of what the others have.
 *
 * @module
 */

import { BatchWindow } from "./batch_window.ts";
import { Lane, type Served } from "./lane.ts";

/**
 * The most members in each lane but the last, which has the large ones. Output for these waits for
 * input that is on its way, to share their frames.
 */
const SIZES = [3, 15];

/** The output of a turn, in sends. Then it is time to look again at what has come in. */
const SENDS_PER_TURN = 128;

/** The output for each millisecond that all else took, in sends: input in heaps leaves a share to output. */
const SENDS_PER_MS = 8;

/**
 * Those with output. The large and the small have lanes of their own, and each lane its share of a
 * turn: two who talk do not wait for a hundred rooms that have something at the same moment.
 */
export class FlushQueue<Item> {
  readonly #lanes: Lane<Item>[];
  readonly #large: Lane<Item>;
  readonly #window = new BatchWindow();
  readonly #now: () => number;
  readonly #served: () => void;
  #scheduled = false;
  /** When output began to wait, or went out last, in milliseconds of the monotonic clock. */
  #since = 0;

  /**
   * Makes an empty queue. `serve` sends what an item has when its turn has come, and about so `much` of
   * it; `now` is a clock that never goes back, in milliseconds. `served` is called when a turn has been
   * served.
   */
  constructor(
    serve: (item: Item, much: number) => Served,
    now: () => number = () => performance.now(),
    served: () => void = () => {},
  ) {
    this.#served = served;
    this.#now = now;
    this.#large = new Lane(serve);
    this.#lanes = [...SIZES.map(() => new Lane(serve)), this.#large];
  }

  /**
   * Puts an item with output for some `members` in the queue, unless it is there; `grows` says whether
   * that may share frames with more.
   */
  add(item: Item, members: number, grows = true): void {
    const size = SIZES.findIndex((most) => members <= most);
    (this.#lanes[size] ?? this.#large).add(item, grows);
    if (!this.#scheduled) this.#begin();
  }

  /** Notes that a frame has come in, on any connection. */
  heard(): void {
    this.#window.heard();
  }

  #begin(): void {
    this.#since = this.#now();
    this.#window.begin(this.#since);
    this.#schedule();
  }

  #schedule(): void {
    this.#scheduled = true;
    // This takes a whole turn, not a microtask. By then all sockets with input have been read,
    // and their messages share a frame (measured: 12 times the deliveries with 32 senders).
    setImmediate(this.#turn);
  }

  /** Serves at the end of a turn, or waits for another one. */
  readonly #turn = (): void => {
    this.#scheduled = false;
    const now = this.#now();
    if (this.#waits(now)) {
      this.#schedule();
      return;
    }
    this.#serveTurn(Math.max(SENDS_PER_TURN, (now - this.#since) * SENDS_PER_MS));
    this.#served();
    if (this.#lanes.some(({ empty }) => !empty)) this.#begin();
  };

  #waits(now: number): boolean {
    return this.#lanes.some(({ goesOn }) => goesOn)
      ? this.#window.pauses(now)
      : this.#window.waits(this.#large.grown, now);
  }

  /** Serves the lanes until that has cost so `much`; what one leaves of its share is for the larger ones. */
  #serveTurn(much: number): void {
    let left = much;
    let lanes = this.#lanes.filter(({ empty }) => !empty).length;
    for (const lane of this.#lanes) {
      if (!lane.empty) left -= lane.turn(Math.max(1, left / lanes--));
    }
  }
}
