// This module is pure: no sockets, no clock, no Deno.

/**
 * What keeps the logs. There is one interface and one conformance suite; what an
 * acknowledgement is worth is each store's own promise.
 *
 * @module
 */

import type { ChatError } from "../errors.ts";
import type { Log } from "../log.ts";

/** An entry that has no place in a log yet. */
export interface Draft {
  /** The client it comes from. */
  readonly from: string;
  /** The client's number of it, from 1; 0 for what is not numbered and never repeated (presence). */
  readonly n: number;
  /** Everything of the encoded entry behind its `seq`: see `encodeEntry`. */
  readonly rest: string;
}

/** A room as a store knows it. */
export interface StoredRoom {
  readonly id: string;
  readonly name: string;
  /** The newest part of its log. The store pushes to it for as long as the room is open. */
  readonly log: Log;
}

/**
 * What a store reports. Reports about one room come in the order of its log, and
 * may come from within the very call that caused them.
 */
export interface StoreEvents {
  /** The log of a room has grown: what was pushed is as durable as the store promises. */
  stored(roomId: string): void;
  /** `(from, n)` was stored before, as `seq`; 0 if that is too long ago to tell. */
  repeated(draft: Draft, seq: number): void;
  /** The draft was not stored, and never will be. */
  refused(draft: Draft, error: ChatError): void;
}

/** Gives entries their place in a room's log, and keeps them. */
export interface Store {
  /**
   * Makes a room with an empty log of a new epoch and opens it; one that is there already is
   * only opened. Rejects with a ChatError where it cannot.
   */
  create(id: string, name: string): Promise<StoredRoom>;
  /** Opens a room that this process does not have open; undefined if there is none. */
  open(id: string): Promise<StoredRoom | undefined>;
  /**
   * Stores a draft in an open room, once for each `(from, n)`, and reports exactly one of
   * `stored`, `repeated`, `refused`. Numbers of a client have no holes: what follows one
   * that was refused is refused too.
   */
  append(roomId: string, draft: Draft): void;
  /** Ends the interest of this process in a room: nobody here is in it any more. */
  release(roomId: string): void;
  /** Deletes a room and its log everywhere. */
  delete(roomId: string): void;
  /** Forgets the numbers of a client that will never come back. */
  forget(clientId: string): void;
  /** Makes everything reported so far as safe as it will be, and ends. */
  close(): Promise<void>;
}
