// This module runs in browsers.

/**
 * The looking up and the changing of what was said, for Deno and browsers: history, edits, redactions,
 * reactions, and the present state of messages. Who only talks need not load it.
 *
 * ```ts
 * import { connect } from "jsr:@parley/chat/client";
 * import { history } from "jsr:@parley/chat/client/conversation";
 *
 * await using chat = await connect("ws://localhost:8765");
 * const room = await chat.joinRoom("k7q2-m9xd-4hwn-r3tc");
 * const newest = await history(chat, room);
 * const older = newest.more ? await history(chat, room, { before: newest.first }) : undefined;
 * ```
 *
 * @module
 */

import type { WaitOptions } from "../../protocol/deadline.ts";
import { ChatError } from "../../protocol/errors.ts";
import type { Entry, SuccessFrame } from "../../protocol/frames.ts";
import { check } from "../check.ts";
import { LOGGED_EVENTS, type LoggedRoomEvent } from "../room_events.ts";

export { Conversation } from "./present_messages.ts";
export type {
  ChangeOptions,
  ConversationOptions,
  PresentMessage,
  Reaction,
  Update,
} from "./present_messages.ts";

/** The part of a client that these functions need. */
export interface RequestSender {
  /** The public id of the client. */
  readonly clientId: string;
  /** Sends a request, and resolves with what `accept` makes of its reply. */
  request<T>(
    frame: { action: string; body: unknown },
    accept: (reply: unknown) => T,
    options?: WaitOptions,
  ): Promise<T>;
}

/** The place of a page: at most one of three is given. Without any, the page is the newest. */
export interface HistoryOptions extends WaitOptions {
  /** The newest events that come before this `seq`. */
  before?: number | undefined;
  /** The oldest events that come after this `seq`. */
  after?: number | undefined;
  /** The event with this `seq`, and those before and after it. */
  around?: number | undefined;
  /** The most entries of the page, from 1 to 256; 50 unless given. */
  limit?: number | undefined;
}

/** A page of the log of a room: a part of it without a hole. */
export interface HistoryPage {
  /** The room. */
  roomId: string;
  /** The life of the log that each `seq` belongs to. */
  epoch: string;
  /** The events, in the order of the log. Events of a later version of the protocol are left out. */
  events: LoggedRoomEvent[];
  /** The `seq` to go on `before`; undefined on an empty page. */
  first?: number;
  /** The `seq` to go on `after`; undefined on an empty page. */
  last?: number;
  /** `true` where the log goes on in the direction that was asked for; with `around`, to older events. */
  more: boolean;
  /** Only with `after`: `false` where something may be missing between it and the page. */
  recovered?: boolean;
}

/**
 * Reads a page of the log of a room that the client is in. It comes to nobody as an event, and the
 * `cursor` of the room stays where it is.
 *
 * @throws {ChatError} `invalid_action` where the server has no history, which earlier ones do not;
 * `not_in_room`; `rate_limited` and `unavailable` where waiting helps; and as `chat.request` does.
 */
export async function history(
  chat: RequestSender,
  room: { readonly id: string },
  { before, after, around, limit, ...wait }: HistoryOptions = {},
): Promise<HistoryPage> {
  const numbers = { before, after, around, limit };
  for (const [name, value] of Object.entries(numbers)) {
    check(value === undefined || Number.isSafeInteger(value) && value >= 0, name, value);
  }
  const body = { room_id: room.id, ...numbers };
  return await chat.request({ action: "history", body }, (reply) => pageOf(reply, chat), wait);
}

/** The bounds of a search. */
export interface SearchOptions extends WaitOptions {
  /** Messages that come before this `seq`; the newest unless given. */
  before?: number | undefined;
  /** The most messages, from 1 to 256; 50 unless given. */
  limit?: number | undefined;
}

/** Messages that were found. */
export interface SearchResult extends Pick<HistoryPage, "roomId" | "epoch" | "events"> {
  /** The `seq` before which the search goes on; undefined where all was looked at. */
  before?: number;
}

/**
 * Finds the newest messages of a room that have all words of `text`, without case and accents.
 * Where the result has a `before`, there may be more: search again with that.
 *
 * @throws {ChatError} `unsupported` where the server cannot search; `invalid_frame` for a text without
 * a word, or of more than 16 words or 256 characters; and as {@linkcode history} does.
 */
