// This module is pure: no sockets, no clock, no Deno.

/**
 * Text from others, made harmless for a terminal and for a log line.
 *
 * @module
 */

// C0, DEL and C1 (ECMA-48), the line separators, and the marks that turn the direction of
// text (Unicode Standard Annex #9). Joiners stay: emoji and many scripts are made with them.
// deno-lint-ignore no-control-regex
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Replaces every control by its escape as in JSON, like `\u001b`, so that it is seen and does nothing. */
export function visible(text: string): string {
  return text.replace(
    CONTROLS,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * Splits a text of several lines and makes each of them harmless. Line breaks and tabs are layout:
 * the first end a line, the second stay as they are.
 */
export function visibleLines(text: string): string[] {
  return text.split(/\r?\n/).map((line) => line.split("\t").map(visible).join("\t"));
}
