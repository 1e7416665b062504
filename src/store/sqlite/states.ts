/**
 * The states of the messages of a room in a SQLite file: what became of all that it keeps.
 *
 * @module
 */

import {
  encodeNow,
  type MessageStates,
  personOf,
  type Target,
} from "../../core/log/message_states.ts";
import { encodeRedacted, withoutSeq, withSeq } from "../../protocol/encode.ts";
import type { ChangeParts, Entry, MessageEntry } from "../../protocol/frames.ts";
import { utf8Bytes } from "../../protocol/utf8.ts";
import type { Row } from "./file/database.ts";
import type { SqliteFile } from "./file/file.ts";

const NOTHING: ReadonlyMap<number, string> = new Map();

/** The messages of one room. Within a transaction they are as it has made them so far. */
export class SqliteStates implements MessageStates {
  readonly #file: SqliteFile;
  readonly #room: number;
  /** `false` where nothing became of any message: then the file need not be asked. */
  #hasAny: boolean;

  /** Reads from the room with this key. */
  constructor(file: SqliteFile, room: number) {
    this.#file = file;
    this.#room = room;
    this.#hasAny = file.get("SELECT 1 FROM states WHERE room = ? LIMIT 1", room) !== undefined;
  }

  /** The message that a change is about. */
  target(seq: number): Target | undefined {
    const entry = this.#message(seq);
    if (entry === undefined) return undefined;
    const place = [this.#room, seq] as const;
    const sql = "SELECT redacted FROM states WHERE room = ? AND seq = ?";
    const reactions = "FROM reactions WHERE room = ? AND seq = ?";
    const kinds = `SELECT count(DISTINCT reaction) AS kinds ${reactions}`;
    return {
      person: personOf(entry),
      redacted: Number(this.#file.get(sql, ...place)?.redacted ?? 0) !== 0,
      kinds: Number(this.#file.get(kinds, ...place)?.kinds),
      has: (reaction, person) => {
        const one = `SELECT 1 ${reactions} AND reaction = ?`;
        const words = [reaction, person].filter((word) => word !== undefined);
        return this.#file.get(
          person === undefined ? `${one} LIMIT 1` : `${one} AND person = ?`,
          ...place,
          ...words.map((word) => JSON.stringify(word)),
        ) !== undefined;
      },
    };
  }

  /**
   * Takes in an answer or a change that was written as `seq`. Returns the entries that a redaction has
   * written over.
   */
  take(
    seq: number,
    entry: { readonly from: string; readonly sub?: string | undefined } & Partial<ChangeParts>,
  ): number[] {
    const { re, edit, redact, react, unreact } = entry;
    // An answer may name anything.
    if (re === undefined || this.#message(re) === undefined) return [];
    const file = this.#file;
    const place = [this.#room, re] as const;
    this.#hasAny = true;
    file.run(
      `INSERT INTO states (room, seq, last) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET last = excluded.last`,
      ...place,
      seq,
    );
    const reaction = [...place, JSON.stringify(react ?? unreact), JSON.stringify(personOf(entry))];
    if (edit !== undefined) {
      file.run("UPDATE states SET edit = ? WHERE room = ? AND seq = ?", seq, ...place);
      file.run("INSERT INTO edits VALUES (?, ?, ?)", ...place, seq);
    } else if (redact !== undefined) {
      const redacted = [re, ...this.#editsOf(re)];
      for (const seq of redacted) this.#redact(seq);
      file.run("UPDATE states SET edit = 0, redacted = 1 WHERE room = ? AND seq = ?", ...place);
      file.run("DELETE FROM edits WHERE room = ? AND seq = ?", ...place);
      file.run("DELETE FROM reactions WHERE room = ? AND seq = ?", ...place);
      return redacted;
    } else if (react !== undefined) {
      file.run("INSERT OR IGNORE INTO reactions VALUES (?, ?, ?, ?)", ...reaction);
    } else if (unreact !== undefined) {
      const one = "room = ? AND seq = ? AND reaction = ? AND person = ?";
      file.run(`DELETE FROM reactions WHERE ${one}`, ...reaction);
    } else file.run("UPDATE states SET replies = replies + 1 WHERE room = ? AND seq = ?", ...place);
    return [];
  }

  nows(after: number, upTo: number): ReadonlyMap<number, string> {
    if (!this.#hasAny) return NOTHING;
    const rows = this.#file.all(
      "SELECT * FROM states WHERE room = ? AND seq > ? AND seq <= ?",
      ...[this.#room, after, upTo],
    );
    return new Map(rows.map((row) => [Number(row.seq), this.#encode(row)]));
  }

  #encode({ seq, last, edit, redacted, replies }: Row): string {
    const entry = edit === 0 ? undefined : this.#entry(Number(edit));
    const counts = this.#file.all(
      `SELECT reaction, count(*) AS people FROM reactions WHERE room = ? AND seq = ?
       GROUP BY reaction`,
      ...[this.#room, Number(seq)],
    );
    return encodeNow({
      seq: Number(last),
      redacted: redacted !== 0,
      edit: entry !== undefined && "edit" in entry
        ? { body: entry.edit ?? "", at: entry.at }
        : undefined,
      reactions: counts.map((
        { reaction, people },
      ) => [JSON.parse(String(reaction)), Number(people)]),
      replies: Number(replies),
    });
  }

  #entry(seq: number): Entry | undefined {
    const rest = this.#file.entry(this.#room, seq);
    return rest === undefined ? undefined : JSON.parse(withSeq(seq, rest));
  }

  #message(seq: number): MessageEntry | undefined {
    const entry = this.#entry(seq);
    return entry !== undefined && "body" in entry ? entry : undefined;
  }

  #editsOf(seq: number): number[] {
    return this.#file.all("SELECT edit FROM edits WHERE room = ? AND seq = ?", this.#room, seq)
      .map(({ edit }) => Number(edit));
  }

  /** Writes over an entry, with as many bytes: so nothing moves, and nothing of it stays elsewhere. */
  #redact(seq: number): void {
    const rest = this.#file.entry(this.#room, seq);
    if (rest === undefined) return;
    const redacted = withoutSeq(encodeRedacted(withSeq(seq, rest)));
    const bytes = utf8Bytes(rest) - utf8Bytes(redacted);
    this.#file.setEntry(this.#room, seq, redacted + " ".repeat(bytes));
    this.#file.dropWords(this.#room, seq, seq);
  }
}
