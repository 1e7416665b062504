/**
 * Links into rooms on the wire: the requests that make and end them, and the entries that these are
 * in a log.
 *
 * @module
 */

import type { Request } from "./frames.ts";
import type { Act } from "./moderation.ts";
import type { Role } from "./roles.ts";

/** `link`: makes a link into a room. */
export interface LinkFrame extends Request {
  /** The name of the request. */
  action: "link";
  /** The id of the room. */
  roomId: string;
  /** The role that it gives. */
  role: Role;
  /** Milliseconds after which it ends; never unless given. */
  forMs?: number;
  /** The most people who may come in by it; any number unless given. */
  uses?: number;
  /** The `sub` that alone may use it; of whoever has proved none, the client id. */
  to?: string;
}

/** `unlink`: ends a link into a room. */
export interface UnlinkFrame extends Request {
  /** The name of the request. */
  action: "unlink";
  /** The id of the room. */
  roomId: string;
  /** The id of the link, or of one that was made of it. */
  id: string;
}

/** `links`: lists the links into a room. */
export interface LinksFrame extends Request {
  /** The name of the request. */
  action: "links";
  /** The id of the room. */
  roomId: string;
}

/** A link into a room, without what lets anybody in. */
export interface LinkInfo {
  /** The id of the link. */
  id: string;
  /** The role that it gives. */
  role: Role;
  /** The time at which it ends, in milliseconds since 1970; missing where it does not. */
  until?: number;
  /** The most people who may come in by it; missing where that is any number. */
  uses?: number;
  /** The people who have come in by it, where these are counted. */
  used?: number;
  /** The `sub` or client id that alone may use it. */
  to?: string;
}

/** A link into the room was made. */
export interface LinkEntry extends Act {
  /** The kind of entry. */
  event: "link";
  /** The id of the link. */
  id: string;
  /** The role that it gives. */
  role: Role;
  /** The time at which it ends, in milliseconds since 1970; missing where it does not. */
  until?: number;
  /** The most people who may come in by it; missing where that is any number. */
  uses?: number;
  /** The `sub` or client id that alone may use it. */
  to?: string;
}

/** A link into the room counts no more, nor does anything that was made of it. */
export interface UnlinkEntry extends Act {
  /** The kind of entry. */
  event: "unlink";
  /** The id of the link, or of one that was made of it. */
  id: string;
}

/** Somebody comes in by a link; its `join` follows. */
export interface UseEntry extends Act {
  /** The kind of entry. */
  event: "use";
  /** The ids of the link: its own, and those that were given to what was made of it, joined by `.`. */
  id: string;
  /** The role that it gives. */
  role: Role;
  /** The time at which that ends, in milliseconds since 1970; missing where it does not. */
  until?: number;
  /** The counters of the link, with the most uses of each. */
  counts?: Record<string, number>;
}
