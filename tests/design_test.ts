/**
 * The pages on how Parley works name what is there: functions, files, states.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { type Life, NODE_LIFE, ROOM_LIFE } from "../src/store/cluster/states.ts";
import "./support/ignore_unpermitted.ts";
import { declares, firstCells, functionsIn, pathsNamedIn, rowsOf } from "./support/pages.ts";
import { PERMITTED } from "./support/permissions.ts";
import { pathsIn } from "./support/source_files.ts";

const ROOT = new URL("../", import.meta.url);

const PATHS = PERMITTED ? ["ARCHITECTURE.md", ...pathsIn("docs/design/", ".md")] : [];

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT));
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(new URL(path, ROOT));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

for (const path of PATHS) {
  Deno.test(`each function that ${path} names is in its file`, () => {
    const missing = functionsIn(read(path)).filter((named) => {
      const file = [named.path, `src/${named.path}`].find(isThere);
      return file === undefined || !declares(read(file), named.name);
    });
    assertEquals(missing.map((named) => `${named.path}:${named.name}`), []);
  });

  Deno.test(`each path that ${path} names is there`, () => {
    const missing = pathsNamedIn(read(path)).filter((named) =>
      !isThere(named.path) && !isThere(`${named.folder}${named.path}`)
    );
    assertEquals(missing.map((named) => named.path), []);
  });
}

Deno.test("the names in pages are found, and functions told from calls", () => {
  const page = "`src/core/` has `log.ts`; a ->> b: server/pump.ts:mark\n`src/core/log/log.ts:push`";
  assertEquals(functionsIn(page).map(({ name }) => name), ["mark", "push"]);
  assertEquals(pathsNamedIn(page), [
    { path: "src/core/", folder: "" },
    { path: "log.ts", folder: "src/core/" },
    { path: "src/core/log/log.ts", folder: "src/core/" },
  ]);
  const code =
    "export function* a(): void {\n  b();\n}\n  async #c<T>(\n  ) {}\n  readonly #d = () => {";
  assertEquals(["a", "b", "c", "d"].map((name) => declares(code, name)), [true, false, true, true]);
  const named = PATHS.flatMap((path) => functionsIn(read(path)));
  assert(named.length > 50, `${named.length} functions`);
});

Deno.test("docs/design/cluster.md has all that marks can say, and all troubles of a node", () => {
  const page = read("docs/design/cluster.md");
  const marks = read("src/store/jetstream/link/marks.ts").match(/^export type Marks = (.*);$/m)
    ?.[1];
  assertEquals(
    firstCells(page, "Streams that are put back begin another life"),
    marks?.split(" | ").map((mark) => JSON.parse(mark)),
  );
  const [, troubles] = read("src/store/jetstream/health.ts").split("#trouble(now: number)");
  const reasons = troubles?.split("\n  }\n")[0]?.matchAll(/"([^"]+)"/g);
  assertEquals(
    firstCells(page, "A node checks that it is connected"),
    [...reasons ?? []].map(([, reason = ""]) => reason),
  );
});

/** The steps of a life as rows: a state, a step, the next state. */
function stepsOf(life: Life<string, string>): string[][] {
  return Object.entries(life).flatMap(([state, steps]) =>
    Object.entries(steps).map(([step, after = ""]) => [state, step, after])
  );
}

Deno.test("docs/design/cluster.md has each step in the lives of rooms and nodes", () => {
  const page = read("docs/design/cluster.md");
  assertEquals(rowsOf(page, "States of a room", 3), stepsOf(ROOM_LIFE));
  assertEquals(rowsOf(page, "States of a node", 3), stepsOf(NODE_LIFE));
});
