/**
 * `deno bench` without a path and without permissions.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import "../support/ignore_unpermitted.ts";
import { pathsIn, read } from "../support/source_files.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("deno bench without flags loads the files with benchmarks, and no others", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    // None has that name: what they measure takes a minute.
    args: ["bench", "--no-check", "--no-prompt", "--filter", "(nothing)"],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  const loaded = new TextDecoder().decode(stdout).matchAll(/^file:\/\/(.*)$/gm);
  const paths = [...loaded].map(([, path = ""]) => path.slice(ROOT.pathname.length));
  const all = ["bench/", "src/", "tests/", "tools/"].flatMap((folder) => pathsIn(folder));
  assertEquals(paths.sort(), all.filter((path) => read(path).code.includes("Deno.bench(")).sort());
});
