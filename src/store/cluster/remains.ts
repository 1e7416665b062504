// This module is pure: no sockets, no clock, no Deno.

/**
 * The remains of entries whose text was redacted. The entries themselves are erased from the stream,
 * so the redaction brings what remains of them: whoever reads the stream later puts it in their places.
 *
 * @module
 */

import { withoutSeq, withSeq } from "../../protocol/encode.ts";
import { asciiJson } from "./ascii_json.ts";

/** An entry without its text. */
export interface Remain {
  readonly seq: number;
  /** Its remains, encoded, without its `seq`. */
  readonly text: string;
  /** The person whose message it answers or edits, as a header has it; empty where it does neither. */
  readonly about: string;
}

/** The remains that a redaction brings. */
export interface Remains {
  /** The `seq` of the newest edit of the message that its author knew; 0 where there was none. */
  readonly edit: number;
  /** The message, and its newest edits. */
  readonly left: readonly Remain[];
}

/** The most characters of remains in a header, which NATS takes up to 64 KiB of: some hundred edits. */
const MOST_CHARS = 32_768;

/** Writes remains for a header, as far as there is room: the message first, then its newest edits. */
export function encodeRemains({ edit, left }: Remains): string {
  const [message, ...edits] = left;
  let most = MOST_CHARS;
  const fitting = [...(message === undefined ? [] : [message]), ...edits.reverse()].map((
    { seq, text, about },
  ) => asciiJson(about === "" ? [seq, text] : [seq, text, about])).filter((text) =>
    (most -= text.length + 1) > 0
  );
  return `[${[edit, ...fitting].join()}]`;
}

/** Reads a text of {@linkcode encodeRemains}. */
export function parseRemains(text: string): Remains {
  type Parts = [edit: number, ...left: [seq: number, text: string, about?: string][]];
  const [edit, ...left]: Parts = JSON.parse(text);
  return { edit, left: left.map(([seq, text, about = ""]) => ({ seq, text, about })) };
}

/** An entry of a stream, as far as its place and its remains go. */
interface Placed {
  readonly seq: number;
  readonly text: string;
  readonly about: string;
  /** The remains that it brings; empty where it redacts nothing. */
  readonly remains: string;
  /** Set where it is what remains of an entry. */
  readonly isLeft?: true;
}

/** Puts what remains of erased entries into their places among those that were read, in order. */
export function withRemains<Message extends Placed>(
  read: readonly Message[],
  left: (remain: Remain) => Message,
): readonly Message[] {
  const redactions = read.filter(({ remains }) => remains !== "");
  if (redactions.length === 0) return read;
  const there = new Map(read.map((message) => [message.seq, message]));
  for (const { remains } of redactions) {
    for (const remain of parseRemains(remains).left) {
      if (!there.has(remain.seq)) there.set(remain.seq, left(remain));
    }
  }
  return there.size === read.length
    ? read
    : [...there.values()].sort((one, other) => one.seq - other.seq);
}

/** Writes what remains of an entry, as it stands in a log. */
export function textOfRemain({ seq, text }: Remain): string {
  return withSeq(seq, text);
}

/** Takes what remains of an entry from its redacted text. */
export function remainOf(seq: number, redacted: string, about: string): Remain {
  return { seq, text: withoutSeq(redacted), about };
}
