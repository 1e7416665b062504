// This module runs in browsers.

/**
 * One connection of a client: requests and their replies, and the heartbeat that
 * tells a dead connection from a quiet one.
 *
 * @module
 */

import * as CLOSE from "../protocol/close_codes.ts";
import {
  type Deferred,
  deferred,
  MAX_TIMER_MS,
  sleep,
  throwIfAborted,
} from "../protocol/deadline.ts";
import { ChatError, ConnectError, RefusedError } from "../protocol/errors.ts";
import {
  MAX_FRAME_CHARS,
  type MemberInfo,
  type Ref,
  type ServerFrame,
  SUBPROTOCOL,
  type SuccessFrame,
} from "../protocol/frames.ts";
import { described, MAX_MEMBERS } from "../protocol/roster.ts";
import {
  CLOSE_MS,
  MAX_REQUESTS,
  MAX_TEXT,
  MAX_WAITING,
  MIN_BEAT_MS,
  MOST_RETRY_MS,
  PROBE_MS,
} from "./limits.ts";

/** A person in a room. */
export interface RoomMember {
  /** The public id of the client. */
  clientId: string;
  /** The name that others see, where the client has one. */
  name?: string;
  /** Who it is, where a token has proved that: names prove nothing. */
  sub?: string;
  /** Set where a token says that it is a program. */
  bot?: true;
  /** Set while the client has no connection and may still come back. */
  away?: true;
}

/** A frame in which members are what apps see. */
type WithMembers<Frame> = { [K in keyof Frame]: K extends "members" ? RoomMember[] : Frame[K] };

/** Everything a server may say, read and checked. */
type Heard = WithMembers<ServerFrame>;

/** A request was carried out. */
export type SuccessReply = WithMembers<SuccessFrame>;

/** A reply that says yes. */
export type Accepted = Exclude<Heard, { status: "error" }>;

/** A frame that tells something nobody asked for. */
export type Push = Exclude<
  Heard,
  { status: "connected" } | { event: "members" | "ping" | "goodbye" }
>;

/** The end of a connection. */
export interface End {
  /** The close code; 1006 where there was none. */
  code: number;
  reason: string;
  /** When the server wants to see the client again, in milliseconds. */
  retryAfterMs?: number | undefined;
}

/** The owner of a connection, which it reports to. */
export interface ConnectionListener {
  /** A frame that is no reply to a request. */
  push(frame: Push): void;
  /** The connection is over; nothing comes after it. */
  end(end: End, connection: Connection): void;
}

interface PendingRequest extends Deferred<unknown> {
  /** Runs before any later frame is looked at, even if nobody waits for the reply any more. */
  accept: (reply: Accepted) => unknown;
}

/** A class of sockets that behave as those of `WebSocket` do. */
export type SocketClass = new (url: URL, protocol: string) => WebSocket;

/** Fields that are texts wherever they stand, but for bodies. */
const TEXTS =
  "client_id session room_id room_name room_token epoch from name sub message reason to role topic"
    .split(" ");

/** Fields that are whole numbers wherever they stand. */
const COUNTS = "n seq after at from_seq to_seq re until".split(" ");

/** A connection that speaks `parley.v1`. */
export class Connection {
  readonly #socket: WebSocket;
  readonly #events: ConnectionListener;
  readonly #requests = new Map<Ref, PendingRequest>();
  #refs = 0;
  /** Members that the next reply does not name again. */
  readonly #named: RoomMember[] = [];
  #goodbye: End | undefined;
  /** Set once it is over: the error of all that is asked from then on. */
  #ended: ChatError | undefined;
  #heardAt = performance.now();
  #saidAt = performance.now();
  #heart: ReturnType<typeof setInterval> | undefined;
  /** Ends the connection unless something is heard before; and when it does, by the wall clock. */
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #deadlineAt = Infinity;
  /** Aborted when the socket has closed. */
  readonly #closed = new AbortController();

  private constructor(socket: WebSocket, events: ConnectionListener) {
    this.#socket = socket;
    this.#events = events;
    socket.onmessage = ({ data }) => this.#hear(data);
    socket.onclose = ({ code, reason }) => {
      this.#closed.abort();
      this.#end({ code: code || CLOSE.abnormal, reason });
    };
  }

