/**
 * A test of something that needs nothing: it runs with no permission at all.
 *
 * @module
 */

/** Declares a test without permissions. */
export function pure(name: string, fn: () => void | Promise<void>): void {
  Deno.test({ name, permissions: "none", fn });
}
