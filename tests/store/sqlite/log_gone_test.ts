import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { FileLostError } from "../../../src/store/sqlite/file/errors.ts";
import { Place } from "./place.ts";

for (
  const [how, take] of [
    ["removed", (log: string) => Deno.removeSync(log)],
    ["moved", (log: string) => Deno.renameSync(log, `${log}.old`)],
    ["removed, and made anew by a reader", (log: string) => {
      Deno.removeSync(log);
      Deno.writeTextFileSync(log, "");
    }],
  ] as const
) {
  Deno.test(`a write-ahead log that is ${how} while it is in use takes nothing with it`, () => {
    using place = new Place();
    for (let i = 0; i < 4; i++) place.say();
    take(place.log);
    place.file.look();
    assertEquals(place.headOfFiles, 5);
    take(place.log);
    assertEquals([place.say(), place.head, place.headOfFiles], [6, 6, 6]);
    assertEquals(place.file.lost, undefined);
    const told = /chat\.db-wal was gone: what was in it has been brought into the file$/;
    assertEquals(place.troubles.map((trouble) => told.test(trouble)), [true, true]);
    place.reopen();
    assertEquals([place.head, place.isSame], [6, true]);
  });
}

Deno.test("a write-ahead log that is removed while another program reads is made anew behind it", () => {
  using place = new Place();
  using db = new DatabaseSync(place.path);
  db.exec("BEGIN; SELECT * FROM rooms");
  place.say();
  Deno.removeSync(place.log);
  assertThrows(() => place.say(), FileLostError, "its write-ahead log is gone");
  db.exec("COMMIT");
  place.reopen();
  assertEquals([place.head, place.isSame], [2, true]);
});

for (
  const [how, put, kept] of [
    ["cut short", (log: string) => Deno.truncateSync(log, Deno.statSync(log).size - 1), 1],
    ["emptied", (log: string) => Deno.truncateSync(log), 1],
    // The old one is still open.
    ["replaced", (log: string) => {
      Deno.writeTextFileSync(`${log}-other`, "x".repeat(100_000));
      Deno.renameSync(`${log}-other`, log);
    }, 5],
  ] as const
) {
  Deno.test(`a file whose write-ahead log is ${how} while it is in use is lost, with no more of it`, () => {
    using place = new Place();
    place.bringIn();
    for (let i = 0; i < 4; i++) place.say();
    put(place.log);
    assertThrows(() => place.say(), FileLostError, "its write-ahead log was ");
    place.file.look();
    assertMatch(place.file.lost ?? "", /^its write-ahead log was /);
    assertEquals(Deno.statSync(place.log).size, 0);
    place.reopen();
    assertEquals([place.head, place.isSame], [kept, how === "replaced"]);
  });
}

Deno.test("a file that is written over is lost where its write-ahead log is gone too", () => {
  using place = new Place();
  const copy = place.copy();
  place.say();
  Deno.removeSync(place.log);
  Deno.writeFileSync(place.path, Deno.readFileSync(copy));
  assertThrows(() => place.say(), FileLostError, "its file was written over");
  place.reopen();
  assertEquals([place.head, place.isSame], [1, false]);
});
