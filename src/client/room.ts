// This module runs in browsers.

/**
 * A room as its member sees it: who is there, what happens, and a way to speak.
 *
 * @module
 */

import type { WaitOptions } from "../protocol/deadline.ts";
import { type Acknowledgement, ChatError } from "../protocol/errors.ts";
import type { ChangedSettings, Entry, PresenceEntry, Role } from "../protocol/frames.ts";
import { MAX_MEMBERS, Roster } from "../protocol/roster.ts";
import { check } from "./check.ts";
import type { Accepted, RoomMember, SuccessReply } from "./connection.ts";
import { EventBuffer, type ReadOptions } from "./event_buffer.ts";
import { KEPT_EVENTS, KEPT_UNITS } from "./limits.ts";
import type { SendOptions } from "./options.ts";
import {
  LOGGED_EVENTS,
  type LoggedRoomEvent,
  type Message,
  type RoomEvent,
} from "./room_events.ts";

/** The words of a server about a room that was joined: those of PROTOCOL.md. */
export interface JoinReply {
  /** The role of this client; missing where the server knows no roles. */
  readonly you?: { readonly role: Role };
  /** The settings that differ from those of a new room. */
  readonly settings?: Readonly<ChangedSettings>;
  /** For moderators and owners: roles that the log gives, most of them where they are many. */
  readonly roles?: readonly { readonly to: string; readonly role: Role; readonly until?: number }[];
  /** The read marker of this person. */
  readonly read?: number;
  /**
   * The link by which this client comes in, a secret; of a room that it has made, the owner link, which
   * makes whoever has it an owner. See `./client/links`.
   */
  readonly link?: string;
}

/**
 * A room this client is in. Iterating over it gives its messages, this client's own included.
 * A room that was left stays left: joining again gives a new object.
 */
export interface ChatRoom<Data = unknown> extends AsyncIterable<Message<Data>> {
  /** The id that others need to join. */
  readonly id: string;
  /** Its name. */
  readonly name: string;
  /** Everybody in the room, by client id; nobody where `presence` is false. */
  readonly members: ReadonlyMap<string, RoomMember>;
  /** False in a room that is too large to tell who comes and goes. */
  readonly presence: boolean;
  /**
   * The name of this life of the room's log: `seq` begins anew with another. It is that of the
   * newest entry the client has, which a slow reader may not have come to: each event has its own.
   */
  readonly epoch: string;
  /** The `seq` of the last entry this client has. */
  readonly cursor: number;
  /**
   * The `seq` of the newest entry when this client joined, came back, or asked anew for the members
   * after a gap, whichever was last. Entries up to it are history; once `cursor` is there, all of it
   * has come. 0 in an empty log.
   */
  readonly head: number;
  /**
   * The server's words about the room at that moment, so true up to `head`. `RoomCharter` of
   * `./client/moderation` adds up what follows.
   */
  readonly reply: JoinReply;

  /**
   * Says something. Resolves when it is in the room's log, however often the connection breaks:
   * the client repeats it by itself, also after `rate_limited` and `unavailable`. The timeout is
   * {@linkcode ClientOptions.sendTimeoutMs} unless given. The message comes as an event too, with
   * the same `seq`: before or after.
   *
   * @throws {SendError} `mayBeStored` says whether it may be in the log all the same: then do not
   * send it again, but await `outcome`. The codes: `timeout`, `aborted` and `closed` (it may be
   * stored if it was on its way), `forgotten` (it may be stored); and, not stored, `not_in_room`
   * (the room was left, or the client closed), `room_gone`, `too_large`, `invalid_argument`,
   * `internal`, `too_deep`, `message_not_found`, and `rate_limited` with `whenFull: "fail"`.
   */
  send(text: string, options?: SendOptions): Promise<Acknowledgement>;

  /**
   * Tells the others that this client is typing; where it cannot be told, nothing happens. They
   * hear of it once a second at most, however often it is called. Nothing tells that it has stopped.
   */
  typing(): void;

  /**
   * Leaves the room; resolves at once where it was left before. Unlike `send`, it does not wait
   * where it is too fast: see {@linkcode ChatClient}.
   */
  leave(options?: WaitOptions): Promise<void>;

  /**
   * Everything that happens, until the room is left. It begins with the first event that was not
   * read yet, or where `from` says: a second reader gets with `start` all that the room holds. The
   * same `seq` of the same `epoch` comes to a reader once; only behind `recovered: false` it may
   * come again. Throws `aborted` where the signal is aborted.
   */
  events(options?: ReadOptions): AsyncGenerator<RoomEvent<Data>, void, undefined>;

  /**
   * Calls `listener` with each of the {@linkcode events}, one after the other: where it returns a
   * promise, the next one waits for it. Resolves when the room is left or the signal is aborted,
   * once the call that is running is over. Rejects with what the listener throws, and calls it no
   * more.
   */
  subscribe(listener: (event: RoomEvent<Data>) => unknown, options?: ReadOptions): Promise<void>;

  /** The messages among the {@linkcode events}, this client's own included. */
  messages(options?: ReadOptions): AsyncGenerator<Message<Data>, void, undefined>;

  /** The same as {@linkcode messages}. */
  [Symbol.asyncIterator](): AsyncGenerator<Message<Data>, void, undefined>;
}

/** Calls of a room to its client. */
export interface RoomActions {
  /** Says something in the room. */
  send(room: JoinedRoom, text: string, options?: SendOptions): Promise<Acknowledgement>;
  /** Tells the others that this client is typing. */
  typing(room: JoinedRoom): void;
  leave(room: JoinedRoom, wait?: WaitOptions): Promise<void>;
}

