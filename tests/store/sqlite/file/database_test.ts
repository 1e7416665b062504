import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { FileLostError } from "../../../../src/store/sqlite/file/errors.ts";
import { SqliteFile } from "../../../../src/store/sqlite/file/file.ts";
import { MIGRATIONS } from "../../../../src/store/sqlite/file/schema.ts";
import { firstPagesIn } from "../../../../src/store/sqlite/file/write_ahead_log.ts";
import { folder, Place, somewhere } from "../place.ts";

Deno.test("a file of a newer version, of something else, or of nothing at all is not touched", () => {
  const newer = somewhere();
  new SqliteFile(newer).close();
  using db = new DatabaseSync(newer);
  db.exec("PRAGMA user_version = 99");
  const other = somewhere();
  using theirs = new DatabaseSync(other);
  theirs.exec("CREATE TABLE t (x)");
  const text = somewhere();
  Deno.writeTextFileSync(text, "Dear diary, ".repeat(1_000));
  for (
    const [path, why] of [
      [newer, `it has schema 99, and this version knows ${MIGRATIONS.length}`],
      [other, "it is a database of something else"],
      [text, "file is not a database"],
    ] as const
  ) {
    const { message } = assertThrows(() => new SqliteFile(path), Error);
    assertEquals(message, `Cannot open ${path}: ${why}`);
  }
  assertMatch(Deno.readTextFileSync(text), /^Dear diary/);
});

Deno.test("a folder is made where there is none, and one that cannot be made is named", () => {
  const path = `${somewhere()}/deep/chat.db`;
  new SqliteFile(path).close();
  const { message } = assertThrows(() => new SqliteFile(`${path}/chat.db`), Error);
  assertMatch(message, /^Cannot open .*chat\.db: /);
  assertThrows(() => new SqliteFile(dirname(path)), Error, "deep: it is no file");
});

