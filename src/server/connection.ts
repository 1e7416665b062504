/**
 * One socket: the only place that sends, and that hears. It knows how much its peer has not
 * taken yet, and says when it can take no more.
 *
 * @module
 */

import type { SocketLimits } from "../core/options.ts";
import { patienceOf, type Rate, TokenBucket } from "../core/rate_limit.ts";
import type { Peer, Session } from "../core/sessions.ts";
import type { ClientFrame, Dialect } from "../protocol/frames.ts";
import { later } from "../timers.ts";
import type { ClosedSocket } from "./closed_sockets.ts";
import { terminate } from "./terminate.ts";

// Reading `bufferedAmount` costs about as much as a tenth of a send; 64 KiB of overshoot cost nothing.
const CHECK_EVERY_CHARS = 65_536;

/** How long a close waits for what was sent before, in milliseconds. */
const WRITE_MS = 10;

/** What connections report. */
export interface ConnectionEvents {
  /** The peer has said something: text, or what is none. */
  heard(connection: Connection, data: unknown): void;
  /** The socket has ended. This may come twice, or never. */
  ended(connection: Connection, code: number): void;
  /** The peer is too far behind: `ready` has become false. */
  full(connection: Connection): void;
}

/** What the connections of one server have in common. */
export interface ConnectionOptions {
  readonly events: ConnectionEvents;
  readonly limits: SocketLimits;
  /** How often each of them may speak. */
  readonly rate: Rate;
}

/**
 * What waits: a frame, which may be read already, with an `error` if it is to be refused; or the `code`
 * that a client has gone with.
 */
export interface Held {
  readonly text: string;
  /** The tokens that its client still owes for it; none unless given. */
  readonly owes?: number;
  readonly frame?: ClientFrame;
  readonly error?: unknown;
  readonly code?: number;
}

/** One WebSocket of the server, as the rooms and the hub see it. */
export class Connection implements Peer, ClosedSocket, EventListenerObject {
  // What each frame that goes out touches comes first and together, for the caches' sake: with
  // the same in `Member` it was worth 2 % in 500 rooms of ten.
  readonly #socket: WebSocket;
  #closed = false;
  /** False while the peer is too far behind to be sent entries. */
  ready = true;
  readonly dialect: Dialect;
  #unchecked = 0;
  /** A number for the log lines; it tells nothing to the outside. */
  readonly id: number;
  session: Session | undefined;
  /** How many questions to the store are pending on its behalf. */
  pending = 0;
  /** What came from it while there were any, in order. */
  readonly held: Held[] = [];
  /** The length of all that, in UTF-16 units. */
  heldUnits = 0;

  readonly #options: ConnectionOptions;
  /** What it may say before it has a client; made at its first word. */
  #strangers: TokenBucket | undefined;
  /** How often it may be refused before it counts as a flood; made at the first refusal. */
  #patience: TokenBucket | undefined;
  #waiting = 0;
  #progressAt = 0;
  /** Whether the kernel had taken all when it was closed. */
  #written = false;

  /** Takes a socket. Before it is open, nothing can be sent but a last frame. */
  constructor(id: number, socket: WebSocket, dialect: Dialect, options: ConnectionOptions) {
    this.id = id;
    this.dialect = dialect;
    this.#socket = socket;
    this.#options = options;
    // One object for all events, no function for each, and none for `error`, which says nothing
    // that the `close` behind it does not: they are a part of what an idle connection takes.
    socket.addEventListener("message", this);
    socket.addEventListener("close", this);
  }

  /** What the socket calls. */
  handleEvent(event: Event): void {
    const { events } = this.#options;
    if (event.type === "message") events.heard(this, (event as MessageEvent).data);
    else events.ended(this, (event as CloseEvent).code);
  }

  /** Whether it speaks the plain protocol. */
  get plain(): boolean {
    return this.dialect === "plain";
  }

  /** Whether nothing waits for the peer to take it. */
  get idle(): boolean {
    return this.ready && this.#socket.bufferedAmount === 0;
  }

  /** What it may say at the monotonic time `now`: what its client may, or a stranger. */
  budgetAt(now: number): TokenBucket {
    return this.session?.budget ?? (this.#strangers ??= new TokenBucket(this.#options.rate, now));
  }

  /**
   * Notes at the monotonic time `now` that it was too fast with a frame that costs `tokens`; says
   * whether it has been so often enough for a flood.
   */
  refuse(tokens: number, now: number): boolean {
    this.#patience ??= new TokenBucket(patienceOf(this.#options.rate), now);
    return this.#patience.take(tokens, now) > 0;
  }

  /** Sends one text frame. After the close it does nothing, whoever closes: the runtime drops what comes then. */
  send(text: string): void {
    if (this.#closed) return;
    this.#socket.send(text);
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
   * Looks at a socket that was full, at the monotonic time `now`: is it `ready` again,
   * still `full`, or `stuck`, which is when nothing has moved for too long?
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
   * Sends a last frame and closes. Nothing is sent afterwards, and nobody waits for the
   * peer's answer: one that does not read never gives it.
   */
  close(code: number, reason: string, lastFrame?: string): void {
    if (this.#closed) return;
    this.#closed = true;
    const keepsUp = this.ready;
    this.ready = false;
    const socket = this.#socket;
    const end = () => {
      // Of a socket that is closing the runtime does not tell it any more.
      this.#written = socket.readyState === WebSocket.OPEN && socket.bufferedAmount === 0;
      if (lastFrame !== undefined) socket.send(lastFrame);
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
   * Ends a socket that was closed, without the peer's answer. One that the runtime is still writing
   * to cannot be ended by anybody but the peer.
   */
  terminate(): void {
    if (this.#written && !this.ended) terminate(this.#socket);
  }

  /** Whether it was closed from this side. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Whether the runtime has given the socket up. It says so by an event, but only when its last frame is out. */
  get lost(): boolean {
    return this.#socket.readyState > WebSocket.OPEN;
  }

  /** Whether the socket has ended: the peer took everything, or is gone. */
  get ended(): boolean {
    return this.#socket.readyState === WebSocket.CLOSED;
  }
}
