/**
 * What each file has to be by itself: tested, short, and as pure as it says.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import "./ignore_unpermitted.ts";
import { PERMITTED } from "./permissions.ts";
import { pathsIn, read } from "./source_files.ts";

/** Files whose test is called otherwise than they are, or that cannot have one. */
const TESTED_BY: Record<string, string | null> = {
  "store/memory": "memory_store_test.ts",
  "store/sqlite": "sqlite_store_test.ts",
  "store/jetstream": "jetstream_store_test.ts",
  "store/jetstream_marks": "cluster_restore_test.ts",
  "store/jetstream_life": "cluster_restore_test.ts",
  "store/jetstream_streams": "jetstream_link_test.ts",
  "store/jetstream_history": "jetstream_store_test.ts",
  "store/jetstream_publish": "nats_refusals_test.ts",
  "store/jetstream_metas": "jetstream_store_test.ts",
  "store/sqlite_lock": "sqlite_database_test.ts",
  "store/sqlite_room": "sqlite_store_test.ts",
  // The suite that each implementation runs through.
  "store/store": "store_suite.ts",
  "close_codes": "protocol_test.ts",
  "machine": "server_flags_test.ts",
  "terminate": "closed_sockets_test.ts",
  // Types only.
  "effects": null,
};

/** What a module that calls itself pure cannot use, beside what does not compile there. */
const IMPURE =
  /\basync\b|\bawait\b|\bDate\.now\b|\bnew Date\(\)|\bperformance\b|\bMath\.random\b|\bsetTimeout\b|\bsetInterval\b|\bsetImmediate\b|\bqueueMicrotask\b|\bcrypto\b|\bDeno\b|\bconsole\b/;

const MAX_LINES = 500;

const FILES = PERMITTED ? [...pathsIn(""), ...pathsIn("src/")].map(read) : [];

Deno.test("modules that call themselves pure use no clock, no chance and no platform", () => {
  const pure = FILES.filter(({ text }) => text.startsWith("// This module is pure"));
  assert(pure.length > 10);
  const impure = pure.flatMap(({ path, code }) => code.match(IMPURE)?.map((word) => [path, word]));
  assertEquals(impure.filter((found) => found !== undefined), []);
});

Deno.test("every file has a test of the same name", () => {
  const tests = new Set(pathsIn("tests/"));
  const untested = FILES.filter(({ name, code }) => {
    const test = TESTED_BY[name];
    if (test === null) return /^export (?!type|interface)/m.test(code);
    return !tests.has(`tests/${test ?? `${name.replace(/^store\/|\.ts$/g, "")}_test.ts`}`);
  });
  assertEquals(untested.map(({ path }) => path), [], "Write their tests");
});

Deno.test(`no file has more than ${MAX_LINES} lines`, () => {
  const all = [...FILES, ...pathsIn("tests/").map(read), ...pathsIn("tools/").map(read)];
  const long = all.filter(({ text }) => text.split("\n").length - 1 > MAX_LINES);
  assertEquals(long.map(({ path }) => path), []);
});
