// This module is pure: no sockets, no clock, no Deno.

/**
 * Words between the tabs of a browser, over one BroadcastChannel that all of them hear.
 *
 * @module
 */

import type { Witnessed } from "./shared_outbox.ts";

/** A word of a tab to whoever leads. */
export type TabWord =
  /** The tab is there, and asks who leads. */
  | { type: "tab" }
  /** It wants a connection. */
  | { type: "open"; tab: string; socket: string }
  /** A frame for the server. */
  | { type: "said"; socket: string; text: string }
  /** A connection of it is over. */
  | { type: "shut"; socket: string; code: number }
  /** A message was added to the outbox. */
  | { type: "added" }
  /** A message shall be sent again, or dropped. */
  | { type: "retry" | "discard"; id: number }
  /** A message that may be one of those in doubt: see `OfflineOutbox.witness`. */
  | { type: "witness"; message: Witnessed };

/** A word of the tab that leads; `sockets` are connections of tabs, and undefined where all are meant. */
export type LeaderWord =
  /** It leads, for as long as nobody else says so. */
  | { type: "leads"; term: string }
  | { type: "opened"; term: string; socket: string }
  /** A frame of the server. */
  | { type: "heard"; term: string; sockets: readonly string[] | undefined; text: string }
  | { type: "ended"; term: string; sockets?: undefined; code: number; reason: string }
  /** The outbox has changed. */
  | { type: "kept" };

/** A word; `here` is said by each tab to one that is new, and may take itself for the only one. */
export type Word = TabWord | LeaderWord | { type: "here" };
