/**
 * A folder for the tests of one file.
 *
 * @module
 */

import "./ignore_unpermitted.ts";
import { PERMITTED } from "./permissions.ts";

/** Makes a folder that is removed when the calling file's tests are over; none without permissions. */
export function tempFolder(): string {
  if (!PERMITTED) return "";
  const folder = Deno.makeTempDirSync();
  globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  return folder;
}
