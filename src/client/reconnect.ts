// This module runs in browsers.

/**
 * Keeps a client connected: makes connections one after the other, each when the last
 * has ended, and tells how it stands.
 *
 * @module
 */

import * as CLOSE from "../protocol/close_codes.ts";
import { type Deferred, deferred, sleep, throwIfAborted } from "../protocol/deadline.ts";
import { ChatError, mayReconnect } from "../protocol/errors.ts";
import type { ConnectedFrame } from "../protocol/frames.ts";
import { backoff } from "./backoff.ts";
import { check } from "./check.ts";
import { type Accepted, Connection, type End, type Push, type SocketClass } from "./connection.ts";
import { EventBuffer, type ReadOptions } from "./event_buffer.ts";
import { GOOD_MS, KEPT_STATUSES, OFFLINE_PROBE_MS, PROBE_MS } from "./limits.ts";
import { isHidden } from "./page.ts";

/**
 * The state of a client's connection.
 *
 * - `idle`: `connect` was not called yet.
 * - `connecting`: a connection is being made.
 * - `connected`: all is well. `resumed`: the server knows this client from an earlier connection;
 *   otherwise `clientId` and `session` are new. `stored` is the number of messages that the server
 *   had of this client when it connected; `./client/offline` tells by it what is to be sent again.
 * - `reconnecting`: the connection is gone, `reason` and the close `code` say why. Attempt number
 *   `attempt` comes in `delayMs` milliseconds: a random time, up to 1 s before the first attempt, up
 *   to twice as long before each further one, and 20 s at the most, or as long as the server asked
 *   for. A connection that lasted 5 s has the count begin anew. `delayMs` is `Infinity` while the
 *   page is stopped.
 * - `closed`: the connection is gone for good: the client was closed, its first connection failed,
 *   a later one ended with `reconnect: false`, or the server says that the client must not come
 *   back, with a `code` of 4500 or more.
 */
export type Status =
  | { type: "idle" }
  | { type: "connecting" }
  | { type: "connected"; resumed: boolean; stored: number }
  | { type: "reconnecting"; attempt: number; delayMs: number; code: number; reason: string }
  | { type: "closed"; code: number; reason: string };

/** Settings of a reconnector. */
export interface ReconnectorOptions {
  /** The timeout of one attempt, in milliseconds. */
  timeoutMs: number;
  /** `false`: does not come back after a connection has ended. */
  reconnect?: boolean;
  /** `true`: each connection has a new token, so that it comes back when one has ended. */
  token?: unknown;
  /** The class of its sockets; that of the platform unless given. */
  WebSocket?: SocketClass;
}

/** The owner of a reconnector: it is asked, and reported to. */
export interface ReconnectorEvents {
  /** Aborted when it will not come back. */
  readonly signal: AbortSignal;
  /** The body of the next `hello`. */
  hello(): Promise<Record<string, unknown>>;
  /** Connected: called before any other frame of this connection is looked at. */
  welcome(connection: Connection, reply: ConnectedFrame): void;
  /** A frame that is no reply. */
  push(frame: Push): void;
  /** It will not come back. */
  over(reason: string): void;
}

/** A client's connections, one after the other. */
export class Reconnector {
  readonly #url: URL;
  readonly #options: ReconnectorOptions;
  readonly #events: ReconnectorEvents;
  readonly #statuses = new EventBuffer<Status>({ events: KEPT_STATUSES }, () => undefined);
  #status: Status = { type: "idle" };
  #connection: Connection | undefined;
  readonly #waiters = new Set<Deferred<Connection>>();
  #attempt = 0;
  #connectedAt = 0;
  #over = false;
  /** Ends the wait for the next attempt. */
  #waking = new AbortController();
  /** Set while it stays away until somebody says that something has changed. */
  #paused = false;
  /** Set once it is closed by its owner. */
  #isClosed = false;

  /** Makes a reconnector that does nothing before `connect`. */
  constructor(url: URL, options: ReconnectorOptions, events: ReconnectorEvents) {
    this.#url = url;
    this.#options = options;
    this.#events = events;
  }

  /** The state of the connection. */
  get status(): Status {
    return this.#status;
  }

  /** The connection, while there is one. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** Every change of status from now on that no reader has had. */
  statuses(options?: ReadOptions): AsyncGenerator<Status, void, undefined> {
    return this.#statuses.read(options);
  }

