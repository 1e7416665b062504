/**
 * Rooms on their way out of a SQLite file, and into one.
 *
 * @module
 */

import { DatabaseSync, type StatementSync } from "node:sqlite";
import {
  ARCHIVE_BATCH,
  type ArchivedEntry,
  type ArchivedHead,
  type ArchivedMarker,
  type ArchivedRoom,
  type ArchiveSource,
  type ArchiveTarget,
  headOf,
  renumbered,
  type RoomWriter,
  SeqMap,
} from "../../core/store/archive.ts";
import { Charter } from "../../core/authority/charter.ts";
import { newEpoch } from "../../core/authority/ids.ts";
import { withoutSeq } from "../../protocol/encode.ts";
import { reasonOf } from "../../protocol/errors.ts";
import type { Entry } from "../../protocol/frames.ts";
import { utf8Bytes } from "../../protocol/utf8.ts";
import type { Row, Value } from "./file/database.ts";
import { type EntryRow, infoOf, MEMBER, NAME, nameOf, SqliteFile } from "./file/file.ts";
import { charterOf, checked, encodeCharter } from "./room.ts";
import { MIGRATIONS } from "./file/schema.ts";
import { SqliteStates } from "./states.ts";

/** The most bytes of entries that are in memory at once, but for one. */
const PAGE_BYTES = 4_194_304;

