/**
 * Programs as a page loads them: one script without imports.
 *
 * @module
 */

/** Bundles `client.ts` for browsers, with more flags of `deno bundle` if need be. */
export function bundleClient(...flags: string[]): Promise<string> {
  return bundle("client.ts", ...flags);
}

/** Bundles a module for browsers; its path is seen from the root. */
export async function bundle(path: string, ...flags: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform", "browser", ...flags, path],
    cwd: new URL("../../", import.meta.url),
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}
