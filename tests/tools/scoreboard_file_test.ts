import { assertEquals } from "@std/assert";
import { type Finding, withRun } from "../../tools/scoreboard.ts";
import { changeBoard, readBoard } from "../../tools/scoreboard_file.ts";
import "../support/ignore_unpermitted.ts";

Deno.test("runs that end at once all have their rows on the scoreboard, and leave nothing beside it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/scoreboard.json`;
    await Deno.writeTextFile(path, JSON.stringify({ runs: {}, rows: {} }));
    const run = { date: "2026-12-01", minutes: 1, machine: "one" };
    const rows = ["R1", "R2", "R3", "R4", "R5"];
    await Promise.all(rows.map((row) => {
      const finding: Finding = { seed: row, failed: false, reports: [] };
      return changeBoard(path, (board) => withRun(board, row, run, { [row]: finding }));
    }));
    const board = await readBoard(path);
    assertEquals([Object.keys(board.rows), Object.keys(board.runs).sort()], [rows, rows]);
    const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
    assertEquals(names, ["scoreboard.json"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
