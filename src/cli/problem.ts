// This module runs in browsers: it needs no Deno.

/**
 * Errors of the terminal chat, in words that help a person.
 *
 * @module
 */

import { ConnectError } from "../../client.ts";
import { reasonOf, RefusedError } from "../protocol/errors.ts";
import { escapeText } from "../protocol/escape.ts";
import { wrap } from "./words/columns.ts";

/** The runtime's words for an address at which no program listens. */
const NOBODY = /tcp connect error/;

/** The runtime's words for failed connections, and what they mean. */
const MEANINGS: [pattern: RegExp, meaning: string][] = [
  [NOBODY, "no server answers there"],
  [/dns error/, "there is no such host"],
  [/status code: 503/, "the server is full, or about to end"],
  [/status code: 429/, "too many connect from this address; try again later"],
  [/status code: 403/, "the server does not let this program in"],
  [/status code: \d+/, "a server answers there, and not for a chat"],
  [/InvalidContentType/, "a server answers there, and not with TLS: perhaps it is ws://"],
  [/certificate/, "its certificate is not trusted"],
  [
    /to ws:.*(?:HTTP version|before message completed|was canceled)/,
    "what answers there is no chat, or speaks TLS: perhaps it is wss://",
  ],
  [/HTTP version|before message completed|was canceled/, "what answers there is no chat"],
];

/** The indent of the rows after the first. */
const INDENT = "  ";

/**
 * Puts an error into words, in rows of at most `columns` columns. A server's words never begin a
 * row. Where no server answers, a line that is not broken has the command that starts one.
 */
export function problemOf(
  error: unknown,
  { columns = Infinity, serverCommand }: { columns?: number; serverCommand?: string } = {},
): string {
  const reason = reasonOf(error).replace(/\s+/g, " ").trim();
  const meaning = error instanceof ConnectError
    ? MEANINGS.find(([pattern]) => pattern.test(reason))?.[1]
    : undefined;
  if (meaning !== undefined) {
    const canStart = serverCommand !== undefined && NOBODY.test(reason);
    const help = canStart ? `\nTo start one: ${escapeText(serverCommand)}` : "";
    return `${escapeText(reason.slice(0, reason.indexOf(": ")))}: ${meaning}${help}`;
  }
  const line = error instanceof RefusedError ? `The server says: ${reason}` : reason;
  return wrap(escapeText(line), Math.max(columns - INDENT.length, 1)).join(`\n${INDENT}`);
}
