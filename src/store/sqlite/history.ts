/**
 * Reads pages of the logs in a SQLite file, beyond what of them is in memory.
 *
 * @module
 */

import type { Page, PageQuery } from "../../core/log/log.ts";
import type { HistoryStore, KeptRoom } from "../../core/store/store.ts";
import { reasonOf } from "../../protocol/errors.ts";
import { DamagedError, unavailable } from "./file/errors.ts";
import type { RoomRow, SqliteFile } from "./file/file.ts";
import { checked } from "./room.ts";

/** Pages of the rooms in one file. A page is read at once: it takes a fraction of a millisecond. */
export class SqliteHistory implements HistoryStore {
  readonly #file: SqliteFile;
  readonly #troubled: (reason: string) => void;

  /** Reads from a file; `troubled` takes lines for the log. */
  constructor(file: SqliteFile, troubled: (reason: string) => void) {
    this.#file = file;
    this.#troubled = troubled;
  }

  page(roomId: string, query: PageQuery): Promise<Page> {
    try {
      const room = this.#file.room(roomId);
      return Promise.resolve(room === undefined ? NOTHING : this.#read(room, query));
    } catch (error) {
      this.#troubled(`a page of room ${roomId} cannot be read: ${reasonOf(error)}`);
      return Promise.reject(unavailable("read", error));
    }
  }

  list(after: string, limit: number): Promise<readonly KeptRoom[]> {
    try {
      return Promise.resolve(this.#file.keptAfter(after, limit));
    } catch (error) {
      this.#troubled(`rooms cannot be listed: ${reasonOf(error)}`);
      return Promise.reject(unavailable("read", error));
    }
  }

  #read({ key, head, tail }: RoomRow, { to, from, limit, units }: PageQuery): Page {
    const isOlder = to === "older";
    const complete = isOlder ? from > tail : from >= tail && from <= head;
    // First the sizes: entries that do not fit are not read.
    const sizes = isOlder
      ? this.#file.sizesBefore(key, from, limit + 1)
      : this.#file.sizesAfter(key, from, limit + 1);
    let count = 0;
    for (let left = units; count < Math.min(limit, sizes.length); count++) {
      left -= sizes[count]!.bytes;
      if (count > 0 && left < 0) break;
    }
    if (count === 0) return { entries: [], more: false, complete };
    const ends = [sizes[0]!.seq, sizes[count - 1]!.seq];
    let next = Math.min(...ends);
    const rows = this.#file.entriesAfter(key, next - 1, count);
    const entries = rows.map(({ seq, rest }) => ({ seq, text: checked(seq, rest, next++) }));
    if (entries.at(-1)?.seq !== Math.max(...ends)) {
      throw new DamagedError(`entry ${next} is not in the file`);
    }
    return { entries, more: count < sizes.length, complete };
  }
}

/** The page of a room that is deleted, but not everybody knows it yet. */
const NOTHING: Page = { entries: [], more: false, complete: false };
