// This module runs in browsers.

/// <reference lib="dom" />
/**
 * One person in one room: connects as often as it takes, joins, says things, and tells what
 * happens.
 *
 * @module
 */

import {
  ChatClient,
  type ChatError,
  type ChatRoom,
  type RoomEvent,
  type SendError,
  type Status,
} from "../client.ts";

/** A message of this person that is not in the log yet, as far as it knows. */
export interface Outgoing {
  readonly id: number;
  readonly text: string;
  /**
   * - `waiting`: there is no room to say it in yet.
   * - `sending`: it is on its way, or goes when the connection is back.
   * - `failed`: it is not in the log; `reason` says why.
   * - `doubt`: it may be in the log, and may not.
   */
  state: "waiting" | "sending" | "failed" | "doubt";
  reason: string;
  /** Its place in the log, once that is known. */
  seq?: number | undefined;
}

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
  /** There is no way into the room: why, in words, and the code. */
  refused(reason: string, code: string): void;
}

/** Somewhere to enter: a room that is there, or one that is made. */
export type Target = { id: string } | { create: string };

/** The entries of history that a room begins with. */
const HISTORY = 200;

/** The longest wait between attempts, in milliseconds. */
const MOST_DELAY_MS = 20_000;

/** Failures that waiting may help; so it does where the server says how long. */
const WAITING_HELPS = ["unreachable", "timeout", "disconnected", "unavailable"];

/** A conversation. */
export class Conversation {
  readonly #src: string;
  readonly #listener: Listener;
  readonly #ended = new AbortController();
  #chat: ChatClient | undefined;
  #room: ChatRoom | undefined;
  #name: string;
  #outgoing: Outgoing[] = [];
  #ids = 0;
  /** Ends the wait for the next attempt. */
  #waking = new AbortController();
  #status: Status = { type: "idle" };

  /** Makes a conversation over the server at `src`; it does nothing before `enter`. */
  constructor(src: string, name: string, listener: Listener) {
    this.#src = src;
    this.#name = name;
    this.#listener = listener;
  }

  /** The room, once it is entered. */
  get room(): ChatRoom | undefined {
    return this.#room;
  }

  /** The id of this person. */
  get clientId(): string {
    return this.#chat?.clientId ?? "";
  }

  /** The state of the connection. */
  get status(): Status {
    return this.#status;
  }

  /** The messages that are not in the log yet. */
  get outgoing(): readonly Outgoing[] {
    return this.#outgoing;
  }

