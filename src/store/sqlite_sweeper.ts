/**
 * Takes from a SQLite file what is too old, in steps that never hold anybody up.
 *
 * @module
 */

import type { SqliteFile } from "./sqlite_file.ts";

/** The most rooms that are looked at in one step, and the most entries that go in it. */
const ROOMS = 100;
const ENTRIES = 500;

/** Goes round all rooms of a file, those that are deleted too. */
export class SqliteSweeper {
  readonly #file: SqliteFile;
  readonly #isOpen: (roomId: string) => boolean;
  #upTo = 0;

  /** Makes a sweeper that leaves open rooms where they are, empty or not, and those to which somebody may come back. */
  constructor(file: SqliteFile, isOpen: (roomId: string) => boolean) {
    this.#file = file;
    this.#isOpen = isOpen;
  }

  /**
   * Drops some of what was taken before `time`, in milliseconds since 1970, and rooms of
   * which nothing is left: one transaction at most. Says whether there is more at hand.
   */
  step(time: number): boolean {
    const file = this.#file;
    const rooms = file.roomsAfter(this.#upTo, ROOMS);
    for (const { key, id } of rooms) {
      const oldest = file.oldest(key);
      if (oldest !== undefined && (id === null || oldest.at < time)) {
        const upTo = file.oldUpTo(key, id === null ? Infinity : time, ENTRIES);
        file.transaction(() => file.dropEntries(key, upTo));
        return true;
      }
      const hasUse = () => id !== null && (this.#isOpen(id) || file.isAwaited(key));
      if (oldest === undefined && !hasUse()) {
        file.transaction(() => file.forgetRoom(key));
        return true;
      }
      this.#upTo = key;
    }
    if (rooms.length < ROOMS) this.#upTo = 0;
    return false;
  }
}
