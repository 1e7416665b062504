/**
 * A SQLite file that tests take away from under its process, or put something else in its place.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { SqliteFile } from "../../../src/store/sqlite/file/file.ts";
import { tempFolder } from "../../support/temp_folder.ts";

/** Goes with the tests. */
export const folder = tempFolder();

/** A path where nothing is yet. */
export function somewhere(): string {
  return `${folder}/${crypto.randomUUID()}`;
}

/** A file in a folder of its own, with a room in it, and what it says for the log. */
export class Place implements Disposable {
  readonly folder = somewhere();
  readonly path = `${this.folder}/chat.db`;
  readonly log = `${this.path}-wal`;
  readonly troubles: string[] = [];
  file: SqliteFile;
  #said = 0;

  constructor() {
    this.file = this.open();
    this.file.transaction(() => {
      this.file.addRoom("a", "Lobby", "epoch");
      this.file.setClient("ana", "Ana", 0);
    });
    this.say();
  }

  open(path = this.path): SqliteFile {
    return new SqliteFile(path, (reason) => this.troubles.push(reason));
  }

  reopen(): void {
    this.file.close();
    this.file = this.open();
  }

  /** Adds an entry to the room, and says where it is. */
  say(): number {
    const seq = ++this.#said;
    this.file.transaction(() => this.file.addEntry(1, seq, 5, "ana", 0, "x}"));
    return seq;
  }

  /** The newest entry of the room. */
  get head(): number {
    return this.file.entriesAfter(1, 0, 10_000).at(-1)?.seq ?? 0;
  }

  /** `true` where whoever knew the file can go on as if nothing were; asking begins another history to compare with. */
  get isSame(): boolean {
    const same = this.file.room("a")?.epoch === "epoch" && this.file.clients().length === 1;
    this.file.transaction(() => {
      this.file.run("UPDATE rooms SET epoch = 'epoch'");
      this.file.setClient("ana", "Ana", 0);
    });
    return same;
  }

  /** The newest entry of the room in what this process would leave behind if it ended now. */
  get headOfFiles(): number {
    const left = somewhere();
    Deno.mkdirSync(left);
    for (const path of [this.path, this.log]) {
      Deno.copyFileSync(path, path.replace(this.folder, left));
    }
    const file = this.open(`${left}/chat.db`);
    const entry = file.entriesAfter(1, 0, 10_000).at(-1);
    file.close();
    this.troubles.pop();
    return entry?.seq ?? 0;
  }

  /** Has another program bring the whole write-ahead log into the file. */
  bringIn(): void {
    using db = new DatabaseSync(this.path);
    db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  /** A copy of one moment, made while the file is in use. */
  copy(): string {
    const copy = `${somewhere()}.db`;
    using db = new DatabaseSync(this.path);
    db.prepare("VACUUM INTO ?").run(copy);
    return copy;
  }

  [Symbol.dispose](): void {
    this.file.close();
  }
}
