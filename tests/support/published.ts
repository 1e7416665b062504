/**
 * The package as it would be published: what is not in it is not there.
 *
 * @module
 */

import { assert } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

/** Copies the files that `deno publish` would upload to a folder. */
export async function copyPublished(folder: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["publish", "--dry-run", "--allow-dirty", "--no-check"],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const said = new TextDecoder().decode(stderr);
  assert(success, said);
  const files = [...said.matchAll(/^ +(file:\S+) \([\d.]+[KM]?B\)$/gm)].map(([, url = ""]) => url);
  assert(files.length > 100, said);
  for (const url of files) {
    const to = `${folder}/${url.slice(ROOT.href.length)}`;
    await Deno.mkdir(to.slice(0, to.lastIndexOf("/")), { recursive: true });
    await Deno.copyFile(new URL(url), to);
  }
}
