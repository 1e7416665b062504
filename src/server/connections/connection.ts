/**
 * One socket: the only place that sends, and that hears. It knows how much its peer has not taken yet,
 * and says when it can take no more.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { HelloRequest } from "../../core/authority/authenticate.ts";
import type { Metrics } from "../../core/state/metrics.ts";
import type { SocketLimits } from "../../core/state/options.ts";
import type { CheckedProof } from "../../core/authority/proof.ts";
import type { Rate } from "../../core/limits/rate_limit.ts";
import type { Quota } from "../../core/state/quota.ts";
import { RequestQueue } from "../../core/request_queue.ts";
import type { Peer, Session } from "../../core/state/sessions.ts";
import type { Dialect } from "../../protocol/frames.ts";
import { later } from "../../timers.ts";
import type { ClosedSocket } from "./closed_sockets.ts";
import { terminate } from "./terminate.ts";

// Reading `bufferedAmount` costs about a tenth of a send. An overshoot of 64 KiB costs nothing.
const CHECK_EVERY_CHARS = 65_536;

/** The longest that a close waits until what was sent before is written, in milliseconds. */
const WRITE_MS = 10;

/** Reports of connections. */
export interface ConnectionEvents {
  /** The peer has said something, which may be other than text. */
  heard(connection: Connection, data: unknown): void;
  /** The socket has ended. This may come twice, or never. */
  ended(connection: Connection, code: number): void;
  /** The peer is too far behind: `ready` has become false. */
  full(connection: Connection): void;
}

/** Options that all connections of one server share. */
export interface ConnectionOptions {
  readonly events: ConnectionEvents;
  readonly limits: SocketLimits;
  /** The numbers in which they count what they send. */
  readonly metrics: Metrics;
  /** The rate at which each of them may speak before it has a client. */
  readonly rate: Rate;
}

/** One WebSocket of the server, as the rooms and the hub see it. */
export class Connection implements Peer, ClosedSocket, EventListenerObject {
  // The fields that each frame that goes out touches come first and together, for the caches' sake:
  // with the same in `Member` that was worth 2 % in 500 rooms of ten.
  readonly #socket: WebSocket;
  #closed = false;
  /** False while the peer is too far behind to be sent entries. */
  ready = true;
  readonly dialect: Dialect;
  #unchecked = 0;
  /** A number for the log lines; it tells nothing to the outside. */
  readonly id: number;
  session: Session | undefined;
  /** The share of its address; none where that is not limited. */
  readonly quota: Quota | undefined;
  proof: CheckedProof | undefined = undefined;
  /** The request that it began with, where somebody wants to look at it. */
  request: HelloRequest | undefined = undefined;
  /** The frames that it said, in their order, until they are taken. */
  readonly requests: RequestQueue;
  /**
   * The moment since which it waits for an answer of the store, on the monotonic clock in
   * milliseconds; `Infinity` while it does not.
   */
  askedAt = Infinity;

  readonly #options: ConnectionOptions;
  #waiting = 0;
  #progressAt = 0;
  /** `true` where the kernel had taken all when it was closed. */
  #written = false;
  #counts = false;

  /** Takes a socket. Before it is open, nothing can be sent but a last frame. */
  constructor(
    id: number,
    socket: WebSocket,
    dialect: Dialect,
    options: ConnectionOptions,
    quota?: Quota,
  ) {
    this.id = id;
    this.quota = quota;
    this.dialect = dialect;
    this.#socket = socket;
    this.#options = options;
    this.requests = new RequestQueue(options.rate, quota);
    if (quota !== undefined) {
      this.#counts = true;
      quota.connections++;
    }
    // One object listens to all events, as each function is a part of what an idle connection takes.
    // Nothing listens to `error`: the `close` behind it says as much.
    socket.addEventListener("message", this);
    socket.addEventListener("close", this);
  }

