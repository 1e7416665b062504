/**
 * Errors of a SQLite file: those that may pass, those that stay, and the refusals for clients.
 *
 * @module
 */

import { ChatError, reasonOf } from "../../../protocol/errors.ts";

/** Milliseconds until the next attempt; refusals name them to clients. */
export const RETRY_MS = 1_000;

/** Codes of errors of the disk: SQLITE_BUSY, LOCKED, READONLY, IOERR, FULL and CANTOPEN. */
const DISK_ERRORS = new Set([5, 6, 8, 10, 13, 14]);

/** Codes of a file that is not as it was written: SQLITE_CORRUPT and NOTADB. */
const DAMAGES = new Set([11, 26]);

/** The file is no longer at its path, or another one is there. */
export class FileLostError extends Error {}

/** The contents of the file are damaged. */
export class DamagedError extends Error {}

/** Says whether the disk, and not the program, is to blame: the same may work later. */
export function isDiskError(error: unknown): boolean {
  return error instanceof FileLostError || DISK_ERRORS.has(codeOf(error));
}

/** The refusal for a client: it names an error of the disk or the file, but none of the program. */
export function unavailable(what: "read" | "written", error: unknown): ChatError {
  const known = isDiskError(error) || error instanceof DamagedError || DAMAGES.has(codeOf(error));
  const message = `The log cannot be ${what} right now${known ? `: ${reasonOf(error)}` : ""}`;
  return new ChatError("unavailable", message, { cause: error, retryAfterMs: RETRY_MS });
}

function codeOf(error: unknown): number {
  return error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : 0;
}
