/**
 * Adds up what was said about messages later. Texts stay where the entries are.
 *
 * @module
 */

import type { ChangeParts } from "../../protocol/frames.ts";
import type { NewestText } from "./log.ts";
import { encodeNow, personOf, type Target } from "./message_states.ts";

/** The outcome for one message. */
interface State {
  /** The `seq` of the last entry that it follows from. */
  seq: number;
  /** The `seq`s of its edits, in order; none once it is redacted. */
  edits: number[];
  redacted: boolean;
  /** The people with each reaction. */
  readonly reactions: Map<string, Set<string>>;
  replies: number;
}

/** The number of states at which it is time to forget some. */
const FORGET_AT = 64;

/** The outcomes for the messages of one room. */
export class MessageFold {
  readonly #states = new Map<number, State>();
  #full = FORGET_AT;

  /** Says whether it is time to forget messages that are gone, see `forget`. */
  get isFull(): boolean {
    return this.#states.size >= this.#full;
  }

  /** A message, of this person, as a change of it finds it. */
  target(seq: number, person: string): Target {
    const state = this.#states.get(seq);
    return {
      person,
      redacted: state?.redacted === true,
      kinds: state?.reactions.size ?? 0,
      has: (reaction, person) => {
        const people = state?.reactions.get(reaction);
        return people !== undefined && (person === undefined || people.has(person));
      },
    };
  }

  /**
   * Takes in the entry `seq`, which answers or changes the message `re`. Returns the `seq`s of all that
   * a redaction takes the text of.
   */
  take(
    seq: number,
    re: number,
    entry: { readonly from: string; readonly sub?: string | undefined } & Partial<ChangeParts>,
  ): number[] {
    const { edit, redact, react, unreact } = entry;
    const state = this.#stateOf(re);
    state.seq = seq;
    if (edit !== undefined) state.edits.push(seq);
    else if (redact !== undefined) {
      const redacted = [re, ...state.edits];
      state.redacted = true;
      state.edits = [];
      state.reactions.clear();
      return redacted;
    } else if (react !== undefined) addTo(state.reactions, react, personOf(entry));
    else if (unreact !== undefined) removeFrom(state.reactions, unreact, personOf(entry));
    else state.replies++;
    return [];
  }

  /** The `seq`s of the edits of a message, in order. */
  editsOf(seq: number): readonly number[] {
    return this.#states.get(seq)?.edits ?? [];
  }

  /**
   * The states of the messages behind `after` up to `upTo`, each as JSON; `textOf` finds what an edit has
   * given.
   */
  nows(
    after: number,
    upTo: number,
    textOf: (edit: number) => NewestText | undefined,
  ): ReadonlyMap<number, string> {
    const nows = new Map<number, string>();
    for (const [message, { seq, edits, redacted, reactions, replies }] of this.#states) {
      if (message <= after || message > upTo) continue;
      const edit = edits.at(-1);
      const now = encodeNow({
        seq,
        redacted,
        edit: edit === undefined ? undefined : textOf(edit),
        reactions: [...reactions].map(([reaction, people]) => [reaction, people.size]),
        replies,
      });
      nows.set(message, now);
    }
    return nows;
  }

  /** Forgets the messages up to `seq`, which are gone. */
  forget(seq: number): void {
    for (const message of this.#states.keys()) if (message <= seq) this.#states.delete(message);
    this.#full = Math.max(FORGET_AT, 2 * this.#states.size);
  }

  #stateOf(seq: number): State {
    let state = this.#states.get(seq);
    if (state === undefined) {
      state = { seq, edits: [], redacted: false, reactions: new Map(), replies: 0 };
      this.#states.set(seq, state);
    }
    return state;
  }
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
