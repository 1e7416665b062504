/**
 * Faults of the program in the log: what was thrown, and where.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import type { Fields } from "./logger.ts";

/** The most calls of a stack that are logged. */
const MOST_CALLS = 10;

/** The fields for what was thrown: its kind and message, and the calls that led there, the last one first. */
export function faultOf(error: unknown): Fields {
  const calls = error instanceof Error ? error.stack?.match(/^ {4}at .+$/gm) ?? [] : [];
  const stack = calls.slice(0, MOST_CALLS).map((call) => call.trim()).join(", ");
  return { error: reasonOf(textOf(error)), stack: stack === "" ? undefined : stack };
}

/** The text of what was thrown. Code of others throws what it likes, and a report of it must not throw. */
function textOf(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return Object.prototype.toString.call(thrown);
  }
}
