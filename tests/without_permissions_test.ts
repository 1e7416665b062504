/**
 * `deno test` without flags. The name of this file puts what it says at the end of such a run.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import "./support/ignore_unpermitted.ts";
import { PERMITTED } from "./support/permissions.ts";

const ADVICE = "what needs a permission is ignored here: deno task test gives them all";
const WITHIN_MS = 300_000;

if (!PERMITTED) Deno.test.ignore(ADVICE, () => {});

Deno.test("deno test without flags passes: pure tests run, the others are ignored, one line says why", async () => {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--no-check", "--hide-stacktraces"],
    cwd: new URL("..", import.meta.url),
    env: { NO_COLOR: "1" },
    stderr: "null",
    signal: AbortSignal.timeout(WITHIN_MS),
  }).output();
  const text = new TextDecoder().decode(stdout);
  const [, passed, ignored] = text.match(/^ok \| (\d+) passed.* \| 0 failed \| (\d+) ignored/m) ??
    [];
  assertEquals(
    code,
    0,
    `Does a test lack tests/support/ignore_unpermitted.ts?\n${text.slice(-5_000)}`,
  );
  assert(Number(passed) > 500, `${passed} tests ran`);
  assert(Number(ignored) > 500, `${ignored} tests were ignored`);
  assertEquals(text.split(ADVICE).length, 2);
  // Where it is read: last.
  assert(text.indexOf(ADVICE) > text.lastIndexOf("running "), text.slice(-1_000));
});
