/**
 * The connection to a SQLite file. A transaction is on the disk when it returns, and it is in the
 * file that others find at the path: the connection looks for that.
 *
 * @module
 */

import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { reasonOf } from "../../../protocol/errors.ts";
import { FileLostError } from "./errors.ts";
import { inodeOf, isSameFile, LockFile, refuseOthers, statOf } from "./lock.ts";
import { copyInto, makePrivate, realPathOf, removeIfThere } from "./private_file.ts";
import { migrate, MIGRATIONS, NEW_ERA } from "./schema.ts";
import { firstPagesIn, leastBytesOf, numberOf } from "./write_ahead_log.ts";

/** Milliseconds for which another program, like a backup, can hold up a transaction. */
const BUSY_MS = 100;

/** KiB of the file that SQLite keeps in memory. */
const CACHE_KIB = 16_384;

/** Pages of 4 KiB in the write-ahead log after which they are brought into the file. */
const CHECKPOINT_PAGES = 1_000;

/** Bytes that a write-ahead log keeps after a long read by another program made it grow. */
const WAL_BYTES = 4_194_304;

/** Milliseconds after a failed attempt to write a lost file again until the next. */
const REWRITE_MS = 10_000;

/** The header of a database, in bytes. */
const HEADER_BYTES = 100;

/** A value as SQLite takes it. */
export type Value = string | number | null | Uint8Array;

/** A row of a result, by column. */
export type Row = Record<string, unknown>;

/** The pages in a write-ahead log, and those of them that are in the file too. */
interface Pages {
  readonly log: number;
  readonly checkpointed: number;
}

/** A database in a file that only this process writes to. */
export class SqliteDatabase {
  readonly #path: string;
  readonly #troubled: (reason: string) => void;
  #db: DatabaseSync;
  /** A second handle of the file: it can still be read when nothing is at its path. */
  #handle: Deno.FsFile;
  #lock: LockFile;
  readonly #prepared = new Map<string, StatementSync>();
  /** The name of the file's history: see {@linkcode LockFile}. */
  #era = "";
  #commits = 0;
  /** Set while the lock file lacks the newest commit. */
  #unstamped = false;
  /** The file, its header and its write-ahead log after this process last wrote to them. */
  #own: Deno.FileInfo;
  #header = "";
  #pages: Pages = { log: 0, checkpointed: 0 };
  /** A second handle of the open write-ahead log, and the file that this is. */
  #logHandle: Deno.FsFile | undefined;
  #log: Deno.FileInfo | undefined;
  #logNumber: number | undefined;
  readonly #pageBytes: number;
  #lost: string | undefined;
  #isAbandoned = false;
  #failedAt = -Infinity;

  /**
   * Opens the file; makes it and its folder where there is none. `troubled` takes lines for the
   * log.
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
      const { isFile, nlink } = Deno.statSync(this.#path);
      if (!isFile) throw new Error("it is no file");
      refuseOthers(this.#path);
      lock = new LockFile(`${this.#path}-lock`);
      // Another process could take the lock under each of these names.
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

  /** The reason why nothing can be written or read any more; undefined where it can. */
  get lost(): string | undefined {
    return this.#lost;
  }

