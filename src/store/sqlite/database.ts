/**
 * The connection to a SQLite file: transactions that are on the disk when they return, and
 * an eye on the file, so that they are in the one that others find at its path.
 *
 * @module
 */

import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { reasonOf } from "../../protocol/errors.ts";
import { FileLostError } from "./errors.ts";
import { inodeOf, isSameFile, LockFile, statOf } from "./lock.ts";
import { migrate, MIGRATIONS, NEW_ERA } from "./schema.ts";
import { firstPagesIn, leastBytesOf, numberOf } from "./write_ahead_log.ts";

/** The time that another program, like one that makes a backup, can hold a transaction up, in milliseconds. */
const BUSY_MS = 100;

/** The part of the file that SQLite keeps in memory, in KiB. */
const CACHE_KIB = 16_384;

/** So many pages of 4 KiB wait in the write-ahead log until they go to the file. */
const CHECKPOINT_PAGES = 1_000;

/** The length that a write-ahead log may keep that had to wait for somebody who read for long, in bytes. */
const WAL_BYTES = 4_194_304;

/** The time after which a file that is gone is written again where that failed, in milliseconds. */
const REWRITE_MS = 10_000;

/** The header of a database, in bytes. */
const HEADER_BYTES = 100;

/** The bytes that are copied at a time. */
const COPY_BYTES = 1_048_576;

/** A value as SQLite takes it. */
export type Value = string | number | null | Uint8Array;

/** A row of a table or of an answer, by column. */
export type Row = Record<string, unknown>;

/** The number of pages of a write-ahead log, and of those that are in the file too. */
interface Pages {
  readonly log: number;
  readonly checkpointed: number;
}

/** A database in a file that only this process writes to. */
export class SqliteDatabase {
  readonly #path: string;
  readonly #troubled: (reason: string) => void;
  #db: DatabaseSync;
  /** The file once more: what is in it can be read through this when nothing is at its path. */
  #handle: Deno.FsFile;
  #lock: LockFile;
  readonly #prepared = new Map<string, StatementSync>();
  /** Names the history of the file: see {@linkcode LockFile}. */
  #era = "";
  #commits = 0;
  /** Set while the lock file does not say how far the file has got. */
  #unstamped = false;
  /** The file, its header, and its write-ahead log, when this process had written to them last. */
  #own: Deno.FileInfo;
  #header = "";
  #pages: Pages = { log: 0, checkpointed: 0 };
  /** The write-ahead log that this process has open, once more, and the file that this is. */
  #logHandle: Deno.FsFile | undefined;
  #log: Deno.FileInfo | undefined;
  #logNumber: number | undefined;
  readonly #pageBytes: number;
  #lost: string | undefined;
  #isAbandoned = false;
  #failedAt = -Infinity;

