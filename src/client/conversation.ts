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

import type { WaitOptions } from "../protocol/deadline.ts";
import { ChatError } from "../protocol/errors.ts";
import type { Entry, SuccessFrame } from "../protocol/frames.ts";
import { PRESENCE_EVENTS } from "../protocol/roster.ts";
import { check } from "./check.ts";
import type { LoggedRoomEvent } from "./room.ts";

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
  const isPresence = event !== undefined && PRESENCE_EVENTS.includes(event);
  const type = "body" in entry ? "message" : "re" in entry ? "change" : isPresence && event;
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
