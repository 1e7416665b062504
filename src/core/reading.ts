/**
 * The rules for reading: pages of logs, from memory or from the store; what is unread in rooms; and
 * how far people have read.
 *
 * @module
 */

import { encodePage } from "../protocol/encode.ts";
import { stacklessError } from "../protocol/errors.ts";
import type {
  Entry,
  HistoryFrame,
  ReadFrame,
  RoomsFrame,
  RoomSummary,
  SearchFrame,
} from "../protocol/frames.ts";
import { CATCH_UP_BYTES } from "./log/batches.ts";
import type { Effect, MarkedFrame } from "./state/effects.ts";
import type { Log, LogEntry, Page, PageQuery } from "./log/log.ts";
import { checkMarker, Markers } from "./state/markers.ts";
import { type MessageStates, withNow } from "./log/message_states.ts";
import { costOfReading, SEARCH_COST } from "./limits/rate_limit.ts";
import { demandOf, floorOf } from "./moderation.ts";
import { success } from "./state/replies.ts";
import type { Member } from "./state/room.ts";
import type { Peer, Session } from "./state/sessions.ts";
import { isFound, MAX_WORDS, wordsOf } from "./log/search.ts";
import type { Found, SearchQuery, Store } from "./store/store.ts";
import type { Instant } from "./state/time.ts";

/** Facts about a store that decide what can be read. */
export type ReadingFacts = Pick<Store, "bus" | "changes" | "history" | "markers" | "search">;

/** The people without a client here whose markers are kept where the store keeps none. */
const MOST_IDLE = 10_000;

/** The UTF-16 units of a log that are counted for `unread`: beyond them it says that there are more. */
const COUNTED_UNITS = 32_768;

/** The rooms that are told of for a token, besides the first ones. */
const ROOMS_PER_TOKEN = 50;

/** The entries of a log, and their UTF-16 units, that one search looks at in memory. */
const SCANNED = 1_000;
const SCANNED_UNITS = 131_072;

/** The names of what a server can do with a store, besides the first version of the protocol. */
export function featuresOf(store: ReadingFacts): string[] {
  const made = store.changes ? ["edit", "redact", "react"] : [];
  const found = mayFind(store) ? ["search"] : [];
  return ["history", "rooms", "read", ...found, "reply", "data", ...made];
}

/** Says whether messages can be found: by the store, or in memory where that has all. */
function mayFind({ history, search }: ReadingFacts): boolean {
  return search !== undefined || history === undefined;
}

/** Lets clients read. */
export class Reading {
  /** The read markers of everybody here. */
  readonly markers: Markers;
  readonly #store: ReadingFacts;

  /** Makes the rules for rooms whose logs are in this store. */
  constructor(store: ReadingFacts) {
    this.#store = store;
    this.markers = new Markers(store.markers === undefined ? MOST_IDLE : 0);
  }

  /** Forgets the markers of a client that comes in: it may have read on at another process. */
  welcome(session: Session): void {
    if (this.#store.bus === undefined || this.#store.markers === undefined) return;
    session.markers?.release(session);
    session.markers = undefined;
  }

  /**
   * Takes a request to read.
   *
   * @throws {ChatError} where it is refused, with nothing changed.
   */
  take(
    session: Session,
    peer: Peer,
    frame: HistoryFrame | SearchFrame | RoomsFrame | ReadFrame,
    t: Instant,
  ): Effect[] {
    switch (frame.action) {
      case "history":
        return this.#history(session, peer, frame, t);
      case "search":
        return this.#search(session, peer, frame, t);
      case "rooms":
        return this.before(session, peer, frame) ?? this.#rooms(session, peer, frame, t);
      case "read":
        return this.before(session, peer, frame) ?? this.#read(session, peer, frame, t);
      default:
        return frame satisfies never;
    }
  }

  /** The question to the store that comes before a request is taken; undefined where nothing is to be asked. */
  before(
    session: Session,
    peer: Peer,
    frame: MarkedFrame,
  ): Effect[] | undefined {
    if (peer.plain || session.markers !== undefined) return undefined;
    const { person } = session;
    const isAlone = person === session.id;
    // Nobody else reads for a client that is a person of its own, and a new room has no marker.
    if (isAlone && frame.action === "create") return undefined;
    if (this.#store.markers !== undefined) return [{ type: "markers", peer, frame, person }];
    // Nobody takes memory for markers that it does not have.
    const isKnown = !isAlone || frame.action === "read" || this.markers.of(person) !== undefined;
    if (isKnown) this.markers.loaded(session);
    return undefined;
  }

  /** Tells a client which rooms it is in, and what is unread there. */
  #rooms(session: Session, peer: Peer, frame: RoomsFrame, t: Instant): Effect[] {
    let units = 0;
    const rooms = [...session.rooms].flatMap((member) => {
      const { room } = member;
      if (room.gone) return [];
      const read = session.markers?.seqIn(room.id, room.log) ?? 0;
      const from = Math.max(read, floorOf(member, t.at));
      const { unread, more, counted } = unreadIn(room.log, from, session);
      units += counted;
      const summary: RoomSummary = {
        room_id: room.id,
        room_name: room.name,
        epoch: room.log.epoch,
        seq: room.log.head,
        ...{ read, unread },
        ...(more && { more }),
        ...(member.outlet === undefined && { away: true }),
      };
      return [summary];
    });
    session.budget.spend(rooms.length / ROOMS_PER_TOKEN + costOfReading(units));
    return [success(peer, { rooms }, frame.ref)];
  }

  /**
   * Moves the read marker of a person, unless it is further on.
   *
   * @throws {ChatError} where the client may not read there, or the log is not that far.
   */
  #read(session: Session, peer: Peer, frame: ReadFrame, t: Instant): Effect[] {
    const { room } = readable(session, peer, frame.roomId, "mark", t);
    const { log, id: roomId } = room;
    checkMarker(frame.seq, log);
    const { person } = session;
    const marker = { epoch: log.epoch, seq: frame.seq };
    const mark = { type: "mark" as const, peer, frame, person, roomId, marker };
    const known = session.markers?.seqIn(roomId, log) ?? 0;
    const isStored = this.#store.markers === undefined || known >= frame.seq;
    return isStored ? this.marked(mark) : [mark];
  }

