// This module is pure: no sockets, no clock, no Deno.

/**
 * The text of a measured message: who sends it and which of his it is, filled up to the
 * payload asked for.
 *
 * @module
 */

/** The shortest payload that holds any sender and any number. */
export const LEAST_PAYLOAD = 20;

/** Writes the body of message `k` of a sender, `payload` characters of ASCII. */
export function writeBody(sender: number, k: number, payload: number): string {
  return `@${sender}.${k}.`.padEnd(payload, "abcdefghijklmnopqrstuvwxyz");
}

/** Reads what {@linkcode writeBody} wrote; undefined for anything else. */
export function readBody(body: string): { sender: number; k: number } | undefined {
  const [, sender, k] = /^@(\d+)\.(-?\d+)\./.exec(body) ?? [];
  return sender === undefined ? undefined : { sender: Number(sender), k: Number(k) };
}
