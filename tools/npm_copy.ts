/**
 * Reads npm's copy of the standard library as text: nothing of it runs. To import this module is to
 * fetch the package.
 *
 * @module
 */

// Deno fetches a package only for an import that it can see.
// deno-lint-ignore no-import-prefix -- it is what setup works with, not what Parley imports
await import("npm:deno-std@1.4.0/assert/mod.js", { with: { type: "text" } });

/** Reads the module that a specifier of the package names. */
export async function readModule(specifier: string): Promise<string> {
  return (await import(specifier, { with: { type: "text" } })).default;
}
