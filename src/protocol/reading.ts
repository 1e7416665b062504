/**
 * The frames in which a client reads what a room keeps: pages of its log.
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
