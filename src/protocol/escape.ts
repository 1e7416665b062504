/**
 * Text from others, made harmless for a terminal and a log line.
 *
 * @module
 */

// C0, DEL and C1 (ECMA-48), the line separators, and the marks that turn the direction of
// text (Unicode Standard Annex #9). Joiners stay: emoji and many scripts are made with them.
// deno-lint-ignore no-control-regex
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

// Characters that nobody sees (Unicode Standard, section 5.21): in JSON, an escape shows them.
const IGNORABLE = /\p{Default_Ignorable_Code_Point}/gu;

/** Replaces each control character by its JSON escape, like `\u001b`, which does nothing. */
export function escapeText(text: string): string {
  return text.replace(CONTROLS, escaped);
}

/** Replaces what nobody sees in a JSON text by escapes; the text means the same. */
export function escapeJson(json: string): string {
  return escapeText(json).replace(IGNORABLE, escaped);
}

function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}

/**
 * Splits a text into lines and escapes each. Line breaks and tabs are layout: line breaks end a
 * line, tabs stay as they are.
 */
export function escapeLines(text: string): string[] {
  return text.split(/\r?\n/).map((line) => line.split("\t").map(escapeText).join("\t"));
}
