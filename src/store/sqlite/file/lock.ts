/**
 * The lock file beside a SQLite file. Whoever holds it has both files. Its stamp shows whether the
 * SQLite file is the one that was last in use here.
 *
 * @module
 */

/** The identity of a SQLite file, and how far it had got. */
export interface Stamp {
  /** The name of its history: a file that was put back gets another. */
  readonly era: string;
  /** The number of its transactions. */
  readonly commits: number;
  /** The file on its disk: see {@linkcode inodeOf}. */
  readonly inode: string;
}

/** Bytes of a stamp at the most. It is written in one piece, over the one before. */
const STAMP_BYTES = 128;

/** The first bytes of each database. */
const MAGIC = "SQLite format 3\0";

/** A lock of the operating system, which ends with the process, however that ends. */
export class LockFile {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  readonly #bytes = new Uint8Array(STAMP_BYTES);

  /**
   * Takes the lock.
   *
   * @throws {Error} where somebody has it, in this process too, or the file cannot be made.
   */
  constructor(path: string) {
    this.#path = path;
    this.#file = Deno.openSync(path, { read: true, write: true, create: true, mode: 0o600 });
    if (this.#file.tryLockSync(true)) return;
    this.#file.close();
    const rule = "a SQLite file belongs to one chat, in one thread";
    throw new Error(`this or another process has it open: ${rule}`);
  }

  /** `true` where the file of this lock is still at its path. */
  get isInPlace(): boolean {
    const found = statOf(this.#path);
    return found !== undefined && isSameFile(found, this.#file.statSync());
  }

  /** Reads the newest stamp, of whichever process; undefined where there is none. */
  read(): Stamp | undefined {
    this.#file.seekSync(0, Deno.SeekMode.Start);
    const length = this.#file.readSync(this.#bytes) ?? 0;
    const text = new TextDecoder().decode(this.#bytes.subarray(0, length));
    const [, era, commits, inode] = /^(\w+) (\d+) (\S+) *\n/.exec(text) ?? [];
    if (era === undefined || inode === undefined) return undefined;
    return { era, commits: Number(commits), inode };
  }

  /** Writes a stamp. It is not synced: after a power cut it may be older than it should be. */
  write({ era, commits, inode }: Stamp): void {
    const text = `${era} ${commits} ${inode}`.padEnd(STAMP_BYTES - 1) + "\n";
    new TextEncoder().encodeInto(text, this.#bytes);
    this.#file.seekSync(0, Deno.SeekMode.Start);
    this.#file.writeSync(this.#bytes);
  }

  /** Erases the stamp: the history of the SQLite file ends, wherever that is by now. */
  clear(): void {
    this.#file.truncateSync(0);
  }

  /** Releases the lock. */
  close(): void {
    this.#file.close();
  }
}

/** Looks at the file at a path; undefined where none can be seen. */
export function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch {
    return undefined;
  }
}

/** Says whether both are the same file. */
export function isSameFile(a: Deno.FileInfo, b: Deno.FileInfo): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}

/**
 * A name of a file that its copies do not have. The device is no part of it: that can have another
 * number after a restart of the machine.
 */
export function inodeOf({ ino, birthtime }: Deno.FileInfo): string {
  return `${ino}.${birthtime?.getTime()}`;
}

/**
 * Refuses a file that is no database, before there is a lock next to it. Where there is one already,
 * SQLite may have the file open in this process, and closing it would take its locks.
 *
 * @throws {Error} with the words of SQLite.
 */
export function refuseOthers(path: string): void {
  if (statOf(`${path}-lock`) !== undefined) return;
  using file = Deno.openSync(path);
  const magic = new Uint8Array(MAGIC.length);
  const length = file.readSync(magic) ?? 0;
  const text = new TextDecoder().decode(magic.subarray(0, length));
  if (length > 0 && text !== MAGIC) throw new Error("file is not a database");
}
