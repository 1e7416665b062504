/**
 * Drops entries that are too old from a SQLite file, in steps too small to hold anybody up.
 *
 * @module
 */

import type { SqliteFile } from "./file/file.ts";

/** The most rooms that one step looks at, and the most entries that it drops. */
const ROOMS = 100;
const ENTRIES = 500;

/** Visits all rooms of a file in turn, deleted ones too. */
export class SqliteSweeper {
  readonly #file: SqliteFile;
  readonly #isOpen: (roomId: string) => boolean;
  readonly #isBeingRead: (roomId: string) => boolean;
  #upTo = 0;

  /**
   * Makes a sweeper. It forgets no room that is open, empty or not, or that a member may come back
   * to. It drops nothing of a room that is being read.
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
   * Drops some entries taken before `time`, in milliseconds since 1970, or a room that is empty, in
   * at most one transaction. Says whether the next step has more to do. Where it fails for a room,
   * the next step goes on with the others.
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

  /** Drops some of a room; says whether there was anything to drop. */
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