  /** Connects; rejects where there is no `parley.v1` server within the time. */
  static async open(
    url: URL,
    events: ConnectionListener,
    timeoutMs: number,
    signal?: AbortSignal,
    Socket: SocketClass = WebSocket,
  ): Promise<Connection> {
    const cannot = (why?: string) =>
      new ConnectError(`Cannot connect to ${url.origin}${why ? `: ${why}` : ""}`);
    let socket: WebSocket;
    try {
      socket = new Socket(url, SUBPROTOCOL);
    } catch (error) {
      throw cannot((error as Error).message);
    }
    const opening = deferred<Connection>(`Connecting to ${url.origin}`, timeoutMs, signal);
    socket.onopen = () => {
      if (socket.protocol === SUBPROTOCOL) opening.resolve(new Connection(socket, events));
      else opening.reject(cannot(`no ${SUBPROTOCOL}`));
    };
    // Deno says why; browsers keep it to themselves.
    socket.onclose = socket.onerror = (event: Event) =>
      opening.reject(cannot((event as ErrorEvent).message));
    try {
      return await opening.promise;
    } catch (error) {
      socket.onopen = null;
      socket.close();
      throw error;
    }
  }

  /** Sends a frame that has no reply. */
  send(frame: Record<string, unknown>): void {
    // A socket that is open: by its number, as a bundle is smaller so.
    if (this.#socket.readyState !== 1) return;
    this.#saidAt = performance.now();
    let text = JSON.stringify(frame);
    // Nothing else is written with this escape but half a surrogate pair, which is no text.
    if (text.includes("\\ud")) {
      text = JSON.stringify(frame, (_, value) => value?.toWellFormed?.() ?? value);
    }
    this.#socket.send(text);
  }

  /**
   * Sends a request and resolves with what `accept` makes of its reply. Rejects with a
   * RefusedError where the server refuses it, and with a ChatError where the time or the connection
   * ends. A reply that comes after the time is accepted all the same: the server has done it.
   */
  async request<T>(
    frame: Record<string, unknown> & { action: string },
    accept: (reply: Accepted) => T,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<T> {
    throwIfAborted(signal);
    if (this.#ended) throw this.#ended;
    if (this.#requests.size >= MAX_REQUESTS) {
      throw new ChatError("rate_limited", `${MAX_REQUESTS} requests have no reply`);
    }
    const ref = ++this.#refs;
    // First of all: what cannot be written must leave nothing behind that waits for an answer.
    this.send({ ...frame, ref });
    const answer = deferred<T>(frame.action, timeoutMs, signal);
    this.#requests.set(ref, { ...answer, accept } as PendingRequest);
    return await answer.promise;
  }

  /**
   * Begins to send `ping` where nothing else is said, and to give the connection up when
   * nothing was heard for one and a quarter heartbeats of `heartbeatMs`.
   */
  beat(heartbeatMs: number): void {
    const everyMs = Math.min(Math.max(heartbeatMs / 8, MIN_BEAT_MS), MAX_TIMER_MS);
    let dueAt = Date.now() + everyMs;
    this.#heart = setInterval(() => {
      const now = performance.now();
      const isLate = Date.now() - dueAt > everyMs;
      dueAt = Date.now() + everyMs;
      // Who comes late was throttled, frozen or asleep: what was said meanwhile may not be read yet.
      if (isLate) this.probe(Math.min(PROBE_MS, heartbeatMs / 4));
      else if (now - this.#heardAt > 1.25 * heartbeatMs) {
        this.#giveUp(heartbeatMs);
      } else if (now - Math.min(this.#heardAt, this.#saidAt) > 0.75 * heartbeatMs) {
        this.#ping();
      }
    }, everyMs);
  }

  /** Asks for a sign of life, and gives the connection up where none comes within `timeoutMs`. */
  probe(timeoutMs: number): void {
    const deadlineAt = Date.now() + timeoutMs;
    if (this.#deadlineAt <= deadlineAt) return;
    this.#ask(timeoutMs, true);
  }

  #ask(timeoutMs: number, mayAskAgain: boolean): void {
    if (this.#ended) return;
    this.#ping();
    clearTimeout(this.#deadline);
    this.#deadlineAt = Date.now() + timeoutMs;
    this.#deadline = setTimeout(() => {
      // A deadline that comes late proves nothing, but two in a row are no accident any more.
      const isLate = Date.now() - this.#deadlineAt > timeoutMs;
      if (isLate && mayAskAgain) this.#ask(timeoutMs, false);
      else this.#giveUp(timeoutMs);
    }, timeoutMs);
  }

  #giveUp(ms: number): void {
    this.fail(`Silent for ${ms} ms`);
  }

  #ping(): void {
    this.send({ action: "ping" });
  }

  /** Gives the connection up: to its owner it is over at once. */
  fail(reason: string): void {
    this.#end({ code: CLOSE.unresponsive, reason });
  }

  /** Says that it will be silent for a while, for `forMs` milliseconds at the most, and ends. */
  pause(forMs?: number): void {
    this.send({ action: "pause", body: { for_ms: forMs } });
    this.#end({ code: CLOSE.paused, reason: "Paused" });
  }

