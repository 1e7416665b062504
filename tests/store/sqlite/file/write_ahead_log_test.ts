import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import {
  firstPagesIn,
  leastBytesOf,
  numberOf,
} from "../../../../src/store/sqlite/file/write_ahead_log.ts";
import { somewhere } from "../place.ts";

const PAGE_BYTES = 4_096;

Deno.test("a write-ahead log has the bytes that are counted, and the states of the first page", () => {
  const path = somewhere();
  const log = `${path}-wal`;
  using db = new DatabaseSync(path);
  db.exec("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0");
  assertEquals(firstPagesIn(log, PAGE_BYTES), []);
  const applications = () =>
    firstPagesIn(log, PAGE_BYTES)
      .map((page) => new DataView(page.buffer, page.byteOffset).getUint32(68));
  for (const id of [1, 2, 3]) db.exec(`PRAGMA application_id = ${id}`);
  assertEquals(applications(), [1, 2, 3]);
  assertEquals(leastBytesOf(3, PAGE_BYTES), Deno.statSync(log).size);
  assertEquals(leastBytesOf(0, PAGE_BYTES), 0);
  using file = Deno.openSync(log);
  const number = numberOf(file);
  // The next log is written over the one before, and is shorter at first.
  db.exec("PRAGMA wal_checkpoint(RESTART); PRAGMA application_id = 4");
  assertEquals(applications(), [4]);
  assert(numberOf(file) !== number);
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  assertEquals([applications(), numberOf(file)], [[], undefined]);
});