  /** Tells the other clients of a person how far it has read, and the one that said so that it is kept. */
  marked(
    { peer, frame, person, roomId, marker }: Extract<Effect, { type: "mark" }>,
  ): Effect[] {
    const known = this.markers.of(person);
    const { session } = peer;
    const told = known?.take(roomId, marker) ? known.tell(roomId, marker, session) : [];
    if (frame.ref === undefined || session === undefined) return told;
    const seq = Math.max(marker.seq, known?.seqIn(roomId, marker) ?? 0);
    return [...told, success(peer, { room_id: roomId, seq }, frame.ref)];
  }

  /** Reads a page of a log: from memory where that has all of it, else the store is asked. */
  #history(session: Session, peer: Peer, frame: HistoryFrame, t: Instant): Effect[] {
    const member = readable(session, peer, frame.roomId, "read", t);
    const { room } = member;
    const queries = queriesOf(frame, floorOf(member, t.at));
    const pages = queries.map((query) => this.#pageOf(room.log, query));
    if (pages.every((page) => page !== undefined)) return this.paged(peer, frame, pages, t);
    return [{ type: "page", peer, frame, roomId: room.id, queries }];
  }

  /**
   * Answers with the pages that {@linkcode queriesOf} asks for.
   *
   * @throws {ChatError} where the client may not read there any more.
   */
  paged(peer: Peer, frame: HistoryFrame, pages: readonly Page[], t: Instant): Effect[] {
    const { session } = peer;
    if (session === undefined) return [];
    const member = readable(session, peer, frame.roomId, "read", t);
    const { room } = member;
    const floor = floorOf(member, t.at);
    const shown = floor === 0 ? pages : pages.map((page) => above(page, floor));
    const { texts, cut } = textsOf(shown, queriesOf(frame), room.states);
    const { more, complete } = shown[0]!;
    const told = {
      status: "success" as const,
      room_id: room.id,
      epoch: room.log.epoch,
      // Of a page that is around an entry, the head of the log says whether it goes on behind it.
      more: more || cut,
      ...(frame.after === undefined ? {} : { recovered: complete && frame.after >= floor }),
    };
    const text = encodePage(told, texts, frame.ref);
    session.budget.spend(costOfReading(text.length));
    return [{ type: "send", to: peer, text }];
  }

  /** Looks for messages: in memory where that has all, else the store is asked. */
  #search(session: Session, peer: Peer, frame: SearchFrame, t: Instant): Effect[] {
    const { room } = readable(session, peer, frame.roomId, "read", t);
    if (!mayFind(this.#store)) {
      throw stacklessError("unsupported", "This server cannot search: see its features");
    }
    const words = wordsOf(frame.text);
    if (words.length === 0 || words.length > MAX_WORDS) {
      const message = `"text" must have 1 to ${MAX_WORDS} words, not ${words.length}`;
      throw stacklessError("invalid_frame", message);
    }
    session.budget.spend(SEARCH_COST);
    const { before = Number.MAX_SAFE_INTEGER, limit } = frame;
    const query = { words, before, limit, units: CATCH_UP_BYTES };
    if (this.#store.search !== undefined) {
      return [{ type: "search", peer, frame, roomId: room.id, query }];
    }
    return this.found(peer, frame, findIn(room.log, query), t);
  }