/** A reply that lets a client into a room. */
export type RoomReply = SuccessReply & { room_id: string };

/** A reply as one that lets this client into a room; throws where it does not. */
export function roomIn(reply: Accepted): RoomReply {
  if (reply.status === "success" && reply.room_id) return reply as RoomReply;
  throw new ChatError("internal", "The server sent no room");
}

/** A room this client is in, for the client: apps see the {@linkcode ChatRoom} it implements. */
export class JoinedRoom implements ChatRoom {
  declare readonly id: string;
  declare readonly name: string;
  // Plain fields, which the constructor sets: a bundle is smaller than with accessors.
  declare epoch: string;
  /** The head of the log at the latest join: the member list is true up to it, later entries change it. */
  declare head: number;
  readonly #actions: RoomActions;
  readonly #buffer: EventBuffer<RoomEvent>;
  readonly #roster = new Roster("clientId");
  /** Set where the member list may lack what lay in a gap. */
  declare stale: boolean;
  /** The answer to the latest join, with the proof for a server that has lost the room. */
  declare reply: SuccessReply;
  declare cursor: number;

  /** Makes a room from the answer to `create` or `join`. */
  constructor(reply: RoomReply, actions: RoomActions) {
    this.id = reply.room_id;
    this.name = reply.room_name ?? "";
    this.#actions = actions;
    this.#enter(reply);
    this.#buffer = new EventBuffer<RoomEvent>(
      { events: KEPT_EVENTS, size: KEPT_UNITS },
      missed,
      this.cursor,
    );
    if (reply.recovered === false) this.tell({ type: "recovered", recovered: false });
  }

  get members(): ReadonlyMap<string, RoomMember> {
    return this.#roster.members;
  }

  get presence(): boolean {
    return !this.#roster.quiet;
  }

  send(text: string, options?: SendOptions): Promise<Acknowledgement> {
    return this.#actions.send(this, text, options);
  }

  typing(): void {
    this.#actions.typing(this);
  }

  leave(options?: WaitOptions): Promise<void> {
    return this.#actions.leave(this, options);
  }

  events(options?: ReadOptions): AsyncGenerator<RoomEvent, void, undefined> {
    return this.#buffer.read(options);
  }

  async subscribe(listener: (event: RoomEvent) => unknown, options?: ReadOptions): Promise<void> {
    check(listener instanceof Function, "listener", listener);
    for await (const event of this.#buffer.read(options, true)) await listener(event);
  }

  messages(options?: ReadOptions): AsyncGenerator<Message, void, undefined> {
    return messagesOf(this.events(options));
  }

  [Symbol.asyncIterator](): AsyncGenerator<Message, void, undefined> {
    return this.messages();
  }

  /** Takes the answer to another join; tells of it where the room `isBack`, or something is missing. */
  renew(reply: SuccessReply, isBack = false): void {
    const recovered = reply.recovered !== false && reply.epoch === this.epoch &&
      (reply.after ?? 0) <= this.cursor;
    if (recovered) this.#know(reply);
    else this.#enter(reply);
    if (isBack || !recovered) this.tell({ type: "recovered", recovered });
  }

  /** Takes an entry; one that was had before is passed over, and `false` returned. */
  take(entry: Entry, clientId: string): boolean {
    const { seq, at: sentAt, n: _, event, ...rest } = entry as Entry & {
      n?: number;
      event?: string;
    };
    if (!(seq > this.cursor)) return false;
    this.cursor = seq;
    if (seq > this.head) this.#roster.apply(entry as PresenceEntry);
    if (this.members.size > MAX_MEMBERS) this.#roster.reset([], true);
    // A later version of the protocol may have more events: they are ignored here.
    const type = "body" in entry
      ? "message"
      : "re" in entry
      ? "change"
      : LOGGED_EVENTS.includes(event!) && event;
    if (type) {
      this.tell({
        ...rest,
        seq,
        epoch: this.epoch,
        sentAt,
        own: rest.from === clientId,
        roomId: this.id,
        type,
      } as LoggedRoomEvent);
    }
    return true;
  }

  /** Tells readers of an event. */
  tell(event: RoomEvent): void {
    this.#buffer.push(event, this.cursor, JSON.stringify(event).length);
  }

  /** Says the last word and ends every iteration. */
  end(reason: string, removed?: true): void {
    this.tell({ type: "closed", reason, ...(removed && { removed }) });
    this.#buffer.end();
  }

  #enter(reply: SuccessReply): void {
    this.epoch = reply.epoch ?? "";
    this.cursor = reply.after ?? reply.seq ?? 0;
    this.#know(reply);
  }

  #know(reply: SuccessReply): void {
    this.stale = false;
    this.head = reply.seq ?? 0;
    this.reply = reply;
    this.#roster.reset(reply.members, reply.presence === false);
  }
}

async function* messagesOf(
  events: AsyncIterable<RoomEvent>,
): AsyncGenerator<Message, void, undefined> {
  for await (const event of events) if (event.type === "message") yield event;
}

/** The word to a reader that was too slow: it had everything up to `from`, and missed the rest up to `to`. */
function missed(from: number, to: number): RoomEvent | undefined {
  if (to === from) return undefined;
  // A log that starts anew in between leaves nothing to count by.
  if (to < from) return { type: "recovered", recovered: false };
  return { type: "gap", fromSeq: from + 1, toSeq: to };
}