  /** Connects and enters, as often as it takes; resolves when that is done or refused. */
  async enter(target: Target): Promise<void> {
    for (
      let mostMs = 1_000;
      !this.#ended.signal.aborted;
      mostMs = Math.min(2 * mostMs, MOST_DELAY_MS)
    ) {
      try {
        const chat = this.#chat ??= await this.#connect();
        const room = "id" in target
          ? await chat.joinRoom(target.id, { last: HISTORY })
          : await chat.createRoom(target.create);
        this.#entered(room);
        return;
      } catch (error) {
        if (this.#ended.signal.aborted) return;
        const { code, message, retryAfterMs } = error as ChatError;
        if (retryAfterMs === undefined && !WAITING_HELPS.includes(code)) {
          this.#listener.refused(message, code);
          return;
        }
        const delayMs = Math.max(Math.random() * mostMs, retryAfterMs ?? 0);
        this.#tell({ type: "reconnecting", attempt: 0, delayMs, code: 0, reason: message });
        await this.#wait(delayMs);
      }
    }
  }

  /** Says something, now or when that can be. */
  say(text: string): void {
    this.#outgoing.push({ id: ++this.#ids, text, state: "waiting", reason: "" });
    this.#sendWaiting();
  }

  /** Says again what failed. */
  retry(id: number): void {
    const message = this.#take(id);
    if (message !== undefined) this.say(message.text);
  }

  /** Drops what failed, and returns its text. */
  discard(id: number): string {
    const message = this.#take(id);
    this.#listener.outgoing();
    return message?.text ?? "";
  }

  /** Tells the others that this person types. */
  typing(): void {
    if (this.#status.type === "connected") this.#room?.typing();
  }

  /** Takes another name. */
  async rename(name: string): Promise<void> {
    this.#name = name;
    await this.#chat?.rename(name);
  }

  /** Tries again at once. */
  retryNow(): void {
    this.#waking.abort();
    this.#chat?.retryNow();
  }

  /** Leaves, and ends it for good. */
  async close(): Promise<void> {
    this.#ended.abort();
    this.#waking.abort();
    await this.#chat?.close();
  }

  async #connect(): Promise<ChatClient> {
    const chat = new ChatClient(this.#src, {
      name: this.#name,
      session: keptSession(this.#src),
      // What is said waits for the connection as long as the page is there.
      sendTimeoutMs: 2_000_000_000,
      signal: this.#ended.signal,
    });
    this.#tell({ type: "connecting" });
    await chat.connect();
    this.#watch(chat);
    return chat;
  }

  async #watch(chat: ChatClient): Promise<void> {
    for await (const status of chat.statuses()) {
      if (chat.session !== undefined) keepSession(this.#src, chat.session);
      this.#tell(status);
    }
    if (this.#chat === chat && !this.#ended.signal.aborted) this.#chat = undefined;
  }

  #tell(status: Status): void {
    this.#status = status;
    this.#listener.status(status);
  }

  #entered(room: ChatRoom): void {
    this.#room = room;
    this.#listener.entered(room);
    this.#read(room);
    this.#sendWaiting();
  }

  async #read(room: ChatRoom): Promise<void> {
    for await (const event of room.events({ from: "start" })) {
      if (this.#ended.signal.aborted) return;
      if (event.type === "closed") this.#room = undefined;
      if (event.type === "message" && event.own) this.#seen(event.seq, event.body);
      this.#listener.event(event);
    }
  }

  /** This person's own message is in the log: whichever comes first, this or the answer to `send`. */
  #seen(seq: number, body: string): void {
    const message = this.#outgoing.find((one) => one.seq === seq) ??
      this.#outgoing.find((one) =>
        one.seq === undefined && one.state === "sending" && one.text === body
      );
    if (message !== undefined) this.#remove(message);
  }

  #sendWaiting(): void {
    const room = this.#room;
    if (room !== undefined) {
      for (const message of this.#outgoing) {
        if (message.state === "waiting") this.#send(room, message);
      }
    }
    this.#listener.outgoing();
  }

  async #send(room: ChatRoom, message: Outgoing): Promise<void> {
    message.state = "sending";
    try {
      const { seq } = await room.send(message.text);
      message.seq = seq;
      // Where the entry was shown before, or its place is not known, nothing more comes.
      if (seq === undefined || seq <= room.cursor) this.#remove(message);
    } catch (error) {
      const { mayBeStored, outcome, message: reason } = error as SendError;
      message.state = mayBeStored ? "doubt" : "failed";
      message.reason = reason;
      outcome?.then((stored) => stored && this.#remove(message));
    }
    this.#listener.outgoing();
  }

  #take(id: number): Outgoing | undefined {
    const message = this.#outgoing.find((one) => one.id === id);
    if (message !== undefined) this.#remove(message);
    return message;
  }

  #remove(message: Outgoing): void {
    this.#outgoing = this.#outgoing.filter((one) => one !== message);
    this.#listener.outgoing();
  }

  async #wait(ms: number): Promise<void> {
    this.#waking = new AbortController();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#waking.signal.addEventListener("abort", () => resolve());
    await promise;
    clearTimeout(timer);
  }
}

function keptSession(src: string): string | null {
  try {
    return sessionStorage.getItem(`parley.session ${src}`);
  } catch {
    return null;
  }
}

function keepSession(src: string, session: string): void {
  try {
    sessionStorage.setItem(`parley.session ${src}`, session);
  } catch {
    // A page without storage is somebody new when it is loaded again.
  }
}