  /**
   * Answers with messages that were found.
   *
   * @throws {ChatError} where the client may not read there any more.
   */
  found(peer: Peer, frame: SearchFrame, { entries, before }: Found, t: Instant): Effect[] {
    const { session } = peer;
    if (session === undefined) return [];
    const member = readable(session, peer, frame.roomId, "read", t);
    const { room } = member;
    const floor = floorOf(member, t.at);
    const page = above({ entries, more: false, complete: true }, floor);
    const { texts, cut } = textsOf([page], [{ to: "older" }], room.states);
    const next = cut ? page.entries.at(-texts.length)!.seq : before;
    const goesOn = next !== undefined && next - 1 > floor ? next : undefined;
    const told = {
      status: "success" as const,
      room_id: room.id,
      epoch: room.log.epoch,
      more: goesOn !== undefined,
      ...(goesOn === undefined ? {} : { before: goesOn }),
    };
    const text = encodePage(told, texts, frame.ref);
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
function readable(
  session: Session,
  peer: Peer,
  roomId: string,
  action: "read" | "mark",
  { at }: Instant,
): Member {
  const member = session.memberOf(peer, roomId);
  demandOf(member, action, at);
  return member;
}

/** The part of a page that lies behind a `seq`: nothing is there before it. */
function above(page: Page, floor: number): Page {
  const entries = page.entries.filter(({ seq }) => seq > floor);
  return entries.length === page.entries.length ? page : { ...page, entries, more: false };
}

/** Counts the messages of others behind a `seq`, as far as that is soon done. */
function unreadIn(
  log: Log,
  seq: number,
  { id, sub }: Session,
): { unread: number; more: boolean; counted: number } {
  if (seq >= log.head) return { unread: 0, more: false, counted: 0 };
  const query = { to: "newer", from: seq, limit: Infinity, units: COUNTED_UNITS } as const;
  const { entries, more, complete } = log.page(query);
  let unread = 0;
  let counted = 0;
  for (const { text } of entries) {
    counted += text.length;
    const entry: Entry = JSON.parse(text);
    if (!("body" in entry) || entry.from === id) continue;
    if (sub === undefined || entry.sub !== sub) unread++;
  }
  return { unread, more: more || !complete, counted };
}

/**
 * The entries of pages, with what became of them since. Where all of that does not fit into a frame,
 * those that are the farthest from where the page begins are `cut` off.
 */
function textsOf(
  pages: readonly Page[],
  queries: readonly Pick<PageQuery, "to">[],
  states: MessageStates | undefined,
): { texts: string[]; cut: boolean } {
  let left = CATCH_UP_BYTES;
  let cut = false;
  let isFirst = true;
  const texts = pages.flatMap(({ entries, edits }, i) => {
    const isOlder = queries[i]!.to === "older";
    const nows = states?.nows((entries[0]?.seq ?? 1) - 1, entries.at(-1)?.seq ?? 0, edits);
    if (nows === undefined || nows.size === 0) return entries.map(({ text }) => text);
    const fitting: string[] = [];
    for (const { seq, text } of isOlder ? entries.toReversed() : entries) {
      const whole = withNow(text, nows.get(seq));
      left -= whole.length;
      cut ||= left < 0 && !isFirst;
      if (cut) break;
      fitting.push(whole);
      isFirst = false;
    }
    return isOlder ? fitting.reverse() : fitting;
  });
  return { texts, cut };
}

/** Finds messages in a log, as far as that is soon done. */
function findIn(log: Log, { words, before, limit, units }: SearchQuery): Found {
  const query = { to: "older", from: before, limit: SCANNED, units: SCANNED_UNITS } as const;
  const { entries, more } = log.page(query);
  const found: LogEntry[] = [];
  let left = units;
  for (const entry of entries.toReversed()) {
    if (!isFound(entry.text, words)) continue;
    left -= entry.text.length;
    if (found.length === limit || found.length > 0 && left < 0) {
      return { entries: found.reverse(), before: found[0]!.seq };
    }
    found.push(entry);
  }
  return { entries: found.reverse(), before: more ? entries[0]!.seq : undefined };
}

/** The parts of a log that make up a page behind `floor`, in its order. */
export function queriesOf(
  { before, after, around, limit }: HistoryFrame,
  floor = 0,
): PageQuery[] {
  const units = CATCH_UP_BYTES;
  if (after !== undefined) return [{ to: "newer", from: Math.max(after, floor), limit, units }];
  if (around === undefined) {
    return [{ to: "older", from: before ?? Number.MAX_SAFE_INTEGER, limit, units }];
  }
  const half = Math.ceil(limit / 2);
  const older: PageQuery = { to: "older", from: around + 1, limit: half, units: units / 2 };
  if (half === limit) return [older];
  const from = Math.max(around, floor);
  return [older, { to: "newer", from, limit: limit - half, units: units / 2 }];
}
