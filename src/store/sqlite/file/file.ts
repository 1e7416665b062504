/**
 * The statements that read and write a SQLite file.
 *
 * @module
 */

import type { KeptRoom, Marker, StoredClient } from "../../../core/store/store.ts";
import type { MemberInfo } from "../../../protocol/frames.ts";
import { type Row, SqliteDatabase } from "./database.ts";
import { DamagedError } from "./errors.ts";

/** Reads a name as bytes: the runtime would end a text at its first U+0000. */
export const NAME = "CAST(name AS BLOB) AS name";

/** The columns of a member. */
export const MEMBER = `id, ${NAME}, away, CAST(sub AS BLOB) AS sub, bot`;

/** The row of a room. */
export interface RoomRow {
  /** Unique for as long as the file lives; the same id can come again. */
  key: number;
  name: string;
  epoch: string;
  /** The `seq` of its newest entry. */
  head: number;
  /** The `seq` of the newest entry that was dropped. */
  tail: number;
  /** The bytes of all entries, without their numbers. */
  bytes: number;
  /** Its settings and roles, as JSON; null where nothing was said. */
  charter: string | null;
}

/** The size of an entry, in bytes without its number. */
export interface EntrySize {
  seq: number;
  bytes: number;
}

/** The row of an entry. */
export interface EntryRow {
  seq: number;
  sender: string;
  rest: string;
}

/** The file of a chat, which this process alone has. */
export class SqliteFile extends SqliteDatabase {
  /**
   * Checks that the tables of rooms, members and clients can be read.
   *
   * @throws {DamagedError} where they cannot: a room would seem never to have existed.
   */
  check(): void {
    for (const table of ["rooms", "members", "clients"]) {
      const found = this.get(`PRAGMA integrity_check(${table})`)?.integrity_check;
      if (found !== "ok") throw new DamagedError(`its table of ${table} is damaged`);
    }
  }

  /** Returns the secret with this name; has `make` make it where there is none. */
  key(name: string, make: () => Uint8Array): Uint8Array {
    this.run("INSERT OR IGNORE INTO keys (name, value) VALUES (?, ?)", name, make());
    return this.get("SELECT value FROM keys WHERE name = ?", name)?.value as Uint8Array;
  }

  /** Returns the room with this id. */
  room(id: string): RoomRow | undefined {
    const columns = `key, ${NAME}, epoch, head, tail, bytes, charter`;
    const row = this.get(`SELECT ${columns} FROM rooms WHERE id = ?`, id);
    return row && {
      key: Number(row.key),
      name: nameOf(row.name) ?? "",
      epoch: String(row.epoch),
      head: Number(row.head),
      tail: Number(row.tail),
      bytes: Number(row.bytes),
      charter: row.charter as string | null,
    };
  }

  /** Returns the rooms with the next greater ids. */
  keptAfter(id: string, count: number): KeptRoom[] {
    const rows = this.all(
      `SELECT id, epoch, head, EXISTS (SELECT 1 FROM members WHERE room = key) AS occupied
       FROM rooms WHERE id > ? ORDER BY id LIMIT ?`,
      ...[id, count],
    );
    return rows.map(({ id, epoch, head, occupied }) => ({
      id: String(id),
      epoch: String(epoch),
      head: Number(head),
      hasMembers: occupied !== 0,
    }));
  }

  /** Makes a room with an id that no other has; without one, as of a room that is deleted. */
  addRoom(id: string | null, name: string, epoch: string, charter: string | null = null): RoomRow {
    const { key } = this.get(
      "INSERT INTO rooms (id, name, epoch, head, charter) VALUES (?, ?, ?, 0, ?) RETURNING key",
      ...[id, name, epoch, charter],
    ) ?? {};
    return { key: Number(key), name, epoch, head: 0, tail: 0, bytes: 0, charter };
  }

  /** Sets the settings and roles of a room, as JSON. */
  setCharter(room: number, charter: string | null): void {
    this.run("UPDATE rooms SET charter = ? WHERE key = ?", charter, room);
  }

  /** Removes the id and the members of a room; the sweeper removes its entries. */
  dropRoom(id: string): void {
    this.run("DELETE FROM members WHERE room = (SELECT key FROM rooms WHERE id = ?)", id);
    this.run("UPDATE rooms SET id = NULL WHERE id = ?", id);
  }

