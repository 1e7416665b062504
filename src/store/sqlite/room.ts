/**
 * An open room of a SQLite file: the entries on the disk, and those on their way there.
 *
 * @module
 */

import { Charter } from "../../core/authority/charter.ts";
import { isChange } from "../../core/log/message_states.ts";
import { Log, type LogEntry, type LogLimits } from "../../core/log/log.ts";
import type { StoredRoom, StoreLimits } from "../../core/store/store.ts";
import { denial, isModeration } from "../../core/authority/verdict.ts";
import { encodeEntry, withoutSeq, withSeq } from "../../protocol/encode.ts";
import type { ChatError } from "../../protocol/errors.ts";
import type { Draft, PresenceDraft } from "../../protocol/frames.ts";
import { Roster } from "../../protocol/roster.ts";
import { utf8Bytes, wellFormedJson } from "../../protocol/utf8.ts";
import { DamagedError } from "./file/errors.ts";
import type { RoomRow, SqliteFile } from "./file/file.ts";
import { SqliteStates } from "./states.ts";

/** Entries by which a log on the disk may be too long before they are dropped together, and the part of its bytes. */
const TRIM_AT = 128;
const TRIM_PART = 1 / 16;

/** Entries that are read at once: the largest take a millisecond or two. And those whose sizes are. */
const READ_AT_ONCE = 4;
const SIZES_AT_ONCE = 500;

/** The bytes of an entry in a log that its row does not have: its number, and a comma. */
const NUMBER_BYTES = 24;

/** An open room. Its log and roster hold only what is committed. */
export class SqliteRoom implements StoredRoom {
  readonly id: string;
  readonly name: string;
  readonly log: Log;
  readonly roster: Roster = new Roster();
  orphans: readonly string[];
  readonly states: SqliteStates;
  /** The settings and roles at the head of the log. */
  charter: Charter;
  readonly #file: SqliteFile;
  readonly #key: number;
  /** The `seq` of the newest entry, committed or not. */
  written: number;
  /** The bytes that were written in this transaction. */
  #added = 0;
  /** The settings and roles behind that entry. */
  #ahead: Charter;
  /** Entries that redactions have written over, by their `seq`, until the log in memory follows. */
  readonly #redacted = new Map<number, number[]>();
  /** The most entries and bytes that the disk keeps. */
  readonly #most: { entries: number; bytes: number };

