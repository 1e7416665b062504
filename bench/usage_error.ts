// This module is pure: no sockets, no clock, no Deno.

/**
 * The error of a command line, which is the user's to mend.
 *
 * @module
 */

/** A command line that makes no sense: one line that names the flag and the value. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
