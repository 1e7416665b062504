/**
 * Connections that have said something large, or let much wait: the runtime keeps for each a buffer
 * of its largest frame, as long as it lives, and what it said last, and no call gives either back.
 *
 * @module
 */

import { Levels } from "../../core/limits/order.ts";
import { MAX_FRAME_CHARS } from "../../protocol/frames.ts";

/**
 * The most that they may take together, in UTF-16 units of five bytes at the most: 106 of the
 * largest frames that are read. With less than a few attackers say at once, each that ends comes
 * back and says it again.
 */
export const MOST_UNITS = 41_943_040;

/** The share of a connection, in UTF-16 units. */
interface Share {
  /** Its largest frame, if that was large: a unit takes three bytes in the buffer. */
  readonly largest: number;
  /** All that waits for an answer to something before it: a unit takes two bytes. */
  readonly waiting: number;
}

const NONE: Share = { largest: 0, waiting: 0 };

/** The largest frames of all connections, and what of them waits. */
export class ReadBuffers<Connection> {
  readonly #shares = new Map<Connection, Share>();
  /** Who has said nothing large for the longest time comes first at each level. */
  readonly #bySize = new Levels<Connection>();
  #units = 0;

  /** Notes a large frame, by its length in UTF-16 units. */
  note(connection: Connection, units: number): void {
    const { largest, waiting } = this.#shares.get(connection) ?? NONE;
    this.delete(connection);
    this.#put(connection, { largest: Math.max(units, largest), waiting });
  }

  /** Notes how much of a connection waits now, in UTF-16 units. */
  wait(connection: Connection, waiting: number): void {
    const { largest } = this.#shares.get(connection) ?? NONE;
    if (largest === 0 && waiting === 0) this.delete(connection);
    else this.#put(connection, { largest, waiting });
  }

  /** Forgets a connection that has ended. */
  delete(connection: Connection): void {
    this.#units -= unitsOf(this.#shares.get(connection) ?? NONE);
    this.#shares.delete(connection);
    this.#bySize.delete(connection);
  }

  /** Takes out those that have to end, so that the others are within the bound: first who lets most wait. */
  takeExcess(): Connection[] {
    const excess: Connection[] = [];
    while (this.#units > MOST_UNITS) {
      const most = this.#bySize.highest;
      if (most === undefined) break;
      this.delete(most);
      excess.push(most);
    }
    return excess;
  }

  #put(connection: Connection, share: Share): void {
    const units = unitsOf(share);
    this.#units += units - unitsOf(this.#shares.get(connection) ?? NONE);
    this.#shares.set(connection, share);
    this.#bySize.put(connection, levelOf(units));
  }
}

/** The units that a share counts for: five bytes each at the most, as what waits takes two of them, and the buffer three. */
function unitsOf({ largest, waiting }: Share): number {
  return Math.max(largest, waiting);
}

/** The level of a share: all are alike that take no more than one frame may, and above it those that take up to twice as much. */
function levelOf(units: number): number {
  return Math.max(0, Math.ceil(Math.log2(units / MAX_FRAME_CHARS)));
}
