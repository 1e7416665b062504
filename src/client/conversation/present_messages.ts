// This module runs in browsers.

/**
 * Edits, redactions and reactions, and the present state of the messages of a room.
 *
 * @module
 */

import type { Acknowledgement } from "../../protocol/errors.ts";
import type { ChangeParts } from "../../protocol/frames.ts";
import { check } from "../check.ts";
import type { ReadOptions } from "../event_buffer.ts";
import type { SendOptions } from "../options.ts";
import type { ChatRoom } from "../room.ts";
import type { LoggedEvent, Message, MessageChange, RoomEvent } from "../room_events.ts";

/** Options of a change: how long to wait for it. */
export type ChangeOptions = Pick<SendOptions, "timeoutMs" | "signal">;

/** A reaction to a message. */
export interface Reaction {
  /** The number of people who have added it. */
  readonly count: number;
  /** `true` where this client has, as far as it has seen; history tells only the count. */
  readonly own: boolean;
}

/** A message as it is now. */
export interface PresentMessage<Data = unknown> extends Readonly<LoggedEvent> {
  /** The newest text; empty where it was redacted. */
  readonly body: string;
  /** The value for programs, where it has one and was not redacted. */
  readonly data?: Data;
  /** The `seq` of the message that it answers, where it answers one. */
  readonly re?: number;
  /** The time of the newest text, in milliseconds since 1970, where it was edited. */
  readonly editedAt?: number;
  /** `true` where it has no text any more. */
  readonly redacted: boolean;
  /** The reason of that, where one was given and seen. */
  readonly reason?: string;
  /** The reactions to it. */
  readonly reactions: ReadonlyMap<string, Reaction>;
  /** The number of its answers. */
  readonly replies: number;
  /** `true` where this client may have missed changes, in a gap: history has them. */
  readonly stale: boolean;
}

/** Something that happened in the room, and what it has made of a message. */
export interface Update<Data = unknown> {
  /** The event. */
  readonly event: RoomEvent<Data>;
  /** The message that is new or has changed, as it is now; missing where it is not held here. */
  readonly message?: PresentMessage<Data>;
}

/** Settings of a conversation. */
export interface ConversationOptions {
  /** The most messages that are held, the newest; 1,000 unless given. */
  most?: number;
}

type HeldMessage<Data> =
  & { -readonly [Key in keyof PresentMessage<Data>]: PresentMessage<Data>[Key] }
  & {
    reactions: Map<string, Reaction>;
    /** The `seq` of the last entry that it follows from. */
    upTo: number;
  };

/** The messages of a room as they are now, and the ways to change them. */
export class Conversation<Data = unknown> {
  /** The room. */
  readonly room: ChatRoom<Data>;
  readonly #most: number;
  readonly #messages = new Map<number, HeldMessage<Data>>();

  /** Makes the conversation of a room. It holds what it is given: see `updates` and `take`. */
  constructor(room: ChatRoom<Data>, { most = 1_000 }: ConversationOptions = {}) {
    check(most > 0, "most", most);
    this.room = room;
    this.#most = most;
  }

  /** The newest messages by `seq`, in the order in which they came. */
  get messages(): ReadonlyMap<number, PresentMessage<Data>> {
    return this.#messages;
  }

  /** Everything that happens in the room, as {@linkcode ChatRoom.events}, taken in. */
  async *updates(options?: ReadOptions): AsyncGenerator<Update<Data>, void, undefined> {
    for await (const event of this.room.events(options)) {
      const message = this.take(event);
      yield { event, ...(message && { message }) };
    }
  }

