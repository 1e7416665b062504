// This module runs in browsers.

/**
 * The chat client, for Deno and browsers, with nothing to install.
 *
 * ```ts
 * import { ChatClient } from "jsr:@parley/chat/client";
 *
 * await using chat = new ChatClient("ws://localhost:8765", { name: "Ana" });
 * await chat.connect();
 * const room = await chat.createRoom("Lobby");
 * await room.send("hello");
 * for await (const message of room) console.log(message.name, message.body);
 * ```
 *
 * @module
 */

import { ChatRoom, type Message, type RoomActions } from "./src/chat_room.ts";
import { ChatError, SendError } from "./src/errors.ts";
import type { ReadOptions } from "./src/feed.ts";
import { Lifeline, type Status } from "./src/lifeline.ts";
import type { Link, Push, Reply } from "./src/link.ts";
import { Sender } from "./src/sender.ts";
import type { ConnectedFrame, ErrorFrame, SuccessFrame } from "./src/protocol.ts";
import { sleep, type WaitOptions } from "./src/wait.ts";

export type { ErrorCode } from "./src/errors.ts";
export type { Message, PresenceChange, RoomActions, RoomEvent } from "./src/chat_room.ts";
export type {
  Entry,
  MemberInfo,
  MessageEntry,
  PresenceEntry,
  PresenceEvent,
} from "./src/protocol.ts";
export type { ReadOptions, Status, WaitOptions };
export { ChatError, ChatRoom, SendError };

/** What a client can be told. */
export interface ClientOptions {
  /** How others see this client. */
  name?: string;
  /** How long each wait lasts unless it says otherwise, in milliseconds; 10,000 unless given. */
  timeoutMs?: number;
  /** The same for `send`, which outlives broken connections; 60,000 unless given. */
  sendTimeoutMs?: number;
  /** Closes the client when it is aborted. */
  signal?: AbortSignal;
  /** Whether to come back by itself when the connection breaks; `true` unless given. */
  reconnect?: boolean;
  /** How many messages may be without an acknowledgement; 1,000 unless given. */
  maxUnacknowledged?: number;
  /** What `send` does when there are that many: `wait` for its turn, or `fail`; `wait` unless given. */
  whenFull?: "wait" | "fail";
}

/** What `joinRoom` can be told. */
export interface JoinOptions extends WaitOptions {
  /** How many entries of the room's history to begin with; none unless given. */
  last?: number;
}

/** A chat client: one person, over as many connections as it takes. */
export class ChatClient implements AsyncDisposable {
  readonly #options: ClientOptions;
  readonly #timeoutMs: number;
  readonly #lifeline: Lifeline;
  readonly #rooms = new Map<string, ChatRoom>();
  readonly #actions: RoomActions;
  readonly #sender: Sender;
  readonly #closed = new AbortController();
  #clientId = "";
  #session: string | undefined;
  #name: string | undefined;
  #current: ChatRoom | undefined;
  readonly #unlisten: () => void;

