/**
 * Reads pages of the logs in a stream, beyond what of them is in memory.
 *
 * @module
 */

import type { NewestText, Page, PageQuery } from "../../core/log/log.ts";
import { editOf } from "../../core/log/logged_states.ts";
import type { HistoryStore } from "../../core/store/store.ts";
import { encodeVoid, timestampOf, withoutSeq, withSeq } from "../../protocol/encode.ts";
import type { StreamedStates } from "../cluster/streamed_states.ts";
import { asked } from "./asked.ts";
import type { JetStreamLink } from "./link/link.ts";
import { leftMessage, type StreamMessage } from "./link/stream_message.ts";

/** The part of the link to NATS that pages need. */
export type PagesLink = Pick<JetStreamLink, "subject" | "history" | "count" | "entry">;

/** The most questions for the place of a page: halving alone finds one among a billion entries. */
const MAX_LOOKS = 40;

/** The entries that a reading may have, as a multiple of those of its page: it is not shortened further. */
const ENOUGH = 4;

/** The `seq` after which a log begins, and that of its newest entry. */
export interface Ends {
  readonly start: number;
  /** The `seq` behind which all entries are in memory. */
  readonly tail: number;
  readonly head: number;
  /** The states of its messages; undefined where the room is not open. */
  readonly states: StreamedStates | undefined;
  /** Says whether the entry at `seq` is void. */
  isVoid(seq: number): boolean;
}

/** The ends of a log that is not open. */
export const NOWHERE: Ends = { start: 0, tail: 0, head: 0, states: undefined, isVoid: () => false };

/** Pages of the open rooms of one node. */
export class JetStreamPages implements HistoryStore {
  readonly #link: PagesLink;
  readonly #endsOf: (roomId: string) => Ends;

  /** Reads over a link; `endsOf` tells between which places the log of a room lies. */
  constructor(link: PagesLink, endsOf: (roomId: string) => Ends) {
    this.#link = link;
    this.#endsOf = endsOf;
  }

  page(roomId: string, query: PageQuery): Promise<Page> {
    const subject = this.#link.subject("room", roomId);
    return asked(this.#page(subject, this.#endsOf(roomId), query));
  }

  async #page(subject: string, ends: Ends, query: PageQuery): Promise<Page> {
    const page = query.to === "older"
      ? await this.#older(subject, ends, query)
      : await this.#newer(subject, ends, query);
    const beyond = ends.states?.editsBeyond(page.entries) ?? [];
    if (beyond.length === 0) return page;
    const edits = new Map<number, NewestText>();
    await Promise.all(beyond.map(async (seq) => {
      const edit = await this.#link.entry(subject, seq);
      if (edit !== undefined) edits.set(seq, editOf(withSeq(seq, edit.text)));
    }));
    return { ...page, edits };
  }

