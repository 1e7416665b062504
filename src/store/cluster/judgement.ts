// This module is pure: no sockets, no clock, no Deno.

/**
 * Judges the entries of a room as they stand in a stream that takes whatever it is given. What an
 * author was not allowed to write is void: every node comes to the same, as it depends on the entries
 * alone.
 *
 * @module
 */

import { Charter, type StoredCharter } from "../../core/authority/charter.ts";
import { denial, isModeration } from "../../core/authority/verdict.ts";
import { isChange } from "../../core/log/message_states.ts";
import type { ChatError } from "../../protocol/errors.ts";
import type { Draft, Entry } from "../../protocol/frames.ts";
import type { Author, ModerationDraft } from "../../protocol/moderation.ts";
import { asciiJson } from "./ascii_json.ts";
import type { AboutEntry, StreamedStates } from "./streamed_states.ts";

/**
 * The most void entries that are remembered, the newest of them. There is one for each message that
 * was on its way when its author was banned.
 */
const MAX_VOID = 4_096;

/** An entry as it stands in a stream; `about` is empty where it is not about a message that its publisher found. */
export interface StreamedEntry extends AboutEntry {
  /** The author as its room knew it, as JSON; empty where that is the client alone. */
  readonly by: string;
}

/** A judgement as it is kept with the members. */
export interface KeptJudgement {
  readonly charter?: StoredCharter | undefined;
  /** The `seq`s of void entries. */
  readonly voided?: readonly number[];
}

/** The outcome for an entry: it is void for a reason, or moderation, or neither. */
export interface Verdict {
  readonly denied?: ChatError;
  /** Set where it is void, and may be published again: it came behind something that it has to know. */
  readonly isStale?: true;
  readonly moderation?: ModerationDraft;
}

/** The verdict on an entry that is neither. */
export const TAKEN: Verdict = {};

/** The charter of a room and the void entries in it, up to some place of its log. */
export class Judgement {
  readonly #roomId: string;
  readonly #states: StreamedStates;
  #charter: Charter;
  #voided = new Set<number>();

  /** Begins with the charter of a new room; `states` are those of its messages. */
  constructor(roomId: string, charter: Charter, states: StreamedStates) {
    this.#roomId = roomId;
    this.#states = states;
    this.#charter = charter;
  }

  /** The settings and roles behind the last entry that was judged. */
  get charter(): Charter {
    return this.#charter;
  }

  /** Says whether the entry at `seq` is void. */
  isVoid(seq: number): boolean {
    return this.#voided.has(seq);
  }

  /** Goes on from what was kept. */
  reset({ charter, voided = [] }: KeptJudgement): void {
    this.#charter = charter === undefined ? Charter.open : Charter.from(charter);
    this.#voided = new Set(voided);
  }

  /** Says whether a message with that author can only be taken, so that it need not be read. */
  takesAll({ by, about }: Pick<StreamedEntry, "about" | "by">): boolean {
    return by === "" && about === "" && !this.#charter.strict;
  }

  /** Judges the next entry. */
  judge({ seq, by, about, remains }: StreamedEntry, entry: Entry): Verdict {
    const draft = draftOf(entry, by);
    const states = this.#states;
    const change = isChange(draft) && about !== "" ? draft : undefined;
    const target = change && states.target(change, about);
    const denied = denial(this.#charter, draft, this.#roomId, target);
    const isStale = remains !== "" && change !== undefined && states.isStale(change, remains);
    if (denied !== undefined || isStale) {
      this.#voided.add(seq);
      const [oldest] = this.#voided;
      if (this.#voided.size > MAX_VOID) this.#voided.delete(oldest!);
      return denied === undefined ? { isStale: true } : { denied };
    }
    if (!isModeration(draft)) return TAKEN;
    this.#charter = this.#charter.fold(draft);
    return { moderation: draft };
  }

  /** The same, to be kept. */
  kept(): KeptJudgement {
    const charter = this.#charter.toJSON();
    return {
      ...(charter === undefined ? {} : { charter }),
      ...(this.#voided.size === 0 ? {} : { voided: [...this.#voided] }),
    };
  }
}

/** Writes an author for a header: ASCII alone, and empty where there is none. */
export function encodeAuthor(by: Author | undefined): string {
  if (by === undefined) return "";
  return asciiJson(by);
}

/** The draft that an entry was, as far as it is judged. */
function draftOf({ seq: _, ...entry }: Entry, text: string): Draft {
  const by: Author | undefined = text === "" ? undefined : JSON.parse(text);
  if (!("event" in entry)) return { ...entry, name: entry.name, by } as Draft;
  const known = by ?? { sub: entry.from };
  return { ...entry, name: entry.name, n: 0, by: known } as Draft;
}
