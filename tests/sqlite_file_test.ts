import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { isDiskError, migrate, MIGRATIONS, SqliteFile } from "../src/store/sqlite_file.ts";
import { tempFolder } from "./temp_folder.ts";

const folder = tempFolder();
const somewhere = () => `${folder}/${crypto.randomUUID()}`;

const STEPS = [
  "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1)",
  "ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 7",
];

Deno.test("migrate() takes the steps that are missing, and what is there stays", () => {
  using db = new DatabaseSync(":memory:");
  migrate(db, STEPS.slice(0, 1));
  migrate(db, STEPS);
  migrate(db, STEPS);
  assertEquals({ ...db.prepare("SELECT x, y FROM a").get() }, { x: 1, y: 7 });
  assertEquals({ ...db.prepare("PRAGMA user_version").get() }, { user_version: 2 });
});

Deno.test("migrate() takes a step that fails back, and those before it not", () => {
  using db = new DatabaseSync(":memory:");
  assertThrows(() => migrate(db, [STEPS[0]!, "CREATE TABLE b (x INTEGER); NONSENSE"]), Error);
  assertEquals({ ...db.prepare("PRAGMA user_version").get() }, { user_version: 1 });
  assertEquals({ ...db.prepare("SELECT count(*) AS n FROM sqlite_schema").get() }, { n: 1 });
});

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
  assertEquals(file.newest(key, 10), []);
  file.transaction(() => file.addEntry(key, 1, 5, "ana", 1, "x}"));
  assertEquals(file.newest(key, 10).map((row) => ({ ...row })), [
    { seq: 1, sender: "ana", rest: "x}" },
  ]);
  file.close();
});

Deno.test("isDiskError() tells a disk that fails from a program that is wrong", () => {
  const path = somewhere();
  const file = new SqliteFile(path);
  using other = new DatabaseSync(path);
  other.exec("BEGIN IMMEDIATE");
  assertEquals(isDiskError(assertThrows(() => file.transaction(() => {}))), true);
  other.exec("ROLLBACK");
  const { key } = file.addRoom("a", "Lobby", "e");
  file.addEntry(key, 1, 5, "ana", 1, "x}");
  assertEquals(isDiskError(assertThrows(() => file.addEntry(key, 1, 5, "ana", 1, "x}"))), false);
  assertEquals(isDiskError("SQLITE_FULL"), false);
  file.close();
});

Deno.test("a key is made once", () => {
  const path = somewhere();
  let made = 0;
  const read = () => {
    const file = new SqliteFile(path);
    const key = file.key("sessions", () => new Uint8Array([++made]));
    file.close();
    return [...key];
  };
  assertEquals([read(), read()], [[1], [1]]);
});