  /** Closes with 1000 and resolves when the server has answered, or after a second. */
  async close(reason: string): Promise<void> {
    this.#end({ code: CLOSE.normal, reason }, "closed");
    await sleep(CLOSE_MS, this.#closed.signal);
  }

  #hear(data: unknown): void {
    if (this.#ended) return;
    this.#heardAt = performance.now();
    clearTimeout(this.#deadline);
    this.#deadlineAt = Infinity;
    try {
      this.#read(parse(data));
    } catch {
      // Whatever is wrong with it, going on would lose something: the next connection resumes.
      this.#end({ code: CLOSE.protocolError, reason: "The server sent no frame" });
    }
  }

  #read(frame: Heard): void {
    if (frame.event === "goodbye") {
      const { code, reason } = frame;
      this.#goodbye = { code, reason, retryAfterMs: retryAfter(frame.retry_after_ms) };
    } else if (frame.event === "ping") {
      // From the event itself: timers of a page that nobody looks at run once a minute.
      if (this.#socket.bufferedAmount < MAX_WAITING) this.send({ action: "pong" });
    } else if (frame.event === "members") {
      if (this.#named.length + frame.members.length > MAX_MEMBERS) {
        throw new TypeError();
      }
      this.#named.push(...frame.members);
    } else if (!this.#answer(frame) && frame.status !== "connected") {
      this.#events.push(frame);
    }
  }

  /** Settles the request that a frame is the reply to, and says whether there is one: refs of messages are others. */
  #answer(frame: Heard & { ref?: Ref }): boolean {
    const request = this.#requests.get(frame.ref!);
    if (request === undefined) return false;
    this.#requests.delete(frame.ref!);
    try {
      if (frame.status === "error") {
        throw new RefusedError(frame.code, frame.message, {
          retryAfterMs: retryAfter(frame.retry_after_ms),
        });
      }
      if ("members" in frame) frame.members = [...this.#named.splice(0), ...frame.members!];
      request.resolve(request.accept(frame));
    } catch (error) {
      request.reject(error);
    }
    return true;
  }

  /** Ends the connection for everybody here; the socket is left to itself, which may take long to notice. */
  #end(how: End, code: "closed" | "disconnected" = "disconnected"): void {
    if (this.#ended) return;
    // What the server said of the end counts, even if its close got lost.
    const end = this.#goodbye ?? how;
    const error = new ChatError(code, `Connection ended: ${end.reason || end.code}`);
    this.#ended = error;
    clearInterval(this.#heart);
    clearTimeout(this.#deadline);
    this.#socket.onmessage = null;
    // Browsers let clients close with 1000 and 3000 to 4999 only.
    const ours = end.code === CLOSE.normal || end.code > 3999 && end.code < 5000;
    this.#socket.close(ours ? end.code : CLOSE.unresponsive, end.reason.slice(0, 40));
    for (const request of this.#requests.values()) request.reject(error);
    this.#events.end(end, this);
  }
}

/** A server's wish for a pause in milliseconds, if it is one that can be kept. */
export function retryAfter(ms: unknown): number | undefined {
  // Whatever is no number compares as one, or as less than 0.
  return (ms as number) >= 0 ? Math.min(ms as number, MOST_RETRY_MS) : undefined;
}

/** Reads a frame, and checks what would do harm if it were otherwise. */
function parse(data: unknown): Heard {
  const text = String(data);
  const frame: ServerFrame = text.length > MAX_FRAME_CHARS ? null : JSON.parse(text);
  if (!isSound(frame) || frame.status === undefined && !isEvent(frame)) throw new TypeError();
  if ("members" in frame) {
    (frame as { members: unknown }).members = (frame.members ?? []).map(known);
  }
  return frame as Heard;
}

function isEvent(frame: Exclude<ServerFrame, { status: string }>): boolean {
  switch (frame.event) {
    case "entries":
      return frame.entries.every((entry) => isSound(entry) && isText(entry.from) && entry.seq >= 0);
    case "gap":
      return frame.from_seq <= frame.to_seq;
    case "goodbye":
      return Number.isSafeInteger(frame.code) && isText(frame.reason);
    default:
      return isText(frame.event);
  }
}

/** Says whether the fields of a frame, or of a part of one, are of their kind and no longer than they may be. */
function isSound(part: object): boolean {
  // Not by `Object.entries`: a list for each field of each entry is the most that would be thrown away.
  for (const field in part) {
    const value: unknown = part[field as keyof typeof part];
    if (
      COUNTS.includes(field)
        ? !Number.isSafeInteger(value)
        : TEXTS.includes(field)
        ? !isText(value)
        : field === "body" && typeof value !== "string"
    ) return false;
  }
  return true;
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value.length <= MAX_TEXT;
}

/** Copies what is known of a member: whatever else a server tells is not kept. */
function known(member: MemberInfo): RoomMember {
  const { client_id: clientId, away } = member;
  if (!isSound(member) || !isText(clientId)) throw new TypeError();
  return { clientId, ...described(member), ...(away && { away: true }) };
}
