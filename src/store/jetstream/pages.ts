/**
 * Reads pages of the logs in a stream, beyond what of them is in memory.
 *
 * @module
 */

import type { Page, PageQuery } from "../../core/log.ts";
import type { HistoryStore } from "../../core/store.ts";
import { encodeVoid, takenAt, withoutSeq, withSeq } from "../../protocol/encode.ts";
import { asked } from "./asked.ts";
import type { JetStreamLink, StreamMessage } from "./link.ts";

/** The part of the link to NATS that pages need. */
export type PagesLink = Pick<JetStreamLink, "subject" | "history" | "count">;

/** The most questions for the place of a page: halving alone finds one among a billion entries. */
const MAX_LOOKS = 40;

/** The entries that a reading may have, as a multiple of those of its page: it is not shortened further. */
const ENOUGH = 4;

/** The `seq` after which a log begins, and that of its newest entry. */
export interface Ends {
  readonly start: number;
  readonly head: number;
  /** Says whether the entry at `seq` is void. */
  isVoid(seq: number): boolean;
}

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
    const ends = this.#endsOf(roomId);
    return asked(
      query.to === "older" ? this.#older(subject, ends, query) : this.#newer(subject, ends, query),
    );
  }

  async #newer(subject: string, { start, head, isVoid }: Ends, query: PageQuery): Promise<Page> {
    const { from, limit } = query;
    // The stream drops the oldest first: while the entry before the page is there, nothing is missing.
    const first = Math.max(1, start + 1, from);
    const read = await this.#link.history(subject, first, limit + 2, "oldest");
    const complete = read[0]?.seq === from;
    // What is not in memory yet is not judged yet.
    const known = read.filter(({ seq }) => seq > from && seq <= head);
    return pageOf(known.map(shownBy(isVoid)), query, complete);
  }

  async #older(subject: string, { start, head, isVoid }: Ends, query: PageQuery): Promise<Page> {
    const { limit } = query;
    const from = Math.min(query.from, head + 1);
    const { seq, count } = await this.#placeBefore(subject, start + 1, from, limit + 1);
    if (count === 0) return pageOf([], query, true);
    const read = await this.#link.history(subject, seq, count, "oldest");
    const known = read.filter(({ seq }) => seq < from).slice(-limit - 1).reverse();
    return pageOf(known.map(shownBy(isVoid)), query, true);
  }

  /**
   * Finds a place with at least `wanted` entries between it and `from`, or all from `first` on, and
   * counts them. The stream can only be read forwards, and other rooms have entries in it too.
   */
  async #placeBefore(
    subject: string,
    first: number,
    from: number,
    wanted: number,
  ): Promise<{ seq: number; count: number }> {
    const behind = await this.#link.count(subject, from);
    const countFrom = async (seq: number) => await this.#link.count(subject, seq) - behind;
    let low = { seq: first, count: await countFrom(first) };
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
    return low;
  }
}

/** Shows a message as it stands in the log: nothing of one that is void. */
function shownBy(isVoid: Ends["isVoid"]): (message: StreamMessage) => StreamMessage {
  return (message) => {
    const { seq, text } = message;
    return isVoid(seq) ? { ...message, text: withoutSeq(encodeVoid(seq, takenAt(text))) } : message;
  };
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