  /**
   * Opens the file and makes it where there is none, with its folder; `troubled` takes lines for
   * the log.
   *
   * @throws {Error} with one line that names the file and says why it cannot be used.
   */
  constructor(path: string, troubled: (reason: string) => void = () => {}) {
    this.#troubled = troubled;
    let folder = dirname(path);
    let lock: LockFile | undefined;
    let handle: Deno.FsFile | undefined;
    let db: DatabaseSync | undefined;
    try {
      this.#path = realPathOf(path);
      folder = dirname(this.#path);
      lock = new LockFile(`${this.#path}-lock`);
      const { isFile, nlink } = Deno.statSync(this.#path);
      if (!isFile) throw new Error("it is no file");
      // Under each of them, another process could take it.
      if (nlink !== null && nlink > 1) throw new Error(`it has ${nlink} names (hard links)`);
      handle = Deno.openSync(this.#path);
      db = openAt(this.#path);
      migrate(db, MIGRATIONS);
      this.#lock = lock;
      this.#handle = handle;
      this.#db = db;
      this.#own = Deno.statSync(this.#path);
      this.#pageBytes = Number(this.get("PRAGMA page_size")?.page_size);
      this.#openLog();
      this.#goOn();
    } catch (error) {
      db?.close();
      handle?.close();
      this.#logHandle?.close();
      lock?.close();
      throw new Error(`Cannot open ${path}: ${adviceOn(error, folder)}`, { cause: error });
    }
  }

  /** Why nothing can be written, nor read what is not read yet; undefined where it can. */
  get lost(): string | undefined {
    return this.#lost;
  }

  get #logPath(): string {
    return `${this.#path}-wal`;
  }

  /** Does what `write` does as a whole or not at all: it is on the disk when this returns. */
  transaction(write: () => void): void {
    this.#lookAtFile();
    if (this.#lost !== undefined) throw new FileLostError(this.#lost);
    if (this.#unstamped) this.#stampAgain();
    this.run("BEGIN IMMEDIATE");
    try {
      write();
      this.run("UPDATE origin SET commits = ?", this.#commits + 1);
      this.run("COMMIT");
    } catch (error) {
      // A full disk may have ended the transaction already.
      if (this.#db.isTransaction) this.run("ROLLBACK");
      throw error;
    }
    this.#committed();
  }

  /** Within a transaction: does what `write` does as a whole or not at all. */
  attempt(write: () => void): void {
    this.run("SAVEPOINT attempt");
    try {
      write();
    } catch (error) {
      if (this.#db.isTransaction) this.run("ROLLBACK TO attempt");
      throw error;
    } finally {
      if (this.#db.isTransaction) this.run("RELEASE attempt");
    }
  }

  /** Carries out a statement. */
  run(sql: string, ...values: Value[]): void {
    this.#statement(sql).run(...values);
  }

  /** The first row of the answer. */
  get(sql: string, ...values: Value[]): Row | undefined {
    return this.#statement(sql).get(...values);
  }

  /** All rows of the answer. */
  all(sql: string, ...values: Value[]): Row[] {
    return this.#statement(sql).all(...values);
  }

  /**
   * Looks whether file and lock are where others look for them, and still the same. A file that is
   * gone is written again from what this process has open: nothing that was acknowledged is lost.
   */
  look(): void {
    this.#lookAtFile();
    if (this.#lost !== undefined || this.#lock.isInPlace) return;
    try {
      this.#relock(new LockFile(`${this.#path}-lock`));
      this.#stamp();
    } catch (error) {
      this.#abandon(reasonOf(error));
    }
  }

  /** Lets go of the file, which is where it belongs then, if it can be. */
  close(): void {
    // There will be no other attempt.
    this.#failedAt = -Infinity;
    this.#lookAtFile();
    this.#disconnect();
    this.#lock.close();
  }

  #openLog(): void {
    this.#logHandle?.close();
    this.#logHandle = Deno.openSync(this.#logPath, { read: true, write: true });
    this.#log = this.#logHandle.statSync();
  }

  #disconnect(): void {
    this.#prepared.clear();
    this.#db.close();
    // Not before: closing a file takes from the process all of SQLite's locks on it.
    this.#handle.close();
    this.#logHandle?.close();
    this.#logHandle = undefined;
  }

  /** Goes on with the history of the file, or begins another one where it is not as it was left here. */
  #goOn(): void {
    this.#note();
    const { era, commits } = this.get("SELECT era, commits FROM origin") ?? {};
    this.#commits = Number(commits);
    const stamp = this.#lock.read();
    // What anybody was told is at most what the stamp says: a file that has it all misses nothing.
    const isOwn = stamp !== undefined && stamp.era === era && stamp.commits <= this.#commits &&
      stamp.inode === inodeOf(this.#own);
    this.transaction(() => {
      if (!isOwn) this.#db.exec(NEW_ERA);
      this.#era = String(this.get("SELECT era FROM origin")?.era);
    });
    if (isOwn || this.get("SELECT 1 FROM rooms LIMIT 1") === undefined) return;
    const told = "clients are told that something may be missing, and begin to count anew";
    this.#troubled(`${this.#path} is not as it was left here: ${told}`);
  }

  /** After a commit, which nothing here can take back. */
  #committed(): void {
    this.#commits++;
    try {
      this.#stamp();
    } catch {
      this.#unstamped = true;
    }
    const pages = this.#countPages();
    if (pages.log - pages.checkpointed < CHECKPOINT_PAGES) {
      // A log is begun anew when another program has brought all of the one before into the file.
      const isNewLog = this.#readLogNumber() !== this.#logNumber;
      if (isNewLog || this.#isCheckpointed(pages)) this.#note();
      else this.#pages = pages;
      return;
    }
    try {
      // A header that no other state of the file has: it tells whether somebody writes over it.
      this.#db.exec(`PRAGMA application_id = ${Math.floor(Math.random() * 2 ** 31)}`);
      this.#db.exec("PRAGMA wal_checkpoint(PASSIVE)");
    } catch {
      // What is not in the file is in its write-ahead log, and is tried again with the next commit.
    } finally {
      this.#note();
    }
  }

  /** Sees to it that file and write-ahead log are at their paths, or says that they are lost. */
  #lookAtFile(): void {
    if (this.#isAbandoned) return;
    this.#lookAtMainFile();
    if (this.#lost === undefined) this.#lookAtLog();
  }

  #lookAtMainFile(): void {
    const found = statOf(this.#path);
    if (found === undefined) this.#rewrite();
    else if (!isSameFile(found, this.#own)) {
      this.#abandon("its file was replaced", "PRAGMA wal_checkpoint(TRUNCATE)");
    } else if (Number(found.mtime) === Number(this.#own.mtime)) this.#lost = undefined;
    else if (this.#isCheckpointed() || this.#isOwn(this.#readHeader())) {
      this.#note();
      this.#lost = undefined;
    } else this.#abandon("its file was written over");
  }

  #lookAtLog(): void {
    const found = statOf(this.#logPath);
    if (found !== undefined && this.#isOwnLog(found)) {
      if (this.#holdsAll(found)) return;
      // Another program may have emptied it since, having brought all of it into the file.
      this.#pages = this.#countPages();
      if (!this.#holdsAll(found)) this.#abandon("its write-ahead log was written over");
    } else if (found === undefined || found.size === 0) this.#renewLog();
    else this.#abandon("its write-ahead log was replaced", "PRAGMA wal_checkpoint(TRUNCATE)");
  }

  #isOwnLog(found: Deno.FileInfo): boolean {
    return this.#log !== undefined && isSameFile(found, this.#log);
  }

  /** Says whether a write-ahead log is as long as what SQLite knows to be in it. */
  #holdsAll({ size }: Deno.FileInfo): boolean {
    return size >= leastBytesOf(this.#pages.log, this.#pageBytes);
  }

  /** Brings all that is in a write-ahead log that is gone into the file, and begins another one. */
  #renewLog(): void {
    this.#lost = "its write-ahead log is gone";
    const begin = performance.now();
    if (begin < this.#failedAt + REWRITE_MS) return;
    try {
      const { busy } = this.#db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get() ?? {};
      if (busy !== 0) throw new Error("another program is reading it");
      const db = openAt(this.#path);
      this.#prepared.clear();
      this.#db.close();
      this.#db = db;
      this.#note();
      this.#openLog();
      this.#lost = undefined;
      this.#troubled(`${this.#logPath} was gone: what was in it has been brought into the file`);
    } catch (error) {
      this.#failedAt = begin;
      this.#troubled(
        `${this.#logPath} is gone, and what was in it is not in the file yet: ${reasonOf(error)}`,
      );
    }
  }

  /** Says whether another program has brought some of the write-ahead log into the file: it may do that, and nothing else. */
  #isCheckpointed({ log, checkpointed } = this.#countPages()): boolean {
    return log < this.#pages.log || checkpointed !== this.#pages.checkpointed;
  }

  /** Has the lock file say how far the file has got. */
  #stamp(): void {
    this.#lock.write({ era: this.#era, commits: this.#commits, inode: inodeOf(this.#own) });
    this.#unstamped = false;
  }

  /** Before more is committed than the lock file can say. */
  #stampAgain(): void {
    try {
      this.#stamp();
    } catch (error) {
      throw new FileLostError(`its lock cannot be written: ${reasonOf(error)}`);
    }
  }

  /** Takes the file as it is for what this process has made of it. */
  #note(): void {
    // In this order: what others bring into the file in between explains itself at the next look.
    this.#pages = this.#countPages();
    const found = statOf(this.#path);
    if (found !== undefined && isSameFile(found, this.#own)) this.#own = found;
    this.#header = this.#readHeader();
    this.#logNumber = this.#readLogNumber();
  }

  /**
   * Says whether a header of the file comes from here: it had it before, or another program is just
   * bringing it in from the write-ahead log, and counts the pages when all are there.
   */
  #isOwn(header: string): boolean {
    if (header === this.#header) return true;
    const states = firstPagesIn(this.#logPath, this.#pageBytes);
    // While it was read, that program may have come to its end, and emptied it.
    return states.some((page) => headerOf(page) === header) || this.#isCheckpointed();
  }

  #readLogNumber(): number | undefined {
    return this.#logHandle && numberOf(this.#logHandle);
  }

  #readHeader(): string {
    const bytes = new Uint8Array(HEADER_BYTES);
    this.#handle.seekSync(0, Deno.SeekMode.Start);
    return headerOf(bytes.subarray(0, this.#handle.readSync(bytes) ?? 0));
  }

  #countPages(): Pages {
    const { log, checkpointed } = this.get("PRAGMA wal_checkpoint(NOOP)") ?? {};
    return { log: Number(log), checkpointed: Number(checkpointed) };
  }

  #rewrite(): void {
    this.#lost = "its file is gone";
    const begin = performance.now();
    if (begin < this.#failedAt + REWRITE_MS) return;
    const copy = `${this.#path}-copy`;
    try {
      const { busy } = this.#db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get() ?? {};
      if (busy !== 0) throw new Error("another program is reading it");
      Deno.mkdirSync(dirname(this.#path), { recursive: true });
      removeIfThere(copy);
      makePrivate(copy);
      copyInto(this.#handle, copy);
      if (!this.#lock.isInPlace) this.#relock(new LockFile(`${this.#path}-lock`));
      // To the new file, what belongs to the old one is poison.
      for (const part of ["-wal", "-shm"]) removeIfThere(`${this.#path}${part}`);
      Deno.renameSync(copy, this.#path);
      const handle = Deno.openSync(this.#path);
      const db = openAt(this.#path);
      this.#disconnect();
      this.#handle = handle;
      this.#db = db;
      this.#own = Deno.statSync(this.#path);
      this.#note();
      this.#openLog();
      this.#stamp();
      this.#lost = undefined;
      const tookMs = Math.ceil(performance.now() - begin);
      this.#troubled(`${this.#path} was gone: all of it was written again in ${tookMs} ms`);
    } catch (error) {
      this.#failedAt = begin;
      this.#troubled(`${this.#path} is gone, and cannot be written again: ${reasonOf(error)}`);
    }
  }

  /** Takes another lock; the file that belongs to the old one, wherever that is, goes on no more. */
  #relock(lock: LockFile): void {
    this.#lock.clear();
    this.#lock.close();
    this.#lock = lock;
  }

  /** Touches the file no more, after a last statement: what is at its path belongs to somebody else. */
  #abandon(why: string, last = ""): void {
    const log = this.#logPath;
    try {
      this.#db.exec(last);
      // Of a log that nobody else finds any more, SQLite would bring into the file what is left.
      const found = statOf(log);
      if (found === undefined || !this.#isOwnLog(found)) this.#logHandle?.truncateSync();
      // Whoever opens what is at the path now would find the write-ahead log of the old file.
      if (this.#lock.isInPlace && statOf(log)?.size) {
        Deno.copyFileSync(log, `${log}-lost`);
        Deno.truncateSync(log);
      }
    } catch (error) {
      this.#troubled(`${log} is of no use any more, and stays: ${reasonOf(error)}`);
    }
    this.#lost = why;
    this.#isAbandoned = true;
    this.#troubled(
      `${this.#path} is left alone, as ${why}: it is used when the server starts again`,
    );
  }

  #statement(sql: string): StatementSync {
    if (this.#isAbandoned) throw new FileLostError(this.#lost);
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }
}

function headerOf(page: Uint8Array): string {
  return `${page.subarray(0, HEADER_BYTES)}`;
}

function openAt(path: string): DatabaseSync {
  const db = new DatabaseSync(path);
  try {
    db.exec(`PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA cache_size = -${CACHE_KIB}`);
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0");
    db.exec(`PRAGMA journal_size_limit = ${WAL_BYTES}`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Where a path leads; makes the file, and its folder, where there is none. */
function realPathOf(path: string): string {
  // One that is there is not opened: closing it would take SQLite's locks from this process.
  if (statOf(path) === undefined) {
    Deno.mkdirSync(dirname(path), { recursive: true });
    makePrivate(path);
  }
  return Deno.realPathSync(path);
}

/** Makes an empty file: what people say, and the key of their sessions, are nobody else's business. */
function makePrivate(path: string): void {
  Deno.openSync(path, { write: true, create: true, mode: 0o600 }).close();
}

/** Writes all that is in an open file to another one, down to the disk. */
function copyInto(from: Deno.FsFile, path: string): void {
  using to = Deno.openSync(path, { write: true });
  const buffer = new Uint8Array(COPY_BYTES);
  from.seekSync(0, Deno.SeekMode.Start);
  for (let read = from.readSync(buffer); read !== null; read = from.readSync(buffer)) {
    for (let written = 0; written < read;) written += to.writeSync(buffer.subarray(written, read));
  }
  to.syncSync();
}

function removeIfThere(path: string): void {
  if (statOf(path) !== undefined) Deno.removeSync(path);
}

function adviceOn(error: unknown, folder: string): string {
  return error instanceof Deno.errors.NotCapable
    ? `run with --allow-read=${folder} --allow-write=${folder}`
    : reasonOf(error);
}