  /** Makes the first connection, in one attempt. */
  async connect(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    check(timeoutMs >= 0, "timeoutMs", timeoutMs);
    throwIfAborted(signal);
    const { type } = this.#status;
    if (type !== "idle") {
      throw new ChatError(this.#over ? "closed" : "already_connected", `Cannot connect: ${type}`);
    }
    try {
      await this.#open(timeoutMs, signal);
    } catch (error) {
      this.#finish({ code: CLOSE.abnormal, reason: (error as Error).message });
      throw this.#isClosed ? closed() : error;
    }
  }

  /** The connection, as soon as there is one. */
  async ready(timeoutMs: number, signal?: AbortSignal): Promise<Connection> {
    if (this.#connection !== undefined) return this.#connection;
    if (this.#over) throw closed();
    if (this.#status.type === "idle") {
      throw new ChatError("not_connected", "Not connected");
    }
    const waiter = deferred<Connection>("Connecting", timeoutMs, signal);
    this.#waiters.add(waiter);
    return await waiter.promise.finally(() => this.#waiters.delete(waiter));
  }

  /** Something has changed, the network or who looks: tries at once, or asks for a sign of life. */
  nudge(): void {
    this.#paused = false;
    this.#connection?.probe(Math.min(PROBE_MS, this.#options.timeoutMs));
    this.#waking.abort();
  }

  /** The network seems to be gone: asks for a sign of life that has to come soon. */
  doubt(): void {
    this.#connection?.probe(OFFLINE_PROBE_MS);
  }

  /** Lets the connection go, for `forMs` milliseconds at the most, and stays away until a nudge. */
  pause(forMs?: number): void {
    this.#paused = true;
    this.#connection?.pause(forMs);
  }

  /** Ends it for good. */
  async close(reason: string): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#isClosed = true;
    this.#finish({ code: CLOSE.normal, reason });
    await connection?.close(reason);
  }

  async #open(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    this.#set({ type: "connecting" });
    const closing = this.#events.signal;
    const ended = AbortSignal.any([closing, signal ?? closing]);
    const deadline = performance.now() + timeoutMs;
    const body = await deferred("The token", timeoutMs, ended, this.#events.hello()).promise;
    const connection = await Connection.open(
      this.#url,
      {
        push: (frame) => this.#events.push(frame),
        end: (end, connection) => this.#lost(connection, end),
      },
      deadline - performance.now(),
      ended,
      this.#options.WebSocket,
    );
    const welcome = (reply: Accepted) => this.#welcome(connection, reply);
    try {
      await connection.request(
        { action: "hello", body },
        welcome,
        deadline - performance.now(),
        ended,
      );
    } catch (error) {
      // Not a close: the server may have taken the hello, and would take a close for a farewell.
      connection.fail("The server sent no welcome");
      throw error;
    }
  }

  #welcome(connection: Connection, reply: Accepted): void {
    if (!isWelcome(reply)) throw new ChatError("internal", "The server sent no welcome");
    this.#connection = connection;
    this.#paused = false;
    this.#connectedAt = performance.now();
    connection.beat(reply.heartbeat_ms);
    try {
      this.#events.welcome(connection, reply);
    } catch (error) {
      this.#connection = undefined;
      throw error;
    }
    this.#set({ type: "connected", resumed: reply.resumed === true, stored: reply.n });
    for (const waiter of this.#waiters) waiter.resolve(connection);
  }

  /** A connection has ended. One that was never welcomed is the business of whoever opened it. */
  #lost(connection: Connection, end: End): void {
    const isCurrent = this.#connection === connection;
    const { token, reconnect } = this.#options;
    if (!mayReconnect(end.code, token instanceof Function) || isCurrent && reconnect === false) {
      this.#finish(end);
    }
    if (!isCurrent) return;
    this.#connection = undefined;
    if (performance.now() - this.#connectedAt > GOOD_MS) this.#attempt = 0;
    if (!this.#over) this.#comeBack(end);
  }

  async #comeBack({ code, reason, retryAfterMs }: End): Promise<void> {
    while (!this.#over) {
      const delayMs = this.#paused ? Infinity : this.#delay(retryAfterMs);
      const attempt = ++this.#attempt;
      this.#set({ type: "reconnecting", attempt, delayMs, code, reason });
      this.#waking = new AbortController();
      await sleep(delayMs, this.#waking.signal);
      if (this.#over) return;
      try {
        await this.#open(this.#options.timeoutMs);
        return;
      } catch (error) {
        code = CLOSE.abnormal;
        ({ message: reason, retryAfterMs } = error as ChatError);
      }
    }
  }

  /** The wait before the next attempt in milliseconds, where the server has perhaps `asked` for a time. */
  #delay(asked: number | undefined): number {
    // Timers of a page that nobody sees come when they want: there is one attempt without any.
    const atOnce = !this.#attempt && (asked !== undefined || isHidden());
    // A server may say when, but not make a client that keeps failing come faster.
    return Math.max(atOnce ? 0 : backoff(this.#attempt, Math.random()), asked ?? 0);
  }

  #finish({ code, reason }: End): void {
    if (this.#over) return;
    this.#over = true;
    this.#set({ type: "closed", code, reason });
    this.#statuses.end();
    this.#waking.abort();
    for (const waiter of this.#waiters) waiter.reject(closed());
    this.#events.over(reason);
  }

  #set(status: Status): void {
    this.#status = status;
    this.#statuses.push(status);
  }
}

function closed(): ChatError {
  return new ChatError("closed", "Closed");
}

/** Says whether the server answers `hello` as the protocol says: the client counts on all of it. */
function isWelcome(reply: Accepted): reply is ConnectedFrame {
  return reply.status === "connected" && !!reply.client_id && reply.n >= 0 &&
    reply.heartbeat_ms > 0 && reply.limits?.body_bytes > 0 && (reply.limits.start ?? 1) >= 1;
}
