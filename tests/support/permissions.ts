/**
 * Permissions of this run, and programs of the machine: without permissions nothing is looked for.
 *
 * @module
 */

const NEEDED = ["read", "write", "net", "run", "env", "sys", "ffi"] as const;

/** `true` where this run has all permissions that tests need. */
export const PERMITTED: boolean = NEEDED.every((name) =>
  Deno.permissions.querySync({ name }).state === "granted"
);

/** A variable of the environment; undefined too where it may not be read. */
export function variable(name: string): string | undefined {
  return PERMITTED ? Deno.env.get(name) : undefined;
}

/**
 * The path of a program, or of the first of several that do the same. Where there is none, the
 * tests that need it are to be ignored, which is said once; where `CI` is set the run fails.
 *
 * @throws {Error} in CI, if there is none.
 */
export function findProgram(...names: [string, ...string[]]): string | undefined {
  if (!PERMITTED) return undefined;
  for (const folder of (variable("PATH") ?? "").split(":")) {
    const found = names.map((name) => `${folder}/${name}`).find(isFile);
    if (found !== undefined) return found;
  }
  const missing = `There is no ${names[0]}: apt-get install ${names[0]}`;
  if (variable("CI") !== undefined) throw new Error(missing);
  // deno-lint-ignore no-console -- a test that is ignored should say what would change that
  console.warn(`Tests are ignored. ${missing}`);
  return undefined;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
