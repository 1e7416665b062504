/**
 * Names of people and rooms: the rules for new ones, and how to show those that earlier servers
 * allowed.
 *
 * @module
 */

import { ChatError } from "./errors.ts";
import { MAX_NAME_BYTES } from "./frames.ts";
import { utf8Bytes } from "./utf8.ts";

// Controls (C0, DEL, C1), the breaks of lines and paragraphs, all that Unicode calls ignorable by
// default (joiners, direction marks, fillers, variation selectors, tags), the marks of annotations,
// and two blank signs that Unicode calls neither a space nor ignorable.
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb\u2800\u{1d159}]/u;

/** Finds all of them. */
const ALL_UNSEEN = new RegExp(UNSEEN, "gu");

/** The most UTF-16 units of a name that is not composed yet: a longer one stays too long. */
const MOST_UNITS = 4 * MAX_NAME_BYTES;

/**
 * Reads a name and composes it (NFC): a keyboard or a file system may have taken it apart, which
 * nobody sees.
 *
 * @throws {ChatError} `invalid_frame` that says what is wrong with it.
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

/** Writes a name in one line with single spaces; what nobody sees is spelled, as `U+202E`. */
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

/** Writes the number of a character, as Unicode does. */
function code(character: string): string {
  return `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
}