  /**
   * Notes that the room with this id was deleted at the time `at`, in milliseconds since 1970.
   * Forgets notes from before `time`, and all but the newest `most`.
   */
  noteDeleted(id: string, at: number, { time, most }: { time: number; most: number }): void {
    this.run("INSERT OR REPLACE INTO deleted (id, at) VALUES (?, ?)", id, at);
    this.run(
      "DELETE FROM deleted WHERE at < ? OR key <= (SELECT max(key) FROM deleted) - ?",
      ...[time, most],
    );
  }

  /** Keeps that tokens of `sub` before a time are revoked, and forgets those before `over`. */
  revoke(sub: string, before: number, over: number): void {
    this.run("INSERT OR REPLACE INTO revocations (sub, before) VALUES (?, ?)", sub, before);
    this.run("DELETE FROM revocations WHERE before < ?", over);
  }

  /** Returns all revocations. */
  revoked(): { sub: string; before: number }[] {
    return this.all("SELECT CAST(sub AS BLOB) AS sub, before FROM revocations")
      .map(({ sub, before }) => ({ sub: nameOf(sub) ?? "", before: Number(before) }));
  }

  /** Says whether the room with this id is noted as deleted. */
  isDeleted(id: string): boolean {
    return this.get("SELECT 1 FROM deleted WHERE id = ?", id) !== undefined;
  }

  /**
   * Sets the `seq` of a room's newest entry, after entries of `added` bytes. Returns the tail of the
   * room, and the bytes of all that it has.
   */
  setHead(room: number, head: number, added: number): { tail: number; bytes: number } {
    const sql = "UPDATE rooms SET head = ?, bytes = bytes + ? WHERE key = ? RETURNING tail, bytes";
    return this.get(sql, head, added, room) as { tail: number; bytes: number };
  }

  /** Adds an entry. */
  addEntry(room: number, seq: number, at: number, from: string, n: number, rest: string): void {
    this.run("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", room, seq, at, from, n, rest);
  }

  /** Returns a room's entries after `seq`, oldest first, at most `count`. */
  entriesAfter(room: number, seq: number, count: number): EntryRow[] {
    return this.all(
      "SELECT seq, sender, rest FROM entries WHERE room = ? AND seq > ? ORDER BY seq LIMIT ?",
      ...[room, seq, count],
    ) as unknown as EntryRow[];
  }

  /** Returns the sizes of a room's entries after `seq`, oldest first, at most `count`. */
  sizesAfter(room: number, seq: number, count: number): EntrySize[] {
    return this.all(
      `SELECT seq, octet_length(rest) AS bytes FROM entries WHERE room = ? AND seq > ?
       ORDER BY seq LIMIT ?`,
      ...[room, seq, count],
    ) as unknown as EntrySize[];
  }

  /** Returns the sizes of a room's entries before `seq`, newest first, at most `count`. */
  sizesBefore(room: number, seq: number, count: number): EntrySize[] {
    return this.all(
      `SELECT seq, octet_length(rest) AS bytes FROM entries WHERE room = ? AND seq < ?
       ORDER BY seq DESC LIMIT ?`,
      ...[room, seq, count],
    ) as unknown as EntrySize[];
  }

  /** Returns a room's messages before one `seq` and after another, newest first, at most `count`. */
  messagesBefore(room: number, seq: number, after: number, count: number): EntryRow[] {
    return this.all(
      `SELECT seq, sender, rest FROM entries WHERE room = ? AND seq < ? AND seq > ? AND n > 0
       ORDER BY seq DESC LIMIT ?`,
      ...[room, seq, after, count],
    ) as unknown as EntryRow[];
  }

  /** Returns the `seq`s before one of a room's messages that are indexed under all phrases, newest first, at most `count`. */
  seqsWith(room: number, before: number, phrases: string, count: number): number[] {
    return this.all(
      `SELECT rowid & 0xffffffff AS seq FROM words
       WHERE words MATCH ? AND rowid > (? << 32) AND rowid < (? << 32) + CAST(? AS INTEGER)
       ORDER BY rowid DESC LIMIT ?`,
      ...[phrases, room, room, before, count],
    ).map(({ seq }) => Number(seq));
  }

