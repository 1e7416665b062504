/**
 * What frames cost, and who has how much: a frame costs its sender what it costs everybody else,
 * in tokens of a bucket that a client keeps over all its connections.
 *
 * @module
 */

/** Every frame costs one token, and one more for each of these UTF-16 units. */
const UNITS_PER_TOKEN = 1_024;

/** The number of members that a frame is told to for its price: for twice as many it costs twice as much. */
export const MEMBERS_PER_PRICE = 100;

/** What somebody is sent who comes into a room, history and members, costs a token for each of so many. */
const BYTES_PER_TOKEN = 16_384;

/** The longest frame that is read of a connection before it has said `hello`, in UTF-16 units. */
export const MAX_HELLO_CHARS = 16_384;

/**
 * The longest frame of a connection that goes on behind it, in UTF-16 units: the runtime keeps for
 * each as much as the largest frame that it said.
 */
export const MAX_HEARD_CHARS = 1_048_576;

/** How many refusals a connection is told about at once, beside one for each token that it can save up. */
const PATIENCE = 1_000;

/** How often a client may speak where it is `perSecond` on average; 0 for no limit. */
export function rateOf(perSecond: number): Required<Rate> {
  const most = perSecond || Infinity;
  return { perSecond: most, burst: 2 * most, start: Math.ceil(1.5 * most) };
}

/**
 * How much a connection may be refused for its rate before that is a flood. Whoever waits as it
 * was told never is: all that it had on its way at the first refusal fits, and behind each later
 * one it has no more than it had acknowledged in between.
 */
export function patienceOf({ perSecond, burst }: Rate): Rate {
  return { perSecond, burst: PATIENCE + burst };
}

/** The tokens that a frame of this length costs before it is read. */
export function costOfFrame(length: number): number {
  return 1 + Math.floor(length / UNITS_PER_TOKEN);
}

/** The tokens that what costs `price` costs besides, as it is told to so many `members`. */
export function costOfTelling(price: number, members: number): number {
  return price * Math.max(0, members / MEMBERS_PER_PRICE - 1);
}

/** The tokens that another name costs besides those of its frame: it is told in `rooms`, to `members` of them all together. */
export function costOfRenaming(rooms: number, members: number): number {
  return rooms + members / MEMBERS_PER_PRICE;
}

/** The tokens that a message or several cost besides those of their frame: one for each more, and for all who are told. */
export function costOfSaying(bodies: readonly string[], members: number): number {
  const more = bodies.length - 1;
  if (members <= MEMBERS_PER_PRICE) return more;
  const units = bodies.reduce((sum, { length }) => sum + length, 0);
  return more + costOfTelling(costOfFrame(units) + more, members);
}

/**
 * The tokens that coming into a room costs beside those of the frame: it is told to `members`, as is
 * that the client goes, and the client is sent `bytes` of what was said, and of who is there.
 */
export function costOfEntering(members: number, bytes: number): number {
  return costOfTelling(2, members) + costOfReading(bytes);
}

/** The tokens that it costs to have `bytes` of a log sent, or read from the store as nobody was in the room. */
export function costOfReading(bytes: number): number {
  return Math.floor(bytes / BYTES_PER_TOKEN);
}

/** What a client may use. */
export interface Rate {
  /** Tokens that come back each second; `Infinity` for no limit. */
  perSecond: number;
  /** The most tokens that can be saved up. */
  burst: number;
  /** What it has at first; the burst unless given. */
  start?: number;
}

/** A token bucket: O(1) in time and space, and it takes the time as an argument. */
export class TokenBucket {
  readonly #rate: Rate;
  #tokens: number;
  #since: number;

  /** Makes a bucket with what there is at first at the monotonic time `now`, in milliseconds. */
  constructor(rate: Rate, now: number) {
    this.#rate = rate;
    this.#tokens = rate.start ?? rate.burst;
    this.#since = now;
  }

  /**
   * Takes `cost` tokens and returns 0; or takes none and returns the milliseconds until it would
   * take any. Whoever has a token left gets anything, and pays off afterwards what was missing.
   */
  take(cost: number, now: number): number {
    const { perSecond, burst } = this.#rate;
    if (perSecond === Infinity) return 0;
    this.#tokens = Math.min(burst, this.#tokens + (now - this.#since) * perSecond / 1_000);
    this.#since = now;
    // Until one is there, as a frame costs at least that: who waits less is refused again.
    if (this.#tokens < Math.min(cost, 1)) {
      return Math.ceil((1 - this.#tokens) * 1_000 / perSecond);
    }
    this.#tokens -= cost;
    return 0;
  }

  /** Takes tokens whether they are there or not: what comes next waits for them. */
  spend(cost: number): void {
    this.#tokens -= cost;
  }
}
