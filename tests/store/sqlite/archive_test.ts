import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { DEFAULTS } from "../../../src/core/state/options.ts";
import { sqliteSource, sqliteTarget } from "../../../src/store/sqlite/archive.ts";
import { SqliteFile } from "../../../src/store/sqlite/file/file.ts";
import { sqlite } from "../../../src/store/sqlite/sqlite.ts";
import { SqliteSweeper } from "../../../src/store/sqlite/sweeper.ts";
import { IGNORE } from "../../../src/store/suite/bench.ts";
import { messageDraft } from "../../../src/store/suite/drafts.ts";
import { Place, somewhere } from "./place.ts";

const HEAD = { id: "b", name: "Harbour", settings: {}, roles: [], members: [] };
const ENTRY = { seq: 7, text: '{"seq":7,"at":1,"from":"a","n":1,"body":"x"}' };

async function entriesIn(path: string, id: string) {
  const source = sqliteSource(path);
  const room = await source.read(id);
  const pages = room === undefined ? [] : await Array.fromAsync(room.entries());
  await source.close();
  return pages.flat();
}

Deno.test("a room that comes into a file keeps its first number, and has no other holes", async () => {
  const path = somewhere();
  const target = sqliteTarget(path, () => {});
  const writer = await target.begin(HEAD);
  const later = { seq: 20, text: '{"seq":20,"at":2,"from":"a","n":2,"body":"y","re":7}' };
  const lost = { seq: 30, text: '{"seq":30,"at":3,"from":"a","n":3,"body":"z","re":3}' };
  await writer.add([ENTRY, later]);
  await writer.add([lost]);
  await writer.mark([{ person: "ana", seq: 25 }, { person: "bo\u0000", seq: 2 }]);
  assertEquals(await target.look("b"), "free");
  await writer.end();
  assertEquals(await target.look("b"), "taken");
  await target.close();
  assertEquals((await entriesIn(path, "b")).map(({ text }) => text), [
    ENTRY.text,
    '{"seq":8,"at":2,"from":"a","n":2,"body":"y","re":7}',
    '{"seq":9,"at":3,"from":"a","n":3,"body":"z","re":3}',
  ]);
  const source = sqliteSource(path);
  const markers = (await Array.fromAsync((await source.read("b"))!.markers())).flat();
  await source.close();
  assertEquals(markers, [{ person: "ana", seq: 8 }, { person: "bo\u0000", seq: 2 }]);
});

Deno.test("what an import that broke off has left is no room, and goes by itself", async () => {
  const path = somewhere();
  const target = sqliteTarget(path, () => {});
  await (await target.begin(HEAD)).add([ENTRY]);
  await target.close();
  const source = sqliteSource(path);
  assertEquals(await Array.fromAsync(source.rooms()), []);
  await source.close();
  const file = new SqliteFile(path);
  const sweeper = new SqliteSweeper(file, () => false);
  while (sweeper.step(0));
  assertEquals(file.get("SELECT count(*) AS n FROM entries")?.n, 0);
  assertEquals(file.get("SELECT count(*) AS n FROM rooms")?.n, 0);
  file.close();
});

Deno.test("rooms are read while a store has the file, each as it is at one moment", async () => {
  const path = somewhere();
  const store = sqlite(path)(IGNORE, DEFAULTS);
  await store.create("a", "Lobby");
  const say = async (n: number) => {
    store.append("a", messageDraft("ana", n));
    await store.settled?.();
  };
  await say(1);
  const source = sqliteSource(path);
  const room = await source.read("a");
  await say(2);
  assertEquals((await Array.fromAsync(room!.entries())).flat().length, 1);
  assertEquals((await Array.fromAsync((await source.read("a"))!.entries())).flat().length, 2);
  store.delete("a");
  await store.settled?.();
  assertEquals(await source.read("a"), undefined);
  await source.close();
  await store.close();
});

Deno.test("a file with a hole in it, of another version or without rooms is not read", async () => {
  using place = new Place();
  place.say();
  place.file.transaction(() => {
    place.file.setHead(1, 2, 0);
    place.file.run("DELETE FROM entries WHERE seq = 1");
  });
  await assertRejects(() => entriesIn(place.path, "a"), Error, "entry 1 is not in the file");
  const old = somewhere();
  new DatabaseSync(old).exec("PRAGMA user_version = 3");
  assertThrows(() => sqliteSource(old), Error, "it has schema 3");
  assertThrows(() => sqliteSource(somewhere()), Error, "Cannot read");
});
