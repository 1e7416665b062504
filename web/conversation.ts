// This module runs in browsers.

/// <reference lib="dom" />
/**
 * One person in one room: enters it, says things, and tells what happens.
 *
 * @module
 */

import type { ChatError, ChatRoom, RoomEvent, Status } from "../client.ts";
import { history } from "../src/client/conversation/conversation.ts";
import type { KeptMessage } from "../src/client/offline.ts";
import { isKnown } from "./kept.ts";
import type { PageOutbox, Person } from "./person.ts";

/** Whoever shows a conversation. */
export interface Listener {
  /** The connection stands otherwise. */
  status(status: Status): void;
  /** In the room, or in it as another one. */
  entered(room: ChatRoom): void;
  /** Something happened in the room. */
  event(event: RoomEvent): void;
  /** The messages that are not in the log yet are others than before. */
  outgoing(): void;
  /** There is no way into the room: the reason in words. */
  refused(reason: string): void;
}

/** Somewhere to enter: a room that is there, or one that is made. */
export type Target = { id: string; link?: string | undefined } | { create: string };

/** The entries of history that a room begins with. */
const HISTORY = 200;

/** The entries of a page of earlier history. */
const PAGE = 200;

/** The times that a room which was there is looked for again, and the milliseconds between them. */
const ATTEMPTS = 4;
const AGAIN_MS = 700;

/** A conversation. */
export class Conversation {
  readonly #person: Person;
  readonly #listener: Listener;
  #outbox: PageOutbox | undefined;
  #room: ChatRoom | undefined;
  #roomId: string;
  #isOver = false;
  /** Called for messages that are nowhere but on this page, when they are in the log or dropped. */
  readonly #unkept = new Map<number, () => void>();

  /** Makes a conversation of a person; it does nothing before `enter`. */
  constructor(person: Person, target: Target, listener: Listener) {
    this.#person = person;
    this.#roomId = "id" in target ? target.id : "";
    this.#listener = listener;
    person.onstatus = (status) => listener.status(status);
    person.onoutbox = () => this.#keep();
    this.#keep();
  }

  /** The room, once it is entered. */
  get room(): ChatRoom | undefined {
    return this.#room;
  }

  /** The id of the room; empty before a new one is made. */
  get roomId(): string {
    return this.#roomId;
  }

  /** Does something with the client: see `Person.with`. */
  readonly with: Person["with"] = (work) => this.#person.with(work);

  /** The id of this person. */
  get clientId(): string {
    return this.#person.clientId;
  }

  /** Says whether there is a connection. */
  get isConnected(): boolean {
    return this.#person.status.type === "connected";
  }

  /** Resolves with the times at which messages were written that are not in the log yet. */
  async writtenAt(): Promise<Set<number>> {
    const { messages } = await this.#person.outbox();
    return new Set(messages.map(({ writtenAt }) => writtenAt));
  }

  /** The messages that are not in the log yet. */
  get outgoing(): readonly KeptMessage[] {
    return this.#outbox?.messages.filter(({ roomId, fields = {}, state }) =>
      // A change is seen where it is made, unless it fails.
      roomId === this.#roomId && (!("body" in fields) || state === "failed" || state === "doubt")
    ) ?? [];
  }

  /** Enters, as often as it takes; resolves when that is done or refused. */
  async enter(target: Target, attempts = 0): Promise<void> {
    try {
      const room = await this.#person.with((chat) =>
        "id" in target
          ? chat.joinRoom(target.id, { link: target.link, last: HISTORY })
          : chat.createRoom(target.create)
      );
      if (this.#isOver) return await room.leave();
      this.#room = room;
      this.#roomId = room.id;
      this.#listener.entered(room);
      this.#read(room);
      this.#outbox?.enter(room);
      this.#deliver();
    } catch (error) {
      const { code, message } = error as ChatError;
      if (this.#isOver) return;
      // A server in memory has lost it, and those who are still in it make it again.
      if (code === "room_not_found" && attempts < ATTEMPTS && isKnown(this.#roomId)) {
        setTimeout(() => this.enter(target, attempts + 1), AGAIN_MS);
      } else this.#listener.refused(message);
    }
  }

  /** Says something, now or when that can be; resolves once it does not go with the page. */
  async say(text: string, fields?: Record<string, unknown>, writtenAt?: number): Promise<void> {
    const outbox = await this.#person.outbox();
    const id = await outbox.add(this.#roomId, text, fields, writtenAt);
    if (this.#person.isKeeping || this.#isOver) return;
    await new Promise<void>((resolve) => this.#unkept.set(id, resolve));
  }

  /** Changes a message, in the words of the protocol; resolves once that is kept. */
  change(seq: number, change: Record<string, unknown>): Promise<void> {
    return this.say("", { re: seq, ...change, body: undefined });
  }

  /** Reads what was said before a `seq`, the nearest of it; nothing where there is no more. */
  async earlier(before: number): Promise<RoomEvent[]> {
    const room = this.#room;
    if (room === undefined) throw new Error("Not in the room");
    const { events } = await this.#person.with((chat) =>
      history(chat, room, { before, limit: PAGE })
    );
    return events;
  }

  /** Says again what failed. */
  retry(id: number): void {
    this.#outbox?.retry(id);
  }

  /** Drops what failed, and returns its text. */
  async discard(id: number): Promise<string> {
    return (await this.#outbox?.discard(id))?.body ?? "";
  }

  /** Tells the others that this person types. */
  typing(): void {
    if (this.isConnected) this.#room?.typing();
  }

  /** Tries again at once. */
  retryNow(): void {
    this.#person.retryNow();
  }

  /** Takes another name. */
  rename(name: string): Promise<void> {
    return this.#person.rename(name);
  }

  /** Leaves the room, and ends it for good. */
  async close(): Promise<void> {
    this.#isOver = true;
    this.#unkept.forEach((resolve) => resolve());
    await this.#room?.leave().catch(() => {});
  }

  async #keep(): Promise<void> {
    const outbox = this.#outbox = await this.#person.outbox();
    outbox.onchange = () => {
      for (const [id, resolve] of this.#unkept) {
        if (outbox.messages.some((message) => message.id === id)) continue;
        this.#unkept.delete(id);
        resolve();
      }
      this.#listener.outgoing();
    };
    if (this.#room !== undefined) outbox.enter(this.#room);
    this.#listener.outgoing();
  }

  /** Enters rooms that something was said in when this page was not there, until that is sent. */
  async #deliver(): Promise<void> {
    // Among tabs, the one that leads does it.
    if (this.#person.isSharing) return;
    const ids = new Set(
      this.#outbox?.messages.filter(({ state }) => state === "waiting").map(({ roomId }) => roomId),
    );
    ids.delete(this.#roomId);
    for (const id of ids) {
      await this.#person.with(async (chat) => this.#outbox?.enter(await chat.joinRoom(id)))
        // It waits for the next time, or for this person to look there.
        .catch(() => {});
    }
  }

  async #read(room: ChatRoom): Promise<void> {
    for await (const event of room.events({ from: "start" })) {
      if (this.#isOver) return;
      if (event.type === "closed") this.#room = undefined;
      if (event.type === "message") this.#outbox?.witness(event);
      this.#listener.event(event);
    }
  }
}
