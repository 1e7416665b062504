/**
 * Words of texts, as a search compares them: without case and accents. A store that has an index puts
 * the same words into it, so that a search finds the same everywhere.
 *
 * @module
 */

/** The most words in a search. */
export const MAX_WORDS = 16;

/** Accents that stand behind their letter once a text is taken apart. */
const ACCENTS = /[\u0300-\u036f]+/g;

const ASCII = /^[\0-\x7f]*$/;
const ASCII_PIECES = /[a-z\d]+/g;

/** Pieces of a text between which there is no word. */
const PIECES = /[\p{L}\p{N}\p{M}]+/gu;

/**
 * Characters of scripts that put no spaces between words: Thai, Lao, Myanmar, Khmer, Hangul, kana and
 * Han. Each is a token by itself, so that a word within a sentence is found as a row of them.
 */
const UNSPACED =
  /[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3040-\u31ff\u3400-\u9fff\uac00-\ud7ff\uf900-\ufaff\u{20000}-\u{3ffff}]/u;

/** The tokens of a piece in which there are such characters. */
const TOKENS = new RegExp(`${UNSPACED.source}\\p{M}*|[^${UNSPACED.source.slice(1)}+`, "gu");

/** The tokens of a text with a space between any two, in their order. */
export function tokensOf(text: string): string {
  return piecesOf(text).join(" ");
}

/**
 * The words that a search is for: each as its tokens, with spaces between them. All of them have to be
 * in a text, in any order. Characters that are part of no word mean nothing here.
 */
export function wordsOf(text: string): string[] {
  return [...new Set(piecesOf(text))];
}

/** Says whether a text has all of these words. */
export function hasWords(text: string, words: readonly string[]): boolean {
  if (ASCII.test(text)) {
    const lower = text.toLowerCase();
    if (!words.every((word) => lower.includes(word))) return false;
  }
  const tokens = ` ${tokensOf(text)} `;
  return words.every((word) => tokens.includes(` ${word} `));
}

/** Says whether an encoded entry is a message that has all of these words. */
export function isFound(entry: string, words: readonly string[]): boolean {
  const { body }: { body?: unknown } = JSON.parse(entry);
  return typeof body === "string" && hasWords(body, words);
}

/** The words of a text, each as its tokens. */
function piecesOf(text: string): string[] {
  if (ASCII.test(text)) return text.toLowerCase().match(ASCII_PIECES) ?? [];
  // Without case, accents, and forms that differ by their width.
  const folded = text.normalize("NFKD").toLowerCase().replace(ACCENTS, "").normalize("NFC");
  const pieces = folded.match(PIECES) ?? [];
  return pieces.map((piece) => UNSPACED.test(piece) ? piece.match(TOKENS)!.join(" ") : piece);
}
