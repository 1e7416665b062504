import { assert, assertEquals } from "@std/assert";
import { wordsOf } from "../../../src/core/log/search.ts";
import { SqliteFile } from "../../../src/store/sqlite/file/file.ts";
import { SqliteSearch } from "../../../src/store/sqlite/search.ts";
import { tempFolder } from "../../support/temp_folder.ts";

const folder = tempFolder();

/** A file with a room that has these messages, and its search. */
function withMessages(bodies: readonly string[]) {
  const file = new SqliteFile(`${folder}/${crypto.randomUUID()}`);
  let key = 0;
  file.transaction(() => {
    key = file.addRoom("a", "Lobby", "e").key;
    bodies.forEach((body, i) => {
      const rest = JSON.stringify({ at: 1, from: "ana", n: i + 1, body }).slice(1);
      file.addEntry(key, i + 1, 1, "ana", i + 1, rest);
    });
    file.setHead(key, bodies.length, 0);
  });
  const troubles: string[] = [];
  const search = new SqliteSearch(file, (reason) => troubles.push(reason));
  const find = async (text: string, limit = 10, before = 1e9) => {
    const query = { words: wordsOf(text), before, limit, units: 1e6 };
    const { entries, before: next } = await search.find("a", query);
    return [entries.map(({ seq }) => seq), next];
  };
  const indexed = () => Number(file.get("SELECT indexed FROM rooms")?.indexed);
  const count = () => Number(file.get("SELECT count(*) AS n FROM words_docsize")?.n);
  return {
    file,
    key,
    search,
    find,
    indexed,
    count,
    troubles,
    [Symbol.dispose]: () => file.close(),
  };
}

Deno.test("what was there before is indexed in steps, and found all the time", async () => {
  const bodies = Array.from({ length: 300 }, (_, i) => i % 100 === 7 ? "rare" : `common ${i}`);
  using bench = withMessages(bodies);
  const { search, find, indexed, count } = bench;
  const all = [[8, 108, 208], undefined];
  assertEquals(await find("rare"), all);
  let steps = 0;
  for (; search.step(); steps++) assertEquals(await find("rare"), all);
  assert(steps > 2 && steps < 10, `${steps} steps`);
  assertEquals([indexed(), count()], [300, 300]);
  assertEquals(await find("rare"), all);
  assertEquals(await find("rare", 2), [[108, 208], 108]);
  assertEquals(await find("rare", 2, 108), [[8], undefined]);
  assertEquals(search.step(), false);
  // What is said now is found before it is indexed, with what is.
  bench.file.transaction(() => {
    bench.file.addEntry(
      bench.key,
      301,
      1,
      "ana",
      301,
      '"at":1,"from":"ana","n":301,"body":"rare"}',
    );
    bench.file.setHead(bench.key, 301, 0);
  });
  assertEquals(await find("rare", 2), [[208, 301], 208]);
  search.note("a");
  while (search.step());
  assertEquals([indexed(), await find("rare", 2)], [301, [[208, 301], 208]]);
});

Deno.test("what is dropped is in the index no more", async () => {
  using bench = withMessages(["one", "two", "three"]);
  while (bench.search.step());
  bench.file.transaction(() => bench.file.dropEntries(bench.key, 2));
  assertEquals(bench.count(), 1);
  assertEquals([await bench.find("one"), await bench.find("three")], [
    [[], undefined],
    [[3], undefined],
  ]);
  const [row] = bench.file.all("SELECT count(*) AS n FROM words WHERE words MATCH 'two'");
  assertEquals(row?.n, 0);
});

Deno.test("large messages are indexed and searched a few at a time", async () => {
  const large = "word ".repeat(13_000);
  using bench = withMessages([...Array(12).fill(large), "last"]);
  const [found, before] = await bench.find("nowhere");
  assertEquals(found, []);
  assert(Number(before) > 1 && Number(before) < 13, `${before}`);
  let steps = 0;
  while (bench.search.step()) steps++;
  assert(steps >= 6, `${steps}`);
  assertEquals(await bench.find("nowhere"), [[], undefined]);
  assertEquals(bench.troubles, []);
});
