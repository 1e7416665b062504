/**
 * The command that signs a token to try a server with: `token` behind the name of the server.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { joinEmptyValues } from "../arguments.ts";
import { signToken } from "../auth/sign.ts";
import { checkedClaims, MAX_TOKEN_SECONDS } from "../core/authority/claims.ts";
import { checkedNumber } from "../core/state/option_checks.ts";
import { PROGRAMS } from "../program.ts";
import { readSecrets } from "./open_tokens.ts";

/** The word that it begins with. */
export const TOKEN_COMMAND = "token";

/** The life of a token that is told no other, in seconds. */
const USUAL_SECONDS = 3_600;

/** The text of `token --help`. */
export const TOKEN_COMMAND_HELP: string = `Usage: ${PROGRAMS.server} token [flags]

Prints a token that says who somebody is, for the clients of a server with the same secret.

  --auth-secret-file PATH  the secret, or the new and the old one: the first signs
  --sub SUB                who it is; needed
  --name NAME              the name that others see
  --bot                    it is a program
  --scope WORDS            what it may do besides, like "admin"
  --role ROOM=ROLE         its role in a room; * for all others; may be given several times
  --auth-issuer ISS        the issuer, where the server wants one
  --auth-audience AUD      the audience, where the server has one
  --seconds N              for how long it is good (default ${USUAL_SECONDS}, at most ${MAX_TOKEN_SECONDS})
`;

const TEXTS = [
  "auth-secret-file",
  "sub",
  "name",
  "scope",
  "auth-issuer",
  "auth-audience",
  "seconds",
] as const;

/**
 * Signs the token that the arguments describe, at the time `at` in milliseconds since 1970; `help` is
 * the text that explains them.
 *
 * @throws {RangeError} with one line that names the flag and the value that will not do.
 */
export async function tokenCommand(args: string[], at: number): Promise<string> {
  const withValue = [...TEXTS, "role"];
  const flags = parseArgs(joinEmptyValues(args, withValue), {
    string: withValue,
    boolean: ["bot", "help"],
    collect: ["role"],
    alias: { help: "h" },
    unknown: (argument) => {
      throw new RangeError(`Unknown argument ${JSON.stringify(argument)}: see token --help`);
    },
  });
  if (flags.help) return TOKEN_COMMAND_HELP.trimEnd();
  const text = (name: typeof TEXTS[number]): string | undefined => {
    const value: unknown = flags[name];
    if (value === undefined || typeof value === "string" && value !== "") return value;
    throw new RangeError(`--${name} needs one value`);
  };
  const file = text("auth-secret-file");
  if (file === undefined) throw new RangeError("token needs --auth-secret-file");
  const written = text("seconds") ?? String(USUAL_SECONDS);
  const range = [1, MAX_TOKEN_SECONDS] as const;
  const seconds = checkedNumber("--seconds", Number(written), range, written);
  const iat = Math.floor(at / 1_000);
  const roles = ((flags.role ?? []) as string[]).map(roleOf);
  const claims = withoutUndefined({
    sub: text("sub"),
    name: text("name"),
    bot: flags.bot ? true : undefined,
    scope: text("scope"),
    rooms: roles.length > 0 ? Object.fromEntries(roles) : undefined,
    iss: text("auth-issuer"),
    aud: text("auth-audience"),
    iat,
    exp: iat + seconds,
  });
  try {
    checkedClaims(claims, { audience: text("auth-audience") }, at);
  } catch (error) {
    throw new RangeError((error as Error).message);
  }
  const [secret = ""] = await readSecrets(file);
  return await signToken(claims, secret);
}

function roleOf(text: string): [room: string, role: string] {
  const at = text.lastIndexOf("=");
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new RangeError(`--role must be like ROOM=member, not ${JSON.stringify(text)}`);
}

function withoutUndefined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
