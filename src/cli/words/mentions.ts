// This module is pure: no sockets, no clock, no Deno.

/**
 * Messages that call somebody by name.
 *
 * @module
 */

/** The letters, digits and marks that words are made of. */
const WORD = /[\p{L}\p{N}\p{M}_]/u;

/** The most UTF-16 units of a message in which names are looked for. */
const MOST_UNITS = 16_384;

/** Says whether a text has a name in it as a word of its own, in any case. */
export function mentions(text: string, name: string): boolean {
  const wanted = fold(name);
  if (wanted.trim() === "") return false;
  const searched = fold(text.slice(0, MOST_UNITS));
  for (let at = searched.indexOf(wanted); at >= 0; at = searched.indexOf(wanted, at + 1)) {
    if (!endsInWord(searched.slice(0, at)) && !beginsWithWord(searched.slice(at + wanted.length))) {
      return true;
    }
  }
  return false;
}

function endsInWord(text: string): boolean {
  return WORD.test(Array.from(text.slice(-2)).at(-1) ?? "");
}

function beginsWithWord(text: string): boolean {
  return WORD.test(String.fromCodePoint(text.codePointAt(0) ?? 0x20));
}

/** Folds case; composed, as a keyboard may take letters apart. */
function fold(text: string): string {
  return text.normalize("NFC").toLowerCase();
}
