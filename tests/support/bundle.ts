/**
 * The client as a page loads it: one script without imports.
 *
 * @module
 */

/** Bundles `client.ts` for browsers, with more flags of `deno bundle` if need be. */
export async function bundleClient(...flags: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform", "browser", ...flags, "client.ts"],
    cwd: new URL("../../", import.meta.url),
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}