  get #logPath(): string {
    return `${this.#path}-wal`;
  }

  /** Carries out `write` as a whole or not at all; the result is on the disk when this returns. */
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

  /** Carries out `write` as a whole or not at all, within a transaction. */
  savepoint(write: () => void): void {
    this.run("SAVEPOINT one_write");
    try {
      write();
    } catch (error) {
      if (this.#db.isTransaction) this.run("ROLLBACK TO one_write");
      throw error;
    } finally {
      if (this.#db.isTransaction) this.run("RELEASE one_write");
    }
  }

  /** Carries out a statement. */
  run(sql: string, ...values: Value[]): void {
    this.#statement(sql).run(...values);
  }

  /** Returns the first row of a result. */
  get(sql: string, ...values: Value[]): Row | undefined {
    return this.#statement(sql).get(...values);
  }

  /** Returns all rows of a result. */
  all(sql: string, ...values: Value[]): Row[] {
    return this.#statement(sql).all(...values);
  }

  /**
   * Looks whether the file and its lock are still at their paths, and still the same. A file that
   * is gone is written again from the open handle: nothing that was acknowledged is lost.
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

  /**
   * Takes what was written over from the disk: from the write-ahead log, and with `isWhole` also from
   * unused parts of pages, for which the file is written anew. Throws where another program is in the
   * way: what is left goes another time.
   */
  scrub(isWhole: boolean): void {
    this.#lookAtFile();
    if (this.#lost !== undefined) throw new FileLostError(this.#lost);
    try {
      if (isWhole) this.#db.exec("VACUUM");
      const { busy } = this.#db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get() ?? {};
      if (busy !== 0) throw new Error("another program is reading it");
    } finally {
      this.#note();
    }
  }

  /** The bytes of the file. */
  get bytes(): number {
    return this.#pageBytes * Number(this.get("PRAGMA page_count")?.page_count);
  }

  /** Closes the file, after a last attempt to have it at its path. */
  close(): void {
    // No later attempt will follow.
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
    // Last: closing a handle takes all of SQLite's locks on the file from the process.
    this.#handle.close();
    this.#logHandle?.close();
    this.#logHandle = undefined;
  }

  /** Continues the history of the file, or begins another where it is not as it was left here. */
  #goOn(): void {
    this.#note();
    const { era, commits } = this.get("SELECT era, commits FROM origin") ?? {};
    this.#commits = Number(commits);
    const stamp = this.#lock.read();
    // Clients know of no commit that the stamp lacks: a file with all of these misses nothing.
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

  /** Notes a commit, which no error here can take back. */
  #committed(): void {
    this.#commits++;
    try {
      this.#stamp();
    } catch {
      this.#unstamped = true;
    }
    const pages = this.#countPages();
    if (pages.log - pages.checkpointed < CHECKPOINT_PAGES) {
      // A log begins anew once another program has brought all of the one before into the file.
      const isNewLog = this.#readLogNumber() !== this.#logNumber;
      if (isNewLog || this.#isCheckpointed(pages)) this.#note();
      else this.#pages = pages;
      return;
    }
    try {
      // A header that no other state of the file has: it shows whether others write over it.
      this.#db.exec(`PRAGMA application_id = ${Math.floor(Math.random() * 2 ** 31)}`);
      this.#db.exec("PRAGMA wal_checkpoint(PASSIVE)");
    } catch {
      // The pages stay in the write-ahead log, and the next commit tries again.
    } finally {
      this.#note();
    }
  }

  /** Restores the file and its write-ahead log where they are gone from their paths, or sets `lost`. */
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
      // Another program may have brought all of it into the file, and emptied it.
      this.#pages = this.#countPages();
      if (!this.#holdsAll(found)) this.#abandon("its write-ahead log was written over");
    } else if (found === undefined || found.size === 0) this.#renewLog();
    else this.#abandon("its write-ahead log was replaced", "PRAGMA wal_checkpoint(TRUNCATE)");
  }

  #isOwnLog(found: Deno.FileInfo): boolean {
    return this.#log !== undefined && isSameFile(found, this.#log);
  }

  /** Says whether a write-ahead log has all the pages that SQLite has written to it. */
  #holdsAll({ size }: Deno.FileInfo): boolean {
    return size >= leastBytesOf(this.#pages.log, this.#pageBytes);
  }

  /** Brings a write-ahead log that is gone from its path into the file, and begins another. */
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

  /** Says whether another program has brought some of the write-ahead log into the file, as it may. */
  #isCheckpointed({ log, checkpointed } = this.#countPages()): boolean {
    return log < this.#pages.log || checkpointed !== this.#pages.checkpointed;
  }

  /** Writes into the lock file how far the file has got. */
  #stamp(): void {
    this.#lock.write({ era: this.#era, commits: this.#commits, inode: inodeOf(this.#own) });
    this.#unstamped = false;
  }

  /** Writes the missing stamp before another commit; throws where it cannot. */
  #stampAgain(): void {
    try {
      this.#stamp();
    } catch (error) {
      throw new FileLostError(`its lock cannot be written: ${reasonOf(error)}`);
    }
  }

  /** Notes the state of the file as this process left it. */
  #note(): void {
    // The pages first: what others bring into the file meanwhile then shows at the next look.
    this.#pages = this.#countPages();
    const found = statOf(this.#path);
    if (found !== undefined && isSameFile(found, this.#own)) this.#own = found;
    this.#header = this.#readHeader();
    this.#logNumber = this.#readLogNumber();
  }

  /**
   * Says whether a header of the file was written here: the file had it before, or another program
   * is bringing it in from the write-ahead log, and counts the pages only when it has all.
   */
  #isOwn(header: string): boolean {
    if (header === this.#header) return true;
    const states = firstPagesIn(this.#logPath, this.#pageBytes);
    // That program may have finished, and emptied the log, while it was read here.
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
      // The log of the old file would damage the new one.
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

  /** Takes another lock, and clears the old: the history of its file ends. */
  #relock(lock: LockFile): void {
    this.#lock.clear();
    this.#lock.close();
    this.#lock = lock;
  }

  /** Gives the file up after a last statement: what is at its path now belongs to others. */
  #abandon(why: string, last = ""): void {
    const log = this.#logPath;
    try {
      this.#db.exec(last);
      // SQLite would bring the rest of a log that others cannot find into the file.
      const found = statOf(log);
      if (found === undefined || !this.#isOwnLog(found)) this.#logHandle?.truncateSync();
      // Whoever opens the new file at the path would find the write-ahead log of the old one.
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
    // What is written over or deleted leaves nothing behind in its place.
    db.exec(`PRAGMA journal_size_limit = ${WAL_BYTES}; PRAGMA secure_delete = ON`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function adviceOn(error: unknown, folder: string): string {
  return error instanceof Deno.errors.NotCapable
    ? `run with --allow-read=${folder} --allow-write=${folder}`
    : reasonOf(error);
}
