/**
 * Names of people and rooms: what can be one, and how those are shown that were let in earlier.
 *
 * @module
 */

import { ChatError } from "./errors.ts";
import { MAX_NAME_BYTES } from "./frames.ts";
import { utf8Bytes } from "./utf8.ts";

// Controls (C0, DEL, C1), the breaks of lines and paragraphs, all that Unicode calls ignorable by
// default (joiners, direction marks, fillers, variation selectors, tags), the marks of annotations,
// and the two signs that are blank and called neither a space nor ignorable.
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb\u2800\u{1d159}]/u;

/** The same, for all of them. */
const ALL_UNSEEN = new RegExp(UNSEEN, "gu");

/** No form of a name that is short enough, composed, has more UTF-16 units than this. */
const MOST_UNITS = 4 * MAX_NAME_BYTES;

/**
 * Reads a name: it is composed (NFC), so that what looks the same because a keyboard or a file
 * system took it apart is the same.
 *
 * @throws {ChatError} that says what is wrong with it.
 */
export function readName(text: string): string {
  if (text.length > MOST_UNITS) throw tooLong(text);
  const name = text.toWellFormed().normalize("NFC");
  const [unseen] = UNSEEN.exec(name) ?? [];
  if (unseen !== undefined) throw wrong(`A name must not hold ${code(unseen)}, which nobody sees`);
  if (utf8Bytes(name) > MAX_NAME_BYTES) throw tooLong(name);
  if (name.trim() === "") throw wrong(`A name must not be blank, as ${JSON.stringify(name)} is`);
  return name;
}

/** Writes a name in one line with single spaces, in which everything is seen, as `U+202E`. */
export function shownName(name: string): string {
  return name.replace(/\s+/g, " ").trim().replace(ALL_UNSEEN, code);
}

function tooLong(name: string): ChatError {
  const bytes = utf8Bytes(name);
  return wrong(`A name must have at most ${MAX_NAME_BYTES} bytes, not ${bytes}`);
}

function wrong(message: string): ChatError {
  return new ChatError("invalid_frame", message);
}

/** A character by its number, as Unicode writes it. */
function code(character: string): string {
  return `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
}
