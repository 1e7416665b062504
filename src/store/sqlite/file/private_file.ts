/**
 * Files that only this user can read.
 *
 * @module
 */

import { dirname } from "node:path";
import { statOf } from "./lock.ts";

/** Bytes that are copied at a time. */
const COPY_BYTES = 1_048_576;

/** Resolves a path; makes the file and its folder where there is none. */
export function realPathOf(path: string): string {
  // An existing file is not opened: closing it would take SQLite's locks from this process.
  if (statOf(path) === undefined) {
    Deno.mkdirSync(dirname(path), { recursive: true });
    makePrivate(path);
  }
  return Deno.realPathSync(path);
}

/** Makes an empty file that only this user can read: messages and the key of sessions are private. */
export function makePrivate(path: string): void {
  Deno.openSync(path, { write: true, create: true, mode: 0o600 }).close();
}

/** Copies an open file to another one, and syncs that to the disk. */
export function copyInto(from: Deno.FsFile, path: string): void {
  using to = Deno.openSync(path, { write: true });
  const buffer = new Uint8Array(COPY_BYTES);
  from.seekSync(0, Deno.SeekMode.Start);
  for (let read = from.readSync(buffer); read !== null; read = from.readSync(buffer)) {
    for (let written = 0; written < read;) written += to.writeSync(buffer.subarray(written, read));
  }
  to.syncSync();
}

/** Removes a file, if it is there. */
export function removeIfThere(path: string): void {
  if (statOf(path) !== undefined) Deno.removeSync(path);
}
