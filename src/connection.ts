/**
 * One socket: the only place that sends. It knows how much its peer has not taken
 * yet, and says when it can take no more.
 *
 * @module
 */

import type { SocketLimits } from "./options.ts";
import type { Dialect } from "./protocol.ts";
import { type Rate, TokenBucket } from "./rate_limit.ts";
import type { Peer, Session } from "./sessions.ts";

// Reading `bufferedAmount` costs about as much as a tenth of a send; 64 KiB of overshoot cost nothing.
const CHECK_EVERY_CHARS = 65_536;

/** How many refusals a flooder is told about, beside one for each token that comes back. */
const PATIENCE = 1_000;

/** One WebSocket of the server, as the rooms and the hub see it. */
export class Connection implements Peer {
  /** A number for the log lines; it tells nothing to the outside. */
  readonly id: number;
  readonly dialect: Dialect;
  readonly plain: boolean;
  session: Session | undefined;
  /** False while the peer is too far behind to be sent entries. */
  ready = true;
  /** Called once each time `ready` becomes false. */
  onFull: ((connection: Connection) => void) | undefined;
  /** How often it may speak. */
  readonly budget: TokenBucket;
  /** How many questions to the store are pending on its behalf. */
  pending = 0;
  /** What it said while there were any, in order; with an `error`, that it is refused. */
  readonly held: { text: string; error?: unknown }[] = [];

  readonly #socket: WebSocket;
  readonly #limits: SocketLimits;
  readonly #rate: Rate;
  /** How often it may be refused before it counts as a flood; made at the first refusal. */
  #patience: TokenBucket | undefined;
  #unchecked = 0;
  #waiting = 0;
  #progressAt = 0;
  #closed = false;

  /** Takes a socket whose `open` event has come, at the monotonic time `now`. */
  constructor(
    id: number,
    socket: WebSocket,
    options: { dialect: Dialect; limits: SocketLimits; rate: Rate; now: number },
  ) {
    this.id = id;
    this.#socket = socket;
    this.dialect = options.dialect;
    this.plain = options.dialect === "plain";
    this.#limits = options.limits;
    this.#rate = options.rate;
    this.budget = new TokenBucket(options.rate, options.now);
  }

  /** Notes at the monotonic time `now` that it was too fast; says whether it has been so often enough for a flood. */
  refuse(now: number): boolean {
    this.#patience ??= new TokenBucket({ ...this.#rate, burst: PATIENCE }, now);
    return this.#patience.take(1, now) > 0;
  }

  /** Sends one text frame. After the close it does nothing, whoever closes: the runtime drops what comes then. */
  send(text: string): void {
    if (this.#closed) return;
    this.#socket.send(text);
    this.#unchecked += text.length;
    if (this.#unchecked < CHECK_EVERY_CHARS) return;
    this.#unchecked = 0;
    if (this.ready && this.#socket.bufferedAmount > this.#limits.highWaterBytes) {
      this.ready = false;
      this.#waiting = Infinity;
      this.onFull?.(this);
    }
  }

  /**
   * Looks at a socket that was full, at the monotonic time `now`: is it `ready` again,
   * still `full`, or `stuck`, which is when nothing has moved for too long?
   */
  look(now: number): "ready" | "full" | "stuck" {
    const waiting = this.#socket.bufferedAmount;
    if (this.#closed || waiting <= this.#limits.highWaterBytes / 2) {
      this.ready = true;
      return "ready";
    }
    if (waiting < this.#waiting) {
      this.#waiting = waiting;
      this.#progressAt = now;
    }
    return now - this.#progressAt < this.#limits.stuckMs ? "full" : "stuck";
  }

  /**
   * Sends a last frame and closes. Nothing is sent afterwards, and nobody waits for the
   * peer's answer: one that does not read never gives it.
   */
  close(code: number, reason: string, lastFrame?: string): void {
    if (this.#closed) return;
    if (lastFrame !== undefined) this.send(lastFrame);
    this.#closed = true;
    this.ready = false;
    // A reason may have 123 bytes (RFC 6455, section 5.5); ours are ASCII.
    if (this.#socket.readyState <= WebSocket.OPEN) this.#socket.close(code, reason.slice(0, 123));
  }

  /** Whether it was closed from this side. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Whether the socket has ended: the peer took everything, or is gone. */
  get ended(): boolean {
    return this.#socket.readyState === WebSocket.CLOSED;
  }
}
