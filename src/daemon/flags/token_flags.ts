/**
 * The flags of the server about tokens: whose are good, and whether people without one may come.
 *
 * @module
 */

import { checkedPlace } from "../../auth/options.ts";
import { shown } from "../../core/state/option_checks.ts";

/** The settings of tokens, from the command line. */
export interface TokenSettings {
  /** The file that the secret of the tokens is in, or the two while it is exchanged. */
  readonly secretFile: string | undefined;
  /** The place of the public keys of the tokens. */
  readonly jwks: string | undefined;
  /** The `iss` that tokens must have. */
  readonly issuer: string | undefined;
  /** The `aud` that tokens must have. */
  readonly audience: string | undefined;
  /** The word about people without a token; undefined where nothing is said. */
  readonly anonymous: "allow" | "deny" | undefined;
}

/** The names of the flags. */
export const TOKEN_FLAGS = [
  "auth-secret-file",
  "auth-jwks",
  "auth-issuer",
  "auth-audience",
  "anonymous",
] as const;

/** Their part of `--help`. */
export const TOKEN_HELP = `  --auth-secret-file PATH
                      the secret that tokens of people are signed with (HS256), or the new
                      and the old one, a line each
  --auth-jwks PLACE   the public keys of such tokens instead (EdDSA, ES256, RS256): a file, or
                      an address with https:; needs the two below
  --auth-issuer ISS   the issuer that tokens must name
  --auth-audience AUD the audience that tokens must name
  --anonymous WORD    allow or deny people without a token (default deny where tokens are taken)`;

/**
 * Reads the flags about tokens.
 *
 * @throws {RangeError} with one line that names the flag and the value that will not do.
 */
export function checkedTokens(
  text: (name: typeof TOKEN_FLAGS[number]) => string | undefined,
): TokenSettings {
  const secretFile = text("auth-secret-file");
  const jwks = text("auth-jwks");
  const issuer = text("auth-issuer");
  const audience = text("auth-audience");
  const anonymous = text("anonymous");
  if (secretFile !== undefined && jwks !== undefined) {
    throw new RangeError("Of --auth-secret-file and --auth-jwks only one can be given");
  }
  const hasTokens = secretFile !== undefined || jwks !== undefined;
  for (const [name, value] of Object.entries({ issuer, audience })) {
    if (jwks !== undefined && value === undefined) {
      throw new RangeError(
        `--auth-jwks needs --auth-${name}: its keys may sign for others as well`,
      );
    }
    if (value !== undefined && !hasTokens) {
      throw new RangeError(`--auth-${name} needs --auth-secret-file or --auth-jwks`);
    }
  }
  if (jwks !== undefined) checkedPlace("--auth-jwks", jwks);
  if (anonymous !== undefined && anonymous !== "allow" && anonymous !== "deny") {
    throw new RangeError(`--anonymous must be allow or deny, not ${shown(anonymous)}`);
  }
  if (anonymous === "deny" && !hasTokens) {
    throw new RangeError("--anonymous deny needs --auth-secret-file or --auth-jwks");
  }
  return { secretFile, jwks, issuer, audience, anonymous };
}
