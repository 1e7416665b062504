/**
 * Stores, which keep the logs. Every store is a {@linkcode LogStore}; some are a
 * {@linkcode ClientStore} and a {@linkcode Bus} as well. One suite tests them all. What an
 * acknowledgement is worth is each store's own promise. `docs/stores.md` says how to write one.
 *
 * @module
 */

import type { ChatError } from "../../protocol/errors.ts";
import type { Draft } from "../../protocol/frames.ts";
import type { ModerationDraft } from "../../protocol/moderation.ts";
import type { Roster } from "../../protocol/roster.ts";
import type { Charter } from "../authority/charter.ts";
import type { MessageStates } from "../log/message_states.ts";
import type { Log, LogEntry, LogLimits, Page, PageQuery } from "../log/log.ts";

/**
 * The least number of deleted rooms that are remembered, the newest of them, and for how long in
 * milliseconds: whoever was cut off when a room was deleted shall not make it again.
 */
export const DELETED = { rooms: 10_000, ms: 30 * 86_400_000 };

/** Bounds of the past that a store keeps of each room: whichever is reached first. */
export interface StoreLimits extends LogLimits {
  /** The most entries of a room outside of memory; as many as in its log unless given, and never fewer. */
  historyEntries?: number;
  /** The bytes of these, in the same way. */
  historyBytes?: number;
  /** The age that an entry may reach, in milliseconds. A room without entries is forgotten once it is empty. */
  logAgeMs: number;
}

/** Settings of a store; all times in milliseconds. */
export interface StoreOptions extends StoreLimits {
  /** The time in which a client without a connection may still come back. */
  graceMs: number;
}

/** A room as a store knows it. */
export interface StoredRoom {
  /** The room's id. */
  readonly id: string;
  /** Its name. */
  readonly name: string;
  /** The newest part of its log. The store pushes to it for as long as the room is open. */
  readonly log: Log;
  /** Who is in it at the head of the log: the store applies each presence entry that it pushes. */
  readonly roster: Roster;
  /**
   * The settings and roles at the head of the log: the store asks {@linkcode denial} of each draft
   * just before it gets its `seq`, and folds moderation that it pushes. Missing where it does not;
   * then there is no moderation in the room.
   */
  readonly charter?: Charter | undefined;
  /**
   * The present states of its messages. The store asks {@linkcode denial} of each change of a message
   * with the message that it is about, and takes the change in when it pushes it. Missing where it
   * does not; then no message of the room can be changed.
   */
  readonly states?: MessageStates;
  /**
   * Members by client id that were left behind by a process that is gone, and that this one
   * has to take over when it opens the room. None unless given.
   */
  readonly orphans?: readonly string[];
  /** Set where other processes can have members in it too: then nobody knows when it is empty. */
  readonly shared?: true;
}

/** A client as a store remembers it. */
export interface StoredClient {
  /** The public id. */
  readonly id: string;
  /** The name that others see. */
  readonly name: string | undefined;
  /** Its messages up to this number are stored, or given up by the client itself. */
  readonly n: number;
  /** Later ones up to this number may be stored as well, or be yet; none unless given. */
  readonly doubtUpTo?: number;
}

/** The return of a client: what it says of its messages, and whether it is still there. */
export interface Return {
  /** Up to this number it needs no answer any more; undefined where it does not know. */
  readonly n?: number | undefined;
  /** The greatest number that it has sent; undefined where it does not know. */
  readonly sent?: number | undefined;
  /** Says whether the connection that asks for it is still there: nobody is taken over for another one. */
  isHere(): boolean;
}

/**
 * Reports of a store. Those about one room come in the order of its log, and may come from
 * within the very call that caused them.
 */
