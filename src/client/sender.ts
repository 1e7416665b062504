// This module runs in browsers.

/**
 * Gets what an app says into the log, once and in order, however often the connection
 * breaks or the server says "not now".
 *
 * @module
 */

import { deferred, sleep } from "../protocol/deadline.ts";
import {
  type Acknowledgement,
  type ChatError,
  type ClientErrorCode,
  SendError,
} from "../protocol/errors.ts";
import { type ConnectedFrame, type ErrorFrame, MAX_BODY_BYTES } from "../protocol/frames.ts";
import { patience } from "./backoff.ts";
import { check } from "./check.ts";
import { type Connection, retryAfter, type SuccessReply } from "./connection.ts";
import { RETRY_MS } from "./limits.ts";
import { Outbox, type Parts, type Sending } from "./outbox.ts";

/** The most messages without an acknowledgement, and what happens to one more. */
export interface SenderOptions {
  maxUnacknowledged: number;
  whenFull?: "wait" | "fail";
}

/** Calls of a sender to its client. */
export interface SenderActions {
  /** Aborted when nothing is sent any more. */
  readonly signal: AbortSignal;
  /** The connection, while there is one. */
  connection(): Connection | undefined;
  /** Comes back as another client: the server counts otherwise than this one. */
  startOver(): void;
}

/** When something is sent again; each connection begins with one of its own. */
interface Hold {
  /** On the monotonic clock in milliseconds; `Infinity` where that depends on something else. */
  readonly until: number;
}

/** Refusals that waiting helps, whether or not the server says how long. */
const WAITING_HELPS: readonly string[] = ["rate_limited", "unavailable", "out_of_order"];

/** Refusals of all that is said in a room. */
const OUTSIDE: readonly string[] = ["not_in_room", "room_gone"];

/** Says whether a request was refused because this client is not in that room any more. */
export function isOutside(error: unknown): error is ChatError {
  return OUTSIDE.includes((error as ChatError).code);
}

/** The sending half of a client. */
export class Sender {
  readonly #options: SenderOptions;
  readonly #actions: SenderActions;
  readonly #outbox: Outbox;
  #flushing = false;
  /** The number of refusals since the last acknowledgement. */
  #refusals = 0;
  /** Set while nothing may be sent on the connection. */
  #hold: Hold | undefined;
  /** Messages that the client before this one sent; nobody knows what became of them. */
  readonly #former = new Map<number, Sending>();
  #formerId: string | undefined;
  #bodyBytes = MAX_BODY_BYTES;

  /** Makes a sender that has nothing to send. */
  constructor(options: SenderOptions, actions: SenderActions) {
    const { maxUnacknowledged } = options;
    check(maxUnacknowledged > 0, "maxUnacknowledged", maxUnacknowledged);
    this.#options = options;
    this.#outbox = new Outbox(maxUnacknowledged);
    this.#actions = actions;
  }

  /** The numbers that `hello` tells, once a server has told the count. */
  get numbers(): { n: number; sent: number } {
    const { answered: n, sent } = this.#outbox;
    return { n, sent };
  }

  /** Resolves once the message is in the log; rejects with a SendError. */
  async send(
    roomId: string,
    body: string,
    timeoutMs: number,
    signal?: AbortSignal,
    parts?: Parts | false,
  ): Promise<Acknowledgement> {
    const bytes = this.#check(body, parts);
    const answer = deferred<Acknowledgement>("Sending", timeoutMs, signal);
    const { resolve, reject } = answer;
    const sending: Sending = { roomId, body, parts, bytes, n: 0, ref: 0, resolve, reject };
    // With a signal that was aborted before, it has failed already.
    if (!signal?.aborted) this.#outbox.add(sending);
    this.#flushSoon();
    try {
      return await answer.promise;
    } catch (error) {
      if (error instanceof SendError) throw error;
      const { code, message, cause } = error as ChatError & { code: ClientErrorCode };
      const mayBeStored = !this.#outbox.withdraw(sending);
      throw new SendError(code, message, mayBeStored, { cause, outcome: outcomeOf(sending) });
    }
  }

  /**
   * A new connection: nothing is sent before `ready`, then everything that has no answer.
   * `clientId` is who it was before.
   */
  welcome(
    connection: Connection,
    reply: ConnectedFrame,
    ready: Promise<unknown>,
    clientId: string,
  ): void {
    this.#bodyBytes = reply.limits.body_bytes;
    this.#outbox.limit(reply.limits.start ?? Infinity);
    if (reply.resumed) this.#outbox.rewind(reply.n);
    else this.#restart(clientId);
    this.#holdUntil(connection, Infinity, ready);
  }

  /** A message has its place in the log. */
  acknowledge(n: number, stored: Acknowledgement): void {
    this.#refusals = 0;
    this.#outbox.acknowledge(n, stored);
    this.#flushSoon();
  }

