/**
 * Connections that have said something large: the runtime keeps for each a buffer of that size, as
 * long as it lives, and what it said last, and no call gives either back.
 *
 * @module
 */

/** The least length of a large frame, in UTF-16 units: twice the largest message. One takes milliseconds to read. */
export const LARGE = 131_072;

/**
 * The sum of their largest frames, in UTF-16 units of five bytes in the runtime at most: 106 of the
 * largest that are read. With less than a few attackers say at once, each that ends comes back and
 * says it again.
 */
export const MOST_UNITS = 41_943_040;

/** A connection, as far as it counts here. */
export interface Buffered {
  /** The number of answers that it waits for. */
  readonly pending: number;
}

/** The largest frame of each connection that has said a large one. */
export class ReadBuffers<Connection extends Buffered> {
  /** In units; who has said nothing large for the longest time comes first. */
  readonly #largest = new Map<Connection, number>();
  #units = 0;

  /** Notes a large frame, by its length in UTF-16 units. */
  note(connection: Connection, units: number): void {
    const largest = Math.max(units, this.#largest.get(connection) ?? 0);
    this.delete(connection);
    this.#largest.set(connection, largest);
    this.#units += largest;
  }

  /** Forgets a connection that has ended. */
  delete(connection: Connection): void {
    this.#units -= this.#largest.get(connection) ?? 0;
    this.#largest.delete(connection);
  }

  /**
   * Takes out those that have to end, so that the others are within the bound. Whoever waits for an
   * answer stays until then.
   */
  takeExcess(): Connection[] {
    const excess: Connection[] = [];
    for (const connection of this.#largest.keys()) {
      if (this.#units <= MOST_UNITS) break;
      if (connection.pending > 0) continue;
      this.delete(connection);
      excess.push(connection);
    }
    return excess;
  }
}
