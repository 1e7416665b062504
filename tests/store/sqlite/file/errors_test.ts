import { assertEquals, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import {
  DamagedError,
  FileLostError,
  isDiskError,
  unavailable,
} from "../../../../src/store/sqlite/file/errors.ts";
import { SqliteFile } from "../../../../src/store/sqlite/file/file.ts";
import { tempFolder } from "../../../support/temp_folder.ts";

const folder = tempFolder();

Deno.test("isDiskError() tells a disk that fails from a program that is wrong", () => {
  const path = `${folder}/chat.db`;
  const file = new SqliteFile(path);
  using other = new DatabaseSync(path);
  other.exec("BEGIN IMMEDIATE");
  assertEquals(isDiskError(assertThrows(() => file.transaction(() => {}))), true);
  other.exec("ROLLBACK");
  const { key } = file.addRoom("a", "Lobby", "e");
  file.addEntry(key, 1, 5, "ana", 1, "x}");
  assertEquals(isDiskError(assertThrows(() => file.addEntry(key, 1, 5, "ana", 1, "x}"))), false);
  assertEquals(isDiskError("SQLITE_FULL"), false);
  assertEquals(isDiskError(new FileLostError("gone")), true);
  file.close();
});

Deno.test("unavailable() names what the disk does, and nothing that a program got wrong", () => {
  const told = (error: unknown) => unavailable("read", error).message;
  assertEquals(
    told(new DamagedError("entry 5 is not in the file")),
    "The log cannot be read right now: entry 5 is not in the file",
  );
  assertEquals(
    told(new FileLostError("its file is gone")),
    "The log cannot be read right now: its file is gone",
  );
  const malformed = Object.assign(new Error("database disk image is malformed"), { errcode: 267 });
  assertEquals(
    told(malformed),
    "The log cannot be read right now: database disk image is malformed",
  );
  assertEquals(told(new Error("x is not a function")), "The log cannot be read right now");
  const { code, retryAfterMs } = unavailable("written", malformed);
  assertEquals([code, retryAfterMs], ["unavailable", 1_000]);
});
