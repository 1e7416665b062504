// This module is pure: no sockets, no clock, no Deno.

/**
 * Checks of what an app gives to the client, so that a slip is named where it was made.
 *
 * @module
 */

import { ChatError } from "../protocol/errors.ts";

/**
 * Checks that a value is good for the argument `name`.
 *
 * @throws {ChatError} `invalid_argument`, with the name and the value.
 */
export function check(isGood: boolean, name: string, value: unknown): asserts isGood {
  if (!isGood) throw new ChatError("invalid_argument", `${name} cannot be ${String(value)}`);
}
