import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Scoreboard, scoreboardPage, withRun } from "../../tools/scoreboard.ts";
import board from "../chaos/scoreboard.json" with { type: "json" };
import "../support/ignore_unpermitted.ts";
import { pure } from "../support/pure.ts";

const RUN = { date: "2026-01-02", minutes: 1.4, machine: "a machine" };
const NOTHING: Scoreboard = { runs: {}, rows: {} };

pure("a row says how it ended, what was measured, missed and since when it looks for what", () => {
  const missed = {
    what: "cut",
    figures: { lost: 1, doubled: 0, "least, ms": 0, late: 0, "most, ms": "2.5" },
    missed: ["0 lost (cut)"],
  };
  const after = withRun(NOTHING, "7", RUN, {
    R4: { seed: "7", failed: false, reports: [missed] },
  });
  const page = scoreboardPage(after, {
    R4: {
      part: "Messages sent",
      figure: "0 lost",
      since: { "2026-01-01": "refusals" },
      note: "A note.",
    },
    R6: { part: "Messages sent", figure: "complete" },
  });
  assertStringIncludes(
    page,
    "| [Messages sent](#messages-sent) |  | R4: **Missed**; R6: Not run |\n",
  );
  assertStringIncludes(
    page,
    "## Messages sent\n\n### R4: 0 lost\n\n**Missed**. Seed 7.\n\n" +
      "- _cut_ (**Missed**: 0 lost): lost 1 · least, ms 0 · most, ms 2.5 · zero: doubled · late\n\n" +
      "Since 2026-01-01 it looks for refusals.\n\nA note.\n\n### R6: complete\n\nNot run.\n",
  );
  assertStringIncludes(page, "- 2026-01-02, seed 7, 1 minutes: a machine\n");
});

pure("of many reports of a row those that were missed are shown first", () => {
  const reports = Array.from({ length: 8 }, (_, i) => ({
    what: `try ${i}`,
    figures: { i: `${i}` },
    missed: i === 5 ? ["p99 of try 5"] : [],
  }));
  const page = scoreboardPage({ runs: {}, rows: { X6: { seed: "1", failed: false, reports } } });
  assertStringIncludes(
    page,
    "Seed 1.\n\n- _try 5_ (**Missed**: p99): i 5\n\n<details>\n<summary>Reached: 7</summary>\n\n- _try 0_: i 0\n",
  );
  assertStringIncludes(page, "- _try 7_: i 7\n\n</details>\n");
});

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