  /**
   * Makes a client for the server at `url` (`ws:` or `wss:`). It does nothing before `connect`.
   *
   * @throws {TypeError} if the URL is none.
   */
  constructor(url: string | URL, options: ClientOptions = {}) {
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? 10_000;
    this.#name = options.name;
    this.#actions = {
      send: (room, text, wait) => this.#send(room, text, wait),
      typing: (room) => this.#lifeline.link?.send({ action: "typing", room_id: room.id }),
      leave: (room, wait) => this.#leave(room, wait),
    };
    this.#sender = new Sender({
      timeoutMs: this.#timeoutMs,
      maxUnacknowledged: options.maxUnacknowledged ?? 1_000,
      whenFull: options.whenFull ?? "wait",
    }, () => this.#lifeline.link);
    this.#lifeline = new Lifeline(new URL(url), {
      timeoutMs: this.#timeoutMs,
      reconnect: options.reconnect ?? true,
    }, {
      hello: () => ({ name: this.#name, session: this.#session }),
      welcome: (link, reply) => this.#welcome(link, reply),
      push: (frame) => this.#take(frame),
      over: (reason) => this.#over(reason),
    });
    this.#unlisten = listen(() => this.#lifeline.nudge(), () => this.close(), options.signal);
  }

  /** The public id of this client; empty before it is connected. */
  get clientId(): string {
    return this.#clientId;
  }

  /** How others see this client. */
  get name(): string | undefined {
    return this.#name;
  }

  /** How the client stands with its server. */
  get status(): Status {
    return this.#lifeline.status;
  }

  /** The rooms this client is in, by id. */
  get rooms(): ReadonlyMap<string, ChatRoom> {
    return this.#rooms;
  }

  /** The current room: the one that was created or joined last. */
  get room(): ChatRoom | undefined {
    return this.#current;
  }

  /** Each change of status that was not read yet; ends when the client is closed. */
  statuses(options?: ReadOptions): AsyncGenerator<Status, void, undefined> {
    return this.#lifeline.statuses(options);
  }

  /** Connects, in one attempt; rejects if it fails. From then on broken connections are mended. */
  async connect(options: WaitOptions = {}): Promise<void> {
    await this.#lifeline.connect(options.timeoutMs ?? this.#timeoutMs, options.signal);
  }

  /** Makes a room, joins it, and makes it the current one. */
  createRoom(name: string, options: WaitOptions = {}): Promise<ChatRoom> {
    return this.#request({ action: "create", body: name }, (reply) => this.#enter(reply), options);
  }

  /** Joins a room and makes it the current one. */
  joinRoom(roomId: string, options: JoinOptions = {}): Promise<ChatRoom> {
    // Of a room this client is in, it wants what it does not have.
    const known = this.#rooms.get(roomId);
    const body = {
      room_id: roomId,
      last: options.last,
      after: known?.cursor,
      epoch: known?.epoch,
    };
    return this.#request({ action: "join", body }, (reply) => this.#enter(reply), options);
  }

  /** Leaves the current room. */
  async leaveRoom(options: WaitOptions = {}): Promise<void> {
    await this.#leave(this.#here(), options);
  }

  /** Says something in the current room: see {@linkcode ChatRoom.send}. */
  async sendMessage(text: string, options: WaitOptions = {}): Promise<number> {
    return await this.#here().send(text, options);
  }

  /** The messages of others in the current room, until it is left. */
  async *readMessages(options: ReadOptions = {}): AsyncGenerator<Message, void, undefined> {
    for await (const message of this.#here().messages(options)) if (!message.own) yield message;
  }

  /** Changes how others see this client. */
  rename(name: string, options: WaitOptions = {}): Promise<void> {
    return this.#request({ action: "rename", body: name }, () => {
      this.#name = name;
    }, options);
  }

  /**
   * Leaves all rooms and closes. What is not acknowledged by now is rejected: await the
   * sends first. Resolves when the server has answered, or after a second.
   */
  async close(): Promise<void> {
    await this.#lifeline.close("Closed by the client");
  }

  /** The same as {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #here(): ChatRoom {
    if (this.#current === undefined) throw new ChatError("not_in_room", "Not in any room");
    return this.#current;
  }

  async #request<T>(
    frame: { action: string; body: unknown },
    accept: (reply: Reply) => T,
    { timeoutMs = this.#timeoutMs, signal }: WaitOptions,
  ): Promise<T> {
    const deadline = performance.now() + timeoutMs;
    const link = await this.#lifeline.ready(timeoutMs, signal);
    return await link.request(frame, accept, deadline - performance.now(), signal);
  }

  #enter(reply: Reply): ChatRoom {
    if (!isRoom(reply)) throw new Error("The server answered with something that is no room");
    let room = this.#rooms.get(reply.room_id ?? "");
    if (room === undefined) {
      room = new ChatRoom(reply, this.#actions);
      this.#rooms.set(room.id, room);
    } else if (reply.recovered === false) {
      room.rejoined(reply);
    }
    this.#current = room;
    return room;
  }

  async #leave(room: ChatRoom, options: WaitOptions): Promise<void> {
    if (this.#rooms.get(room.id) !== room) return;
    const frame = { action: "leave", body: { room_id: room.id } };
    await this.#request(frame, () => this.#forget(room, "Left"), options);
  }

  #forget(room: ChatRoom, reason: string): void {
    this.#rooms.delete(room.id);
    if (this.#current === room) this.#current = [...this.#rooms.values()].at(-1);
    room.end(reason);
  }

  async #send(room: ChatRoom, text: string, options: WaitOptions): Promise<number> {
    const { sendTimeoutMs = 60_000 } = this.#options;
    if (this.#rooms.get(room.id) !== room) throw new SendError(`Not in room ${room.id}`, false);
    return await this.#sender.send(
      room.id,
      text,
      options.timeoutMs ?? sendTimeoutMs,
      options.signal,
    );
  }

  /** A new connection: rejoins every room from its cursor, then sends what has no answer. */
  #welcome(link: Link, reply: ConnectedFrame): void {
    this.#clientId = reply.client_id;
    this.#session = reply.session;
    const rejoins = [...this.#rooms.values()].map((room) => this.#rejoin(link, room));
    this.#sender.welcome(link, reply, Promise.all(rejoins));
  }

  async #rejoin(link: Link, room: ChatRoom): Promise<void> {
    // With the name, a room that a restart has wiped out is made again: people meet where they were.
    const { id, name, epoch, cursor } = room;
    const body = { room_id: id, room_name: name, epoch, after: cursor };
    try {
      await link.request({ action: "join", body }, (reply) => {
        if (!isRoom(reply)) {
          throw new Error(`The server answered the rejoin of ${id} with something else`);
        }
        room.rejoined(reply);
      }, this.#timeoutMs);
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      if (error.retryAfterMs === undefined) return this.#forget(room, error.message);
      await sleep(error.retryAfterMs, this.#closed.signal);
      if (this.#rooms.get(id) === room) await this.#rejoin(link, room);
    }
  }

  #take(frame: Push): void {
    if ("status" in frame) {
      this.#takeReply(frame);
      return;
    }
    const room = "room_id" in frame ? this.#rooms.get(frame.room_id) : undefined;
    if (room === undefined) return;
    switch (frame.event) {
      case "entries":
        for (const entry of frame.entries) {
          if (!room.take(entry, this.#clientId)) continue;
          if ("body" in entry && entry.from === this.#clientId) {
            this.#sender.acknowledge(entry.n, entry.seq);
          }
        }
        break;
      case "gap":
        room.tell({ type: "gap", fromSeq: frame.from_seq, toSeq: frame.to_seq });
        this.#sender.missed();
        break;
      case "typing": {
        const { from, name } = frame;
        room.tell({ type: "typing", from, ...(name === undefined ? {} : { name }) });
      }
    }
  }

  /** A reply that nobody waits for: it is about a message, or came too late. */
  #takeReply(frame: SuccessFrame | ErrorFrame): void {
    if (frame.status === "error") {
      if (frame.n !== undefined) this.#sender.refuse(frame, frame.n);
    } else if (frame.n !== undefined) {
      this.#sender.acknowledge(frame.n, frame.seq ?? 0);
    } else if (frame.members !== undefined && !this.#rooms.has(frame.room_id ?? "")) {
      // Whoever wanted to be there was told that it failed.
      this.#lifeline.link?.send({ action: "leave", body: { room_id: frame.room_id } });
    }
  }

  #over(reason: string): void {
    this.#closed.abort();
    this.#unlisten();
    for (const room of [...this.#rooms.values()]) this.#forget(room, reason);
    this.#sender.close(reason);
  }
}

/** Events of browsers after which a connection may be dead, or can be made again. */
const NUDGES = ["online", "offline", "visibilitychange"];

/** Calls `nudge` when a browser's network or its user comes or goes, and `close` when the signal is aborted. */
function listen(nudge: () => void, close: () => void, signal?: AbortSignal): () => void {
  // Where there is no such event, as in Deno, nobody is ever called.
  for (const event of NUDGES) globalThis.addEventListener(event, nudge);
  signal?.addEventListener("abort", close);
  if (signal?.aborted) queueMicrotask(close);
  return () => {
    for (const event of NUDGES) globalThis.removeEventListener(event, nudge);
    signal?.removeEventListener("abort", close);
  };
}

/** Whether a reply lets this client into a room. */
function isRoom(reply: Reply): reply is SuccessFrame {
  return "status" in reply && reply.status === "success" && typeof reply.room_id === "string";
}
