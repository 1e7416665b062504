// This module runs in browsers.

/**
 * An outbox that outlives the program: what is written while there is no connection, or while a page
 * is loaded again, is sent afterwards, once. The session, the messages and their numbers are kept
 * together; where the server has forgotten the session, a message that was on its way is in doubt,
 * and never sent again without being asked for.
 *
 * ```ts
 * import { ChatClient } from "jsr:@parley/chat/client";
 * import { indexedDbOutboxStore, OfflineOutbox } from "jsr:@parley/chat/client/offline";
 *
 * const url = "wss://chat.example.org";
 * const outbox = await OfflineOutbox.open(await indexedDbOutboxStore(url));
 * const chat = new ChatClient(url, { name: "Ana", session: outbox.session });
 * outbox.attach(chat);
 * await chat.connect();
 * const room = await chat.joinRoom("k7q2-m9xd-4hwn-r3tc", { last: 100 });
 * outbox.enter(room);
 * await outbox.add(room.id, "hello"); // kept from now on, and sent as soon as that can be
 * ```
 *
 * One program at a time goes on with an outbox: among tabs, whoever holds a Web Lock. Everything that
 * its client says goes through it, as it counts the messages.
 *
 * @module
 */

import type { SendError } from "../protocol/errors.ts";
import {
  addWaiting,
  indexedDbOutboxStore,
  type KeptMessage,
  type KeptOutbox,
  memoryOutboxStore,
  type OutboxChange,
  type OutboxStore,
  type SendAttempt,
} from "./outbox_store.ts";
import type { Status } from "./reconnect.ts";
import type { ChatRoom } from "./room.ts";
import type { Message } from "./room_events.ts";

export { indexedDbOutboxStore, memoryOutboxStore };
export type { KeptMessage, KeptOutbox, OutboxChange, OutboxStore, SendAttempt };

/** The part of a client that an outbox needs. */
export interface OutboxClient {
  /** The public id of the client. */
  readonly clientId: string;
  /** The secret that makes a later client the same. */
  readonly session: string | undefined;
  /** The state of its connection. */
  readonly status: Status;
  /** Each change of it. */
  statuses(): AsyncIterable<Status>;
}

/** The part of a room that an outbox needs. */
export type OutboxRoom = Pick<ChatRoom, "id" | "epoch" | "cursor" | "send">;

/** The time for which a message may be on its way, in milliseconds: as long as the program runs. */
const FOR_EVER_MS = 2_000_000_000;

/** Failures that say nothing about the message: it is sent when the client is in its room again. */
const LATER: readonly string[] = ["not_in_room", "closed", "aborted", "timeout"];

/** An outbox. */
export class OfflineOutbox {
  readonly #store: OutboxStore;
  readonly #messages = new Map<number, KeptMessage>();
  readonly #rooms = new Map<string, OutboxRoom>();
  #session: string | undefined;
  #client: OutboxClient | undefined;
  /** The client whose messages are counted, and the number of them that are stored. */
  #clientId = "";
  #stored = 0;
  #isSending = false;
  /** The `id` of messages that are being taken out of the place where they are kept. */
  readonly #leaving = new Set<number>();
  /** Resolves when what the last connection has told is kept. */
  #ready: Promise<void> = Promise.resolve();
  /** Called after each change of {@linkcode messages}. */
  onchange: () => void = () => {};

  private constructor(store: OutboxStore, { session, messages }: KeptOutbox) {
    this.#store = store;
    this.#session = session;
    for (const message of messages) this.#messages.set(message.id, message);
  }

  /** Opens what is kept in a place. */
  static async open(store: OutboxStore): Promise<OfflineOutbox> {
    return new OfflineOutbox(store, await store.load());
  }

  /** The session to go on with: `ClientOptions.session`. */
  get session(): string | null {
    return this.#session ?? null;
  }

