/**
 * Requests of one connection, in their order: the price of each, those that wait, and the one that is
 * ready.
 *
 * @module
 */

import { refusalOf } from "../protocol/decode.ts";
import { type ChatError, stacklessError } from "../protocol/errors.ts";
import type { ClientFrame } from "../protocol/frames.ts";
import {
  costOfFrame,
  MAX_HEARD_CHARS,
  MAX_HELLO_CHARS,
  patienceOf,
  type Rate,
  TokenBucket,
} from "./limits/rate_limit.ts";
import type { Quota } from "./state/quota.ts";
import type { Session } from "./state/sessions.ts";

/** The least length of a large frame, in UTF-16 units: twice the largest message. One takes milliseconds to read. */
export const LARGE = 131_072;

/** The most frames of one connection that wait, and as many refusals. */
const MAX_HELD = 256;

/** Something that waits in its order: a frame, a refusal, or the end of its connection. */
export interface Held {
  /** The frame as text, or what is left of it to answer it by. */
  readonly text: string;
  /** The tokens that its client still owes for it; none unless given. */
  readonly owes?: number;
  /** The frame, where it is read already: it waits for its turn only. */
  readonly frame?: ClientFrame;
  /** The reason for which it is refused. */
  readonly error?: unknown;
  /** The code that the client has gone with. */
  readonly code?: number;
}

/**
 * The place of a frame that has come in: it is `ready` to be taken; it is `kept` behind others; it
 * waits for its `turn`, as it may take long; or it is one too many in a `flood`.
 */
export type Arrival = "ready" | "kept" | "turn" | "flood";

/**
 * The requests of one connection. A frame that comes in is ready at once, unless an earlier one waits
 * for something: then it waits as well, so that none overtakes another.
 */
export class RequestQueue {
  readonly #rate: Rate;
  readonly #quota: Quota | undefined;
  readonly #held: Held[] = [];
  #units = 0;
  #closed = false;
  /** The number of answers and turns that the next request waits for. */
  #blocks = 0;
  /** The budget of the connection before it has a client; made at its first word. */
  #strangers: TokenBucket | undefined;
  /** The refusals that are left before they count as a flood; made at the first one. */
  #patience: TokenBucket | undefined;

  /** Set where it was a flood because of all that comes from its address. */
  crowded = false;

  /**
   * Makes an empty queue of a connection that may speak at this `rate` before it has a client; `quota`
   * is the share of its address.
   */
  constructor(rate: Rate, quota?: Quota) {
    this.#rate = rate;
    this.#quota = quota;
  }

  /** `true` while the next request waits for an answer, or for its turn. */
  get blocked(): boolean {
    return this.#blocks > 0;
  }

  /** `true` where the next request is a large frame. */
  get large(): boolean {
    return this.#held.length > 0 && this.#held[0]!.text.length >= LARGE;
  }

  /** The length of all that waits, in UTF-16 units. */
  get units(): number {
    return this.#units;
  }

  /** Lets the next request wait for an answer, or for its turn. Call `unblock` when that has come. */
  block(): void {
    this.#blocks++;
  }

  /** Ends what one call of `block` began. Call `next` then. */
  unblock(): void {
    this.#blocks--;
  }

  /**
   * Takes a frame of `session`, the client of the connection, at the monotonic time `now`. It is paid
   * for by its length, before anything is parsed. Says what its place is.
   *
   * @throws {ChatError} where it is refused.
   */
  hear(data: unknown, session: Session | undefined, now: number): Arrival {
    const units = unitsOf(data);
    const isStranger = session === undefined && !this.blocked;
    if (isStranger && units > MAX_HELLO_CHARS) return "flood";
    // A frame that can never be taken is not told to wait, however fast it comes.
    const unreadable = refusalOf(data);
    if (units > MAX_HEARD_CHARS) throw unreadable;
    const waitMs = this.#charge(costOfFrame(units), session, now);
    // Nobody has as much to say before a `hello`.
    if (waitMs === Infinity || isStranger && waitMs > 0) return "flood";
    if (waitMs > 0) throw unreadable ?? tooFast(waitMs);
    if (unreadable !== undefined || typeof data !== "string") throw unreadable;
    if (!this.blocked && units < LARGE) return "ready";
    if (this.#held.length >= MAX_HELD) {
      throw stacklessError("unavailable", `${MAX_HELD} frames wait for an answer already`);
    }
    // Before its `hello` is answered, its client has paid for nothing.
    this.#keep({ text: data, owes: session === undefined ? costOfFrame(units) : 0 });
    return this.blocked ? "kept" : "turn";
  }