export interface StoreEvents {
  /**
   * The log of a room has grown: what was pushed is as durable as the store promises. Or it goes on
   * behind entries that are missing.
   */
  stored(roomId: string): void;
  /**
   * Moderation is in the log of an open room, as `seq`, and in its charter; comes behind the `stored`
   * for it. The draft is the very one that was appended, where that was here.
   */
  moderated(roomId: string, draft: ModerationDraft, seq: number): void;
  /**
   * `(from, n)` was stored before, as `seq`; 0 if that is too long ago to tell. Or it is stored
   * now, and `unseen`: its room is gone, so that no `stored` shows its entry to anybody.
   */
  repeated(draft: Draft, seq: number, unseen?: boolean): void;
  /** The draft was not stored, and never will be; where it is `doubtful`, nobody knows. */
  refused(draft: Draft, error: ChatError, doubtful?: boolean): void;
  /** From now on nothing can be stored, for that reason; or, without one, it can again. */
  failing(reason: string | undefined): void;
  /** Something went wrong that is nobody's answer: a line for the log. */
  troubled(reason: string): void;
  /** Another process hands a frame to those who are in an open room here. */
  relayed(roomId: string, text: string): void;
  /** These members of an open room were left behind by a process that is gone. */
  orphaned(roomId: string, clientIds: readonly string[]): void;
  /**
   * A client has come in at another process; with `roomId`, that one speaks for it there now. Where
   * it `mayBeHere`, as it has come in here since, it has to come back for that to be known.
   */
  taken(clientId: string, roomId: string | undefined, mayBeHere?: boolean): void;
  /** A person has read on in a room, at another process. */
  read(person: string, roomId: string, marker: Marker): void;
  /** Tokens of `sub` that were made before a time in milliseconds since 1970 were revoked at another process. */
  revoked(sub: string, before: number): void;
  /** An open room was deleted by another process, or has lost its log; it is open no more. */
  gone(roomId: string, how: "deleted" | "lost"): void;
}

/** Keeps the logs of rooms, and each message once. All that a store has to be. */
export interface LogStore {
  /** The most bytes that the body of a message may have, where the store takes less than the protocol allows. */
  readonly bodyBytes?: number;
  /**
   * Makes a room with an empty log of a new epoch and opens it; one that is there already is
   * only opened. Rejects with a ChatError where it cannot: with `room_gone` where a room of
   * that id was deleted. A new one belongs to `owner`, the `sub` of its maker; or to nobody.
   */
  create(id: string, name: string, owner?: string): Promise<StoredRoom>;
  /**
   * Opens a room, which may be open already; undefined if there is none. If the store has more of it
   * than its log shows here, the log has got at least to `cursor` when this resolves.
   */
  open(id: string, cursor?: number): Promise<StoredRoom | undefined>;
  /**
   * Stores a draft in an open room, once for each `(from, n)`, and reports exactly one of
   * `stored`, `repeated`, `refused`. One that the charter of the room does not allow is refused. Numbers of a client have no holes: what follows one
   * that was refused is refused too. What has no number may be kept until it can be stored,
   * instead of being refused.
   */
  append(roomId: string, draft: Draft): void;
  /**
   * Resolves when all that was appended so far, or all of one client, is reported; undefined
   * where it is already. Not there where `append` reports before it returns.
   */
  settled?(clientId?: string): Promise<void> | undefined;
  /** The number of drafts that wait to be stored, where any can. */
  readonly pending?: number;
  /** Ends the interest of this process in a room: nobody here is in it any more. */
  release(roomId: string): void;
  /**
   * Deletes a room and its log everywhere, and sees to it that none of that id is made again: for
   * as long, and for as many rooms, as {@linkcode DELETED} says.
   */
  delete(roomId: string): void;
  /**
   * Keeps of a client that may come back late no more in memory than it has to: the numbers of its
   * last messages. Not there where memory holds no more than that anyway.
   */
  trim?(clientId: string): void;
  /** Forgets a client that will never come back, or not to this process, with its numbers. */
  forget(clientId: string): void;
  /** Makes everything reported so far as safe as it will be, and ends. */
  close(): Promise<void>;
}

/** Keeps the clients of a store that outlives the process, so that they can come back to the next one. */
export interface ClientStore {
  /**
   * The key of the session tokens, where it lives as long as what is stored: tokens of an
   * earlier process are then good in this one.
   */
  readonly key?: Uint8Array;
  /** Remembers a client and how it is called, until the store is told to `forget` it. */
  remember(clientId: string, name: string | undefined): void;
  /**
   * The clients that an earlier process on this store knew, and that this one has to look after.
   * Not there where they are recalled when they come: see {@linkcode Bus}.
   */
  remembered?(): StoredClient[];
}

/**
 * Connects the processes that share a store. They must sign session tokens with the same secret,
 * and each hears of the others by `relayed`, `orphaned`, `taken` and `gone`.
 */