/** Opens a SQLite file to read its rooms; a server may use it meanwhile. */
export function sqliteSource(path: string): ArchiveSource {
  try {
    const db = new DatabaseSync(path, { readOnly: true });
    const version = Number(db.prepare("PRAGMA user_version").get()?.user_version);
    if (version === MIGRATIONS.length) return new SqliteSource(db);
    db.close();
    throw new Error(
      `it has schema ${version}, not ${MIGRATIONS.length}: a server of this version has to open it once`,
    );
  } catch (error) {
    throw new Error(`Cannot read ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

/** The rooms of a file, each as it is at one moment. */
class SqliteSource implements ArchiveSource {
  readonly #db: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
    db.exec("BEGIN");
  }

  async *rooms(): AsyncIterable<string> {
    for (let after = 0;;) {
      const sql = "SELECT key, id FROM rooms WHERE key > ? AND id IS NOT NULL ORDER BY key LIMIT ?";
      const rows = this.#all(sql, after, ARCHIVE_BATCH);
      for (const { id } of rows) yield String(id);
      if (rows.length < ARCHIVE_BATCH) return;
      after = Number(rows.at(-1)!.key);
    }
  }

  read(id: string): Promise<ArchivedRoom | undefined> {
    // What follows is of the moment of the next statement.
    this.#db.exec("COMMIT; BEGIN");
    const columns = `key, ${NAME}, head, tail, charter`;
    const [row] = this.#all(`SELECT ${columns} FROM rooms WHERE id = ?`, id);
    if (row === undefined) return Promise.resolve(undefined);
    const [key, tail, head] = [Number(row.key), Number(row.tail), Number(row.head)];
    const charter = charterOf({ charter: row.charter as string | null });
    const members = this.#all(`SELECT ${MEMBER} FROM members WHERE room = ? ORDER BY rowid`, key)
      .map(infoOf);
    return Promise.resolve({
      head: headOf({ id, name: nameOf(row.name) ?? "", members }, charter),
      entries: () => this.#entries(key, tail, head),
      markers: () => this.#markers(key),
    });
  }

  close(): Promise<void> {
    this.#prepared.clear();
    this.#db.close();
    return Promise.resolve();
  }

  async *#entries(key: number, tail: number, head: number): AsyncIterable<ArchivedEntry[]> {
    for (let seq = tail; seq < head;) {
      const sizes = this.#all(
        `SELECT octet_length(rest) AS bytes FROM entries WHERE room = ? AND seq > ?
         ORDER BY seq LIMIT ?`,
        ...[key, seq, ARCHIVE_BATCH],
      );
      let count = 0;
      for (let left = PAGE_BYTES; count < sizes.length; count++) {
        left -= Number(sizes[count]!.bytes);
        if (count > 0 && left < 0) break;
      }
      const sql = "SELECT seq, rest FROM entries WHERE room = ? AND seq > ? ORDER BY seq LIMIT ?";
      const rows = this.#all(sql, key, seq, count) as unknown as EntryRow[];
      const page = rows.map(({ seq: found, rest }) => ({
        seq: found,
        text: checked(found, rest, ++seq),
      }));
      // Without it, this would go on for ever.
      if (page.length === 0) checked(0, "", seq + 1);
      yield page;
    }
  }

  async *#markers(key: number): AsyncIterable<ArchivedMarker[]> {
    for (let after = "";;) {
      const rows = this.#all(
        `SELECT CAST(person AS BLOB) AS name, person, seq FROM markers
         WHERE room = ? AND person > ? ORDER BY person LIMIT ?`,
        ...[key, after, ARCHIVE_BATCH],
      );
      const markers = rows.map(({ name, seq }) => ({
        person: nameOf(name) ?? "",
        seq: Number(seq),
      }));
      if (markers.length > 0) yield markers;
      if (rows.length < ARCHIVE_BATCH) return;
      after = markers.at(-1)!.person;
    }
  }

  #all(sql: string, ...values: Value[]): Row[] {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) this.#prepared.set(sql, statement = this.#db.prepare(sql));
    return statement.all(...values);
  }
}

/** Opens a SQLite file to take rooms, and makes it where there is none; no server may use it. */
export function sqliteTarget(path: string, troubled: (reason: string) => void): ArchiveTarget {
  const file = new SqliteFile(path, troubled);
  const has = (sql: string, id: string) => file.get(sql, id) !== undefined;
  return {
    look: (id) =>
      Promise.resolve(
        has("SELECT 1 FROM rooms WHERE id = ?", id)
          ? "taken"
          : has("SELECT 1 FROM deleted WHERE id = ?", id)
          ? "deleted"
          : "free",
      ),
    begin: (head) => Promise.resolve(new SqliteWriter(file, head)),
    close: () => Promise.resolve(file.close()),
  };
}

/**
 * A room on its way into a file. It has no id until it is whole: what is left of one that never was
 * goes like a deleted room, in small steps once a server has the file.
 */
class SqliteWriter implements RoomWriter {
  readonly #file: SqliteFile;
  readonly #head: ArchivedHead;
  readonly #key: number;
  readonly #states: SqliteStates;
  readonly #places = new SeqMap();
  /** The `seq` of the newest entry; undefined before the first. */
  #seq: number | undefined;

  constructor(file: SqliteFile, head: ArchivedHead) {
    this.#file = file;
    this.#head = head;
    let key = 0;
    file.transaction(() => {
      const { name } = head;
      const charter = encodeCharter(Charter.from(head));
      const epoch = newEpoch((bytes) => crypto.getRandomValues(bytes));
      key = file.addRoom(null, name, epoch, charter).key;
      for (const member of head.members) file.setMember(key, member);
    });
    this.#key = key;
    this.#states = new SqliteStates(file, key);
  }

  add(entries: readonly ArchivedEntry[]): Promise<void> {
    const key = this.#key;
    this.#file.transaction(() => {
      let added = 0;
      for (const entry of entries) {
        // The first keeps its number: an answer to something older still has nothing that it means.
        if (this.#seq === undefined) this.#begin(entry.seq - 1);
        const seq = ++this.#seq!;
        this.#places.add(entry.seq, seq);
        const text = renumbered(entry, seq, this.#places);
        const rest = withoutSeq(text);
        const draft: Entry = JSON.parse(text);
        const n = "n" in draft ? draft.n : 0;
        this.#file.addEntry(key, seq, draft.at, draft.from, n, rest);
        if (!("event" in draft) && draft.re !== undefined) this.#states.take(seq, draft);
        added += utf8Bytes(rest);
      }
      this.#file.setHead(key, this.#seq ?? 0, added);
    });
    return Promise.resolve();
  }

  mark(markers: readonly ArchivedMarker[]): Promise<void> {
    this.#file.transaction(() => {
      for (const { person, seq } of markers) {
        const place = this.#places.upTo(seq);
        if (place === 0) continue;
        const sql = "INSERT OR REPLACE INTO markers (person, room, seq) VALUES (?, ?, ?)";
        this.#file.run(sql, person, this.#key, place);
      }
    });
    return Promise.resolve();
  }

  end(): Promise<void> {
    const { id } = this.#head;
    this.#file.transaction(() => {
      this.#file.run("UPDATE rooms SET id = ? WHERE key = ?", id, this.#key);
    });
    return Promise.resolve();
  }

  /** Begins the log behind entries that are not there. */
  #begin(tail: number): void {
    // The index of words has no room for more.
    this.#seq = Math.min(tail, 2 ** 31);
    const sql = "UPDATE rooms SET tail = ?, head = ? WHERE key = ?";
    this.#file.run(sql, this.#seq, this.#seq, this.#key);
  }
}
