/**
 * An open room of a SQLite file: what is on the disk, and what is on its way there.
 *
 * @module
 */

import { Log, type LogEntry, type LogLimits } from "../../core/log.ts";
import type { StoredRoom } from "../../core/store.ts";
import { encodeEntry, withoutSeq, withSeq } from "../../protocol/encode.ts";
import type { Draft, PresenceDraft } from "../../protocol/frames.ts";
import { Roster } from "../../protocol/roster.ts";
import { wellFormedJson } from "../../protocol/utf8.ts";
import { DamagedError } from "./errors.ts";
import type { RoomRow, SqliteFile } from "./file.ts";

/** The number of entries by which a log on the disk may be longer than it should: they go together. */
const TRIM_AT = 128;

/** The number of entries that are read at once: of the largest ones in a millisecond or two. */
const READ_AT_ONCE = 4;

/** A room that is open. Its log and roster hold what is committed, and nothing else. */
export class SqliteRoom implements StoredRoom {
  readonly id: string;
  readonly name: string;
  readonly log: Log;
  readonly roster: Roster = new Roster();
  orphans: readonly string[];
  readonly #file: SqliteFile;
  readonly #key: number;
  /** The `seq` of the newest entry, those included that are not committed. */
  written: number;
  /** Up to where entries are gone from the disk. */
  #trimmed: number;

  private constructor(file: SqliteFile, id: string, row: RoomRow, limits: LogLimits) {
    this.id = id;
    this.name = row.name;
    this.log = new Log(row.epoch, limits, Math.max(row.tail, row.head - limits.logEntries));
    this.roster.reset(file.members(row.key));
    // Whoever is in it when it is read was left behind by a process that is gone.
    this.orphans = [...this.roster.members.keys()];
    this.#file = file;
    this.#key = row.key;
    this.written = row.head;
    this.#trimmed = row.tail;
  }

  /**
   * Reads a room with the newest part of its log, some entries at a time. Meanwhile nothing may
   * change in it.
   *
   * @throws {DamagedError} where something of that is missing: a shorter history would be a lie.
   */
  static *read(
    file: SqliteFile,
    id: string,
    row: RoomRow,
    limits: LogLimits,
  ): Generator<undefined, SqliteRoom> {
    const room = new SqliteRoom(file, id, row, limits);
    const { log } = room;
    while (log.head < row.head) {
      const entries = file.entriesAfter(row.key, log.head, READ_AT_ONCE);
      if (entries.length === 0) throw new DamagedError(`entry ${log.head + 1} is not in the file`);
      for (const { seq, rest } of entries) log.push(seq, checked(seq, rest, log.head + 1));
      yield;
    }
    return room;
  }

  /** Reads a room at once. */
  static readWhole(...room: Parameters<typeof SqliteRoom.read>): SqliteRoom {
    const reading = SqliteRoom.read(...room);
    for (;;) {
      const { done, value } = reading.next();
      if (done) return value;
    }
  }

  /** Within a transaction: writes a draft as the next entry, and what it does to the members. */
  write(draft: Draft): LogEntry {
    const seq = this.written + 1;
    const text = encodeEntry(seq, draft);
    const { at, from, n } = draft;
    this.#file.addEntry(this.#key, seq, at, from, n, withoutSeq(text));
    if ("event" in draft) this.#follow(draft);
    this.written = seq;
    return { seq, text };
  }

  /** At the end of a transaction that has written to it: drops what its log keeps no longer. */
  trim(): void {
    const { log } = this;
    this.#file.setHead(this.#key, this.written);
    // What is short of memory only does not go from the disk.
    const tail = log.hasShrunk ? Math.min(log.tail, this.written - log.wouldKeep) : log.tail;
    if (tail - this.#trimmed < TRIM_AT) return;
    // Faster than it grows, so that it catches up, but in bounds.
    const most = 2 * (this.written - log.head) + TRIM_AT;
    this.#trimmed = Math.min(tail, this.#trimmed + most);
    this.#file.dropEntries(this.#key, this.#trimmed);
  }

  /** After the commit: what was written is in the log. */
  committed({ seq, text }: LogEntry, draft: Draft): void {
    this.log.push(seq, text);
    if ("event" in draft) this.roster.apply(draft);
  }

  /** After a transaction that failed: nothing of what was written is there. */
  undone(): void {
    this.written = this.log.head;
  }

  /** Does to the members on the disk what a roster does with the entry. */
  #follow(draft: PresenceDraft): void {
    const { from } = draft;
    const one = new Roster();
    const known = this.#file.member(this.#key, from);
    one.reset(known === undefined ? [] : [known]);
    one.apply(draft);
    const member = one.members.get(from);
    if (one.quiet) this.#file.dropMembers(this.#key);
    else if (member === undefined) this.#file.dropMembers(this.#key, from);
    else this.#file.setMember(this.#key, member);
  }
}

/** An entry as it was written, if it is the next one. */
function checked(seq: number, rest: string, next: number): string {
  if (seq !== next) throw new DamagedError(`entry ${next} is not in the file`);
  const text = withSeq(seq, rest);
  try {
    JSON.parse(text);
  } catch {
    throw new DamagedError(`entry ${seq} cannot be read`);
  }
  return wellFormedJson(text);
}
