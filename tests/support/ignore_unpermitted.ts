/**
 * Lets `deno test` without flags pass, as far as it can go. Such a run has no permissions and asks
 * for none, and Deno has no option that ignores a test for want of one: its tests would fail. So
 * where a permission is missing, `Deno.test` ignores what is not declared with
 * `permissions: "none"`. With all permissions, as `deno task test` gives them, nothing changes.
 *
 * What opens sockets, files or processes for tests imports this module; a test file that does so
 * by itself imports it too.
 *
 * @module
 */

import { PERMITTED } from "./permissions.ts";

if (!PERMITTED) {
  const { test } = Deno;
  const testOrIgnore = (...args: unknown[]) => {
    const needsNothing = args.some((it) => (it as Deno.TestDefinition).permissions === "none");
    Reflect.apply(needsNothing ? test : test.ignore, undefined, args);
  };
  Object.assign(Deno, { test: Object.assign(testOrIgnore, test) });
}
