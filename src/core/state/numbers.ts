/**
 * The numbers of a client's messages: 1, 2, 3… without holes.
 *
 * @module
 */

import { type ChatError, stacklessError } from "../../protocol/errors.ts";

/** Judges message `n` of a client whose messages up to `last` were taken: one that is too early is refused. */
export function judge(n: number, last: number): "next" | "repeat" | ChatError {
  if (n <= last) return "repeat";
  if (n === last + 1) return "next";
  return stacklessError("out_of_order", `Message ${n} came before ${last + 1}`);
}