  private constructor(
    file: SqliteFile,
    id: string,
    row: RoomRow,
    limits: StoreLimits,
    start: number,
  ) {
    this.id = id;
    this.name = row.name;
    this.log = new Log(row.epoch, limits, start);
    const { logEntries, logBytes, historyEntries = 0, historyBytes = 0 } = limits;
    this.#most = {
      entries: Math.max(logEntries, historyEntries),
      bytes: Math.max(logBytes, historyBytes),
    };
    this.roster.reset(file.members(row.key));
    // Members at this time were left behind by a process that is gone.
    this.orphans = [...this.roster.members.keys()];
    this.charter = this.#ahead = charterOf(row);
    this.states = new SqliteStates(file, row.key);
    this.#file = file;
    this.#key = row.key;
    this.written = row.head;
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
    limits: StoreLimits,
  ): Generator<undefined, SqliteRoom> {
    const room = new SqliteRoom(file, id, row, limits, yield* startOf(file, row, limits));
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

  /**
   * Writes a draft as the next entry, and its change of the members or the charter, within a
   * transaction; or returns why its author may not write that.
   */
  write(draft: Draft): LogEntry | ChatError {
    const target = isChange(draft) ? this.states.target(draft.re) : undefined;
    const denied = denial(this.#ahead, draft, this.id, target);
    if (denied !== undefined) return denied;
    const seq = this.written + 1;
    const text = encodeEntry(seq, draft);
    const { at, from, n } = draft;
    const rest = withoutSeq(text);
    this.#file.addEntry(this.#key, seq, at, from, n, rest);
    if (isModeration(draft)) {
      this.#ahead = this.#ahead.fold(draft);
      this.#file.setCharter(this.#key, encodeCharter(this.#ahead));
    } else if ("event" in draft) this.#follow(draft);
    else if (draft.re !== undefined) {
      const redacted = this.states.take(seq, draft);
      if (redacted.length > 0) this.#redacted.set(seq, redacted);
    }
    this.#added += utf8Bytes(rest);
    this.written = seq;
    return { seq, text };
  }

  /** Drops what the disk no longer keeps, at the end of a transaction that wrote to the room. */
  trim(): void {
    const { tail, bytes } = this.#file.setHead(this.#key, this.written, this.#added);
    this.#added = 0;
    let entries = this.written - tail - this.#most.entries;
    let excess = bytes - this.#most.bytes;
    if (entries < TRIM_AT && excess <= TRIM_PART * this.#most.bytes) return;
    // More than it has grown by, so that it catches up, but with a bound.
    const most = 2 * (this.written - this.log.head) + TRIM_AT;
    let upTo = 0;
    for (const size of this.#file.sizesAfter(this.#key, tail, most)) {
      if (entries <= 0 && excess <= 0 || size.seq === this.written) break;
      upTo = size.seq;
      entries--;
      excess -= size.bytes;
    }
    if (upTo > 0) this.#file.dropEntries(this.#key, upTo);
  }

  /** Pushes an entry to the log, after its commit. */
  committed({ seq, text }: LogEntry, draft: Draft): void {
    this.log.push(seq, text);
    if (isModeration(draft)) this.charter = this.charter.fold(draft);
    else if ("event" in draft) this.roster.apply(draft);
    else if (draft.re !== undefined) {
      for (const redacted of this.#redacted.get(seq) ?? []) this.log.redact(redacted);
      this.#redacted.delete(seq);
    }
  }

  /** Takes back what was written, after a transaction that failed. */
  rollBack(): void {
    this.written = this.log.head;
    this.#added = 0;
    this.#ahead = this.charter;
    this.#redacted.clear();
  }

  /** Marks what is written by now; returns what goes back to there, after a statement that failed. */
  mark(): () => void {
    const { written } = this;
    const added = this.#added;
    const ahead = this.#ahead;
    return () => {
      this.written = written;
      this.#added = added;
      this.#ahead = ahead;
    };
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

/** Writes a charter for its row; null where nothing was said. */
export function encodeCharter(charter: Charter): string | null {
  return JSON.stringify(charter) ?? null;
}

/** Reads the charter of a row. A room without its bans would be a lie. */
export function charterOf({ charter }: Pick<RoomRow, "charter">): Charter {
  if (charter === null) return Charter.open;
  try {
    return Charter.from(JSON.parse(charter));
  } catch {
    throw new DamagedError("its roles cannot be read");
  }
}

/** Finds the `seq` after which the newest part of a log begins that memory keeps, in steps. */
function* startOf(
  file: SqliteFile,
  { key, head, tail, bytes }: RoomRow,
  { logEntries, logBytes }: LogLimits,
): Generator<undefined, number> {
  if (bytes <= logBytes) return Math.max(tail, head - logEntries);
  let start = head;
  let places = logEntries;
  let left = logBytes;
  while (start > tail && places > 0) {
    const sizes = file.sizesBefore(key, start + 1, Math.min(places, SIZES_AT_ONCE));
    // Entries that are missing are found where they are read.
    if (sizes.length === 0) return Math.max(tail, start - places);
    for (const { seq, bytes } of sizes) {
      left -= bytes + NUMBER_BYTES;
      if (left < 0 && start < head) return start;
      start = seq - 1;
    }
    places -= sizes.length;
    yield;
  }
  return start;
}

/**
 * Returns an entry as it was written, if it is the next one.
 *
 * @throws {DamagedError} where it is another one, or cannot be read.
 */
export function checked(seq: number, rest: string, next: number): string {
  if (seq !== next) throw new DamagedError(`entry ${next} is not in the file`);
  const text = withSeq(seq, rest);
  try {
    JSON.parse(text);
  } catch {
    throw new DamagedError(`entry ${seq} cannot be read`);
  }
  return wellFormedJson(text);
}