  /** Lets a refusal wait behind all that does; says whether it may. */
  refuse(text: string, error: unknown): boolean {
    if (this.#held.length >= 2 * MAX_HELD) return false;
    this.#keep({ text, error });
    return true;
  }

  /** Puts a frame, which is read and waits for its turn, before all that waits. */
  putBack(frame: ClientFrame): void {
    this.#keep({ text: JSON.stringify({ ref: frame.ref }), frame });
  }

  /**
   * Notes that the client has gone with `code`; says whether something has to be taken first. A plain
   * client cannot say it again, and one that pauses goes at once.
   */
  end(code: number, isPlain: boolean): boolean {
    const waits = isPlain ? this.#held.length > 0 : this.#held[0]?.frame?.action === "pause";
    if (waits && this.#held.at(-1)?.code === undefined) this.#keep({ text: "", code });
    return waits;
  }

  /**
   * Takes the request that is ready at the monotonic time `now`, or says that the next one waits for
   * its `turn`, or is one too many in a `flood`; undefined where none is ready. With `isItsTurn` that
   * has come.
   */
  next(
    session: Session | undefined,
    now: number,
    isItsTurn: boolean,
  ): Held | "turn" | "flood" | undefined {
    if (this.blocked) return undefined;
    if (this.large && !isItsTurn) return "turn";
    const held = this.#held.shift();
    if (held === undefined) return undefined;
    const { text, frame, error, code, owes = 0 } = held;
    this.#units -= text.length;
    const isPaid = frame !== undefined || error !== undefined || code !== undefined;
    if (isPaid || isItsTurn && owes === 0) return held;
    // The price of those before it is known only now: they may have said more in one frame.
    const waitMs = this.#charge(owes, session, now);
    if (waitMs === Infinity) return "flood";
    return waitMs === 0 ? held : { text, error: tooFast(waitMs) };
  }

  /** Forgets all that waits, and keeps nothing from now on: the connection has ended. */
  close(): void {
    this.#closed = true;
    this.#held.length = 0;
    this.#units = 0;
  }

  /** Lets something wait behind all that does, or before it where it is read already. */
  #keep(held: Held): void {
    if (this.#closed) return;
    if (held.frame === undefined) this.#held.push(held);
    else this.#held.unshift(held);
    this.#units += held.text.length;
  }

  /**
   * Takes tokens and returns 0. Or takes none, and returns the milliseconds to wait: `Infinity` where
   * the connection has been told so often enough for a flood.
   */
  #charge(tokens: number, session: Session | undefined, now: number): number {
    const budget = session?.budget ?? (this.#strangers ??= new TokenBucket(this.#rate, now));
    const waitMs = budget.take(tokens, now);
    if (waitMs === 0) return 0;
    this.#patience ??= new TokenBucket(patienceOf(this.#rate), now);
    const price = Math.max(1, tokens);
    if (this.#patience.take(price, now) > 0) return Infinity;
    this.crowded = this.#quota !== undefined && this.#quota.patience.take(price, now) > 0;
    return this.crowded ? Infinity : waitMs;
  }
}

/** The length of a frame in UTF-16 units; of a binary one, in bytes. */
export function unitsOf(data: unknown): number {
  if (typeof data === "string") return data.length;
  return data instanceof ArrayBuffer ? data.byteLength : 0;
}

function tooFast(retryAfterMs: number): ChatError {
  return stacklessError("rate_limited", `Too fast: wait ${retryAfterMs} ms`, { retryAfterMs });
}
