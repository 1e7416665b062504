/**
 * An open room of a SQLite file: the entries on the disk, and those on their way there.
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

/** Entries by which a log on the disk may be too long before they are dropped together. */
const TRIM_AT = 128;

/** Entries that are read at once: the largest take a millisecond or two. */
const READ_AT_ONCE = 4;

/** An open room. Its log and roster hold only what is committed. */
export class SqliteRoom implements StoredRoom {
  readonly id: string;
  readonly name: string;
  readonly log: Log;
  readonly roster: Roster = new Roster();
  orphans: readonly string[];
  readonly #file: SqliteFile;
  readonly #key: number;
  /** The `seq` of the newest entry, committed or not. */
  written: number;
  /** The `seq` up to which entries are dropped from the disk. */
  #trimmed: number;

  private constructor(file: SqliteFile, id: string, row: RoomRow, limits: LogLimits) {
    this.id = id;
    this.name = row.name;
    this.log = new Log(row.epoch, limits, Math.max(row.tail, row.head - limits.logEntries));
    this.roster.reset(file.members(row.key));
    // Members at this time were left behind by a process that is gone.
    this.orphans = [...this.roster.members.keys()];
    this.#file = file;
    this.#key = row.key;
    this.written = row.head;
    this.#trimmed = row.tail;
  }

  /**
   * Reads a room with the newest part of its log, some entries at a time. Nothing may change in it
   * meanwhile.
   *
   * @throws {DamagedError} where an entry is missing: a shorter history would be a lie.
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

  /** Reads a room in one step. */
  static readWhole(...room: Parameters<typeof SqliteRoom.read>): SqliteRoom {
    const reading = SqliteRoom.read(...room);
    for (;;) {
      const { done, value } = reading.next();
      if (done) return value;
    }
  }

  /** Writes a draft as the next entry, and its change of the members, within a transaction. */
  write(draft: Draft): LogEntry {
    const seq = this.written + 1;
    const text = encodeEntry(seq, draft);
    const { at, from, n } = draft;
    this.#file.addEntry(this.#key, seq, at, from, n, withoutSeq(text));
    if ("event" in draft) this.#follow(draft);
    this.written = seq;
    return { seq, text };
  }

  /** Drops what the log no longer keeps, at the end of a transaction that wrote to the room. */
  trim(): void {
    const { log } = this;
    this.#file.setHead(this.#key, this.written);
    // A log that is short only of memory keeps its entries on the disk.
    const tail = log.hasShrunk ? Math.min(log.tail, this.written - log.wouldKeep) : log.tail;
    if (tail - this.#trimmed < TRIM_AT) return;
    // More than it has grown by, so that it catches up, but with a bound.
    const most = 2 * (this.written - log.head) + TRIM_AT;
    this.#trimmed = Math.min(tail, this.#trimmed + most);
    this.#file.dropEntries(this.#key, this.#trimmed);
  }

  /** Pushes an entry to the log, after its commit. */
  committed({ seq, text }: LogEntry, draft: Draft): void {
    this.log.push(seq, text);
    if ("event" in draft) this.roster.apply(draft);
  }

  /** Takes back what was written, after a transaction that failed. */
  undone(): void {
    this.written = this.log.head;
  }

  /** Changes the members on the disk as a roster does. */
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

/** Returns an entry as it was written, if it is the next one. */
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
