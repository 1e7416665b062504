/**
 * The frames in which a client reads: pages of logs, the rooms that it is in, and how far it has read.
 *
 * @module
 */

import type { Request } from "./frames.ts";

/**
 * The most entries in one page of a log: 256. A page has fewer where they are large: those after the
 * first fit into 16,384 UTF-16 units.
 */
export const MAX_PAGE: number = 256;

/** The entries in a page unless the client says how many: 50. */
export const PAGE: number = 50;

/** `history`: a page of the log of a room. Without a place it is the newest one. */
export interface HistoryFrame extends Request {
  /** The name of the request. */
  action: "history";
  /** The id of the room. */
  roomId: string;
  /** The most entries of the page. */
  limit: number;
  /** The `seq` that all entries of the page come before, the newest of these first. */
  before?: number;
  /** The `seq` that all entries of the page come after, the oldest of these first. */
  after?: number;
  /** The `seq` that the page is around, with the entry itself. */
  around?: number;
}

/** `rooms`: which rooms the client is in, and what is unread there. */
export interface RoomsFrame extends Request {
  /** The name of the request. */
  action: "rooms";
}

/** `read`: a person has read the log of a room up to an entry. */
export interface ReadFrame extends Request {
  /** The name of the request. */
  action: "read";
  /** The id of the room. */
  roomId: string;
  /** The `seq` of the last entry that was read. */
  seq: number;
}

/** A room that a client is in, as `rooms` tells of it. */
export interface RoomSummary {
  /** The id of the room. */
  room_id: string;
  /** Its name. */
  room_name: string;
  /** The life of its log that each `seq` belongs to. */
  epoch: string;
  /** The `seq` of the newest entry. */
  seq: number;
  /** The read marker: the `seq` up to which this person has read; 0 where it has not. */
  read: number;
  /** The messages of others behind that. */
  unread: number;
  /** Set where more than these are unread. */
  more?: true;
  /** Set while the client has to join it again, after its connection was lost. */
  away?: true;
}

/** The same person has read on, on another connection. */
export interface ReadEvent {
  /** The name of the event. */
  event: "read";
  /** The id of the room. */
  room_id: string;
  /** The read marker. */
  seq: number;
}

/** The longest text of a search, in UTF-16 units: 256. */
export const MAX_SEARCH_CHARS: number = 256;

/** `search`: the newest messages of a room that have all words of a text. */
export interface SearchFrame extends Request {
  /** The name of the request. */
  action: "search";
  /** The id of the room. */
  roomId: string;
  /** The words, in any order; operators are words too. */
  text: string;
  /** The `seq` that all messages come before. */
  before?: number;
  /** The most messages. */
  limit: number;
}