  /** An entry of another client: it may be the one that this client was before. */
  witness(from: string, n: number, stored: Acknowledgement): void {
    if (from === this.#formerId) this.#former.get(n)?.resolve(stored);
  }

  /** Acknowledgements may have been missed: repeats bring them back. */
  missed(): void {
    this.#outbox.rewind();
    // Not longer for each of many: what is held goes out in its time.
    if (this.#hold === undefined) this.#pause(0);
  }

  /** Takes a reply without a request: it is about a message. */
  take(frame: SuccessReply | ErrorFrame): void {
    const { n } = frame;
    if (n === undefined) return;
    if (frame.status === "error") return this.#refuse(frame, n);
    const { seq } = frame;
    this.acknowledge(n, { ...(seq && { seq }), duplicate: true });
  }

  /** The server has refused message `first`, and what came with it. */
  #refuse(frame: ErrorFrame, first: number): void {
    const refused = this.#outbox.refused(first, frame.ref);
    // It was sent again since, or one before it was refused as well.
    if (refused === undefined) return;
    const { n } = refused;
    const { code, message } = frame;
    const retryAfterMs = retryAfter(frame.retry_after_ms);
    if (code === "out_of_order" && this.#outbox.answered === n - 1) this.#actions.startOver();
    else if (retryAfterMs !== undefined || WAITING_HELPS.includes(code)) {
      this.#outbox.throttle();
      this.#pause(retryAfterMs ?? RETRY_MS);
    } else {
      // Whoever is not in a room is not there for the others either.
      const isOver = (sending: Sending) =>
        sending === refused || OUTSIDE.includes(code) && sending.roomId === refused.roomId;
      for (const { reject } of this.#outbox.drop(n, isOver)) reject(new SendError(code, message));
      this.#flushSoon();
    }
  }

  /** Ends it: what has no answer is rejected. */
  close(reason: string): void {
    for (const { n, reject } of this.#outbox.clear()) {
      reject(new SendError("closed", reason, n > 0));
    }
    this.#forgetFormer();
  }

  /** Begins anew as another client, which cannot tell the server what it has said before. */
  #restart(clientId: string): void {
    const sent = this.#outbox.restart();
    if (!sent.length) return;
    this.#forgetFormer();
    this.#formerId = clientId;
    for (const sending of sent) {
      this.#former.set(sending.n, sending);
      const { reject } = sending;
      const outcome = outcomeOf(sending);
      reject(new SendError("forgotten", "The server forgot this client", true, { outcome }));
    }
  }

  #forgetFormer(): void {
    for (const { reject } of this.#former.values()) reject();
    this.#former.clear();
  }

  /** Checks what is to be sent, and returns its bytes. */
  #check(body: string, parts?: Parts | false): number {
    if (typeof body !== "string") {
      // In a frame with others, it would have all of them refused.
      throw new SendError("invalid_argument", `text cannot be ${String(body)}`);
    }
    // Not by utf8.ts, which allocates nothing: a bundle is smaller so. The last two are brackets or quotes.
    const bytes = new TextEncoder().encode(body + JSON.stringify(parts || "")).length - 2;
    const most = this.#bodyBytes;
    if (bytes > most) {
      throw new SendError("too_large", `${bytes} bytes, at most ${most}`);
    }
    const { whenFull, maxUnacknowledged } = this.#options;
    if (whenFull === "fail" && this.#outbox.size >= maxUnacknowledged) {
      throw new SendError(
        "rate_limited",
        `${maxUnacknowledged} messages have no reply`,
      );
    }
    return bytes;
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
    const connection = this.#actions.connection();
    if (connection === undefined || this.#hold !== undefined) return;
    for (const { roomId, n, bodies, parts, ref } of this.#outbox.take()) {
      const one = bodies.length === 1;
      connection.send({
        action: one ? "message" : "messages",
        room_id: roomId,
        n,
        body: one ? bodies[0] : bodies,
        ref,
        ...parts,
      });
    }
  }

  /** Sends nothing for as long as the server asked for, in milliseconds, or longer. */
  #pause(asked: number): void {
    const connection = this.#actions.connection();
    const ms = patience(asked, this.#refusals++);
    const until = performance.now() + ms;
    if (connection === undefined || this.#hold !== undefined && this.#hold.until >= until) return;
    this.#holdUntil(connection, until, sleep(ms, this.#actions.signal));
  }

  /** Sends nothing on this connection until `ready`; if that fails, the next connection tries again. */
  #holdUntil(connection: Connection, until: number, ready: Promise<unknown>): void {
    const hold = this.#hold = { until };
    ready.then(() => {
      if (this.#hold !== hold) return;
      this.#hold = undefined;
      this.#flush();
    }, (error: Error) => connection.fail(error.message));
  }
}

/** Whoever waited for a message has given up: tells from now on what becomes of it. */
function outcomeOf(sending: Sending): Promise<Acknowledgement | undefined> {
  return new Promise((resolve) => {
    sending.resolve = resolve;
    sending.reject = () => resolve(undefined);
  });
}
