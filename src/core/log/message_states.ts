/**
 * The present states of the messages of a room, as the later entries about them add up. Whatever is in the log of a room follows from that log alone, so that it is the same at
 * every process, and after a restart.
 *
 * @module
 */

import { encodeRedacted } from "../../protocol/encode.ts";
import { type ChatError, stacklessError } from "../../protocol/errors.ts";
import { type ChangeDraft, type Draft, MAX_REACTIONS } from "../../protocol/frames.ts";
import type { NewestText } from "./log.ts";

/** The present states of messages, for those who read the log. */
export interface MessageStates {
  /**
   * The states of the messages behind `after` up to `upTo` about which something came later, by
   * their `seq`, each as JSON. Newest texts that are not in memory are in `edits`, by the `seq` of the
   * entry that gave them.
   */
  nows(
    after: number,
    upTo: number,
    edits?: ReadonlyMap<number, NewestText>,
  ): ReadonlyMap<number, string>;
}

/** A message that somebody wants to change. */
export interface Target {
  /** The person that it is from: see {@linkcode personOf}. */
  readonly person: string;
  /** `true` where it has no text any more. */
  readonly redacted: boolean;
  /** The number of kinds of reactions that it has. */
  readonly kinds: number;
  /** Says whether a person has added a reaction; without a person, whether anybody has. */
  has(reaction: string, person?: string): boolean;
}

/** Says whether a draft changes an older message. */
export function isChange(draft: Draft): draft is ChangeDraft {
  return "re" in draft && !("body" in draft);
}

/** The person that an entry or a draft is from: whoever a token has proved, or else the client. */
export function personOf({ from, sub }: { from: string; sub?: string | undefined }): string {
  return sub ?? from;
}

/**
 * Refuses a change that a message cannot have, or an edit of somebody else's; undefined where it can.
 * `target` is missing where the log has no such message. Roles are another matter: see `denial`.
 */
export function changeDenial(
  draft: ChangeDraft,
  target: Target | undefined,
  roomId: string,
): ChatError | undefined {
  const { re, edit, redact, react, unreact } = draft;
  const person = personOf(draft);
  if (target === undefined) {
    return stacklessError("message_not_found", `Room ${roomId} has no message ${re}`);
  }
  if (target.redacted) {
    return stacklessError("message_redacted", `Message ${re} was redacted`);
  }
  if (edit !== undefined && target.person !== person) {
    return stacklessError("forbidden", `Message ${re} is of somebody else`);
  }
  if (redact !== undefined || edit !== undefined) return undefined;
  const reaction = react ?? unreact!;
  if (target.has(reaction, person) === (react !== undefined)) {
    const is = react === undefined ? "has not" : "has";
    return stacklessError("unchanged", `Message ${re} ${is} that reaction of yours`);
  }
  if (react !== undefined && target.kinds >= MAX_REACTIONS && !target.has(reaction)) {
    const most = `Message ${re} has ${MAX_REACTIONS} kinds of reactions, the most allowed`;
    return stacklessError("too_many_reactions", most);
  }
}

/** The parts of a state, for {@linkcode encodeNow}. */
export interface Now {
  /** The `seq` of the last entry that it follows from. */
  readonly seq: number;
  /** The newest text, and when it was written, in milliseconds since 1970; missing where there is one only. */
  readonly edit?: NewestText | undefined;
  /** `true` where the message has no text any more. */
  readonly redacted: boolean;
  /** The number of people with each reaction. */
  readonly reactions: Iterable<readonly [reaction: string, count: number]>;
  /** The number of answers. */
  readonly replies: number;
}

/** Writes the state of a message as pages have it. */
export function encodeNow({ seq, edit, redacted, reactions, replies }: Now): string {
  const counts = Object.fromEntries(reactions);
  return JSON.stringify({
    seq,
    ...(edit === undefined ? {} : { body: edit.body, edited_at: edit.at }),
    ...(redacted ? { redacted } : {}),
    ...(Object.keys(counts).length === 0 ? {} : { reactions: counts }),
    ...(replies === 0 ? {} : { replies }),
  });
}

/** Writes an entry with the present state of its message, where there is one. */
export function withNow(entry: string, now: string | undefined): string {
  if (now === undefined) return entry;
  // It may have been read before it was redacted.
  const text = now.includes('"redacted":true') ? encodeRedacted(entry) : entry;
  return `${text.slice(0, -1)},"now":${now}}`;
}