export interface Bus {
  /** Hands a frame to those in an open room who are at other processes, as far as it gets there. */
  relay(roomId: string, text: string): void;
  /**
   * A client that another process remembered and that was not forgotten since, to be at this one
   * from now on; else undefined. Where nothing tells from where its numbers go on, and it does not
   * say so itself, it is gone. Rejects with a ChatError where that cannot be known.
   */
  recall(clientId: string, back: Return): Promise<StoredClient | undefined>;
  /**
   * Up to which number the messages of a client are known to be stored, where more may be than
   * it was recalled with: other processes may have stored them.
   */
  storedUpTo(clientId: string): number;
}

/** A room that a store keeps, whether or not it is open. */
export interface KeptRoom {
  /** The room's id. */
  readonly id: string;
  /** The life of its log. */
  readonly epoch: string;
  /** The `seq` of its newest entry; 0 where there never was one. */
  readonly head: number;
  /** `true` where somebody is in it, by its log. */
  readonly hasMembers: boolean;
}

/** Reads what a store keeps of a log, where that is more than the log in memory has. */
export interface HistoryStore {
  /**
   * Reads a page of the log of an open room, as {@linkcode Log.page} does. Rejects with a ChatError
   * where it cannot be read.
   */
  page(roomId: string, query: PageQuery): Promise<Page>;
  /**
   * Lists the rooms that are kept by their ids, at most `limit` behind the id `after`. Not there where
   * the store cannot tell. Rejects with a ChatError where it cannot be read.
   */
  list?(after: string, limit: number): Promise<readonly KeptRoom[]>;
}

/** Messages that somebody looks for. */
export interface SearchQuery {
  /** The words that each has to have: see {@linkcode tokensOf} of search.ts. At least one. */
  readonly words: readonly string[];
  /** The `seq` that they come before. */
  readonly before: number;
  /** The most messages. */
  readonly limit: number;
  /** The most UTF-16 units of their entries; there may be more in the first of them. */
  readonly units: number;
}

/** Messages that were found. */
export interface Found {
  /** Their entries, oldest first. */
  readonly entries: readonly LogEntry[];
  /** The `seq` before which the search goes on; undefined where all was looked at. */
  readonly before: number | undefined;
}

/** Finds messages in all that a store keeps of a log. */
export interface SearchStore {
  /** Finds the newest messages in an open room. Rejects with a ChatError where it cannot be read. */
  find(roomId: string, query: SearchQuery): Promise<Found>;
}

/** The place up to which a person has read a room. */
export interface Marker {
  /** The life of the log that `seq` belongs to. */
  readonly epoch: string;
  /** The `seq` of the last entry that was read. */
  readonly seq: number;
}

/**
 * Keeps the read markers of people. A person is named by a text of up to 1,024 characters: the hub
 * says which connections belong to one.
 */
export interface MarkerStore {
  /** The markers of a person, by room id. Rejects with a ChatError where they cannot be read. */
  load(person: string): Promise<ReadonlyMap<string, Marker>>;
  /**
   * Sets the marker of a person in an open room; one in the same epoch that is further on stays.
   * Resolves when it is as safe as a message would be. Rejects with a ChatError where it cannot be set.
   */
  set(person: string, roomId: string, marker: Marker): Promise<void>;
}

/** Keeps revocations of tokens, where a store outlives the process. */
export interface RevocationStore {
  /**
   * Keeps that tokens of `sub` that were made before a time count no more, and forgets those before
   * `over`; both in milliseconds since 1970. It is safe when this returns, or when what it returns
   * resolves.
   *
   * @throws where it cannot be kept.
   */
  revoke(sub: string, before: number, over: number): void | Promise<void>;
  /** All that are kept, as far as they are known by now: the others are reported by `revoked`. */
  revoked(): Iterable<{ readonly sub: string; readonly before: number }>;
}

/** A store: it keeps logs, and says by these fields what else it does. One object may be all three. */
export interface Store extends LogStore {
  /** Set where it outlives the process. */
  readonly clients?: ClientStore;
  /** Set where it keeps revocations of tokens. */
  readonly revocations?: RevocationStore;
  /** Set where several processes use it at once. */
  readonly bus?: Bus;
  /** Set where it keeps more of a log than memory has. */
  readonly history?: HistoryStore;
  /** Set where it finds messages. Not needed where all that it keeps of a log is in memory. */
  readonly search?: SearchStore;
  /** Set where it keeps read markers. */
  readonly markers?: MarkerStore;
  /** Set where its rooms have a {@linkcode StoredRoom.states}. */
  readonly changes?: true;
}

/** Opens what was chosen to keep the logs; throws an error that says in one line why it cannot. */
export type OpenStore = (events: StoreEvents, options: StoreOptions) => Store;
