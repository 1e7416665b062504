import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Scoreboard, scoreboardPage, withRun } from "../../tools/scoreboard.ts";
import board from "../chaos/scoreboard.json" with { type: "json" };
import "../support/ignore_unpermitted.ts";
import { pure } from "../support/pure.ts";

const RUN = { date: "2026-01-02", minutes: 1.4, machine: "a machine" };
const NOTHING: Scoreboard = { runs: {}, rows: {} };

pure(
  "a row says how it ended, what was measured, what was missed, and since when it looks for what",
  () => {
    const missed = { what: "cut", figures: { lost: 1, "most, ms": "2.5" }, missed: ["0 lost"] };
    const after = withRun(NOTHING, "7", RUN, {
      R4: { seed: "7", failed: false, reports: [missed] },
    });
    const page = scoreboardPage(after, {
      R4: { figure: "0 lost", since: { "2026-01-01": "refusals" }, note: "A note." },
      R6: { figure: "complete" },
    });
    assertStringIncludes(page, "| R4 | 0 lost | **Missed** |\n| R6 | complete | Not run |\n");
    assertStringIncludes(
      page,
      "## R4: 0 lost\n\n**Missed**: 0 lost. Seed 7.\n\n- _cut_: lost 1 · most, ms 2.5\n\n" +
        "Since 2026-01-01 it looks for refusals.\n\nA note.\n\n## R6: complete\n\nNot run.\n",
    );
    assertStringIncludes(page, "- 2026-01-02, seed 7, 1 minutes: a machine\n");
  },
);

pure("a run replaces its own rows, and what no row is from any more is dropped", () => {
  const finding = (seed: string) => ({ seed, failed: false, reports: [] });
  const first = withRun(NOTHING, "1", RUN, { R2: finding("1"), R10: finding("1") });
  const second = withRun(first, "2", RUN, { R10: finding("2"), R1: finding("2") });
  assertEquals(Object.entries(second.rows).map(([row, { seed }]) => row + seed), [
    "R12",
    "R21",
    "R102",
  ]);
  assertEquals(Object.keys(second.runs), ["1", "2"]);
  assertEquals(Object.keys(withRun(second, "3", RUN, { R2: finding("3") }).runs), ["2", "3"]);
});

Deno.test("SCOREBOARD.md is what was found, in lines of at most 120 characters", async () => {
  const path = new URL("../../SCOREBOARD.md", import.meta.url);
  const page = await Deno.readTextFile(path);
  // `deno fmt` fills the lines anew: words stay.
  const words = (text: string) => text.replaceAll(/-{3,}/g, "-").split(/\s+/);
  const made = words(scoreboardPage(board)).join(" ");
  assertEquals(words(page).join(" ") === made, true, "Run: deno task chaos --page");
  assertEquals(page.split("\n").filter((line) => line.length > 120), []);
});
