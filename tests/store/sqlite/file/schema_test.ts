import { assertEquals, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { migrate } from "../../../../src/store/sqlite/file/schema.ts";
import "../../../support/ignore_unpermitted.ts";

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
