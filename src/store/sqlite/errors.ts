/**
 * Errors of a SQLite file: those that may pass, those that stay, and what users are told.
 *
 * @module
 */

import { ChatError, reasonOf } from "../../protocol/errors.ts";

/** The time after which it is tried again, in milliseconds; clients are told it too. */
export const RETRY_MS = 1_000;

/** Codes of what the disk can do to a transaction: SQLITE_BUSY, LOCKED, READONLY, IOERR, FULL and CANTOPEN. */
const DISK_ERRORS = new Set([5, 6, 8, 10, 13, 14]);

/** Codes that tell that a file is not as it was written: SQLITE_CORRUPT and NOTADB. */
const DAMAGES = new Set([11, 26]);

/** The file is not where it was, or not the one that it was. */
export class FileLostError extends Error {}

/** Damage: what is in the file cannot be. */
export class DamagedError extends Error {}

/** Says whether the disk, and not the program, is to blame: what failed may work later. */
export function isDiskError(error: unknown): boolean {
  return error instanceof FileLostError || DISK_ERRORS.has(codeOf(error));
}

/** The refusal for a client that asked for it; what is to blame is named, but a fault of the program is not. */
export function unavailable(what: "read" | "written", error: unknown): ChatError {
  const known = isDiskError(error) || error instanceof DamagedError || DAMAGES.has(codeOf(error));
  const message = `The log cannot be ${what} right now${known ? `: ${reasonOf(error)}` : ""}`;
  return new ChatError("unavailable", message, { cause: error, retryAfterMs: RETRY_MS });
}

function codeOf(error: unknown): number {
  return error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : 0;
}
