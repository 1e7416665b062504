/**
 * Where results go.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { reasonOf } from "../src/protocol/errors.ts";

/** Makes the folder of a run: `out`, or one named after the time. Rejects with one line where it cannot. */
export async function makeFolder(out: string | undefined): Promise<string> {
  const time = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  const folder = out ?? fileURLToPath(new URL(`data/${time}`, import.meta.url));
  try {
    await Deno.mkdir(folder, { recursive: true });
    return folder;
  } catch (cause) {
    const reason = reasonOf(cause);
    throw new Error(`Cannot write to ${folder}: ${reason}`, { cause });
  }
}
