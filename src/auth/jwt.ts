/**
 * People who prove who they are with a signed token (JWT): one of your own app, signed with a secret
 * that both have, or one of a provider of identities, with its public keys.
 *
 * ```ts
 * import { jwt } from "jsr:@parley/chat/auth";
 * import { createChat } from "jsr:@parley/chat/mount";
 *
 * const chat = createChat({
 *   authenticate: jwt({ secret: Deno.env.get("AUTH_SECRET")! }),
 *   anonymous: "deny",
 * });
 * Deno.serve(chat.fetch);
 * ```
 *
 * @module
 */

import type * as Jose from "jose";
import { checkedClaims, type ClaimRules } from "../core/authority/claims.ts";
import {
  type CheckedProof,
  checkedSub,
  invalid,
  type Proof,
  shown,
} from "../core/authority/proof.ts";
import type { Authenticate, HelloRequest } from "../core/authority/authenticate.ts";
import { ChatError } from "../protocol/errors.ts";
import type { Role } from "../protocol/roles.ts";
import { MAX_TOKEN_CHARS } from "../protocol/hello.ts";
import { KeyCache } from "./key_cache.ts";
import type { PublicAlgorithm } from "./key_set.ts";
import { checkedJwt, type JwtOptions, type JwtSettings, LIBRARY } from "./options.ts";
import { loadKeySet } from "./load_key_set.ts";

export type { Authenticate, HelloRequest, JwtOptions, Proof, Role };

/** The kinds of token that are good, where a token names its kind (RFC 8725, section 3.11). */
const TYPES = ["jwt", "at+jwt"];

/** A key that a signature may have been made with. */
type VerifyingKey = Uint8Array | CryptoKey;

/** An issuer whose tokens are good, and how its keys are found. */
interface Trusted {
  readonly rules: ClaimRules;
  /** The algorithms of its keys: no others are looked at. */
  readonly algorithms: readonly string[];
  /** Finds the keys that a signature may be checked with. */
  keys(algorithm: string, kid: string | undefined): Promise<readonly VerifyingKey[]>;
}

/**
 * Makes the function that checks tokens, for `authenticate` of a chat. With several options, each is
 * an issuer of its own, with its own keys, and the `iss` of a token says which one it is of.
 *
 * A good token has a good signature by an algorithm that fits the kind of the key, `sub`, `iat` and
 * `exp`, lasts at most a day, and has the `iss` and `aud` that were asked for. Keys that a header brings or points
 * to (`jwk`, `jku`, `x5c`, `x5u`) are not looked at.
 *
 * @throws {RangeError} that names the option that will not do; a secret is not shown.
 */
export function jwt(options: JwtOptions | readonly JwtOptions[]): Authenticate {
  const trusted = checkedJwt(options).map(trust);
  return async (_request, token) => token === undefined ? null : await verified(token, trusted);
}

function trust(settings: JwtSettings): Trusted {
  const { secrets, jwks, issuer, audience, troubled } = settings;
  const rules = { issuer, audience };
  if (jwks === undefined) {
    const keys = secrets.map((secret) => new TextEncoder().encode(secret));
    return { rules, algorithms: ["HS256"], keys: () => Promise.resolve(keys) };
  }
  const cache = new KeyCache({
    load: () => loadKeySet(jwks),
    now: () => performance.now(),
    troubled,
  });
  const keys = async (algorithm: string, kid: string | undefined) => {
    const kind = algorithm === "Ed25519" ? "EdDSA" : algorithm as PublicAlgorithm;
    const found = await cache.find(kind, kid);
    const { importJWK } = await library();
    return await Promise.all(found.map(({ jwk }) => importJWK({ ...jwk }, algorithm)));
  };
  return { rules, algorithms: ["EdDSA", "Ed25519", "ES256", "RS256"], keys };
}

async function library(): Promise<typeof Jose> {
  return await import(LIBRARY);
}

/** Checks a token: its issuer, its signature, and what it says. */
async function verified(token: string, trusted: readonly Trusted[]): Promise<CheckedProof> {
  if (typeof token !== "string" || token.length > MAX_TOKEN_CHARS) {
    throw invalid(`it must be a text of at most ${MAX_TOKEN_CHARS} characters`);
  }
  const { header, issuer } = await read(token);
  const { alg, kid, typ, crit } = header;
  const known = trusted.length === 1
    ? trusted[0]
    : trusted.find(({ rules }) => rules.issuer === issuer);
  if (known === undefined) throw invalid(`iss ${shown(issuer)} is not known here`);
  if (typeof alg !== "string" || !known.algorithms.includes(alg)) {
    throw invalid(`alg must be one of ${known.algorithms.join(", ")}, not ${shown(alg)}`);
  }
  if (crit !== undefined) throw invalid("its header has crit, and nothing of that is known here");
  if (typ !== undefined && !TYPES.includes(String(typ).toLowerCase().replace("application/", ""))) {
    throw invalid(`typ must be JWT, not ${shown(typ)}`);
  }
  if (kid !== undefined && typeof kid !== "string") {
    throw invalid(`kid must be a text, not ${shown(kid)}`);
  }
  const keys = await known.keys(alg, kid);
  if (keys.length === 0) throw invalid(`there is no ${alg} key ${shown(kid)}`);
  const proof = checkedClaims(await signedBy(token, alg, keys), known.rules, Date.now());
  // The same `sub` of two issuers is two people. An issuer holds no blank.
  return trusted.length === 1
    ? proof
    : { ...proof, sub: checkedSub(`${proof.issuer} ${proof.sub}`) };
}

/** Reads what a token says of itself, before anything of it is believed. */
async function read(token: string): Promise<{ header: Record<string, unknown>; issuer: unknown }> {
  const { decodeJwt, decodeProtectedHeader } = await library();
  try {
    return { header: { ...decodeProtectedHeader(token) }, issuer: decodeJwt(token).iss };
  } catch {
    throw invalid("it is no JWT of three parts");
  }
}

/** The claims of a token, if one of the keys has signed them. */
async function signedBy(
  token: string,
  alg: string,
  keys: readonly VerifyingKey[],
): Promise<unknown> {
  const { compactVerify } = await library();
  for (const key of keys) {
    try {
      const { payload } = await compactVerify(token, key, { algorithms: [alg] });
      return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
    } catch (error) {
      if (error instanceof ChatError) throw error;
    }
  }
  throw invalid("its signature is not by a key that is known here");
}
