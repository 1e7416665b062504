/**
 * The file beside a SQLite file: whoever holds its lock has both, and what it says tells
 * whether the SQLite file is the one that was last in use here.
 *
 * @module
 */

/** Which SQLite file it was, and how far it had got. */
export interface Stamp {
  /** Names its history: a file that was put back goes on under another one. */
  readonly era: string;
  /** The number of transactions that there had been. */
  readonly commits: number;
  /** The file on its disk: see {@linkcode inodeOf}. */
  readonly inode: string;
}

/** No stamp is longer, in bytes; it is written in one piece, over the one before. */
const STAMP_BYTES = 128;

/** A lock of the operating system: it ends with the process, however that ends. */
export class LockFile {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  readonly #bytes = new Uint8Array(STAMP_BYTES);

  /**
   * Takes the lock.
   *
   * @throws {Error} where another process has it, or there can be no such file.
   */
  constructor(path: string) {
    this.#path = path;
    this.#file = Deno.openSync(path, { read: true, write: true, create: true, mode: 0o600 });
    if (this.#file.tryLockSync(true)) return;
    this.#file.close();
    throw new Error("another process has it open");
  }

  /** `true` where the file of this lock is still where others look for it. */
  get isInPlace(): boolean {
    const found = statOf(this.#path);
    return found !== undefined && isSameFile(found, this.#file.statSync());
  }

  /** Reads what was written last, by whichever process; undefined where that is no stamp. */
  read(): Stamp | undefined {
    this.#file.seekSync(0, Deno.SeekMode.Start);
    const length = this.#file.readSync(this.#bytes) ?? 0;
    const text = new TextDecoder().decode(this.#bytes.subarray(0, length));
    const [, era, commits, inode] = /^(\w+) (\d+) (\S+) *\n/.exec(text) ?? [];
    if (era === undefined || inode === undefined) return undefined;
    return { era, commits: Number(commits), inode };
  }

  /** Writes a stamp. It is not synced: one that a power cut takes back is only older than it should be. */
  write({ era, commits, inode }: Stamp): void {
    const text = `${era} ${commits} ${inode}`.padEnd(STAMP_BYTES - 1) + "\n";
    new TextEncoder().encodeInto(text, this.#bytes);
    this.#file.seekSync(0, Deno.SeekMode.Start);
    this.#file.writeSync(this.#bytes);
  }

  /** Says that the SQLite file, wherever it is by now, goes on no more. */
  clear(): void {
    this.#file.truncateSync(0);
  }

  /** Gives the lock back. */
  close(): void {
    this.#file.close();
  }
}

/** Looks at what is at a path; undefined where there is nothing to be seen. */
export function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch {
    return undefined;
  }
}

/** Says whether two paths have led to one file. */
export function isSameFile(a: Deno.FileInfo, b: Deno.FileInfo): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}

/** A name of a file that its copies do not have. Not its device, which may be called otherwise after a restart of the machine. */
export function inodeOf({ ino, birthtime }: Deno.FileInfo): string {
  return `${ino}.${birthtime?.getTime()}`;
}
