/**
 * Finds messages in a SQLite file by an index of their words (FTS5). What is said is indexed a little
 * later, and searched without the index until then: so no message waits for it.
 *
 * @module
 */

import type { LogEntry } from "../../core/log/log.ts";
import { isFound, tokensOf } from "../../core/log/search.ts";
import type { Found, SearchQuery, SearchStore } from "../../core/store/store.ts";
import { withSeq } from "../../protocol/encode.ts";
import { reasonOf } from "../../protocol/errors.ts";
import { wellFormedJson } from "../../protocol/utf8.ts";
import { isDiskError, unavailable } from "./file/errors.ts";
import type { EntryRow, SqliteFile } from "./file/file.ts";

/** The entries that are read at once, and those that are indexed in one transaction, with their UTF-16 units. */
const READ_AT_ONCE = 32;
const INDEXED_AT_ONCE = 128;
const UNITS_AT_ONCE = 65_536;

/** The UTF-16 units of entries that one search reads without the index. */
const SCANNED_UNITS = 262_144;

/** The rooms that are looked for at once when the file is opened. */
const ROOMS_AT_ONCE = 100;

/** The state of a room's index. */
interface IndexRow {
  key: number;
  head: number;
  tail: number;
  indexed: number;
}

/** The search in one file, and its index. */
export class SqliteSearch implements SearchStore {
  readonly #file: SqliteFile;
  readonly #troubled: (reason: string) => void;
  /** Rooms that may have entries that are not indexed. */
  readonly #grown = new Set<string>();
  /** The key up to which rooms were looked at since the file was opened. */
  #upTo: number | undefined = 0;

  /** Searches a file; `troubled` takes lines for the log. */
  constructor(file: SqliteFile, troubled: (reason: string) => void) {
    this.#file = file;
    this.#troubled = troubled;
  }

  /** Notes that a room has grown. */
  note(roomId: string): void {
    this.#grown.add(roomId);
  }

  find(roomId: string, query: SearchQuery): Promise<Found> {
    try {
      const room = this.#roomOf(roomId);
      return Promise.resolve(room === undefined ? NOTHING : this.#find(room, query));
    } catch (error) {
      this.#troubled(`room ${roomId} cannot be searched: ${reasonOf(error)}`);
      return Promise.reject(unavailable("read", error));
    }
  }

  /**
   * Indexes some entries, in at most one transaction. Says whether the next step has more to do. Where
   * it fails for a room, its entries are searched without the index.
   */
  step(): boolean {
    this.#lookForRooms();
    const [roomId] = this.#grown;
    if (roomId === undefined) return this.#upTo !== undefined;
    try {
      if (!this.#index(roomId)) this.#grown.delete(roomId);
    } catch (error) {
      if (isDiskError(error)) return false;
      this.#grown.delete(roomId);
      this.#troubled(`room ${roomId} cannot be indexed: ${reasonOf(error)}`);
    }
    return true;
  }

  #find({ key, head, indexed }: IndexRow, query: SearchQuery): Found {
    const { words, before, limit } = query;
    const found: LogEntry[] = [];
    let left = query.units;
    /** Takes an entry, if there is place for it. */
    const take = ({ seq, rest }: Pick<EntryRow, "seq" | "rest">): boolean => {
      const text = wellFormedJson(withSeq(seq, rest));
      if (!isFound(text, words)) return true;
      left -= text.length;
      if (found.length === limit || found.length > 0 && left < 0) return false;
      found.push({ seq, text });
      return true;
    };
    const foundBefore = (seq: number | undefined) => ({ entries: found.toReversed(), before: seq });
    let from = Math.min(before, head + 1);
    for (let units = SCANNED_UNITS; from > indexed + 1;) {
      const rows = this.#file.messagesBefore(key, from, indexed, READ_AT_ONCE);
      for (const row of rows) {
        if (!take(row)) return foundBefore(found.at(-1)!.seq);
        from = row.seq;
        units -= row.rest.length;
        if (units < 0) return foundBefore(from);
      }
      if (rows.length < READ_AT_ONCE) break;
    }
    const seqs = this.#file.seqsWith(
      key,
      Math.min(before, indexed + 1),
      phrasesOf(words),
      limit + 1,
    );
    for (const seq of seqs) {
      const [row] = this.#file.entriesAfter(key, seq - 1, 1);
      if (row?.seq === seq && !take(row)) return foundBefore(found.at(-1)!.seq);
    }
    return foundBefore(seqs.length > limit ? seqs.at(-1)! + 1 : undefined);
  }

  /** Indexes the next entries of a room; says whether it may have more. */
  #index(roomId: string): boolean {
    const room = this.#roomOf(roomId);
    if (room === undefined || room.indexed >= room.head) return false;
    const { key } = room;
    let upTo = Math.max(room.indexed, room.tail);
    const bodies: [seq: number, tokens: string][] = [];
    let units = 0;
    for (let count = 0; count < INDEXED_AT_ONCE && units < UNITS_AT_ONCE;) {
      const rows = this.#file.entriesAfter(key, upTo, READ_AT_ONCE);
      for (const { seq, rest } of rows) {
        upTo = seq;
        units += rest.length;
        const { body } = JSON.parse(withSeq(seq, rest));
        const tokens = typeof body === "string" ? tokensOf(body) : "";
        if (tokens !== "") bodies.push([seq, tokens]);
        if (units >= UNITS_AT_ONCE) break;
      }
      count += rows.length;
      if (rows.length < READ_AT_ONCE) break;
    }
    this.#file.transaction(() => this.#file.addWords(key, bodies, upTo));
    return upTo < room.head;
  }

  /** Notes the rooms that were not indexed when the file was opened, some at a time. */
  #lookForRooms(): void {
    if (this.#upTo === undefined || this.#grown.size > 0) return;
    const rooms = this.#file.unindexedAfter(this.#upTo, ROOMS_AT_ONCE);
    for (const { id } of rooms) this.#grown.add(id);
    this.#upTo = rooms.length < ROOMS_AT_ONCE ? undefined : rooms.at(-1)!.key;
  }

  #roomOf(id: string): IndexRow | undefined {
    const sql = "SELECT key, head, tail, indexed FROM rooms WHERE id = ?";
    return this.#file.get(sql, id) as unknown as IndexRow | undefined;
  }
}

/** Words in the language of FTS5: each is a row of tokens, and nothing in them is an operator. */
function phrasesOf(words: readonly string[]): string {
  return words.map((word) => `"${word}"`).join(" ");
}

/** The finds in a room that is deleted, but not everybody knows it yet. */
const NOTHING: Found = { entries: [], before: undefined };
