import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import "../support/ignore_unpermitted.ts";

const CHAOS = fileURLToPath(new URL("../../tools/chaos.ts", import.meta.url));

// It ran all tests of the project, with the figures of the scoreboard, for ten minutes.
Deno.test("a word that names no chaos test runs none, and says which there are", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", CHAOS, "r06", "--help"],
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
  }).output();
  const [first, ...names] = new TextDecoder().decode(stderr).trim().split("\n");
  assertEquals([code, stdout.length, first], [2, 0, "No test is called --help: there are"]);
  assertEquals(names.includes("r06_window_test.ts"), true);
});
