/**
 * Reads fields of a frame, whatever stands there: a value of the right type, or a
 * {@linkcode ChatError} that names the field.
 *
 * @module
 */

import { stacklessError } from "./errors.ts";
import { MAX_ID_CHARS } from "./limits.ts";
import { MAX_REMARK_CHARS } from "./roles.ts";

/** The fields of a frame, or of a part of one, that nobody has looked at. */
export type RawFields = Record<string, unknown>;

/** Reads a text of 1 to `most` UTF-16 units; throws a ChatError that names the field where it is none. */
export function requiredText(field: string, value: unknown, most = MAX_ID_CHARS): string {
  if (typeof value !== "string" || value.length === 0 || value.length > most) {
    throw stacklessError(
      "invalid_frame",
      `"${field}" must be a string of 1 to ${most} characters, not ${describe(value)}`,
    );
  }
  return value.toWellFormed();
}

/** Reads the `body` of a request that may be missing; throws a ChatError where it is no object. */
export function optionalFields(action: string, body: unknown = {}): RawFields {
  if (isFields(body)) return body;
  throw stacklessError(
    "invalid_frame",
    `"body" of ${action} must be an object, not ${describe(body)}`,
  );
}

/** Reads a text that may be missing, as {@linkcode requiredText} does. */
export function optionalText(field: string, value: unknown): string | undefined {
  return value === undefined ? undefined : requiredText(field, value);
}

/** Reads a whole number of `least` or more; throws a ChatError where it is none. */
export function requiredCount(field: string, value: unknown, least = 0): number {
  return optionalCount(field, value ?? null, least)!;
}

/** Reads a whole number that may be missing; throws a ChatError where it is out of bounds. */
export function optionalCount(
  field: string,
  value: unknown,
  least = 0,
  most = Number.MAX_SAFE_INTEGER,
): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < least || value > most) {
    throw stacklessError(
      "invalid_frame",
      `"${field}" must be a whole number from ${least} to ${most}, not ${describe(value)}`,
    );
  }
  return value;
}

/** Reads a text for people, which may be empty; throws a ChatError where it is none, or too long. */
export function remarkOf(field: string, value: unknown): string {
  if (typeof value === "string" && value.length <= MAX_REMARK_CHARS) return value.toWellFormed();
  throw stacklessError(
    "invalid_frame",
    `"${field}" must be a string of at most ${MAX_REMARK_CHARS} characters, not ${describe(value)}`,
  );
}

/** Says whether a value is an object, and no list. */
export function isFields(value: unknown): value is RawFields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Describes any value in an error, in few characters. */
export function describe(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  return typeof value === "string" ? quote(value) : String(value);
}

/** Quotes the beginning of a text in an error. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