export async function search(
  chat: RequestSender,
  room: { readonly id: string },
  text: string,
  { before, limit, ...wait }: SearchOptions = {},
): Promise<SearchResult> {
  check(typeof text === "string", "text", text);
  const body = { room_id: room.id, text, before, limit };
  return await chat.request({ action: "search", body }, (reply) => {
    const { roomId, epoch, events } = pageOf(reply, chat);
    const { before } = reply as Partial<SuccessFrame>;
    return { roomId, epoch, events, ...(isCount(before) && { before }) };
  }, wait);
}

/** A room that a client is in, and what is unread there. */
export interface RoomOverview {
  /** The id of the room. */
  id: string;
  /** Its name. */
  name: string;
  /** The life of its log that each `seq` belongs to. */
  epoch: string;
  /** The `seq` of the newest entry. */
  head: number;
  /** The `seq` up to which this person has read; 0 where it has not. */
  read: number;
  /** The messages of others behind that. */
  unread: number;
  /** `true` where more than these are unread, or may be. */
  more: boolean;
}

/**
 * Lists the rooms that the server knows this client to be in, also those that it has not joined again
 * since its page was loaded, with what is unread in each.
 *
 * @throws {ChatError} as `chat.request` does.
 */
export async function rooms(chat: RequestSender, options?: WaitOptions): Promise<RoomOverview[]> {
  return await chat.request({ action: "rooms", body: undefined }, (reply) => {
    const { rooms } = reply as Partial<SuccessFrame>;
    if (!Array.isArray(rooms)) throw new ChatError("internal", "The server sent no rooms");
    return rooms.map(({ room_id: id, room_name: name, epoch, seq: head, read, unread, more }) => {
      const isSound = [id, name, epoch].every((text) => typeof text === "string") &&
        [head, read, unread].every(isCount);
      if (!isSound) throw new ChatError("internal", "The server sent no rooms");
      return { id, name, epoch, head, read, unread, more: more === true };
    });
  }, options);
}

/**
 * Says that this person has read a room up to the entry with this `seq`; resolves with its read marker,
 * which may be further on. Other clients of the same person are told.
 *
 * @throws {ChatError} `beyond_head` where there is no such entry yet; and as `chat.request` does.
 */
export async function markRead(
  chat: RequestSender,
  room: { readonly id: string },
  seq: number,
  options?: WaitOptions,
): Promise<number> {
  check(isCount(seq), "seq", seq);
  const body = { room_id: room.id, seq };
  return await chat.request({ action: "read", body }, (reply) => {
    const { seq: read } = reply as Partial<SuccessFrame>;
    if (!isCount(read)) throw new ChatError("internal", "The server sent no read marker");
    return read;
  }, options);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** The page in a reply. */
function pageOf(reply: unknown, { clientId }: RequestSender): HistoryPage {
  const { room_id: roomId, epoch, entries, more, recovered } = reply as Partial<SuccessFrame>;
  if (typeof roomId !== "string" || typeof epoch !== "string" || !isLog(entries)) {
    throw new ChatError("internal", "The server sent no page");
  }
  const events = entries.flatMap((entry) => eventOf(entry, { roomId, epoch, clientId }) ?? []);
  const [first, last] = [entries[0]?.seq, entries.at(-1)?.seq];
  return {
    roomId,
    epoch,
    events,
    ...(first === undefined || last === undefined ? {} : { first, last }),
    more: more === true,
    ...(recovered === undefined ? {} : { recovered: recovered === true }),
  };
}

/** The event that an entry is; undefined for one that nobody knows. */
function eventOf(
  entry: Entry,
  { roomId, epoch, clientId }: { roomId: string; epoch: string; clientId: string },
): LoggedRoomEvent | undefined {
  const { at: sentAt, n: _, event, ...rest } = entry as Entry & { n?: number; event?: string };
  const isKnown = event !== undefined && LOGGED_EVENTS.includes(event);
  const type = "body" in entry ? "message" : "re" in entry ? "change" : isKnown && event;
  if (!type) return undefined;
  const own = rest.from === clientId;
  return { ...rest, epoch, sentAt, own, roomId, type } as LoggedRoomEvent;
}

/** Says whether these are entries in their order, with fields that do no harm. */
function isLog(entries: unknown): entries is Entry[] {
  if (!Array.isArray(entries)) return false;
  let before = 0;
  return entries.every((entry: Partial<Record<string, unknown>> | null) => {
    if (typeof entry !== "object" || entry === null) return false;
    const { seq, at, from, name = "", body = "", re = 0 } = entry;
    const isNext = Number.isSafeInteger(seq) && Number(seq) > before;
    before = Number(seq);
    return isNext && [at, re].every((number) => Number.isSafeInteger(number)) &&
      [from, name, body].every((text) => typeof text === "string");
  });
}
