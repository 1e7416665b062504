/**
 * The SQLite file of a chat: its schema, what is asked of it, and the lock that keeps a
 * second process out.
 *
 * @module
 */

import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { reasonOf } from "../errors.ts";
import type { MemberInfo } from "../protocol.ts";
import type { StoredClient } from "./store.ts";

/** Each brings the schema from the version that is its index to the next one; those that were released never change. */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE keys (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
   -- A room without an id is deleted; its entries go in small steps.
   CREATE TABLE rooms (
     key INTEGER PRIMARY KEY AUTOINCREMENT,
     id TEXT UNIQUE,
     name TEXT NOT NULL,
     epoch TEXT NOT NULL,
     head INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE entries (
     room INTEGER NOT NULL,
     seq INTEGER NOT NULL,
     at INTEGER NOT NULL,
     sender TEXT NOT NULL,
     n INTEGER NOT NULL,
     rest TEXT NOT NULL,
     PRIMARY KEY (room, seq)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX sends ON entries (sender, n) WHERE n > 0;
   CREATE TABLE members (
     room INTEGER NOT NULL,
     id TEXT NOT NULL,
     name TEXT,
     away INTEGER NOT NULL,
     UNIQUE (room, id)
   ) STRICT;
   CREATE TABLE clients (
     id TEXT PRIMARY KEY,
     name TEXT,
     n INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;`,
];

/** How long another program, like one that makes a backup, can hold a transaction up, in milliseconds. */
const BUSY_MS = 100;

/** How much of the file SQLite keeps in memory, in KiB. */
const CACHE_KIB = 16_384;

/** What the disk can do to a transaction: SQLITE_BUSY, LOCKED, READONLY, IOERR, FULL and CANTOPEN. */
const DISK_ERRORS = new Set([5, 6, 8, 10, 13, 14]);

/** A room as its row says. */
export interface RoomRow {
  /** Tells rooms apart for as long as the file lives; ids come again. */
  key: number;
  name: string;
  epoch: string;
  head: number;
}

/** An entry as its row says. */
export interface EntryRow {
  seq: number;
  sender: string;
  rest: string;
}

/** Says whether the disk, and not the program, is to blame: what failed may work later. */
export function isDiskError(error: unknown): boolean {
  const code = error instanceof Error && "errcode" in error ? Number(error.errcode) : 0;
  return DISK_ERRORS.has(code & 0xff);
}

/**
 * Brings a database to the newest schema, each step in its own transaction.
 *
 * @throws {Error} where it is newer than this program, or no database of it.
 */
export function migrate(db: DatabaseSync, migrations: readonly string[]): void {
  const { user_version: version } = db.prepare("PRAGMA user_version").get() as Row;
  if (Number(version) > migrations.length) {
    throw new Error(`it has schema ${version}, and this version knows ${migrations.length}`);
  }
  const { tables } = db.prepare("SELECT count(*) AS tables FROM sqlite_schema").get() as Row;
  if (version === 0 && tables !== 0) throw new Error("it is a database of something else");
  for (let step = Number(version); step < migrations.length; step++) {
    db.exec("BEGIN IMMEDIATE");
    try {
      db.exec(migrations[step]!);
      db.exec(`PRAGMA user_version = ${step + 1}; COMMIT`);
    } catch (error) {
      db.exec("ROLLBACK");
      throw error;
    }
  }
}

type Row = Record<string, unknown>;

/** The file, held by this process alone. */
export class SqliteFile {
  readonly #db: DatabaseSync;
  readonly #lock: Deno.FsFile;
  readonly #prepared = new Map<string, StatementSync>();

  /**
   * Opens the file and makes it where there is none, with its folder.
   *
   * @throws {Error} with one line that names the file and says why it cannot be used.
   */
  constructor(path: string) {
    try {
      Deno.mkdirSync(dirname(path), { recursive: true });
      // The lock of a process ends with it, however it ends.
      this.#lock = Deno.openSync(`${path}-lock`, { write: true, create: true });
    } catch (error) {
      throw new Error(`Cannot open ${path}: ${adviceOn(error, dirname(path))}`, { cause: error });
    }
    let db: DatabaseSync | undefined;
    try {
      if (!this.#lock.tryLockSync(true)) throw new Error("another process has it open");
      // What people say, and the key of their sessions, are nobody else's business.
      Deno.openSync(path, { write: true, create: true, mode: 0o600 }).close();
      db = new DatabaseSync(path);
      db.exec(`PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA cache_size = -${CACHE_KIB}`);
      db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
      migrate(db, MIGRATIONS);
    } catch (error) {
      db?.close();
      this.#lock.close();
      throw new Error(`Cannot open ${path}: ${reasonOf(error)}`, { cause: error });
    }
    this.#db = db;
  }

  /** Does what `write` does as a whole or not at all: it is on the disk when this returns. */
  transaction(write: () => void): void {
    this.#run("BEGIN IMMEDIATE");
    try {
      write();
      this.#run("COMMIT");
    } catch (error) {
      // A full disk may have ended the transaction already.
      if (this.#db.isTransaction) this.#run("ROLLBACK");
      throw error;
    }
  }

  /** Writes something that changes nothing, down to the disk; throws where that fails. */
  probe(): void {
    this.transaction(() => this.#db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`));
  }

  /** The secret that is kept under a name; what `make` makes where there is none. */
  key(name: string, make: () => Uint8Array): Uint8Array {
    this.#run("INSERT OR IGNORE INTO keys (name, value) VALUES (?, ?)", name, make());
    return this.#get("SELECT value FROM keys WHERE name = ?", name)?.value as Uint8Array;
  }

  /** The room with this id. */
  room(id: string): RoomRow | undefined {
    return this.#get("SELECT key, name, epoch, head FROM rooms WHERE id = ?", id) as
      | RoomRow
      | undefined;
  }

  /** Makes a room whose id no other has. */
  addRoom(id: string, name: string, epoch: string): RoomRow {
    return this.#get(
      `INSERT INTO rooms (id, name, epoch, head) VALUES (?, ?, ?, 0)
       RETURNING key, name, epoch, head`,
      ...[id, name, epoch],
    ) as unknown as RoomRow;
  }

  /** Takes the id from a room, and its members; its entries are left to be swept. */
  dropRoom(id: string): void {
    this.#run("DELETE FROM members WHERE room = (SELECT key FROM rooms WHERE id = ?)", id);
    this.#run("UPDATE rooms SET id = NULL WHERE id = ?", id);
  }

  /** Sets the place of a room's newest entry. */
  setHead(room: number, head: number): void {
    this.#run("UPDATE rooms SET head = ? WHERE key = ?", head, room);
  }

  /** Adds an entry. */
  addEntry(room: number, seq: number, at: number, from: string, n: number, rest: string): void {
    this.#run("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", room, seq, at, from, n, rest);
  }

  /** A room's newest entries, newest first. */
  newest(room: number, count: number): EntryRow[] {
    return this.#all(
      "SELECT seq, sender, rest FROM entries WHERE room = ? ORDER BY seq DESC LIMIT ?",
      ...[room, count],
    ) as unknown as EntryRow[];
  }

  /** The place of a room's oldest entry, and when it was taken. */
  oldest(room: number): { seq: number; at: number } | undefined {
    return this.#get("SELECT seq, at FROM entries WHERE room = ? ORDER BY seq LIMIT 1", room) as
      | { seq: number; at: number }
      | undefined;
  }

  /** The place of the newest of a room's `count` oldest entries that was taken before `time`; 0 if none was. */
  oldUpTo(room: number, time: number, count: number): number {
    const row = this.#get(
      `SELECT max(seq) AS seq FROM (
         SELECT seq, at FROM entries WHERE room = ? ORDER BY seq LIMIT ?
       ) WHERE at < ?`,
      ...[room, count, time],
    );
    return Number(row?.seq ?? 0);
  }

  /** Drops a room's entries up to a place. */
  dropEntries(room: number, upTo: number): void {
    this.#run("DELETE FROM entries WHERE room = ? AND seq <= ?", room, upTo);
  }

  /** The rooms with the next greater keys, those without an id too. */
  roomsAfter(key: number, count: number): { key: number; id: string | null }[] {
    return this.#all(
      "SELECT key, id FROM rooms WHERE key > ? ORDER BY key LIMIT ?",
      key,
      count,
    ) as unknown as { key: number; id: string | null }[];
  }

  /** Forgets a room that has no entries. */
  forgetRoom(key: number): void {
    this.#run("DELETE FROM members WHERE room = ?", key);
    this.#run("DELETE FROM rooms WHERE key = ?", key);
  }

  /** The place of a client's message; 0 if it is not kept any more. */
  seqOf(from: string, n: number): number {
    const row = this.#get(
      "SELECT seq FROM entries WHERE sender = ? AND n = ? AND n > 0 LIMIT 1",
      ...[from, n],
    );
    return Number(row?.seq ?? 0);
  }

  /** The members of a room, in the order they came. */
  members(room: number): MemberInfo[] {
    return this.#all("SELECT id, name, away FROM members WHERE room = ? ORDER BY rowid", room).map(
      infoOf,
    );
  }

  /** One member of a room. */
  member(room: number, id: string): MemberInfo | undefined {
    const sql = "SELECT id, name, away FROM members WHERE room = ? AND id = ?";
    const row = this.#get(sql, room, id);
    return row && infoOf(row);
  }

  /** Whether somebody is in a room who is a client that may still come back. */
  isAwaited(room: number): boolean {
    const sql = "SELECT 1 FROM members JOIN clients USING (id) WHERE room = ? LIMIT 1";
    return this.#get(sql, room) !== undefined;
  }

  /** Adds a member, or says how it is now. */
  setMember(room: number, { client_id, name, away }: MemberInfo): void {
    this.#run(
      `INSERT INTO members VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET name = excluded.name, away = excluded.away`,
      ...[room, client_id, name ?? null, away === true ? 1 : 0],
    );
  }

  /** Drops a member; all of them where none is named. */
  dropMembers(room: number, id?: string): void {
    if (id === undefined) this.#run("DELETE FROM members WHERE room = ?", room);
    else this.#run("DELETE FROM members WHERE room = ? AND id = ?", room, id);
  }

  /** All clients. */
  clients(): StoredClient[] {
    return this.#all("SELECT id, name, n FROM clients").map(({ id, name, n }) => ({
      id: String(id),
      name: name === null ? undefined : String(name),
      n: Number(n),
    }));
  }

  /** Adds a client, or says how it is called now. */
  setClient(id: string, name: string | undefined, n: number): void {
    this.#run(
      `INSERT INTO clients VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET name = excluded.name`,
      ...[id, name ?? null, n],
    );
  }

  /** Sets the number of a client's last message, if the client is there. */
  setNumber(id: string, n: number): void {
    this.#run("UPDATE clients SET n = ? WHERE id = ?", n, id);
  }

  /** Drops a client. */
  dropClient(id: string): void {
    this.#run("DELETE FROM clients WHERE id = ?", id);
  }

  /** Lets go of the file. */
  close(): void {
    this.#prepared.clear();
    this.#db.close();
    this.#lock.close();
  }

  #statement(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }

  #run(sql: string, ...values: Value[]): void {
    this.#statement(sql).run(...values);
  }

  #get(sql: string, ...values: Value[]): Row | undefined {
    return this.#statement(sql).get(...values);
  }

  #all(sql: string, ...values: Value[]): Row[] {
    return this.#statement(sql).all(...values);
  }
}

type Value = string | number | null | Uint8Array;

function infoOf({ id, name, away }: Row): MemberInfo {
  return {
    client_id: String(id),
    ...(name === null ? {} : { name: String(name) }),
    ...(away === 0 ? {} : { away: true }),
  };
}

function adviceOn(error: unknown, folder: string): string {
  return error instanceof Deno.errors.NotCapable
    ? `run with --allow-read=${folder} --allow-write=${folder}`
    : reasonOf(error);
}