  async #newer(subject: string, ends: Ends, query: PageQuery): Promise<Page> {
    const { start, head } = ends;
    const { from, limit } = query;
    // The stream drops the oldest first: while one up to there is there, nothing is missing.
    const first = Math.max(1, start + 1, from);
    const read = await this.#link.history(subject, first, limit + 2, "oldest");
    // What is not in memory yet is not judged yet.
    const last = read.length < limit + 2 ? head : Math.min(head, read.at(-1)!.seq);
    const isThere = read[0]?.seq === from;
    const isWhole = isThere || hasRemains(ends, from - 1, read) &&
        await this.#link.count(subject, start + 1) > await this.#link.count(subject, first);
    const complete = isThere || isWhole && ends.states?.remainOf(from) !== undefined;
    const after = isWhole ? from : Math.max(from, oldestOf(read, ends));
    return pageOf(shown(read, ends, from, last, after), query, complete);
  }

  async #older(subject: string, ends: Ends, query: PageQuery): Promise<Page> {
    const { start, head } = ends;
    const { limit } = query;
    const from = Math.min(query.from, head + 1);
    const { seq, count, isWhole } = await this.#placeBefore(
      subject,
      start + 1,
      from,
      limit + 1,
    );
    const read = count === 0 ? [] : await this.#link.history(subject, seq, count, "oldest");
    // All from there on was read, so that also what remains of erased entries is in its place.
    const after = seq === start + 1 ? start : seq - 1;
    const sure = isWhole ? after : Math.max(after, oldestOf(read, ends));
    const known = shown(read, ends, after, from - 1, sure).slice(-limit - 1).reverse();
    return pageOf(known, query, true);
  }

  /**
   * Finds a place with at least `wanted` entries between it and `from`, or all from `first` on, and
   * counts them; it `isWhole` where the stream has others before these. The stream can only be read
   * forwards, and other rooms have entries in it too.
   */
  async #placeBefore(
    subject: string,
    first: number,
    from: number,
    wanted: number,
  ): Promise<{ seq: number; count: number; isWhole: boolean }> {
    const behind = await this.#link.count(subject, from);
    const countFrom = async (seq: number) => await this.#link.count(subject, seq) - behind;
    const all = await countFrom(first);
    let low = { seq: first, count: all };
    let high = { seq: from, count: 0 };
    for (let looks = 0; looks < MAX_LOOKS; looks++) {
      if (low.count <= ENOUGH * wanted || high.seq - low.seq < 2) break;
      // In turn by how many entries there are, which is fast, and by halves, which always ends.
      const share = looks % 2 === 0 ? (2 * wanted - high.count) / (low.count - high.count) : 1 / 2;
      const guess = Math.round(high.seq - (high.seq - low.seq) * share);
      const seq = Math.max(low.seq + 1, Math.min(high.seq - 1, guess));
      const place = { seq, count: await countFrom(seq) };
      if (place.count >= wanted) low = place;
      else high = place;
    }
    return { ...low, isWhole: all > low.count };
  }
}

/** Says whether there are remains behind `after` and before all that was read. */
function hasRemains({ states }: Ends, after: number, read: readonly StreamMessage[]): boolean {
  return (states?.remainsIn(after, read[0]?.seq ?? Infinity) ?? []).length > 0;
}

/**
 * The place behind which nothing can be missing, where the stream has nothing before what was read. What
 * remains of an entry does not fall off the stream with those around it.
 */
function oldestOf(read: readonly StreamMessage[], { tail }: Ends): number {
  return Math.min(read[0]?.seq ?? Infinity, tail);
}

/**
 * Shows the messages behind `after` up to `upTo` as they stand in the log: nothing of one that is void
 * or redacted, and what remains of those behind `sure` that were erased.
 */
function shown(
  read: readonly StreamMessage[],
  { isVoid, states }: Ends,
  after: number,
  upTo: number,
  sure: number,
): StreamMessage[] {
  const known = read.filter(({ seq }) => seq > after && seq <= upTo).map((message) => {
    const { seq, text } = message;
    if (isVoid(seq)) return { ...message, text: withoutSeq(encodeVoid(seq, timestampOf(text))) };
    return { ...message, text: states?.remainOf(seq)?.text ?? text };
  });
  const there = new Set(known.map(({ seq }) => seq));
  const left = (states?.remainsIn(sure, upTo) ?? []).filter(({ seq }) => !there.has(seq));
  if (left.length === 0) return known;
  return [...known, ...left.map(leftMessage)].sort((one, other) => one.seq - other.seq);
}

/** The page of messages that were read, the first of them nearest to where it was asked for. */
function pageOf(
  messages: readonly StreamMessage[],
  { to, limit, units }: PageQuery,
  complete: boolean,
): Page {
  const entries = messages.map(({ seq, text }) => ({ seq, text: withSeq(seq, text) }));
  let count = 0;
  for (let left = units; count < Math.min(limit, entries.length); count++) {
    left -= entries[count]!.text.length;
    if (count > 0 && left < 0) break;
  }
  const more = count < entries.length;
  entries.length = count;
  if (to === "older") entries.reverse();
  return { entries, more, complete };
}