  /** Handles an event of the socket. */
  handleEvent(event: Event): void {
    const { events } = this.#options;
    if (event.type === "message") events.heard(this, (event as MessageEvent).data);
    else events.ended(this, (event as CloseEvent).code);
  }

  /** `true` where it speaks the plain protocol. */
  get plain(): boolean {
    return this.dialect === "plain";
  }

  /** `true` where nothing waits for the peer to take it. */
  get idle(): boolean {
    return this.ready && this.#socket.bufferedAmount === 0;
  }

  /** Sends one text frame. After a close, from either side, nothing is sent. */
  send(text: string, bytes: number = Buffer.byteLength(text)): void {
    if (this.#closed) return;
    this.#socket.send(text);
    const { metrics } = this.#options;
    metrics.framesSent++;
    metrics.bytesSent += bytes;
    this.#unchecked += text.length;
    if (this.#unchecked < CHECK_EVERY_CHARS) return;
    this.#unchecked = 0;
    if (this.ready && this.#socket.bufferedAmount > this.#options.limits.highWaterBytes) {
      this.ready = false;
      this.#waiting = Infinity;
      this.#options.events.full(this);
    }
  }

  /**
   * Looks at a socket that was full, at the monotonic time `now`, and says whether it is `ready` again,
   * still `full`, or `stuck`, as nothing has moved for too long.
   */
  look(now: number): "ready" | "full" | "stuck" {
    const waiting = this.#socket.bufferedAmount;
    if (this.#closed || waiting <= this.#options.limits.highWaterBytes / 2) {
      this.ready = true;
      return "ready";
    }
    if (waiting < this.#waiting) {
      this.#waiting = waiting;
      this.#progressAt = now;
    }
    return now - this.#progressAt < this.#options.limits.stuckMs ? "full" : "stuck";
  }

  /**
   * Sends a last frame and closes. Nothing is sent afterwards. Nobody waits for the peer's answer: a
   * peer that does not read never gives it.
   */
  close(code: number, reason: string, lastFrame?: string): void {
    if (this.#closed) return;
    this.#closed = true;
    const keepsUp = this.ready;
    this.ready = false;
    const socket = this.#socket;
    const end = () => {
      // The runtime does not say so of a socket that is closing.
      this.#written = socket.readyState === WebSocket.OPEN && socket.bufferedAmount === 0;
      if (lastFrame !== undefined) {
        socket.send(lastFrame);
        this.#options.metrics.framesSent++;
        this.#options.metrics.bytesSent += Buffer.byteLength(lastFrame);
      }
      // A reason may have 123 bytes (RFC 6455, section 5.5); ours are ASCII.
      socket.close(code, reason.slice(0, 123));
    };
    // A socket that is not open yet takes no frame, and would open in spite of a close.
    if (socket.readyState === WebSocket.CONNECTING) {
      socket.addEventListener("open", end, { once: true });
    } else if (socket.readyState === WebSocket.OPEN) {
      if (keepsUp && socket.bufferedAmount > 0) {
        const timer = later(end, WRITE_MS);
        socket.addEventListener("close", () => clearTimeout(timer), { once: true });
      } else end();
    }
  }

  /**
   * Ends a socket that was closed, without the peer's answer. Only the peer can end a socket that the
   * runtime is still writing to.
   */
  terminate(): void {
    if (this.#written && !this.ended) terminate(this.#socket);
  }

  /** Notes that its socket is gone, and does not count any more. It may be called again. */
  gone(): void {
    if (this.#counts) this.quota!.connections--;
    this.#counts = false;
  }

  /** `true` where it was closed from this side. */
  get closed(): boolean {
    return this.#closed;
  }

  /** `true` where the runtime has given the socket up. Its event for that comes only when the last frame is out. */
  get lost(): boolean {
    return this.#socket.readyState > WebSocket.OPEN;
  }

  /** `true` where the socket has ended: the peer took everything, or is gone. */
  get ended(): boolean {
    return this.#socket.readyState === WebSocket.CLOSED;
  }
}
