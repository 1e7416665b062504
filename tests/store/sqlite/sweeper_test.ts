import { assertEquals } from "@std/assert";
import { SqliteFile } from "../../../src/store/sqlite/file/file.ts";
import { SqliteSweeper } from "../../../src/store/sqlite/sweeper.ts";
import { tempFolder } from "../../support/temp_folder.ts";

const folder = tempFolder();

/** A file with rooms `r0`, `r1` …, each with entries taken at 1, 2, 3 … */
function fileWith(rooms: number, entries: number): SqliteFile {
  const file = new SqliteFile(`${folder}/${crypto.randomUUID()}`);
  file.transaction(() => {
    for (let room = 0; room < rooms; room++) {
      const { key } = file.addRoom(`r${room}`, "Room", "e");
      for (let seq = 1; seq <= entries; seq++) file.addEntry(key, seq, seq, "ana", seq, "x}");
    }
  });
  return file;
}

/** The steps until there is nothing more at hand. */
function sweep(sweeper: SqliteSweeper, time: number): number {
  let steps = 1;
  while (sweeper.step(time)) steps++;
  return steps;
}

function seqs(file: SqliteFile, key: number): number[] {
  return file.entriesAfter(key, 0, 10_000).map(({ seq }) => seq);
}

Deno.test("SqliteSweeper.step() drops what is older than a time, and nothing else", () => {
  const file = fileWith(3, 5);
  const sweeper = new SqliteSweeper(file, () => true);
  sweep(sweeper, 4);
  for (const key of [1, 2, 3]) assertEquals(seqs(file, key), [4, 5]);
  assertEquals(sweep(sweeper, 4), 1);
  file.close();
});

Deno.test("SqliteSweeper.step() does much in many steps", () => {
  const file = fileWith(1, 1_200);
  const sweeper = new SqliteSweeper(file, () => true);
  assertEquals(sweeper.step(Infinity), true);
  assertEquals(seqs(file, 1).length, 700);
  assertEquals(sweep(sweeper, Infinity), 3);
  assertEquals(seqs(file, 1), []);
  file.close();
});

Deno.test("SqliteSweeper.step() goes round many rooms, and begins again", () => {
  const file = fileWith(250, 1);
  const sweeper = new SqliteSweeper(file, () => true);
  const rounds = () => [1, 2, 3].map(() => sweep(sweeper, 2));
  assertEquals(rounds().reduce((sum, steps) => sum + steps), 253);
  assertEquals(rounds(), [1, 1, 1]);
  file.close();
});

Deno.test("SqliteSweeper.step() forgets rooms of which nothing is left, unless they are open", () => {
  const file = fileWith(2, 1);
  const sweeper = new SqliteSweeper(file, (id) => id === "r1");
  file.setMember(1, { client_id: "ana" });
  sweep(sweeper, 2);
  assertEquals([file.room("r0"), file.members(1)], [undefined, []]);
  assertEquals(file.room("r1")?.key, 2);
  file.close();
});

Deno.test("SqliteSweeper.step() takes deleted rooms away, whatever their age", () => {
  const file = fileWith(2, 3);
  file.dropRoom("r0");
  sweep(new SqliteSweeper(file, () => true), 0);
  assertEquals([seqs(file, 1), seqs(file, 2)], [[], [1, 2, 3]]);
  assertEquals(file.roomsAfter(0, 10).map(({ key }) => key), [2]);
  file.close();
});

Deno.test("SqliteSweeper.step() leaves a room in which somebody is who may come back", () => {
  const file = fileWith(2, 1);
  file.setMember(1, { client_id: "ana" });
  file.setMember(2, { client_id: "plain" });
  file.setClient("ana", "Ana", 0);
  const sweeper = new SqliteSweeper(file, () => false);
  sweep(sweeper, 2);
  assertEquals([file.room("r0")?.key, file.members(1).length], [1, 1]);
  assertEquals(file.room("r1"), undefined);
  file.dropClient("ana");
  sweep(sweeper, 2);
  assertEquals(file.room("r0"), undefined);
  file.close();
});

Deno.test("SqliteSweeper.step() leaves a room alone while it is read", () => {
  const file = fileWith(2, 3);
  sweep(new SqliteSweeper(file, () => true, (id) => id === "r0"), 3);
  assertEquals([seqs(file, 1), seqs(file, 2)], [[1, 2, 3], [3]]);
  file.close();
});
