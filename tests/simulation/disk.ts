/**
 * The disk of a server in a simulated world: a real SQLite file, which a process that dies leaves as it
 * was at that moment, with the last write torn where it dies within one.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { withSeq } from "../../src/protocol/encode.ts";
import type { OpenStore, Store } from "../../src/core/store/store.ts";
import { sqlite } from "../../src/store/sqlite/sqlite.ts";
import type { Process, Timeline } from "./timeline.ts";

/** A folder in memory, where the system has one: what is synced there takes no time. */
const FAST_FOLDER = "/dev/shm";

/** The code of SQLite for a disk that is full. */
const SQLITE_FULL = 13;

/** The files of a database, by the ends of their names. */
const ENDS = ["", "-wal", "-lock"];

/** The entries in a file, but for those of rooms that were deleted. */
const ENTRIES = `SELECT id, epoch, seq, rest FROM entries JOIN rooms ON key = room
  WHERE id IS NOT NULL ORDER BY room, seq`;

/** An entry in a file. */
export interface StoredEntry {
  readonly roomId: string;
  readonly epoch: string;
  readonly seq: number;
  readonly text: string;
}

/** Contents of files, by the ends of their names; undefined where there is none. */
type Image = ReadonlyMap<string, Uint8Array | undefined>;

/** A disk with one file, over all processes that have it open one after the other. */
export class Disk {
  readonly #timeline: Timeline;
  readonly #found: (entries: readonly StoredEntry[]) => void;
  readonly #folder: string;
  #store: Store | undefined;
  #process: Process | undefined;
  /** Until when nothing can be written, on the clock of the world. */
  #fullUntil = 0;
  /** Called in the place of the next commit, which its process does not survive. */
  #torn: (() => void) | undefined;

  /** Makes an empty disk; `found` takes what is on it after a commit was torn. */
  constructor(timeline: Timeline, found: (entries: readonly StoredEntry[]) => void) {
    this.#timeline = timeline;
    this.#found = found;
    this.#folder = makeFolder();
  }

  /** Opens the store that is on it, in the process that something is happening to. */
  open(): OpenStore {
    return (events, options) => {
      const process = this.#timeline.current!;
      this.#process = process;
      commits.set(process, (commit) => this.#commit(commit));
      this.#store = sqlite(this.#path())(events, options);
      return this.#store;
    };
  }

  /** Set while nothing can be written: a server that starts meanwhile ends at once. */
  get isFull(): boolean {
    return this.#timeline.now < this.#fullUntil;
  }

  /** Lets nothing be written for `ms` milliseconds. */
  fill(ms: number): void {
    this.#fullUntil = this.#timeline.now + ms;
  }

  /** Ends all that was to go wrong. */
  mend(): void {
    this.#fullUntil = 0;
    this.#torn = undefined;
  }

  /** Has its process die within the next commit; `died` is called then. */
  tear(died: () => void): void {
    this.#torn = died;
  }

  /** Leaves the file as it is, or as an earlier moment had it: its process has died. */
  crash(image: Image = this.#read()): void {
    const store = this.#store;
    this.#store = undefined;
    this.#torn = undefined;
    if (store === undefined) return;
    // What it still writes is undone.
    this.#timeline.inside(this.#process!, () => void store.close());
    for (const [end, bytes] of image) this.#write(this.#path(end), bytes);
  }

  /** The entries in an image, which nobody may have been told of: in the order of each room. */
  #entriesOf(image: Image): StoredEntry[] {
    const path = `${this.#folder}/copy.db`;
    for (const [end, bytes] of image) if (end !== "-lock") this.#write(path + end, bytes);
    using db = new DatabaseSync(path);
    const rows = db.prepare(ENTRIES).all();
    return rows.map(({ id, epoch, seq, rest }) => ({
      roomId: String(id),
      epoch: String(epoch),
      seq: Number(seq),
      text: withSeq(Number(seq), String(rest)),
    }));
  }

  /** Removes it. */
  dispose(): void {
    this.crash();
    Deno.removeSync(this.#folder, { recursive: true });
  }

  #commit(commit: () => unknown): unknown {
    if (!this.#process!.alive) return commit();
    if (this.isFull) {
      throw Object.assign(new Error("database or disk is full"), { errcode: SQLITE_FULL });
    }
    const died = this.#torn;
    if (died === undefined) return commit();
    this.#torn = undefined;
    const before = this.#read();
    const result = commit();
    const image = tornBetween(before, this.#read(), this.#process!.random);
    died();
    this.#found(this.#entriesOf(image));
    // When the call that is running has come to its end.
    queueMicrotask(() => this.crash(image));
    return result;
  }

  #path(end = ""): string {
    return `${this.#folder}/chat.db${end}`;
  }

  #read(): Image {
    return new Map(ENDS.map((end) => [end, readIfThere(this.#path(end))]));
  }

  /** Writes into the file that is there: another one would not be taken for this. */
  #write(path: string, bytes: Uint8Array | undefined): void {
    if (bytes !== undefined) Deno.writeFileSync(path, bytes);
    else if (readIfThere(path) !== undefined) Deno.removeSync(path);
  }
}

/** A moment within a commit: the write-ahead log is as long as chance will have it. */
function tornBetween(before: Image, after: Image, random: () => number): Image {
  const [from, to] = [before.get("-wal")?.length ?? 0, after.get("-wal")?.length ?? 0];
  if (to <= from) return random() < 0.5 ? before : after;
  const length = from + Math.floor((to - from + 1) * random());
  return new Map([...before, ["-wal", after.get("-wal")!.slice(0, length)]]);
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    return Deno.readFileSync(path);
  } catch {
    return undefined;
  }
}

function makeFolder(): string {
  try {
    return Deno.makeTempDirSync({ dir: FAST_FOLDER, prefix: "simulation-" });
  } catch {
    return Deno.makeTempDirSync({ prefix: "simulation-" });
  }
}

/** Whatever carries out the commits of processes. */
const commits = new WeakMap<Process, (commit: () => unknown) => unknown>();

/** Has the commits of SQLite files go by the disks of their processes, until it is disposed of. */
export function watchCommits(timeline: Timeline): Disposable {
  const { prototype } = DatabaseSync;
  const { prepare } = prototype;
  prototype.prepare = function (sql, ...rest) {
    const statement = Reflect.apply(prepare, this, [sql, ...rest]);
    const process = timeline.current;
    const carryOut = process && commits.get(process);
    if (sql !== "COMMIT" || carryOut === undefined) return statement;
    const run = statement.run.bind(statement);
    return Object.assign(Object.create(statement), { run: () => carryOut(() => run()) });
  };
  return { [Symbol.dispose]: () => prototype.prepare = prepare };
}
