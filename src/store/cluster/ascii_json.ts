// This module is pure: no sockets, no clock, no Deno.

/**
 * JSON for headers, which take ASCII alone.
 *
 * @module
 */

/** Writes a value as JSON in ASCII. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