  /** Indexes messages of a room by their tokens, and notes that all is indexed up to a `seq`. */
  addWords(room: number, bodies: readonly [seq: number, tokens: string][], upTo: number): void {
    for (const [seq, tokens] of bodies) {
      this.run(
        "INSERT INTO words (rowid, body) VALUES ((? << 32) + CAST(? AS INTEGER), ?)",
        room,
        seq,
        tokens,
      );
    }
    this.run("UPDATE rooms SET indexed = max(indexed, ?) WHERE key = ?", upTo, room);
  }

  /** Writes the index anew: terms of what was taken out of it stay in it until then. */
  renewWords(): void {
    this.run("INSERT INTO words (words) VALUES ('optimize')");
  }

  /** Takes a room's messages from one `seq` to another out of the index. */
  dropWords(room: number, from: number, to: number): void {
    this.run(
      `DELETE FROM words WHERE rowid
       BETWEEN (? << 32) + CAST(? AS INTEGER) AND (? << 32) + CAST(? AS INTEGER)`,
      ...[room, from, room, to],
    );
  }

  /** Returns the rooms with the next greater keys that have entries which are not indexed. */
  unindexedAfter(key: number, count: number): { key: number; id: string }[] {
    return this.all(
      `SELECT key, id FROM rooms WHERE key > ? AND indexed < head AND id IS NOT NULL
       ORDER BY key LIMIT ?`,
      ...[key, count],
    ) as unknown as { key: number; id: string }[];
  }

  /** Returns one entry of a room, without its number. */
  entry(room: number, seq: number): string | undefined {
    const row = this.get("SELECT rest FROM entries WHERE room = ? AND seq = ?", room, seq);
    return row && String(row.rest);
  }

  /** Writes over one entry of a room. */
  setEntry(room: number, seq: number, rest: string): void {
    this.run("UPDATE entries SET rest = ? WHERE room = ? AND seq = ?", rest, room, seq);
  }

  /** Returns the `seq` of a room's oldest entry, and when it was taken. */
  oldest(room: number): { seq: number; at: number } | undefined {
    return this.get("SELECT seq, at FROM entries WHERE room = ? ORDER BY seq LIMIT 1", room) as
      | { seq: number; at: number }
      | undefined;
  }

  /**
   * Returns the `seq` up to which all of a room's `count` oldest entries were taken before `time`;
   * 0 if the oldest was not. Times before it after that come from a clock that was wrong.
   */
  oldUpTo(room: number, time: number, count: number): number {
    const row = this.get(
      `SELECT max(seq) AS seq FROM (
         SELECT seq, max(at) OVER (ORDER BY seq) AS latest FROM (
           SELECT seq, at FROM entries WHERE room = ? ORDER BY seq LIMIT ?
         )
       ) WHERE latest < ?`,
      ...[room, count, time],
    );
    return Number(row?.seq ?? 0);
  }

  /** Drops a room's entries up to a `seq`. */
  dropEntries(room: number, upTo: number): void {
    this.run(
      `UPDATE rooms SET tail = max(tail, ?), bytes = bytes - (
         SELECT coalesce(sum(octet_length(rest)), 0) FROM entries WHERE room = key AND seq <= ?
       ) WHERE key = ?`,
      ...[upTo, upTo, room],
    );
    for (const table of ["entries", "states", "edits", "reactions"]) {
      this.run(`DELETE FROM ${table} WHERE room = ? AND seq <= ?`, room, upTo);
    }
    this.dropWords(room, 0, upTo);
  }

  /** Returns the rooms with the next greater keys, those without an id too. */
  roomsAfter(key: number, count: number): { key: number; id: string | null }[] {
    return this.all(
      "SELECT key, id FROM rooms WHERE key > ? ORDER BY key LIMIT ?",
      key,
      count,
    ) as unknown as { key: number; id: string | null }[];
  }

  /** Forgets a room that has no entries. */
  forgetRoom(key: number): void {
    this.run("DELETE FROM members WHERE room = ?", key);
    this.run("DELETE FROM markers WHERE room = ?", key);
    this.run("DELETE FROM rooms WHERE key = ?", key);
  }