  /**
   * Takes in an event of the room, for those who read these by themselves: each once, in their order.
   * Events of a page of `history` can be taken in as well, at any time. Returns the message that is
   * new or has changed, as it is now.
   */
  take(event: RoomEvent<Data>): PresentMessage<Data> | undefined {
    switch (event.type) {
      case "message":
        return this.#add(event);
      case "change":
        return this.#change(event);
      case "gap":
        for (const message of this.#messages.values()) message.stale = true;
        return;
      case "recovered":
        if (!event.recovered) this.#messages.clear();
    }
  }

  /**
   * Gives a message of one's own another text. Resolves when that is in the log.
   *
   * @throws {SendError} As `send` does; also with `message_not_found` where the log does not have
   * that message, `forbidden` where it is of somebody else, and `message_redacted`.
   */
  edit(seq: number, text: string, options?: ChangeOptions): Promise<Acknowledgement> {
    check(typeof text === "string", "text", text);
    return this.#send({ re: seq, edit: text }, options);
  }

  /**
   * Takes back what a message said: one's own, or as a moderator any. The server keeps the text no
   * longer. Whoever has read it has read it.
   *
   * @throws {SendError} As `edit` does.
   */
  redact(
    seq: number,
    { reason, ...options }: ChangeOptions & { reason?: string } = {},
  ): Promise<Acknowledgement> {
    const why = reason === undefined ? {} : { reason };
    return this.#send({ re: seq, redact: true, ...why }, options);
  }

  /**
   * Adds a reaction to a message: an emoji or a word, of 64 bytes at most.
   *
   * @throws {SendError} As `edit` does; also with `unchanged` where it is there already, and
   * `too_many_reactions`.
   */
  react(seq: number, reaction: string, options?: ChangeOptions): Promise<Acknowledgement> {
    check(typeof reaction === "string", "reaction", reaction);
    return this.#send({ re: seq, react: reaction }, options);
  }

  /** Takes a reaction back. Fails as `react` does. */
  unreact(seq: number, reaction: string, options?: ChangeOptions): Promise<Acknowledgement> {
    check(typeof reaction === "string", "reaction", reaction);
    return this.#send({ re: seq, unreact: reaction }, options);
  }

  #send(change: ChangeParts, options: ChangeOptions = {}): Promise<Acknowledgement> {
    check(change.re > 0, "seq", change.re);
    // Without a text: a message that has one is no change.
    return this.room.send("", { ...options, fields: { ...change, body: undefined } });
  }

  #add(event: Message<Data>): PresentMessage<Data> {
    const { type: _, now, ...said } = event;
    const known = this.#messages.get(event.seq);
    const upTo = now?.seq ?? event.seq;
    if (known !== undefined && !known.stale && known.upTo >= upTo) return known;
    this.#messages.delete(event.seq);
    const message: HeldMessage<Data> = {
      ...said,
      redacted: now?.redacted === true,
      reactions: new Map(
        Object.entries(now?.reactions ?? {}).map(([name, count]) => [name, { count, own: false }]),
      ),
      replies: now?.replies ?? 0,
      stale: false,
      upTo,
    };
    if (now?.body !== undefined) message.body = now.body;
    if (now?.edited_at !== undefined) message.editedAt = now.edited_at;
    this.#messages.set(event.seq, message);
    const [oldest] = this.#messages.keys();
    if (this.#messages.size > this.#most) this.#messages.delete(oldest!);
    const answered = event.re === undefined ? undefined : this.#heldBefore(event.re, event.seq);
    if (answered !== undefined) answered.replies++;
    return message;
  }

  #change(event: MessageChange): PresentMessage<Data> | undefined {
    const message = this.#heldBefore(event.re, event.seq);
    if (message === undefined) return;
    const { edit, redact, reason, react, unreact, own } = event;
    if (redact) {
      message.redacted = true;
      message.body = "";
      if (typeof reason === "string") message.reason = reason;
      delete message.data;
      delete message.editedAt;
      message.reactions.clear();
    } else if (typeof edit === "string" && !message.redacted) {
      message.body = edit;
      message.editedAt = event.sentAt;
    } else if (typeof react === "string") count(message.reactions, react, 1, own);
    else if (typeof unreact === "string") count(message.reactions, unreact, -1, own);
    return message;
  }

  /** A message that is held and does not have the entry `seq` in it yet; it has from now on. */
  #heldBefore(re: number, seq: number): HeldMessage<Data> | undefined {
    const message = this.#messages.get(re);
    if (message === undefined || seq <= message.upTo) return;
    message.upTo = seq;
    return message;
  }
}

function count(reactions: Map<string, Reaction>, name: string, by: 1 | -1, own: boolean): void {
  const known = reactions.get(name) ?? { count: 0, own: false };
  const sum = known.count + by;
  if (sum > 0) reactions.set(name, { count: sum, own: own ? by > 0 : known.own });
  else reactions.delete(name);
}
