/**
 * Shares of one address: how much of what everybody needs may be taken from there. So nobody locks
 * the others out who has only one.
 *
 * @module
 */

import { stacklessError } from "../../protocol/errors.ts";
import type { EngineNumbers } from "./options.ts";
import { Levels, Order } from "../limits/order.ts";
import { patienceOf, type Rate, rateOf, TokenBucket } from "../limits/rate_limit.ts";
import type { Session } from "./sessions.ts";

/** The options of a server that are about addresses, and those that they take a share of. */
export type QuotaOptions = Pick<
  EngineNumbers,
  | "addressConnections"
  | "addressFailedJoins"
  | "addressFailedTokens"
  | "addressHandshakes"
  | "addressRate"
  | "addressRooms"
  | "maxAway"
  | "maxConnections"
  | "maxRooms"
>;

const MINUTE_S = 60;

/** The most addresses that are remembered without anything of theirs being here. */
const MOST_IDLE = 10_000;

/** The time after which one that is full may be asked again, in milliseconds: somebody may have gone. */
const FULL_MS = 5_000;

/** The share of all places that one address may have, and the number up to which it may have half of them. */
const SHARE = 1 / 10;
const FEW = 100;

/** The bounds that all addresses have. */
class Bounds {
  readonly connections: number;
  readonly rooms: number;
  readonly away: number;
  readonly frames: Required<Rate>;
  readonly patience: Rate;
  readonly handshakes: Rate;
  readonly newRooms: Rate;
  readonly failedJoins: Rate;
  readonly failedTokens: Rate;

  constructor(options: QuotaOptions) {
    const half = Math.ceil(options.maxConnections / 2);
    this.connections = Math.min(options.addressConnections || Infinity, half);
    this.rooms = shareOf(options.maxRooms);
    this.away = shareOf(options.maxAway);
    this.frames = rateOf(options.addressRate);
    this.patience = patienceOf(this.frames);
    this.handshakes = aMinute(options.addressHandshakes);
    this.newRooms = aMinute(options.addressRooms);
    this.failedJoins = aMinute(options.addressFailedJoins);
    this.failedTokens = aMinute(options.addressFailedTokens);
  }
}

/** The part of `all` places that one address may have. */
function shareOf(all: number): number {
  return Math.ceil(Math.min(all / 2, Math.max(all * SHARE, FEW)));
}

/** A rate of `count` in a minute, which may come all at once; 0 for no limit. */
function aMinute(count: number): Rate {
  const most = count || Infinity;
  return { perSecond: most / MINUTE_S, burst: most };
}

/** The reason why an address may not connect now. */
export interface TooMany {
  /** Words for what there are too many of. */
  readonly what: string;
  /** The time after which it may try again, in milliseconds. */
  readonly retryAfterMs: number;
}

/** The share of one address, and what of it is taken. */
export class Quota {
  /** The number of its sockets that are not gone. */
  connections = 0;
  /** The number of rooms that are open because of it. */
  rooms = 0;
  /** The budget of all frames that come from there. */
  readonly frames: TokenBucket;
  /** The refusals that it may be told. */
  readonly patience: TokenBucket;
  readonly #bounds: Bounds;
  readonly #handshakes: TokenBucket;
  readonly #newRooms: TokenBucket;
  readonly #failedJoins: TokenBucket;
  readonly #failedTokens: TokenBucket;
  /** Its clients that are away, by how long they had stayed. */
  #away: Levels<Session> | undefined;

  /** Made by {@linkcode Quotas} only. */
  constructor(bounds: Bounds, now: number) {
    this.#bounds = bounds;
    this.frames = new TokenBucket(bounds.frames, now);
    this.patience = new TokenBucket(bounds.patience, now);
    this.#handshakes = new TokenBucket(bounds.handshakes, now);
    this.#newRooms = new TokenBucket(bounds.newRooms, now);
    this.#failedJoins = new TokenBucket(bounds.failedJoins, now);
    this.#failedTokens = new TokenBucket(bounds.failedTokens, now);
  }

