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
import type { EntryRow, RoomRow, SqliteFile } from "./file.ts";

/** The number of entries by which a log on the disk may be longer than it should: they go together. */
const TRIM_AT = 128;

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

  /**
   * Reads the room with the newest part of its log.
   *
   * @throws {DamagedError} where something of that is missing: a shorter history would be a lie.
   */
  constructor(file: SqliteFile, id: string, row: RoomRow, limits: LogLimits) {
    const entries = file.newest(row.key, limits.logEntries).reverse();
    checkEntries(entries, row, limits);
    this.id = id;
    this.name = row.name;
    this.log = new Log(row.epoch, limits, (entries[0]?.seq ?? row.head + 1) - 1);
    for (const { seq, rest } of entries) {
      this.log.push(seq, wellFormedJson(withSeq(seq, rest)));
    }
    this.roster.reset(file.members(row.key));
    // Whoever is in it when it is read was left behind by a process that is gone.
    this.orphans = [...this.roster.members.keys()];
    this.#file = file;
    this.#key = row.key;
    this.written = this.log.head;
    this.#trimmed = row.tail;
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

/** Looks whether these are a log's newest entries, as many as there may be, each as it was written. */
function checkEntries(
  entries: readonly EntryRow[],
  { head, tail }: RoomRow,
  { logEntries }: LogLimits,
): void {
  let before = Math.max(tail, head - logEntries);
  for (const { seq, rest } of entries) {
    if (seq !== ++before) throw new DamagedError(`entry ${before} is not in the file`);
    try {
      JSON.parse(withSeq(seq, rest));
    } catch {
      throw new DamagedError(`entry ${seq} cannot be read`);
    }
  }
  if (before !== head) throw new DamagedError(`entry ${head} is not in the file`);
}
