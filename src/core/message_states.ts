/**
 * The present states of the messages of a room, as the later entries about them add up. Whatever is in the log of a room follows from that log alone, so that it is the same at
 * every process, and after a restart.
 *
 * @module
 */

import { encodeRedacted } from "../protocol/encode.ts";
import { type ChatError, stacklessError } from "../protocol/errors.ts";
import {
  type ChangeDraft,
  type ChangeEntry,
  type ChangeParts,
  type Draft,
  type Entry,
  MAX_REACTIONS,
  type MessageEntry,
} from "../protocol/frames.ts";
import type { Log } from "./log.ts";

/** The present states of messages, for those who read the log. */
export interface MessageStates {
  /**
   * The states of the messages behind `after` up to `upTo` about which something came later, by
   * their `seq`, each as JSON.
   */
  nows(after: number, upTo: number): ReadonlyMap<number, string>;
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
  if (target.redacted && unreact === undefined) {
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
  readonly edit?: { readonly body: string; readonly at: number } | undefined;
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

/** The state of one message. Texts stay in the log. */
interface State {
  seq: number;
  /** The `seq` of its newest text. */
  edit: number;
  redacted: boolean;
  /** The people with each reaction. */
  readonly reactions: Map<string, Set<string>>;
  replies: number;
}

/** The number of states of messages that the log has dropped, at which they are forgotten. */
const FORGET_AT = 64;

/**
 * The states of the messages in the log that memory has. All about a message is behind it, so that
 * the log has all of it for as long as it has the message.
 */
export class LoggedStates implements MessageStates {
  readonly #log: Log;
  readonly #states = new Map<number, State>();
  /** The number of states at which it is time to forget some. */
  #full = FORGET_AT;

  /** Makes the states of a log, in which nothing was said so far. */
  constructor(log: Log) {
    this.#log = log;
  }

  /** The message that a change is about. */
  target(seq: number): Target | undefined {
    const entry = this.#message(seq);
    if (entry === undefined) return undefined;
    const state = this.#states.get(seq);
    return {
      person: personOf(entry),
      redacted: state?.redacted === true,
      kinds: state?.reactions.size ?? 0,
      has: (reaction, person) => {
        const people = state?.reactions.get(reaction);
        return people !== undefined && (person === undefined || people.has(person));
      },
    };
  }

  /**
   * Takes in an answer or a change that was pushed to the log as `seq`. A redaction takes the texts of
   * its message from the log.
   */
  take(seq: number, entry: { readonly from: string } & Partial<ChangeParts>): void {
    const { re, edit, redact, react, unreact } = entry;
    // An answer may name anything.
    if (re === undefined || this.#message(re) === undefined) return;
    const state = this.#stateOf(re);
    state.seq = seq;
    if (edit !== undefined) state.edit = seq;
    else if (redact !== undefined) this.#redact(re, state);
    else if (react !== undefined) addTo(state.reactions, react, personOf(entry));
    else if (unreact !== undefined) removeFrom(state.reactions, unreact, personOf(entry));
    else state.replies++;
  }

  #message(seq: number): MessageEntry | undefined {
    const entry: Entry = JSON.parse(this.#log.find(seq) ?? "{}");
    return "body" in entry ? entry : undefined;
  }

  nows(after: number, upTo: number): ReadonlyMap<number, string> {
    const nows = new Map<number, string>();
    for (const [seq, state] of this.#states) {
      if (seq > after && seq <= upTo) nows.set(seq, this.#encode(state));
    }
    return nows;
  }

  #encode({ seq, edit, redacted, reactions, replies }: State): string {
    const text = edit === 0 || redacted ? undefined : this.#log.find(edit);
    const { edit: body = "", at = 0 }: Partial<ChangeEntry> = JSON.parse(text ?? "{}");
    return encodeNow({
      seq,
      redacted,
      edit: text === undefined ? undefined : { body, at },
      reactions: [...reactions].map(([reaction, people]) => [reaction, people.size]),
      replies,
    });
  }

  #redact(seq: number, state: State): void {
    const edits = state.edit === 0 ? [] : editsOf(this.#log, seq, state.edit);
    for (const redacted of [seq, ...edits]) this.#log.redact(redacted);
    state.redacted = true;
    state.edit = 0;
    state.reactions.clear();
  }

  #stateOf(seq: number): State {
    let state = this.#states.get(seq);
    if (state === undefined) {
      if (this.#states.size >= this.#full) this.#forget();
      state = { seq, edit: 0, redacted: false, reactions: new Map(), replies: 0 };
      this.#states.set(seq, state);
    }
    return state;
  }

  /** Forgets the states of messages that the log has dropped. */
  #forget(): void {
    for (const seq of this.#states.keys()) if (seq <= this.#log.tail) this.#states.delete(seq);
    this.#full = Math.max(FORGET_AT, 2 * this.#states.size);
  }
}

/** The edits of a message in a log, up to the newest of them. */
function editsOf(log: Log, seq: number, newest: number): number[] {
  const edits: number[] = [];
  for (let at = seq; at < newest;) {
    const { text, upTo } = log.after(at, 0, newest);
    at = upTo;
    if (!text.includes('"edit":')) continue;
    const { re, edit }: Partial<ChangeEntry> = JSON.parse(text);
    if (re === seq && edit !== undefined) edits.push(upTo);
  }
  return edits;
}

function addTo(reactions: Map<string, Set<string>>, reaction: string, person: string): void {
  const people = reactions.get(reaction);
  if (people === undefined) reactions.set(reaction, new Set([person]));
  else people.add(person);
}

function removeFrom(reactions: Map<string, Set<string>>, reaction: string, person: string): void {
  const people = reactions.get(reaction);
  people?.delete(person);
  if (people?.size === 0) reactions.delete(reaction);
}
