// This module runs in browsers.

/**
 * Gets what an app says into the log, once and in order, however often the connection
 * breaks or the server says "not now".
 *
 * @module
 */

import { ChatError, reasonOf, SendError } from "./errors.ts";
import { type Link, retryAfter } from "./link.ts";
import { Outbox, type Sending } from "./outbox.ts";
import { type ConnectedFrame, type ErrorFrame, MAX_BODY_BYTES } from "./protocol.ts";
import { utf8Bytes } from "./utf8.ts";
import { deferred, sleep } from "./wait.ts";

/** How many messages may be without an acknowledgement, and what happens to one more. */
export interface SenderOptions {
  maxUnacknowledged: number;
  whenFull: "wait" | "fail";
  /** How long the server may take to answer, in milliseconds. */
  timeoutMs: number;
}

/** How long a server that gave no time is left alone before a message is sent again, in milliseconds. */
const RETRY_MS = 1_000;

/** Whatever the server says, nothing is sent again sooner than this, in milliseconds. */
const LEAST_RETRY_MS = 50;

/** The sending half of a client. */
export class Sender {
  readonly #options: SenderOptions;
  /** The connection, while there is one. */
  readonly #link: () => Link | undefined;
  readonly #outbox: Outbox;
  #flushing = false;
  /** The connection on which nothing may be sent for now. */
  #held: Link | undefined;
  #bodyBytes = MAX_BODY_BYTES;
  readonly #closed = new AbortController();

  /** Makes a sender that has nothing to send. */
  constructor(options: SenderOptions, link: () => Link | undefined) {
    this.#options = options;
    this.#outbox = new Outbox(options.maxUnacknowledged);
    this.#link = link;
  }

  /** Resolves with the `seq` the message has in the log; rejects with a SendError. */
  async send(
    roomId: string,
    body: string,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<number> {
    if (signal?.aborted) {
      const cause = signal.reason;
      throw new SendError(`Not sent: ${reasonOf(cause)}`, false, { cause });
    }
    this.#check(body);
    const answer = deferred<number>("The acknowledgement", timeoutMs, signal);
    const { resolve, reject } = answer;
    const sending: Sending = { roomId, body, n: 0, resolve, reject };
    this.#outbox.add(sending);
    this.#flushSoon();
    try {
      return await answer.promise;
    } catch (cause) {
      if (cause instanceof SendError) throw cause;
      const unsent = this.#outbox.withdraw(sending);
      throw new SendError(`Not acknowledged: ${reasonOf(cause)}`, !unsent, { cause });
    }
  }

  /** A new connection: nothing is sent before `ready`, then everything that has no answer. */
  welcome(link: Link, reply: ConnectedFrame, ready: Promise<unknown>): void {
    this.#bodyBytes = reply.limits.body_bytes;
    if (reply.resumed) {
      this.#outbox.rewind(reply.n);
    } else {
      // As another client it cannot tell the server which of them it has said before.
      for (const { reject } of this.#outbox.restart()) {
        reject(new SendError("The server has forgotten this client", true));
      }
    }
    this.#holdUntil(link, ready);
  }

  /** A message has its place in the log. */
  acknowledge(n: number, seq: number): void {
    this.#outbox.acknowledge(n, seq);
    this.#flushSoon();
  }

  /** Acknowledgements may have been missed: repeats bring them back. */
  missed(): void {
    this.#outbox.rewind();
    this.#sendAgain(0);
  }

  /** The server has refused a message. */
  refuse(frame: ErrorFrame, n: number): void {
    // Whatever comes while nothing is sent was sent in an earlier round, and will be again.
    if (this.#held !== undefined) return;
    switch (frame.code) {
      case "out_of_order":
        // One before it was refused, and that is dealt with.
        return;
      case "rate_limited":
      case "unavailable":
        this.#outbox.throttle();
        this.#sendAgain(
          Math.max(retryAfter(frame.retry_after_ms).retryAfterMs ?? RETRY_MS, LEAST_RETRY_MS),
        );
        return;
      default: {
        const cause = new ChatError(frame.code, frame.message);
        this.#outbox.refuse(n, new SendError(frame.message, false, { cause }));
        this.#sendAgain(0);
      }
    }
  }

  /** Ends it: what has no answer is rejected. */
  close(reason: string): void {
    this.#closed.abort();
    for (const { n, reject } of this.#outbox.clear()) {
      reject(new SendError(`The client is closed: ${reason}`, n > 0));
    }
  }

  #check(body: string): void {
    if (typeof body !== "string") {
      // In a frame with others, it would have all of them refused.
      throw new SendError(`A message must be a string, not ${String(body)}`, false);
    }
    const bytes = body.length * 3 > this.#bodyBytes ? utf8Bytes(body) : 0;
    if (bytes > this.#bodyBytes) {
      const most = this.#bodyBytes;
      throw new SendError(`Message has ${bytes} bytes, at most ${most} are allowed`, false);
    }
    const { size } = this.#outbox;
    if (this.#options.whenFull === "fail" && size >= this.#options.maxUnacknowledged) {
      throw new SendError(`${size} messages are not acknowledged, the most allowed`, false);
    }
  }

  /** Sends at the end of this turn, so that what is said within one turn shares a frame. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    const link = this.#link();
    if (link === undefined || link === this.#held) return;
    for (const { roomId, n, bodies } of this.#outbox.take()) {
      const one = bodies.length === 1;
      const [action, body] = one ? ["message", bodies[0]] : ["messages", bodies];
      link.send({ action, room_id: roomId, n, body });
    }
  }

  /** Sends nothing on this connection until `ready`; if that fails, the next connection tries again. */
  #holdUntil(link: Link, ready: Promise<unknown>): void {
    this.#held = link;
    ready.then(() => {
      if (this.#held === link) this.#held = undefined;
      this.#flush();
    }, (error) => link.fail(reasonOf(error)));
  }

  /**
   * Sends everything unanswered again, `delayMs` milliseconds after the server has answered
   * all that is on its way.
   */
  #sendAgain(delayMs: number): void {
    const link = this.#link();
    if (link !== undefined && this.#held !== link) {
      this.#holdUntil(link, this.#drain(link, delayMs));
    }
  }

  async #drain(link: Link, delayMs: number): Promise<void> {
    let pause = delayMs;
    try {
      await link.request({ action: "ping" }, () => {}, this.#options.timeoutMs);
    } catch (error) {
      // A refused ping is an answer too.
      if (!(error instanceof ChatError)) throw error;
      pause = Math.max(pause, error.retryAfterMs ?? RETRY_MS);
    }
    await sleep(pause, this.#closed.signal);
  }
}