  /** Returns the `seq` of a client's message; 0 if it is not kept any more. */
  seqOf(from: string, n: number): number {
    const row = this.get(
      "SELECT seq FROM entries WHERE sender = ? AND n = ? AND n > 0 LIMIT 1",
      ...[from, n],
    );
    return Number(row?.seq ?? 0);
  }

  /** Returns the members of a room, in the order in which they came. */
  members(room: number): MemberInfo[] {
    const sql = `SELECT ${MEMBER} FROM members WHERE room = ? ORDER BY rowid`;
    return this.all(sql, room).map(infoOf);
  }

  /** Returns one member of a room. */
  member(room: number, id: string): MemberInfo | undefined {
    const sql = `SELECT ${MEMBER} FROM members WHERE room = ? AND id = ?`;
    const row = this.get(sql, room, id);
    return row && infoOf(row);
  }

  /** Says whether a room has a member whose client may still come back. */
  isAwaited(room: number): boolean {
    const sql = "SELECT 1 FROM members JOIN clients USING (id) WHERE room = ? LIMIT 1";
    return this.get(sql, room) !== undefined;
  }

  /** Adds or updates a member. */
  setMember(room: number, { client_id, name, away, sub, bot }: MemberInfo): void {
    this.run(
      `INSERT INTO members VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET name = excluded.name, away = excluded.away,
         sub = excluded.sub, bot = excluded.bot`,
      ...[room, client_id, name ?? null, Number(away === true), sub ?? null, Number(bot === true)],
    );
  }

  /** Drops a member; all of them where none is named. */
  dropMembers(room: number, id?: string): void {
    if (id === undefined) this.run("DELETE FROM members WHERE room = ?", room);
    else this.run("DELETE FROM members WHERE room = ? AND id = ?", room, id);
  }

  /** Returns the read markers of a person, by room id. */
  markers(person: string): Map<string, Marker> {
    const rows = this.all(
      `SELECT id, epoch, seq FROM markers JOIN rooms ON room = key
       WHERE person = ? AND id IS NOT NULL`,
      person,
    );
    return new Map(rows.map(({ id, epoch, seq }) => [
      String(id),
      { epoch: String(epoch), seq: Number(seq) },
    ]));
  }

  /** Sets the read marker of a person in the room with this id, unless it is further on. */
  setMarker(person: string, id: string, { epoch, seq }: Marker): void {
    this.run(
      `INSERT INTO markers SELECT ?, key, ? FROM rooms WHERE id = ? AND epoch = ?
       ON CONFLICT DO UPDATE SET seq = max(seq, excluded.seq)`,
      ...[person, seq, id, epoch],
    );
  }

  /** Forgets how far a person has read. */
  dropMarkers(person: string): void {
    this.run("DELETE FROM markers WHERE person = ?", person);
  }

  /** Returns all clients. */
  clients(): StoredClient[] {
    return this.all(`SELECT id, ${NAME}, n FROM clients`).map(({ id, name, n }) => ({
      id: String(id),
      name: nameOf(name),
      n: Number(n),
    }));
  }

  /** Adds a client, or updates its name. */
  setClient(id: string, name: string | undefined, n: number): void {
    this.run(
      `INSERT INTO clients VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET name = excluded.name`,
      ...[id, name ?? null, n],
    );
  }

  /** Sets the number of a client's last message, if the client is there. */
  setNumber(id: string, n: number): void {
    this.run("UPDATE clients SET n = ? WHERE id = ?", n, id);
  }

  /** Drops a client. */
  dropClient(id: string): void {
    this.run("DELETE FROM clients WHERE id = ?", id);
  }
}

/** Reads a text that was selected as bytes. */
export function nameOf(name: unknown): string | undefined {
  return name instanceof Uint8Array ? new TextDecoder().decode(name) : undefined;
}

/** Reads the row of a member. */
export function infoOf({ id, name: bytes, away, sub: proved, bot }: Row): MemberInfo {
  const name = nameOf(bytes);
  const sub = nameOf(proved);
  return {
    client_id: String(id),
    ...(name === undefined ? {} : { name }),
    ...(away === 0 ? {} : { away: true }),
    ...(sub === undefined ? {} : { sub }),
    ...(bot === 0 ? {} : { bot: true }),
  };
}
