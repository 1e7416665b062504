/**
 * Text in UTF-8, as it is on the wire: lone surrogates cannot be in it.
 *
 * @module
 */

/** The length of `text` in UTF-8; a lone surrogate counts as the three bytes of U+FFFD. */
export function utf8Bytes(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.codePointAt(i)!;
    // Two units are one character.
    if (code > 0xffff) i++;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/**
 * Replaces lone surrogates in a JSON text, or a piece of one, by U+FFFD, as an encoder does. JSON
 * can spell one as an escape, and many parsers refuse that (RFC 7493, section 2.1).
 */
export function wellFormedJson(json: string): string {
  if (!/\\u[dD]/.test(json)) return json;
  // The escape of a pair, of a lone surrogate, or any other, like a backslash before the letters
  // "ud".
  const escapes = /\\(?:ud[89ab][\da-f]{2}\\ud[c-f][\da-f]{2}|ud[89a-f][\da-f]{2}|[^])/gi;
  return json.replace(escapes, (escape) => escape.length === 6 ? "\ufffd" : escape);
}