  /** The messages that are not in a log, in the order in which they were written. */
  get messages(): readonly KeptMessage[] {
    return [...this.#messages.values()];
  }

  /** Goes on with this client, made with {@linkcode session}. Call it before `connect`. */
  attach(client: OutboxClient): void {
    this.#client = client;
    this.#rooms.clear();
    this.#clientId = "";
    this.#follow(client);
  }

  /** Sends what waits for this room, from now on. Joined again, a room is another one: enter it, too. */
  enter(room: OutboxRoom): void {
    this.#rooms.set(room.id, room);
    this.#sendNext();
  }

  /**
   * Keeps a message, and sends it as soon as that can be. Resolves with its `id` once it is kept.
   * With `fields` of its frame it is an answer or a change, as `{ re: 5 }` or
   * `{ re: 5, edit: "hello", body: undefined }`. By `writtenAt`, in milliseconds since 1970, a page
   * that ended meanwhile finds out whether it is kept.
   */
  async add(
    roomId: string,
    body: string,
    fields?: Record<string, unknown>,
    writtenAt: number = Date.now(),
  ): Promise<number> {
    const message = await addWaiting(this.#store, { roomId, body, fields, writtenAt });
    this.#messages.set(message.id, message);
    this.onchange();
    this.#sendNext();
    return message.id;
  }

  /** Takes in what another tab has added to the same place. */
  async refresh(): Promise<void> {
    for (const message of (await this.#store.load()).messages) {
      const isKnown = this.#messages.has(message.id) || this.#leaving.has(message.id);
      if (message.state === "waiting" && !isKnown) this.#messages.set(message.id, message);
    }
    this.onchange();
    this.#sendNext();
  }

  /** Sends a message that failed, or is in doubt, as a new one. */
  async retry(id: number): Promise<void> {
    const message = await this.discard(id);
    if (message !== undefined) await this.add(message.roomId, message.body, message.fields);
  }

  /** Drops a message that is not on its way, and resolves with it. */
  async discard(id: number): Promise<KeptMessage | undefined> {
    const message = this.#messages.get(id);
    if (message === undefined || message.state === "sending") return undefined;
    await this.#change({ remove: [id] });
    return message;
  }

  /**
   * Looks at a message of the log: it may be one of those in doubt. Hand all messages of a room in,
   * those of its history as well.
   */
  async witness({ roomId, from, seq, epoch }: Message): Promise<void> {
    const found = this.messages.find(({ state, attempt, ...message }) =>
      state === "doubt" && message.roomId === roomId && attempt?.clientId === from &&
      attempt.epoch === epoch && seq > attempt.after
    );
    if (found !== undefined) await this.#change({ remove: [found.id] });
  }

  async #follow(client: OutboxClient): Promise<void> {
    for await (const status of client.statuses()) {
      if (client !== this.#client) return;
      if (status.type === "connected") this.#welcome(client, status.stored);
    }
  }

  /** Connected: what was on its way when an earlier program ended is stored, or not, or in doubt. */
  #welcome({ clientId, session }: OutboxClient, stored: number): void {
    if (clientId === this.#clientId) this.#stored = Math.max(this.#stored, stored);
    else {
      const put: KeptMessage[] = [];
      const remove: number[] = [];
      for (const message of this.#messages.values()) {
        const { attempt, ...rest } = message;
        // One that this very program has on its way is answered by the client.
        if (message.state !== "sending" || attempt?.clientId === this.#clientId) continue;
        if (attempt?.clientId !== clientId) put.push({ ...message, state: "doubt" });
        else if (attempt.n <= stored) remove.push(message.id);
        // Its number is the next one again: where the server has it all the same, it knows the repeat.
        else put.push({ ...rest, state: "waiting" });
      }
      this.#clientId = clientId;
      this.#stored = stored;
      this.#ready = this.#change({ ...(session && { session }), put, remove });
    }
    this.#sendNext();
  }

  /** Sends one message after the other: so the number of each is known before it is sent. */
  async #sendNext(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      await this.#ready;
      for (let message = this.#next(); message !== undefined; message = this.#next()) {
        await this.#send(message, this.#rooms.get(message.roomId)!);
        await this.#ready;
      }
    } finally {
      this.#isSending = false;
    }
  }

  #next(): KeptMessage | undefined {
    const client = this.#client;
    // What is not sent cannot be in doubt.
    if (client?.status.type !== "connected" || client.clientId !== this.#clientId) return undefined;
    return this.messages.find(({ state, roomId }) =>
      state === "waiting" && this.#rooms.has(roomId)
    );
  }

  async #send(message: KeptMessage, room: OutboxRoom): Promise<void> {
    const [client, clientId, n] = [this.#client, this.#clientId, this.#stored + 1];
    const attempt: SendAttempt = { clientId, n, epoch: room.epoch, after: room.cursor };
    const sending: KeptMessage = { ...message, state: "sending", attempt };
    await this.#change({ put: [sending] });
    // Somebody else meanwhile: it was not sent, and another number is next.
    if (client !== this.#client || clientId !== client?.clientId) {
      return await this.#change({ put: [message] });
    }
    try {
      const { fields } = message;
      await room.send(message.body, { timeoutMs: FOR_EVER_MS, ...(fields && { fields }) });
      // Where another client has come between, it was not sent before, and is the next of that one.
      this.#stored = clientId === this.#clientId ? Math.max(this.#stored, n) : this.#stored + 1;
      await this.#change({ remove: [message.id] });
    } catch (error) {
      const { code, mayBeStored, outcome, message: reason } = error as SendError;
      if (mayBeStored && LATER.includes(code)) return;
      if (LATER.includes(code)) {
        if (this.#rooms.get(room.id) === room) this.#rooms.delete(room.id);
        await this.#change({ put: [message] });
      } else if (mayBeStored) {
        await this.#change({ put: [{ ...sending, state: "doubt" }] });
        outcome?.then((stored) => stored && this.#change({ remove: [message.id] }));
      } else await this.#change({ put: [{ ...message, state: "failed", reason }] });
    }
  }

  async #change(change: OutboxChange): Promise<void> {
    for (const message of change.put ?? []) this.#messages.set(message.id, message);
    for (const id of change.remove ?? []) {
      this.#messages.delete(id);
      this.#leaving.add(id);
    }
    if (change.session !== undefined) this.#session = change.session;
    this.onchange();
    await this.#store.change(change);
    for (const id of change.remove ?? []) this.#leaving.delete(id);
  }
}
