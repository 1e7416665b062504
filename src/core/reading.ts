/**
 * The rules for who reads what of the logs: pages of them, from memory or from the store.
 *
 * @module
 */

import { encodePage } from "../protocol/encode.ts";
import type { HistoryFrame } from "../protocol/frames.ts";
import type { Effect } from "./effects.ts";
import type { Log, Page, PageQuery } from "./log.ts";
import { CATCH_UP_BYTES } from "./batches.ts";
import { costOfReading } from "./rate_limit.ts";
import type { Member } from "./room.ts";
import type { Peer, Session } from "./sessions.ts";
import type { Store } from "./store.ts";

/** Facts about a store that decide what can be read. */
export type ReadingFacts = Pick<Store, "history">;

/** The names of what a server can do with a store, besides the first version of the protocol. */
export function featuresOf(_store: ReadingFacts): string[] {
  return ["history"];
}

/** Lets clients read. */
export class Reading {
  readonly #store: ReadingFacts;

  /** Makes the rules for rooms whose logs are in this store. */
  constructor(store: ReadingFacts) {
    this.#store = store;
  }

  /**
   * Reads a page of a log: from memory where that has all of it, else the store is asked.
   *
   * @throws {ChatError} where the client may not read there.
   */
  history(session: Session, peer: Peer, frame: HistoryFrame): Effect[] {
    const { room } = readable(session, peer, frame.roomId);
    const queries = queriesOf(frame);
    const pages = queries.map((query) => this.#pageOf(room.log, query));
    if (pages.every((page) => page !== undefined)) return this.paged(session, peer, frame, pages);
    return [{ type: "page", peer, frame, roomId: room.id, queries }];
  }

  /**
   * Answers with the pages that {@linkcode queriesOf} asks for.
   *
   * @throws {ChatError} where the client may not read there any more.
   */
  paged(session: Session, peer: Peer, frame: HistoryFrame, pages: readonly Page[]): Effect[] {
    const { room } = readable(session, peer, frame.roomId);
    const entries = pages.flatMap((page) => page.entries);
    const { more, complete } = pages[0]!;
    const told = {
      status: "success" as const,
      room_id: room.id,
      epoch: room.log.epoch,
      // Of a page that is around an entry, the head of the log says whether it goes on behind it.
      more,
      ...(frame.after === undefined ? {} : { recovered: complete }),
    };
    const text = encodePage(told, entries.map((entry) => entry.text), frame.ref);
    session.budget.spend(costOfReading(text.length));
    return [{ type: "send", to: peer, text }];
  }

  /** A page, where memory has all of it; undefined where the store may have more. */
  #pageOf(log: Log, query: PageQuery): Page | undefined {
    const page = log.page(query);
    if (this.#store.history === undefined || log.tail === 0) return page;
    return query.to === "older"
      ? (page.more ? page : undefined)
      : (page.complete ? page : undefined);
  }
}

/**
 * The place of a client in a room that it may read.
 *
 * @throws {ChatError} where it may not.
 */
function readable(session: Session, peer: Peer, roomId: string): Member {
  return session.memberOf(peer, roomId);
}

/** The parts of a log that make up a page, in its order. */
export function queriesOf({ before, after, around, limit }: HistoryFrame): PageQuery[] {
  const units = CATCH_UP_BYTES;
  if (after !== undefined) return [{ to: "newer", from: after, limit, units }];
  if (around === undefined) {
    return [{ to: "older", from: before ?? Number.MAX_SAFE_INTEGER, limit, units }];
  }
  const half = Math.ceil(limit / 2);
  const older: PageQuery = { to: "older", from: around + 1, limit: half, units: units / 2 };
  if (half === limit) return [older];
  return [older, { to: "newer", from: around, limit: limit - half, units: units / 2 }];
}
