// This module runs in browsers.

/**
 * The chat client, for Deno and browsers, with nothing to install.
 *
 * ```ts
 * import { connect } from "jsr:@parley/chat/client";
 *
 * await using chat = await connect("ws://localhost:8765", { name: "Ana" });
 * const room = await chat.createRoom("Lobby");
 * await room.send("hello");
 * for await (const message of room) console.log(message.name, message.body);
 * ```
 *
 * @module
 */

import { patience } from "./src/client/backoff.ts";
import { check } from "./src/client/check.ts";
import type { Accepted, Connection, Push } from "./src/client/connection.ts";
import type { ReadOptions } from "./src/client/event_buffer.ts";
import { RELOAD_MS, RENEW_MS } from "./src/client/limits.ts";
import { tokenOf } from "./src/client/token.ts";
import type { ClientOptions, JoinOptions, SendOptions } from "./src/client/options.ts";
import { listenToPage } from "./src/client/page.ts";
import { Reconnector, type Status } from "./src/client/reconnect.ts";
import { type ChatRoom, JoinedRoom, type RoomActions, roomIn } from "./src/client/room.ts";
import type { Message } from "./src/client/room_events.ts";
import { isOutside, Sender } from "./src/client/sender.ts";
import { sleep, type WaitOptions } from "./src/protocol/deadline.ts";
import {
  type Acknowledgement,
  ChatError,
  ConnectError,
  RefusedError,
  SendError,
} from "./src/protocol/errors.ts";
import type { ConnectedFrame } from "./src/protocol/frames.ts";
import { described } from "./src/protocol/roster.ts";

export type { RoomMember } from "./src/client/connection.ts";
export type { ChatRoom, JoinReply } from "./src/client/room.ts";
export type {
  Kick,
  LoggedEvent,
  LoggedRoomEvent,
  Message,
  MessageChange,
  PresenceChange,
  RoleChange,
  RoomEvent,
  SettingsChange,
} from "./src/client/room_events.ts";
export type { ChatErrorCode, ClientErrorCode, ErrorCode } from "./src/protocol/errors.ts";
export type { ChangedSettings, MessageNow, PresenceEvent, Role } from "./src/protocol/frames.ts";
export type {
  Acknowledgement,
  ClientOptions,
  JoinOptions,
  ReadOptions,
  SendOptions,
  Status,
  WaitOptions,
};
export { ChatError, ConnectError, SendError };

/**
 * A chat client: one person, over as many connections as it takes.
 *
 * Only `send` waits by itself where it is too fast for the server. `createRoom`, `joinRoom`,
 * `rename`, `leave` and `leaveRoom` reject with `rate_limited`, as right after many sends: wait
 * `retryAfterMs`, and call them again. All options may be left out.
 */
export class ChatClient implements AsyncDisposable {
  readonly #options: ClientOptions;
  readonly #timeoutMs: number;
  readonly #reconnector: Reconnector;
  readonly #rooms = new Map<string, JoinedRoom>();
  readonly #actions: RoomActions;
  readonly #sender: Sender;
  readonly #closed = new AbortController();
  #clientId = "";
  #session: string | undefined;
  #name: string | undefined;
  /** The number of calls that wait for a room. */
  #entering = 0;
  /** Ids of rooms that were entered too late: whoever wanted to be there was told that it failed. */
  readonly #unwanted = new Set<string>();
  /** Rooms whose members are being asked for. */
  readonly #renewing = new Set<JoinedRoom>();
  /** Set once the app may have kept the session. */
  #isKept = false;

