/**
 * The options of checked tokens, and their defaults.
 *
 * @module
 */

import { checkedOptions, shown } from "../core/state/option_checks.ts";

/**
 * The library, in the version of `deno.json`, loaded when the first token comes. A literal in the
 * import would make the runtime fetch it for everybody.
 */
export const LIBRARY = "npm:jose@6.2.18";

/** An issuer whose tokens are good: either its secret or the address of its public keys. */
export interface JwtOptions {
  /**
   * The secret that tokens are signed with (HS256), of at least 32 characters without the white space
   * around it. While it is exchanged, a list of two: the new one and the old one.
   */
  secret?: string | readonly string[];
  /**
   * The place of the public keys (JWKS): a path, or an address with `https:`, or `http:` on this
   * machine. Tokens are signed with EdDSA, ES256 or RS256.
   */
  jwks?: string | URL;
  /** The `iss` that tokens must have; needed with `jwks`, as a provider may sign for many. */
  issuer?: string;
  /** The `aud` that tokens must have; needed with `jwks`. Without it, a token that has one is refused. */
  audience?: string;
  /** Hears why keys cannot be had; the last ones that were had stay good. Unless given, nobody does. */
  troubled?: (error: unknown) => void;
}

/** Checked options of one issuer. */
export interface JwtSettings {
  readonly secrets: readonly string[];
  readonly jwks: URL | string | undefined;
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
  readonly troubled: (error: unknown) => void;
}

/** As many characters as 128 random bits have in hexadecimal. */
const MIN_SECRET_CHARS = 32;

/** The most secrets at once: the new one and the old one. */
const MAX_SECRETS = 2;

const NAMES = ["secret", "jwks", "issuer", "audience", "troubled"] as const;

/**
 * Checks options, of one issuer or several.
 *
 * @throws {RangeError} that names the option that will not do and its value; a secret is not shown.
 */
export function checkedJwt(given: JwtOptions | readonly JwtOptions[]): JwtSettings[] {
  const all = (Array.isArray(given) ? given : [given]).map(checkedIssuer);
  const issuers = new Set(all.map(({ issuer }) => issuer));
  if (all.length === 0) throw new RangeError("jwt() needs an issuer");
  if (all.length > 1 && (issuers.has(undefined) || issuers.size < all.length)) {
    throw new RangeError("jwt() with several issuers needs an issuer for each, and each once");
  }
  return all;
}

function checkedIssuer(given: JwtOptions): JwtSettings {
  const { secret, jwks, issuer, audience, troubled = () => {} } = checkedOptions(
    "jwt",
    given,
    NAMES,
  );
  if ((secret === undefined) === (jwks === undefined)) {
    throw new RangeError("jwt() needs either secret or jwks");
  }
  if (jwks !== undefined && (issuer === undefined || audience === undefined)) {
    throw new RangeError("jwks needs issuer and audience: its keys may sign for others as well");
  }
  return {
    secrets: secret === undefined ? [] : checkedSecrets("secret", [secret].flat()),
    jwks: jwks === undefined ? undefined : checkedPlace("jwks", jwks),
    issuer: checkedText("issuer", issuer, /^\S+$/, "a text without blanks"),
    audience: checkedText("audience", audience, /./, "a text"),
    troubled,
  };
}

/**
 * Takes one or two secrets, without the white space around them.
 *
 * @throws {RangeError} with one line that names where they came from, and shows none of them.
 */
export function checkedSecrets(name: string, given: readonly string[]): string[] {
  if (given.length === 0 || given.length > MAX_SECRETS) {
    throw new RangeError(`${name} must hold 1 to ${MAX_SECRETS} secrets, not ${given.length}`);
  }
  return given.map((text) => {
    if (typeof text !== "string") {
      throw new RangeError(`${name} must be a text, not a ${typeof text}`);
    }
    const secret = text.trim();
    if (secret.length >= MIN_SECRET_CHARS) return secret;
    throw new RangeError(
      `${name} must hold at least ${MIN_SECRET_CHARS} characters, not ${secret.length}`,
    );
  });
}

/**
 * Takes the place of a set of keys: an address, or a path.
 *
 * @throws {RangeError} where keys from there could be anybody's.
 */
export function checkedPlace(name: string, place: string | URL): URL | string {
  const text = String(place);
  // A letter and a colon begin a path of Windows.
  if (text !== "" && !/^[a-z][a-z0-9+.-]+:/i.test(text)) return text;
  const url = URL.parse(text);
  const isOwn = url?.protocol === "http:" &&
    /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname);
  if (url !== null && (isOwn || url.protocol === "https:" || url.protocol === "file:")) return url;
  throw new RangeError(
    `${name} must be a path, or an address with https:, not ${
      shown(text.replace(/\/\/.*@/, "//…@"))
    }`,
  );
}

function checkedText(
  name: string,
  text: string | undefined,
  form: RegExp,
  wanted: string,
): string | undefined {
  if (text === undefined || typeof text === "string" && form.test(text)) return text;
  throw new RangeError(`${name} must be ${wanted}, not ${shown(text)}`);
}
