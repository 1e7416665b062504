/**
 * Prices of frames, and the budgets that pay for them. A frame costs its sender what it costs everybody
 * else, in tokens of a bucket that a client keeps over all its connections.
 *
 * @module
 */

import type { ClientDraft } from "../../protocol/frames.ts";

/** The length for which a frame costs one token more, in UTF-16 units. Each costs one at least. */
const UNITS_PER_TOKEN = 1_024;

/** The number of members that a frame is told to for its price: for twice as many it costs twice as much. */
export const MEMBERS_PER_PRICE = 100;

/** The bytes of history and members that are sent for a token to a client that comes into a room. */
const BYTES_PER_TOKEN = 16_384;

/** The longest frame that is read of a connection before it has said `hello`, in UTF-16 units. */
export const MAX_HELLO_CHARS = 16_384;

/**
 * The longest frame of a connection that goes on behind it, in UTF-16 units. The runtime keeps as much
 * for each connection as its largest frame.
 */
export const MAX_HEARD_CHARS = 1_048_576;

/** The refusals that a connection is told of at once, besides one for each token that it can save up. */
const PATIENCE = 1_000;

/** The rate of a client that may say `perSecond` frames on average; 0 for no limit. */
export function rateOf(perSecond: number): Required<Rate> {
  const most = perSecond || Infinity;
  return { perSecond: most, burst: 2 * most, start: Math.ceil(1.5 * most) };
}

/**
 * The rate at which a connection may be refused before that is a flood. A client that waits as it was
 * told is never one: all that it had on its way at the first refusal fits. At each later refusal it
 * has one more on its way than was acknowledged in between: two for one, where each is refused.
 */
export function patienceOf({ perSecond, burst }: Rate): Rate {
  return { perSecond: 2 * perSecond, burst: PATIENCE + burst };
}

/** The tokens that a frame of this length costs before it is read. */
export function costOfFrame(length: number): number {
  return 1 + Math.floor(length / UNITS_PER_TOKEN);
}

/** The tokens that something of this `price` costs besides, as it is told to `members`. */
export function costOfTelling(price: number, members: number): number {
  return price * Math.max(0, members / MEMBERS_PER_PRICE - 1);
}

/** The tokens that another name costs besides those of its frame: it is told in `rooms`, to `members` in all of them. */
export function costOfRenaming(rooms: number, members: number): number {
  return rooms + members / MEMBERS_PER_PRICE;
}

/** The length of what a message says, in UTF-16 units. */
export function unitsOf(draft: ClientDraft): number {
  if (!("body" in draft)) return draft.edit?.length ?? 0;
  const { body, data } = draft;
  return body.length + (data === undefined ? 0 : data.length);
}

/** The tokens that messages cost besides those of their frame: one for each after the first, and those of telling them. */
export function costOfSaying(drafts: readonly ClientDraft[], members: number): number {
  const more = drafts.length - 1;
  if (members <= MEMBERS_PER_PRICE) return more;
  const units = drafts.reduce((sum, draft) => sum + unitsOf(draft), 0);
  return more + costOfTelling(costOfFrame(units) + more, members);
}

/**
 * The tokens that coming into a room costs besides those of the frame. It is told to `members`, and so
 * is the leave that follows one day. The client is sent `bytes` of history and members.
 */
export function costOfEntering(members: number, bytes: number): number {
  return costOfTelling(2, members) + costOfReading(bytes);
}

/** The tokens for `bytes` of a log that are sent, or read from the store as nobody was in the room. */
export function costOfReading(bytes: number): number {
  return Math.floor(bytes / BYTES_PER_TOKEN);
}

/** The tokens that a search costs besides those of its frame: it looks at much, and may find nothing. */
export const SEARCH_COST = 20;

/** The rate at which tokens may be used. */
export interface Rate {
  /** Tokens that come back each second; `Infinity` for no limit. */
  perSecond: number;
  /** The most tokens that can be saved up. */
  burst: number;
  /** The tokens at first; the burst unless given. */
  start?: number;
}

/** A token bucket: O(1) in time and space, and it takes the time as an argument. */
export class TokenBucket {
  /** A bucket that each token is taken of as well; none unless set. */
  within: TokenBucket | undefined;
  readonly #rate: Rate;
  #tokens: number;
  #since: number;

  /** Makes a bucket with its first tokens, at the monotonic time `now` in milliseconds. */
  constructor(rate: Rate, now: number) {
    this.#rate = rate;
    this.#tokens = rate.start ?? rate.burst;
    this.#since = now;
  }

  /**
   * Takes `cost` tokens and returns 0. Or takes none, and returns the milliseconds until it would. One
   * token that is left is enough for any cost: the bucket goes below zero, and what comes next waits.
   */
  take(cost: number, now: number): number {
    const waitMs = this.waitMs(now, cost) || (this.within?.waitMs(now, cost) ?? 0);
    if (waitMs === 0) this.spend(cost);
    return waitMs;
  }

  /** The milliseconds until something of this cost can be taken of this bucket alone; 0 where it can. */
  waitMs(now: number, cost = 1): number {
    const { perSecond, burst } = this.#rate;
    if (perSecond === Infinity) return 0;
    this.#tokens = Math.min(burst, this.#tokens + (now - this.#since) * perSecond / 1_000);
    this.#since = now;
    // Until a whole token is there, as a frame costs at least one: after less it is refused again.
    return this.#tokens < Math.min(cost, 1) ? Math.ceil((1 - this.#tokens) * 1_000 / perSecond) : 0;
  }

  /** Takes tokens even where they are not there: what comes next waits for them. */
  spend(cost: number): void {
    this.#tokens -= cost;
    this.within?.spend(cost);
  }
}
