/**
 * Text in UTF-8, as it is on the wire: lone surrogates cannot be in it.
 *
 * @module
 */

/** The length of `text` in UTF-8; a lone surrogate counts as the three bytes of U+FFFD. */
export function utf8Bytes(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if ((unit & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      bytes += 4;
      i++;
    } else bytes += 3;
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
