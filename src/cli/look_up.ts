// This module runs in browsers: it needs no Deno.

/**
 * Lines that people look up in a room: history, and messages by their words.
 *
 * @module
 */

import { history, type RequestSender, search } from "../client/conversation/conversation.ts";
import type { RoomView } from "./room_view.ts";
import type { Shown } from "./words/shown.ts";

/** The lines for entries that are older than all that was shown so far: `limit` of them at the most. */
export async function olderLines(
  chat: RequestSender,
  view: RoomView,
  limit: number,
  signal: AbortSignal,
): Promise<Shown[]> {
  const before = view.oldest;
  const page = await history(chat, view.room, { before, limit, signal });
  view.oldest = page.first ?? before;
  const events = page.events.length;
  return [{ type: "history", events, more: page.more }, ...numbered(view.takeOlder(page.events))];
}

/** The lines for the newest messages that have some words. */
export async function foundLines(
  chat: RequestSender,
  view: RoomView,
  text: string,
  signal: AbortSignal,
): Promise<Shown[]> {
  const { events, before } = await search(chat, view.room, text, { signal });
  const more = before !== undefined;
  return [
    { type: "search", text, found: events.length, more },
    ...numbered(view.takeOlder(events)),
  ];
}

/** Gives messages their numbers: people may want to answer one. */
function numbered(lines: Shown[]): Shown[] {
  return lines.map((shown) => shown.type === "message" ? { ...shown, numbered: true } : shown);
}
