/**
 * Takes from a SQLite file what is too old, in steps that never hold anybody up.
 *
 * @module
 */

import type { SqliteFile } from "./file.ts";

/** The most rooms that are looked at in one step, and the most entries that go in it. */
const ROOMS = 100;
const ENTRIES = 500;

/** Goes round all rooms of a file, those that are deleted too. */
export class SqliteSweeper {
  readonly #file: SqliteFile;
  readonly #isOpen: (roomId: string) => boolean;
  readonly #isBeingRead: (roomId: string) => boolean;
  #upTo = 0;

  /**
   * Makes a sweeper that leaves open rooms where they are, empty or not, and those to which somebody
   * may come back. Of those that are being read it drops nothing.
   */
  constructor(
    file: SqliteFile,
    isOpen: (roomId: string) => boolean,
    isBeingRead: (roomId: string) => boolean = () => false,
  ) {
    this.#file = file;
    this.#isOpen = isOpen;
    this.#isBeingRead = isBeingRead;
  }

  /**
   * Drops some of what was taken before `time`, in milliseconds since 1970, and rooms of
   * which nothing is left: one transaction at most. Says whether there is more at hand. Where
   * that fails for a room, the next step goes on with the others.
   */
  step(time: number): boolean {
    const rooms = this.#file.roomsAfter(this.#upTo, ROOMS);
    for (const { key, id } of rooms) {
      this.#upTo = key;
      if (!this.#sweep(key, id, time)) continue;
      this.#upTo = key - 1;
      return true;
    }
    if (rooms.length < ROOMS) this.#upTo = 0;
    return false;
  }

  /** Drops something of a room, and says whether there was anything to drop. */
  #sweep(key: number, id: string | null, time: number): boolean {
    if (id !== null && this.#isBeingRead(id)) return false;
    const file = this.#file;
    const oldest = file.oldest(key);
    if (oldest === undefined) {
      if (id !== null && (this.#isOpen(id) || file.isAwaited(key))) return false;
      file.transaction(() => file.forgetRoom(key));
      return true;
    }
    if (id !== null && oldest.at >= time) return false;
    const upTo = file.oldUpTo(key, id === null ? Infinity : time, ENTRIES);
    file.transaction(() => file.dropEntries(key, upTo));
    return true;
  }
}