  /** `true` while something from there is here. */
  get inUse(): boolean {
    return this.connections > 0 || this.rooms > 0 || (this.#away?.size ?? 0) > 0;
  }

  /** Counts a handshake at the monotonic time `now`; says why it is one too many, if it is. */
  handshake(now: number): TooMany | undefined {
    const retryAfterMs = this.#handshakes.take(1, now);
    if (retryAfterMs > 0) return { what: "handshakes in a short time", retryAfterMs };
    const { connections } = this.#bounds;
    if (this.connections < connections) return undefined;
    return { what: `connections, at most ${connections}`, retryAfterMs: FULL_MS };
  }

  /**
   * Looks whether somebody from there may look for a room.
   *
   * @throws {ChatError} where too many were not found.
   */
  checkJoins(now: number): void {
    refuse(this.#failedJoins.waitMs(now), "Too many rooms were not found");
  }

  /** Counts a room that was looked for and not found. */
  failJoin(): void {
    this.#failedJoins.spend(1);
  }

  /**
   * Looks whether somebody from there may bring a token.
   *
   * @throws {ChatError} where too many were wrong.
   */
  checkTokens(now: number): void {
    refuse(this.#failedTokens.waitMs(now), "Too many tokens were wrong");
  }

  /** Counts a token that is wrong. */
  failToken(): void {
    this.#failedTokens.spend(1);
  }

  /**
   * Counts a room that somebody from there makes.
   *
   * @throws {ChatError} where it is one too many.
   */
  makeRoom(now: number): void {
    refuse(this.#newRooms.take(1, now), "Too many rooms were made");
  }

  /**
   * Looks whether there may be another room that is open because of somebody from there.
   *
   * @throws {ChatError} where there may not.
   */
  checkRooms(): void {
    const { rooms } = this.#bounds;
    if (this.rooms < rooms) return;
    throw stacklessError(
      "too_many_rooms",
      `${this.rooms} rooms are open from your address, at most ${rooms}`,
    );
  }

  /** Notes that a client that was there is away, having stayed for so long. */
  leave(session: Session, rank: number): void {
    (this.#away ??= new Levels()).put(session, rank);
  }

  /** Notes that it is back, or forgotten. */
  comeBack(session: Session): void {
    this.#away?.delete(session);
  }

  /** Of too many who are away from there, the one that stayed for the shortest time; else undefined. */
  get excess(): Session | undefined {
    return this.#away !== undefined && this.#away.size > this.#bounds.away
      ? this.#away.lowest
      : undefined;
  }
}

/** Refuses what has to wait. */
function refuse(retryAfterMs: number, why: string): void {
  if (retryAfterMs === 0) return;
  const message = `${why} from your address: wait ${retryAfterMs} ms`;
  throw stacklessError("rate_limited", message, { retryAfterMs });
}

/** The shares of all addresses. */
export class Quotas {
  readonly #bounds: Bounds;
  readonly #byAddress = new Map<string, Quota>();
  /** The addresses, who connected first coming first. */
  readonly #order = new Order<string>();

  /** Makes shares of what a server with these options has. */
  constructor(options: QuotaOptions) {
    this.#bounds = new Bounds(options);
  }

  /** The number of addresses that are remembered. */
  get size(): number {
    return this.#byAddress.size;
  }

  /** The share of an address that connects at the monotonic time `now`. */
  of(address: string, now: number): Quota {
    const known = this.#byAddress.get(address);
    this.#order.add(address);
    if (known !== undefined) return known;
    const quota = new Quota(this.#bounds, now);
    this.#byAddress.set(address, quota);
    this.#forget();
    return quota;
  }

  /** Forgets an address where there are many; which of them, decides how long ago it has connected. */
  #forget(): void {
    for (let looks = this.size - MOST_IDLE; looks > 0; looks--) {
      const oldest = this.#order.first;
      if (oldest === undefined) return;
      if (this.#byAddress.get(oldest)?.inUse) {
        this.#order.add(oldest);
      } else {
        this.#order.delete(oldest);
        this.#byAddress.delete(oldest);
        return;
      }
    }
  }
}
