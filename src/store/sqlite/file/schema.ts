/**
 * The tables in the SQLite file of a chat.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";

/** Steps of the schema, each from the version of its index to the next; those released stay. */
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
  `-- One row: the name of this history, and how many transactions there have been.
   CREATE TABLE origin (era TEXT NOT NULL, commits INTEGER NOT NULL) STRICT;
   INSERT INTO origin VALUES ('', 0);
   -- Behind the tail, every entry up to the head is there.
   ALTER TABLE rooms ADD COLUMN tail INTEGER NOT NULL DEFAULT 0;
   UPDATE rooms SET tail = coalesce((SELECT min(seq) - 1 FROM entries WHERE room = key), head);`,
  `-- Rooms that shall not be made again; the newest has the greatest key.
   CREATE TABLE deleted (
     key INTEGER PRIMARY KEY AUTOINCREMENT,
     id TEXT NOT NULL UNIQUE,
     at INTEGER NOT NULL
   ) STRICT;`,
  `-- The bytes of all entries of a room, without their numbers.
   ALTER TABLE rooms ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
   UPDATE rooms SET bytes = (
     SELECT coalesce(sum(octet_length(rest)), 0) FROM entries WHERE room = key
   );`,
  `-- Settings and roles, as JSON; NULL where nothing was said.
   ALTER TABLE rooms ADD COLUMN charter TEXT;`,
  `-- What tokens have proved.
   ALTER TABLE members ADD COLUMN sub TEXT;
   ALTER TABLE members ADD COLUMN bot INTEGER NOT NULL DEFAULT 0;`,
  `-- How far people have read. A person is a client or several.
   CREATE TABLE markers (
     person TEXT NOT NULL,
     room INTEGER NOT NULL,
     seq INTEGER NOT NULL,
     PRIMARY KEY (person, room)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX readers ON markers (room);`,
  `-- The words of messages: a row has the key of the room in its upper bits, and the seq in its lower 32.
   CREATE VIRTUAL TABLE words USING fts5(
     body, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2'
   );
   -- The entries up to this seq are indexed.
   ALTER TABLE rooms ADD COLUMN indexed INTEGER NOT NULL DEFAULT 0;`,
  `-- What became of messages: the last entry about each, its newest edit or 0, and its answers.
   CREATE TABLE states (
     room INTEGER NOT NULL,
     seq INTEGER NOT NULL,
     last INTEGER NOT NULL,
     edit INTEGER NOT NULL DEFAULT 0,
     redacted INTEGER NOT NULL DEFAULT 0,
     replies INTEGER NOT NULL DEFAULT 0,
     PRIMARY KEY (room, seq)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE edits (
     room INTEGER NOT NULL,
     seq INTEGER NOT NULL,
     edit INTEGER NOT NULL,
     PRIMARY KEY (room, seq, edit)
   ) STRICT, WITHOUT ROWID;
   -- Reactions and people are JSON texts: the runtime would end others at their first U+0000.
   CREATE TABLE reactions (
     room INTEGER NOT NULL,
     seq INTEGER NOT NULL,
     reaction TEXT NOT NULL,
     person TEXT NOT NULL,
     PRIMARY KEY (room, seq, reaction, person)
   ) STRICT, WITHOUT ROWID;`,
  `-- People whose tokens from before a time, in milliseconds since 1970, count no more.
   CREATE TABLE revocations (sub TEXT PRIMARY KEY, before INTEGER NOT NULL) STRICT, WITHOUT ROWID;`,
];

/**
 * Begins another history in a file that may lack entries that clients were sent: they are told that
 * something is missing, and their numbers begin anew.
 */
export const NEW_ERA = `UPDATE origin SET era = lower(hex(randomblob(16)));
  UPDATE rooms SET epoch = lower(hex(randomblob(4)));
  DELETE FROM clients;`;

/**
 * Brings a database to the newest schema, each step in its own transaction.
 *
 * @throws {Error} where the schema is newer than this program, or of another one.
 */
export function migrate(db: DatabaseSync, migrations: readonly string[]): void {
  const version = Number(db.prepare("PRAGMA user_version").get()?.user_version);
  if (version > migrations.length) {
    throw new Error(`it has schema ${version}, and this version knows ${migrations.length}`);
  }
  const tables = db.prepare("SELECT count(*) AS tables FROM sqlite_schema").get()?.tables;
  if (version === 0 && tables !== 0) throw new Error("it is a database of something else");
  for (let step = version; step < migrations.length; step++) {
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
