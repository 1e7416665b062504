// This module is pure: no sockets, no clock, no Deno.

/**
 * Judges the entries of a room as they stand in a stream that takes whatever it is given. What an
 * author was not allowed to write is void: every node comes to the same, as it depends on the entries
 * alone.
 *
 * @module
 */

import { Charter, type StoredCharter } from "../../core/charter.ts";
import { denial, isModeration } from "../../core/verdict.ts";
import type { ChatError } from "../../protocol/errors.ts";
import type { Draft, Entry } from "../../protocol/frames.ts";
import type { Author, ModerationDraft } from "../../protocol/moderation.ts";

/**
 * The most void entries that are remembered, the newest of them. There is one for each message that
 * was on its way when its author was banned.
 */
const MAX_VOID = 4_096;

/** An entry as it stands in a stream. */
export interface StreamedEntry {
  readonly seq: number;
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
  readonly moderation?: ModerationDraft;
}

const TAKEN: Verdict = {};

/** The charter of a room and the void entries in it, up to some place of its log. */
export class Judgement {
  readonly #roomId: string;
  #charter: Charter;
  #voided = new Set<number>();

  /** Begins with the charter of a new room. */
  constructor(roomId: string, charter: Charter) {
    this.#roomId = roomId;
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

  /** Says whether a plain message with that author can only be taken, so that it need not be read. */
  takesAll(by: string): boolean {
    return by === "" && !this.#charter.strict;
  }

  /** Judges the next entry. */
  judge({ seq, by }: StreamedEntry, entry: Entry): Verdict {
    const draft = draftOf(entry, by);
    const denied = denial(this.#charter, draft, this.#roomId);
    if (denied !== undefined) {
      this.#voided.add(seq);
      const [oldest] = this.#voided;
      if (this.#voided.size > MAX_VOID) this.#voided.delete(oldest!);
      return { denied };
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
  return JSON.stringify(by).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The draft that an entry was, as far as it is judged. */
function draftOf({ seq: _, ...entry }: Entry, text: string): Draft {
  const by: Author | undefined = text === "" ? undefined : JSON.parse(text);
  if (!("event" in entry)) return { ...entry, name: entry.name, by } as Draft;
  const known = by ?? { sub: entry.from };
  return { ...entry, name: entry.name, n: 0, by: known } as Draft;
}