  /**
   * Makes a client for the server at `url` (`ws:` or `wss:`; `http:` and `https:` mean the same
   * where the runtime takes them for a WebSocket). It does nothing before `connect`.
   *
   * @throws {ChatError} `invalid_argument` if the URL is none, or a bound that is no number above 0.
   */
  constructor(url: string | URL, options: ClientOptions = {}) {
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? 10_000;
    this.#name = options.name;
    this.#session = options.session ?? undefined;
    this.#actions = {
      send: (room, text, wait) => this.#send(room, text, wait),
      typing: (room) => this.#reconnector.connection?.send({ action: "typing", room_id: room.id }),
      leave: (room, wait) => this.#leave(room, wait),
    };
    const { signal } = this.#closed;
    const bounded = { ...options, maxUnacknowledged: options.maxUnacknowledged ?? 1_000 };
    this.#sender = new Sender(bounded, {
      signal,
      connection: () => this.#reconnector.connection,
      startOver: () => {
        this.#session = undefined;
        this.#reconnector.connection?.fail("The server forgot this client");
      },
    });
    const address = URL.parse(url);
    check(!!address, "url", url);
    this.#reconnector = new Reconnector(address, { ...options, timeoutMs: this.#timeoutMs }, {
      signal,
      hello: async () => ({
        token: await tokenOf(this.#options),
        name: this.#name,
        session: this.#session,
        ...(this.#session && this.#clientId && this.#sender.numbers),
      }),
      welcome: (connection, reply) => this.#welcome(connection, reply),
      push: (frame) => this.#take(frame),
      over: (reason) => this.#over(reason),
    });
    const close = () => this.close();
    // The page ends: the next one may be this client again, or nobody will.
    const ended = () => this.#isKept ? this.#reconnector.pause(RELOAD_MS) : close();
    listenToPage(this.#reconnector, ended, signal);
    options.signal?.addEventListener("abort", close, { signal });
    if (options.signal?.aborted) queueMicrotask(close);
  }

  /**
   * The public id of this client, and `from` of what it says; empty before it is connected. It is
   * the same for as long as the session is: over broken connections, over `ClientOptions.session`,
   * over restarts of a server with a durable store, and for a day without a connection unless the
   * server says otherwise. To know people for longer, have them prove who they are in your app.
   */
  get clientId(): string {
    return this.#clientId;
  }

  /**
   * The token that makes a later client the same person: give it as {@linkcode ClientOptions.session}.
   * It is a secret: whoever has it can speak as this client. `close` ends it on the server, a
   * program that ends without `close` keeps it. In a browser, reading it says that the app keeps it:
   * from then on a page that ends is taken for one that is loaded again, and holds its places for
   * 10 s; otherwise it leaves its rooms at once. Elsewhere, reading it has no effect.
   */
  get session(): string | undefined {
    this.#isKept = true;
    return this.#session;
  }

  /** The name that others see. */
  get name(): string | undefined {
    return this.#name;
  }

  /** The state of the client's connection. */
  get status(): Status {
    return this.#reconnector.status;
  }

  /** The rooms this client is in, by id. */
  get rooms(): ReadonlyMap<string, ChatRoom> {
    return this.#rooms;
  }

  /** The current room: the one that was created or joined last. */
  get room(): ChatRoom | undefined {
    return [...this.#rooms.values()].at(-1);
  }

  /**
   * Each change of status that was not read yet, the old ones first: `status` is the present one.
   * Ends when the client is closed.
   */
  statuses(options?: ReadOptions): AsyncGenerator<Status, void, undefined> {
    return this.#reconnector.statuses(options);
  }

  /**
   * Connects, in one attempt. From then on broken connections are mended. Where it fails, the
   * client is closed: make another one.
   *
   * @throws {ChatError} `unreachable` (a ConnectError), `timeout`, `aborted`, `closed`,
   * `already_connected`, or the server's refusal.
   */
  connect({ timeoutMs = this.#timeoutMs, signal }: WaitOptions = {}): Promise<void> {
    return this.#reconnector.connect(timeoutMs, signal);
  }

  /**
   * Makes the next attempt to come back at once; where there is a connection, asks whether it still
   * works. It is for a button, and for programs that learn that the network is back: in a page, the
   * client sees that by itself.
   */
  retryNow(): void {
    this.#reconnector.nudge();
  }

  /** Makes a room, joins it, and makes it the current one. `Data` is what its messages carry: nobody checks that. */
  createRoom<Data = unknown>(name: string, options?: WaitOptions): Promise<ChatRoom<Data>> {
    return this.#open({ action: "create", body: name }, "name", name, options);
  }

  /** Joins a room and makes it the current one. In a room that this client is in, it gives the same object. */
  joinRoom<Data = unknown>(roomId: string, options: JoinOptions = {}): Promise<ChatRoom<Data>> {
    // Of a room this client is in, it wants what it does not have.
    const known = this.#rooms.get(roomId);
    const body = {
      room_id: roomId,
      last: options.last,
      after: known?.cursor ?? options.after,
      epoch: known?.epoch ?? options.epoch,
      link: options.link,
    };
    return this.#open({ action: "join", body }, "roomId", roomId, options);
  }

  /** Leaves the current room. */
  async leaveRoom(options?: WaitOptions): Promise<void> {
    await this.#here().leave(options);
  }

  /** Says something in the current room: see {@linkcode ChatRoom.send}. */
  async sendMessage(text: string, options?: SendOptions): Promise<Acknowledgement> {
    return await this.#here().send(text, options);
  }

  /** The messages of others in the current room, until it is left. */
  async *readMessages(options?: ReadOptions): AsyncGenerator<Message, void, undefined> {
    for await (const message of this.#here().messages(options)) if (!message.own) yield message;
  }

  /** Changes how others see this client. */
  async rename(name: string, options?: WaitOptions): Promise<void> {
    check(typeof name === "string", "name", name);
    await this.request({ action: "rename", body: name }, () => {
      this.#name = name;
    }, options);
  }

  /**
   * Sends a request in the words of PROTOCOL.md; resolves with what `accept` makes of its reply, before
   * anything behind it is looked at. Modules like `./client/conversation` are made of it.
   */
  async request<T>(
    frame: { action: string; body: unknown },
    accept: (reply: unknown) => T,
    { timeoutMs = this.#timeoutMs, signal }: WaitOptions = {},
  ): Promise<T> {
    check(timeoutMs >= 0, "timeoutMs", timeoutMs);
    const deadline = performance.now() + timeoutMs;
    const connection = await this.#reconnector.ready(timeoutMs, signal);
    return connection.request(frame, accept, deadline - performance.now(), signal);
  }

  /**
   * Leaves all rooms, ends the session and closes, for good. What is not acknowledged by now is
   * rejected: await the sends first. Later requests reject with `closed`, and `send` with
   * `not_in_room`. Resolves when the server has answered, or after a second.
   */
  close(): Promise<void> {
    return this.#reconnector.close("Closed");
  }

  /** The same as {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #here(): ChatRoom {
    const { room } = this;
    if (room === undefined) throw new ChatError("not_in_room", "Not in a room");
    return room;
  }

  async #open<Data>(
    frame: { action: string; body: unknown },
    parameter: string,
    value: string,
    options?: WaitOptions,
  ): Promise<ChatRoom<Data>> {
    check(typeof value === "string", parameter, value);
    let wanted = true;
    this.#entering++;
    try {
      return await this.request(
        frame,
        (reply) => this.#enter(reply as Accepted, wanted) as ChatRoom<Data>,
        options,
      );
    } finally {
      wanted = false;
      this.#entering--;
      this.#leaveUnwanted();
    }
  }

  #enter(reply: Accepted, wanted: boolean): JoinedRoom {
    const joined = roomIn(reply);
    let room = this.#rooms.get(joined.room_id);
    if (room === undefined) room = new JoinedRoom(joined, this.#actions);
    else room.renew(joined);
    if (wanted) {
      // The last one is the current one.
      this.#rooms.delete(room.id);
      this.#rooms.set(room.id, room);
    } else {
      this.#unwanted.add(room.id);
      this.#leaveUnwanted();
    }
    return room;
  }

  #leaveUnwanted(): void {
    // Whoever waits may have asked for the same room again, and would be thrown out of it.
    if (this.#entering > 0) return;
    for (const id of this.#unwanted) {
      if (this.#rooms.has(id)) continue;
      this.#reconnector.connection?.send({ action: "leave", body: { room_id: id } });
    }
    this.#unwanted.clear();
  }

  async #leave(room: JoinedRoom, options?: WaitOptions): Promise<void> {
    if (this.#rooms.get(room.id) !== room) return;
    const frame = { action: "leave", body: { room_id: room.id } };
    try {
      await this.request(frame, () => this.#forget(room, "Left"), options);
    } catch (error) {
      if (!isOutside(error)) throw error;
      this.#forget(room, error.message);
    }
  }

  #forget(room: JoinedRoom, reason: string): void {
    if (this.#rooms.get(room.id) !== room) return;
    this.#rooms.delete(room.id);
    room.end(reason);
  }

  async #send(
    room: JoinedRoom,
    text: string,
    { timeoutMs = this.#options.sendTimeoutMs ?? 60_000, signal, replyTo, data, fields }:
      SendOptions = {},
  ): Promise<Acknowledgement> {
    if (this.#rooms.get(room.id) !== room) {
      throw new SendError("not_in_room", `Not in room ${room.id}`);
    }
    check(timeoutMs >= 0, "timeoutMs", timeoutMs);
    try {
      const parts = fields ?? ((replyTo ?? data) !== undefined && { re: replyTo, data });
      return await this.#sender.send(room.id, text, timeoutMs, signal, parts);
    } catch (error) {
      if (isOutside(error)) this.#forget(room, error.message);
      throw error;
    }
  }

  /** A new connection: rejoins every room from its cursor, then sends what has no answer. */
  #welcome(connection: Connection, reply: ConnectedFrame): void {
    const formerId = this.#clientId;
    this.#clientId = reply.client_id;
    this.#session = reply.session;
    this.#name = reply.name ?? this.#name;
    const rejoined = this.#rejoinAll(connection, reply.limits.start ?? Infinity);
    this.#sender.welcome(connection, reply, rejoined, formerId);
  }

  /**
   * Joins all rooms that this client is in, at most `width` at once; where that is too fast for
   * the server, one, and then one more for each that it was let into.
   */
  async #rejoinAll(connection: Connection, width: number): Promise<void> {
    let waiting = [...this.#rooms.values()];
    // Rounds in a row that let nobody in, but for the first.
    let refusals = -1;
    while (waiting.length > 0) {
      const turn = waiting.splice(0, width);
      const pauses = await Promise.all(turn.map((room) => {
        // With the name, a room that a restart has wiped out is made again: people meet where they were.
        const body = {
          room_id: room.id,
          room_name: room.name,
          room_token: room.reply.room_token,
          epoch: room.epoch,
          link: room.reply.link,
          after: room.cursor,
        };
        return this.#rejoin(connection, room, body, (reply) => room.renew(roomIn(reply), true));
      }));
      const again = turn.filter((_, i) => pauses[i]! >= 0);
      waiting = [...again, ...waiting].filter((room) => this.#rooms.get(room.id) === room);
      width = again.length > 0 ? 1 : width + turn.length;
      refusals = again.length === turn.length ? refusals + 1 : 0;
      if (again.length > 0) {
        await sleep(patience(Math.max(...pauses), refusals), this.#closed.signal);
      }
    }
  }

  /** Joins a room that this client is in; resolves with how long to wait where the server says "not now", else with -1. */
  async #rejoin(
    connection: Connection,
    room: JoinedRoom,
    body: Record<string, unknown>,
    accept: (reply: Accepted) => void,
  ): Promise<number> {
    try {
      await connection.request({ action: "join", body }, accept, this.#timeoutMs);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      if (error.retryAfterMs !== undefined) return error.retryAfterMs;
      this.#forget(room, error.message);
    }
    return -1;
  }

  /** Asks for the members of a room, once for gaps in a row: who came and went may lie in one. */
  async #renew(room: JoinedRoom): Promise<void> {
    const { connection } = this.#reconnector;
    if (connection === undefined || this.#renewing.has(room)) return;
    this.#renewing.add(room);
    try {
      while (room.stale && this.#rooms.get(room.id) === room) {
        const body = { room_id: room.id };
        const ms = await this.#rejoin(connection, room, body, (reply) => this.#enter(reply, false));
        await sleep(Math.max(ms, RENEW_MS), this.#closed.signal);
      }
    } catch (error) {
      connection.fail((error as Error).message);
    } finally {
      this.#renewing.delete(room);
    }
  }

  /** Goes on with a new token. Where that fails, the server asks again, and closes in the end. */
  async #prove(): Promise<void> {
    await this.request({ action: "auth", body: { token: await tokenOf(this.#options) } }, () => {});
  }

  #take(frame: Push): void {
    if (frame.status !== undefined) return this.#sender.take(frame);
    if (frame.event === "expiring") this.#prove().catch(() => {});
    const room = this.#rooms.get((frame as { room_id: string }).room_id);
    if (room === undefined) return;
    switch (frame.event) {
      case "entries":
        for (const entry of frame.entries) {
          if (!room.take(entry, this.#clientId) || !("n" in entry)) continue;
          const { from, n, seq } = entry;
          if (from === this.#clientId) this.#sender.acknowledge(n, { seq });
          else this.#sender.witness(from, n, { seq });
        }
        break;
      case "gap":
        room.cursor = Math.max(room.cursor, frame.to_seq);
        room.stale = room.presence;
        room.tell({ type: "gap", fromSeq: frame.from_seq, toSeq: frame.to_seq });
        this.#sender.missed();
        this.#renew(room);
        break;
      case "typing":
        if (frame.from) room.tell({ type: "typing", from: frame.from, ...described(frame) });
        break;
      case "removed":
        this.#rooms.delete(room.id);
        room.end(frame.reason ?? "", true);
    }
  }

  #over(reason: string): void {
    this.#closed.abort();
    for (const room of this.#rooms.values()) this.#forget(room, reason);
    this.#sender.close(reason);
  }
}

/**
 * Makes a client and connects it, in one attempt: `await using chat = await connect(url, { name })`.
 * Rejects where that fails; that client is closed, and the next attempt needs another.
 */
export async function connect(url: string | URL, options?: ClientOptions): Promise<ChatClient> {
  const chat = new ChatClient(url, options);
  await chat.connect();
  return chat;
}
