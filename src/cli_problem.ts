// This module runs in browsers: it needs no Deno.

/**
 * What went wrong in the terminal chat, in words that help.
 *
 * @module
 */

import { ConnectError } from "../client.ts";
import { reasonOf } from "./errors.ts";
import { visible } from "./visible.ts";

/** How the runtime says that nobody answers, and what that means. */
const MEANINGS: [pattern: RegExp, meaning: string][] = [
  [/tcp connect error/, "no server answers there"],
  [/dns error/, "there is no such host"],
];

/**
 * An error in one line, in which a server can do nothing to the terminal; where no server answers
 * and a command starts one, with that in a second line.
 */
export function problemOf(error: unknown, serverCommand?: string): string {
  const reason = reasonOf(error);
  if (!(error instanceof ConnectError)) return visible(reason);
  const meaning = MEANINGS.find(([pattern]) => pattern.test(reason))?.[1];
  if (meaning === undefined) return visible(reason);
  const help = serverCommand === undefined ? "" : `\nTo start one: ${visible(serverCommand)}`;
  return `${visible(reason.slice(0, reason.indexOf(": ")))}: ${meaning}${help}`;
}
