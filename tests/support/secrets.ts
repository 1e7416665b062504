/**
 * Secrets as they are written: session tokens, signatures of rooms, and tokens of people. The tests
 * look for them wherever a server has logged something.
 *
 * @module
 */

/** Forms of secrets: a signature of a server (`src/server/token_signer.ts`), and a JWT (RFC 7519). */
const SECRETS = [
  /(?<![0-9a-z])[0-9a-hjkmnp-tv-z]{32}(?![0-9a-z])/,
  /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}/,
];

/** Says whether a text has what is written like a secret. */
export function hasSecret(text: string): boolean {
  return SECRETS.some((secret) => secret.test(text));
}
