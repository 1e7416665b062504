/**
 * From the flags about tokens to what checks them; its library is loaded only where there are any.
 *
 * @module
 */

import { checkedSecrets } from "../auth/options.ts";
import type { Authenticate } from "../core/authority/authenticate.ts";
import { reasonOf } from "../protocol/errors.ts";
import type { Logger } from "../server/logging/logger.ts";
import type { TokenSettings } from "./flags/token_flags.ts";

/**
 * Makes what checks the tokens of people; undefined where nobody has one. Keys that cannot be had while
 * the server runs are a line of its log.
 *
 * @throws {RangeError} where a file has no keys, or a secret that could be guessed.
 */
export async function openTokens(
  settings: TokenSettings,
  logger: Pick<Logger, "warn">,
): Promise<Authenticate | undefined> {
  const { secretFile, jwks, issuer, audience } = settings;
  const rules = {
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
  };
  if (secretFile !== undefined) {
    const { jwt } = await import("../auth/jwt.ts");
    return jwt({ ...rules, secret: await readSecrets(secretFile) });
  }
  if (jwks === undefined) return undefined;
  const { jwt } = await import("../auth/jwt.ts");
  const { checkedPlace } = await import("../auth/options.ts");
  const place = checkedPlace("--auth-jwks", jwks);
  if (typeof place === "string" || place.protocol === "file:") await checkFile(place);
  const troubled = (error: unknown) => logger.warn("keys troubled", { error: reasonOf(error) });
  return jwt({ ...rules, jwks: place, troubled });
}

/**
 * Reads the secrets of a file, one a line: the new one, and the old one while it is exchanged.
 *
 * @throws {RangeError} where there are others than one or two, or one could be guessed.
 */
export async function readSecrets(path: string): Promise<string[]> {
  const lines = (await Deno.readTextFile(path)).split("\n").filter((line) => line.trim());
  return checkedSecrets("--auth-secret-file", lines);
}

/** Reads a file of keys at the start: whoever starts the server hears what is wrong with it. */
async function checkFile(place: URL | string): Promise<void> {
  const { readKeySet } = await import("../auth/key_set.ts");
  try {
    readKeySet(await Deno.readTextFile(place));
  } catch (error) {
    throw new RangeError(`--auth-jwks: ${reasonOf(error)}`);
  }
}
