// This module is pure: no sockets, no clock, no Deno.

/**
 * The ids under which messages are published: a remote store takes each once.
 *
 * @module
 */

import type { Draft } from "../../protocol/frames.ts";

/**
 * The id of a message. Where an earlier message of its client had this number and was void, at the
 * `seq` `voidAt`, it is another one: the store remembers the first.
 */
export function idOf({ from, n }: Draft, voidAt = 0): string {
  return voidAt === 0 ? `${from}.${n}` : `${from}.${n}~${voidAt}`;
}

/** The author and the number of the message with an id; NaN for other entries. */
export function messageOf(id: string): { from: string; n: number } {
  const dot = id.lastIndexOf(".");
  const [n] = id.slice(dot + 1).split("~");
  return { from: id.slice(0, dot), n: Number(n) };
}
