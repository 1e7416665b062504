/**
 * Claims: what a token says of a person and of itself, once its signature is known to be good (RFC
 * 7519, under the advice of RFC 8725).
 *
 * @module
 */

import { stacklessError } from "../../protocol/errors.ts";
import { type CheckedProof, checkedProof, invalid, shown } from "./proof.ts";

/** The longest life of a token, in seconds: a day. */
export const MAX_TOKEN_SECONDS = 86_400;

/** The seconds by which the clocks of a server and an issuer may differ. */
export const LEEWAY_SECONDS = 60;

/** The party that tokens must come from, and the one that they must be for, where that is said. */
export interface ClaimRules {
  /** The `iss` that a token must have; any, unless given. */
  readonly issuer?: string | undefined;
  /** The `aud` that a token must have, alone or among others; none, unless given. */
  readonly audience?: string | undefined;
}

/**
 * Checks the claims of a token at the time `at`, in milliseconds since 1970.
 *
 * @throws {ChatError} `token_expired`, or `token_invalid` that names the claim and its value.
 */
export function checkedClaims(payload: unknown, rules: ClaimRules, at: number): CheckedProof {
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) {
    throw invalid("it holds no JSON object");
  }
  const fields = payload as Record<string, unknown>;
  const { sub, iss: issuer, name, bot, scope, rooms } = fields;
  if (rules.issuer !== undefined && issuer !== rules.issuer) {
    throw invalid(`iss must be ${shown(rules.issuer)}, not ${shown(issuer)}`);
  }
  checkAudience(fields.aud, rules.audience);
  const times = checkedTimes(fields, at / 1_000);
  // Whoever has the key has signed it, whatever it says of its issuer.
  return checkedProof({ sub, issuer, unique: true, name, bot, scope, rooms, ...times }, at);
}

/** Refuses a token for others: one that names somebody is for nobody else (RFC 7519, section 4.1.3). */
function checkAudience(aud: unknown, wanted: string | undefined): void {
  if (aud === undefined && wanted === undefined) return;
  const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (wanted === undefined) {
    throw invalid(`it is for ${shown(named[0])}, and no audience is set here`);
  }
  if (!named.includes(wanted)) {
    throw invalid(`aud must be ${shown(wanted)}, not ${shown(named[0])}`);
  }
}

function checkedTimes(
  { iat: issued, exp: ends, nbf: begins = issued }: Record<string, unknown>,
  now: number,
): { issuedAt: number; expiresAt: number } {
  const iat = checkedTime("iat", issued);
  const exp = checkedTime("exp", ends);
  const nbf = checkedTime("nbf", begins);
  if (exp <= iat) throw invalid("exp must be later than iat");
  if (exp - iat > MAX_TOKEN_SECONDS) {
    throw invalid(`it must last at most ${MAX_TOKEN_SECONDS} s, not ${Math.ceil(exp - iat)} s`);
  }
  const early = Math.max(iat, nbf) - now;
  if (early > LEEWAY_SECONDS) throw invalid(`it begins in ${Math.ceil(early)} s only`);
  if (now - exp >= LEEWAY_SECONDS) {
    throw stacklessError("token_expired", `Token has expired ${Math.floor(now - exp)} s ago`);
  }
  return { issuedAt: iat * 1_000, expiresAt: exp * 1_000 };
}

/** Checks a `NumericDate`: seconds since 1970, which may have a fraction. */
function checkedTime(claim: string, value: unknown): number {
  const most = Number.MAX_SAFE_INTEGER / 1_000;
  if (typeof value === "number" && value >= 0 && value <= most) return value;
  throw invalid(`${claim} must be a time in seconds since 1970, not ${shown(value)}`);
}
