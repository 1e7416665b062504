// This module is pure: no sockets, no clock, no Deno.

/**
 * Reads sets of public keys (JWKS, RFC 7517). The kind of a key alone says which algorithm its
 * signatures have.
 *
 * @module
 */

/** An algorithm of signatures that can be checked with a public key. */
export type PublicAlgorithm = "EdDSA" | "ES256" | "RS256";

/** A public key of an issuer. */
export interface PublicKey {
  /** Its name in the set, where it has one. */
  readonly kid?: string;
  /** The algorithm of all its signatures. */
  readonly algorithm: PublicAlgorithm;
  /** The key itself, as a JWK with nothing but what makes it. */
  readonly jwk: Readonly<Record<string, string>>;
}

/** The most keys of a set that are kept. */
const MAX_KEYS = 100;

/** The kinds of keys that are used: what makes one, and its algorithm. */
const KINDS: readonly {
  algorithm: PublicAlgorithm;
  kty: string;
  crv?: string;
  parts: readonly string[];
}[] = [
  { algorithm: "EdDSA", kty: "OKP", crv: "Ed25519", parts: ["x"] },
  { algorithm: "ES256", kty: "EC", crv: "P-256", parts: ["x", "y"] },
  { algorithm: "RS256", kty: "RSA", parts: ["n", "e"] },
];

/**
 * Reads a set of keys. Keys of other kinds, for other uses or other algorithms are passed over, and
 * so are secrets: a secret in a public set is none.
 *
 * @throws {RangeError} where it is no set, or has no key that can be used.
 */
export function readKeySet(text: string): PublicKey[] {
  let set: unknown;
  try {
    set = JSON.parse(text);
  } catch {
    throw new RangeError("The set of keys is not JSON");
  }
  const list = (set as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(list)) throw new RangeError("The set of keys has no list of keys");
  const keys = list.flatMap((jwk) => publicKey(jwk) ?? []).slice(0, MAX_KEYS);
  if (keys.length > 0) return keys;
  throw new RangeError("The set has no key for EdDSA with Ed25519, ES256 or RS256");
}

function publicKey(jwk: Record<string, unknown> | null): PublicKey | undefined {
  if (typeof jwk !== "object" || jwk === null) return undefined;
  const { kty, crv, kid, alg, use, key_ops: uses } = jwk;
  const kind = KINDS.find((kind) => kind.kty === kty && (kind.crv ?? crv) === crv);
  if (kind === undefined) return undefined;
  const { algorithm, parts } = kind;
  if (alg !== undefined && alg !== algorithm && !(alg === "Ed25519" && crv === alg)) {
    return undefined;
  }
  if (use !== undefined && use !== "sig") return undefined;
  if (uses !== undefined && !(Array.isArray(uses) && uses.includes("verify"))) return undefined;
  if (!parts.every((part) => typeof jwk[part] === "string")) return undefined;
  const made = parts.map((part): [string, string] => [part, String(jwk[part])]);
  return {
    ...(typeof kid === "string" ? { kid } : {}),
    algorithm,
    jwk: { kty: kind.kty, ...(kind.crv ? { crv: kind.crv } : {}), ...Object.fromEntries(made) },
  };
}
