/**
 * Crockford's base 32 in lower case, which has no i, l, o or u: easy to read aloud, and safe in URLs.
 *
 * @module
 */

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** Writes five bits of each byte as a character: 32 random bytes are a secret of 160 bits. */
export function textOf(bytes: Uint8Array): string {
  // 256 is a multiple of 32, so that the low five bits of a random byte are unbiased.
  return Array.from(bytes, (byte) => ALPHABET[byte & 31]).join("");
}