Deno.test(
  "a new file can be read by its owner only",
  { ignore: Deno.build.os === "windows" },
  () => {
    const path = somewhere();
    new SqliteFile(path).close();
    assertEquals((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
  },
);

Deno.test({
  name: "a missing permission is named with the flag that gives it",
  permissions: { read: false, write: false },
  fn: () => {
    const { message } = assertThrows(() => new SqliteFile("rooms/chat.db"), Error);
    assertEquals(
      message,
      "Cannot open rooms/chat.db: run with --allow-read=rooms --allow-write=rooms",
    );
  },
});

Deno.test("a transaction is written as a whole or not at all", () => {
  const file = new SqliteFile(somewhere());
  const { key } = file.addRoom("a", "Lobby", "e");
  assertThrows(
    () =>
      file.transaction(() => {
        file.addEntry(key, 1, 5, "ana", 1, "x}");
        throw new Error("no");
      }),
    Error,
    "no",
  );
  assertEquals(file.entriesAfter(key, 0, 10), []);
  file.transaction(() => file.addEntry(key, 1, 5, "ana", 1, "x}"));
  assertEquals(file.entriesAfter(key, 0, 10).map((row) => ({ ...row })), [
    { seq: 1, sender: "ana", rest: "x}" },
  ]);
  file.close();
});

/** The answer to whoever opens a file that is open. */
const HELD =
  "this or another process has it open: a SQLite file belongs to one chat, in one thread";

Deno.test("a file is held by one process, whatever path leads to it", () => {
  using place = new Place();
  const link = `${folder}/link.db`;
  Deno.symlinkSync(place.path, link);
  for (const path of [place.path, link]) {
    const { message } = assertThrows(() => place.open(path), Error);
    assertEquals(message, `Cannot open ${path}: ${HELD}`);
  }
  const hard = `${folder}/hard.db`;
  Deno.linkSync(place.path, hard);
  const { message } = assertThrows(() => place.open(hard), Error);
  assertEquals(message, `Cannot open ${hard}: it has 2 names (hard links)`);
  Deno.removeSync(hard);
  place.file.close();
  place.file = place.open(link);
  assertThrows(() => place.open(), Error, HELD);
});

Deno.test("a link to a file that is not there yet makes it there", () => {
  const [path, link] = [`${folder}/new.db`, `${folder}/new_link.db`];
  Deno.symlinkSync(path, link);
  new SqliteFile(link).close();
  assertEquals(Deno.statSync(path).isFile, true);
});

for (
  const [how, take] of [
    ["removed", ({ path }: Place) => Deno.removeSync(path)],
    ["moved", ({ path }: Place) => Deno.renameSync(path, `${path}.old`)],
    [
      "removed with its folder",
      ({ folder }: Place) => Deno.removeSync(folder, { recursive: true }),
    ],
    ["moved with its folder", ({ folder }: Place) => Deno.renameSync(folder, `${folder}.old`)],
  ] as const
) {
  Deno.test(`a file that is ${how} while it is in use is written again, with all that was acknowledged`, () => {
    using place = new Place();
    take(place);
    assertEquals([place.say(), place.head], [2, 2]);
    assertEquals(place.file.lost, undefined);
    assertEquals((Deno.statSync(place.path).mode ?? 0) & 0o777, 0o600);
    assertMatch(
      place.troubles.join(),
      /^\S+chat\.db was gone: all of it was written again in \d+ ms$/,
    );
    if (how.startsWith("removed")) take(place);
    place.file.look();
    place.say();
    // It is the same file for all who knew it, and nobody else can take it.
    assertThrows(() => place.open(), Error, HELD);
    place.reopen();
    assertEquals([place.head, place.isSame], [3, true]);
    assertEquals(
      [...Deno.readDirSync(place.folder)].filter(({ name }) => name.includes("copy")),
      [],
    );
  });
}

Deno.test("a file that is removed just before its server ends is there for the next one", () => {
  using place = new Place();
  Deno.removeSync(place.path);
  place.reopen();
  assertEquals([place.head, place.isSame], [1, true]);
});

Deno.test("a file is written again with no more permissions than its folder", {
  permissions: { read: [folder], write: [folder] },
}, () => {
  using place = new Place();
  Deno.removeSync(place.path);
  assertEquals([place.say(), place.head], [2, 2]);
});

Deno.test("a file that was moved away and is opened elsewhere has another history than the one that was written again", () => {
  using place = new Place();
  Deno.renameSync(place.folder, `${place.folder}.old`);
  place.say();
  const moved = place.open(`${place.folder}.old/chat.db`);
  assertEquals([moved.room("a")?.epoch === "epoch", moved.clients()], [false, []]);
  moved.close();
});

Deno.test("a file that is gone and cannot be written again is lost until it is back", () => {
  using place = new Place();
  Deno.renameSync(place.folder, `${place.folder}.old`);
  Deno.writeTextFileSync(place.folder, "in the way");
  assertThrows(() => place.say(), FileLostError, "its file is gone");
  assertEquals(place.file.lost, "its file is gone");
  assertMatch(place.troubles.join(), /is gone, and cannot be written again: /);
  // It is not tried again and again.
  assertThrows(() => place.say(), FileLostError);
  assertEquals(place.troubles.length, 1);
  Deno.removeSync(place.folder);
  Deno.renameSync(`${place.folder}.old`, place.folder);
  place.file.look();
  assertEquals(place.file.lost, undefined);
  place.reopen();
  assertEquals([place.head, place.isSame], [1, true]);
});

for (
  const [how, put] of [
    ["replaced", (copy: string, path: string) => Deno.renameSync(copy, path)],
    // As cp does.
    [
      "written over",
      (copy: string, path: string) => Deno.writeFileSync(path, Deno.readFileSync(copy)),
    ],
  ] as const
) {
  Deno.test(`a file that is ${how} while it is in use is lost, and what it was replaced by stays as it is`, () => {
    using place = new Place();
    const copy = place.copy();
    const bytes = Deno.readFileSync(copy);
    for (let i = 0; i < 5; i++) place.say();
    put(copy, place.path);
    assertThrows(() => place.say(), FileLostError, `its file was ${how}`);
    assertThrows(() => place.head, FileLostError);
    place.file.look();
    assertEquals(place.file.lost, `its file was ${how}`);
    assertEquals(Deno.readFileSync(place.path), bytes);
    assertEquals(Deno.statSync(`${place.path}-wal`).size, 0);
    place.reopen();
    assertEquals([place.head, place.isSame], [1, false]);
  });
}

Deno.test("a file is written to as before when another program has brought its write-ahead log in", () => {
  using place = new Place();
  using db = new DatabaseSync(place.path);
  for (let i = 0; i < 3; i++) {
    place.say();
    db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    place.file.look();
    assertEquals(place.file.lost, undefined);
  }
  db.exec("UPDATE rooms SET name = 'Hall'");
  db.exec("PRAGMA wal_checkpoint");
  place.say();
  assertEquals(place.file.room("a")?.name, "Hall");
});

Deno.test("a file into which another program is just bringing the write-ahead log is the same", () => {
  using place = new Place();
  for (let i = 0; i < 300; i++) place.say();
  // The first page goes first, and it is told last how far the program has got.
  using file = Deno.openSync(place.path, { write: true });
  file.writeSync(firstPagesIn(place.log, 4_096).at(-1)!);
  place.say();
  assertEquals([place.file.lost, place.head], [undefined, 302]);
  place.reopen();
  assertEquals([place.head, place.isSame], [302, true]);
});

Deno.test("a file whose time alone is changed is the same", () => {
  using place = new Place();
  for (let i = 0; i < 2; i++) {
    Deno.utimeSync(place.path, new Date(), new Date(i));
    place.say();
  }
  place.reopen();
  assertEquals([place.head, place.isSame], [3, true]);
});

Deno.test("a file that is written over is lost, however alike what it was before is", () => {
  using place = new Place();
  const fill = () => {
    for (let i = 0; i < 1_200; i++) place.file.transaction(() => place.file.setHead(1, i, 0));
  };
  fill();
  const before = Deno.readFileSync(place.path);
  fill();
  assertEquals(Deno.statSync(place.path).size, before.length);
  Deno.writeFileSync(place.path, before);
  assertThrows(() => place.say(), FileLostError, "its file was written over");
});

Deno.test("a lock that is removed is taken again, and where somebody was faster the file is theirs", () => {
  using place = new Place();
  Deno.removeSync(`${place.path}-lock`);
  place.file.look();
  assertThrows(() => place.open(), Error, HELD);
  Deno.removeSync(`${place.path}-lock`);
  const other = place.open();
  place.file.look();
  assertThrows(() => place.say(), FileLostError, HELD);
  assertEquals(other.entriesAfter(1, 0, 9).at(-1)?.seq, 1);
  other.close();
});

Deno.test("a file that is opened again is the same, however its process ended", () => {
  using place = new Place();
  place.reopen();
  assertEquals(place.isSame, true);
  // Killed behind a commit that nobody was told of.
  const stamp = Deno.readFileSync(`${place.path}-lock`);
  place.say();
  place.file.close();
  Deno.writeFileSync(`${place.path}-lock`, stamp);
  place.file = place.open();
  assertEquals([place.isSame, place.head], [true, 2]);
  assertEquals(place.troubles, []);
});

Deno.test("a copy that is put back has another history, each time, unless nothing is missing in it", () => {
  using place = new Place();
  const copy = place.copy();
  const putBack = (from = copy) => {
    place.file.close();
    Deno.copyFileSync(from, place.path);
    place.file = place.open();
  };
  place.say();
  for (let i = 0; i < 3; i++) {
    putBack();
    assertEquals([place.isSame, place.head], [false, 1]);
    place.reopen();
    assertEquals(place.isSame, true);
  }
  assertMatch(place.troubles[0] ?? "", /chat\.db is not as it was left here: clients are told/);
  assertEquals(place.troubles.length, 3);
  // What is said after another copy was put back may be more than the first one ever had.
  const branch = place.copy();
  for (let seq = 2; seq < 9; seq++) {
    place.file.transaction(() => place.file.addEntry(1, seq, 5, "ana", 0, "x}"));
  }
  putBack(branch);
  assertEquals([place.isSame, place.head], [false, 1]);
  putBack(place.copy());
  assertEquals(place.isSame, true);
});

Deno.test("a copy has another history wherever it is put, with or without what lies beside it", () => {
  using place = new Place();
  place.file.close();
  for (const parts of [[""], ["", "-lock"]]) {
    const copy = somewhere();
    for (const part of parts) Deno.copyFileSync(`${place.path}${part}`, `${copy}${part}`);
    const file = place.open(copy);
    assertEquals([file.room("a")?.epoch === "epoch", file.clients()], [false, []]);
    file.close();
  }
  place.file = place.open();
  assertEquals(place.isSame, true);
});

Deno.test("a file that lacks what was committed, as after a disk that lied, has another history", () => {
  using place = new Place();
  place.file.close();
  const before = Deno.readFileSync(place.path);
  place.file = place.open();
  place.say();
  place.file.close();
  Deno.writeFileSync(place.path, before);
  place.file = place.open();
  assertEquals([place.isSame, place.head], [false, 1]);
});

Deno.test("a file of the version before is brought to this one, and clients begin anew once", () => {
  const path = somewhere();
  using db = new DatabaseSync(path);
  db.exec(`${MIGRATIONS[0]}; PRAGMA user_version = 1`);
  db.exec("INSERT INTO rooms (id, name, epoch, head) VALUES ('a', 'Lobby', 'epoch', 1)");
  db.exec("INSERT INTO clients VALUES ('ana', 'Ana', 0)");
  db.close();
  const file = new SqliteFile(path);
  assertEquals([file.room("a")?.name, file.room("a")?.epoch === "epoch"], ["Lobby", false]);
  assertEquals(file.clients(), []);
  file.close();
});

Deno.test("a write-ahead log that waited for a long reader is short again behind it", () => {
  using place = new Place();
  const wal = () => Deno.statSync(`${place.path}-wal`).size;
  using reader = new DatabaseSync(place.path);
  reader.exec("BEGIN");
  reader.prepare("SELECT count(*) FROM entries").get();
  for (let i = 0; i < 40; i++) {
    place.file.transaction(() => {
      for (let j = 0; j < 100; j++) {
        const seq = 2 + 100 * i + j;
        place.file.addEntry(1, seq, 5, `client${(seq * 7919) % 997}`, seq, "x".repeat(1_000));
      }
    });
  }
  assertEquals(wal() > 8_000_000, true, `${wal()}`);
  reader.exec("COMMIT");
  for (let seq = 5_000; seq < 5_003; seq++) {
    place.file.transaction(() => place.file.addEntry(1, seq, 5, "ana", 0, "x}"));
  }
  assertEquals(wal() <= 4_194_304, true, `${wal()}`);
});

Deno.test("an attempt that fails leaves the rest of its transaction as it is", () => {
  using place = new Place();
  const { file } = place;
  file.transaction(() => {
    file.addEntry(1, 2, 5, "ana", 0, "x}");
    assertThrows(() =>
      file.savepoint(() => {
        file.addEntry(1, 3, 5, "ana", 0, "x}");
        file.addEntry(1, 1, 5, "ana", 0, "x}");
      })
    );
    file.savepoint(() => file.addEntry(1, 4, 5, "ana", 0, "x}"));
  });
  assertEquals(file.entriesAfter(1, 0, 9).map(({ seq }) => seq), [1, 2, 4]);
});
