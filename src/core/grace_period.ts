/**
 * Clients without a connection: how long they keep their places in rooms, and how long they may
 * come back as themselves. Times are on the monotonic clock, in milliseconds.
 *
 * @module
 */

import type { HubOptions } from "./state/options.ts";
import { Levels } from "./limits/order.ts";
import type { Quota } from "./state/quota.ts";
import type { Member } from "./state/room.ts";
import type { Session } from "./state/sessions.ts";
import { rankOf } from "./state/time.ts";

/** The options of a hub that are about those who are away. */
export type GraceOptions = Pick<HubOptions, "graceMs" | "pauseMs" | "sessionMs" | "maxAway">;

/** The part of a client that is over: one of its places, all of them though it is `remembered`, or everything. */
export interface Expired {
  session: Session;
  member?: Member;
  remembered?: true;
}

/** All who are away, from everywhere or from some of their rooms. */
export class GracePeriod {
  readonly #options: GraceOptions;
  /** Those who have places, or may still be found to have some; whoever went first comes first. */
  readonly #away = new Set<Session>();
  /** Those who have a connection again, and places that they have not gone back to. */
  readonly #returning = new Set<Session>();
  /** Those who have lost their places, and until when they are remembered, soonest first. */
  readonly #gone = new Map<Session, number>();
  /** All of both by how long they have stayed, whoever went first first: see {@linkcode rankOf}. */
  readonly #ranks = new Levels<Session>();
  /** The addresses that they went from, as far as those have a share of places. */
  readonly #quotas = new Map<Session, Quota>();
  /** The one of whoever went last. */
  #latest: Quota | undefined;

  /** Nobody is away. */
  constructor(options: GraceOptions) {
    this.#options = options;
  }

  /** `true` where clients keep places without a connection. */
  get keepsPlaces(): boolean {
    return this.#options.graceMs > 0 && this.#options.maxAway > 0;
  }

  /** The number of clients that have no connection, and may come back. */
  get size(): number {
    return this.#away.size + this.#gone.size;
  }

  /** Says whether a client is only remembered: it keeps no place. */
  isGone(session: Session): boolean {
    return this.#gone.has(session);
  }

  /** Makes a client away from everywhere, and returns those memberships of it that were not. */
  start(session: Session, now: number): Member[] {
    detach(session, now);
    this.#start(session);
    const here = [...session.rooms].filter(({ outlet }) => outlet !== undefined);
    for (const member of here) this.startIn(session, member, now);
    return here;
  }

  /** Makes a client away from one of its rooms. */
  startIn(session: Session, member: Member, now: number): void {
    member.room.unseat(member, now);
    member.awayUntil = now + this.#options.graceMs;
    (session.peer === undefined ? this.#away : this.#returning).add(session);
  }

  /** Leaves a client the grace time from now on for all places that it is away from, if it had less. */
  prolong(session: Session, now: number): void {
    const least = now + this.#options.graceMs;
    for (const member of session.rooms) member.awayUntil = Math.max(member.awayUntil, least);
  }

  /** Lets a client keep its places without a word to anybody, for `forMs` or as long as it is allowed to. */
  pause(session: Session, forMs: number | undefined, now: number): void {
    const { pauseMs } = this.#options;
    detach(session, now);
    this.#start(session);
    for (const member of session.rooms) {
      if (member.outlet !== undefined) member.paused = true;
      member.room.unseat(member, now);
      member.awayUntil = now + Math.min(forMs ?? pauseMs, pauseMs);
    }
  }

  /** Notes that a client has a connection again: it has the grace time to go back to its rooms. */
  welcome(session: Session, now: number): void {
    this.end(session);
    this.#returning.add(session);
    const most = now + this.#options.graceMs;
    for (const member of session.rooms) member.awayUntil = Math.min(member.awayUntil, most);
  }

  /** Forgets a client that has ended. */
  end(session: Session): void {
    this.#away.delete(session);
    this.#returning.delete(session);
    this.#gone.delete(session);
    this.#ranks.delete(session);
    this.#quotas.get(session)?.comeBack(session);
    this.#quotas.delete(session);
  }

  /** Finds what is over by now. Any client may be ended meanwhile. */
  *expired(now: number): Iterable<Expired> {
    const { graceMs, sessionMs } = this.#options;
    for (const session of this.#returning) {
      if (!(yield* expiredPlaces(session, now))) this.#returning.delete(session);
    }
    for (const session of this.#away) {
      // What it has left behind in a room that is not open shows only when that is opened.
      const mayHavePlaces = (yield* expiredPlaces(session, now)) || now - session.seenAt < graceMs;
      if (mayHavePlaces || !this.#away.delete(session)) continue;
      // At another process it is remembered there.
      if (session.elsewhere || sessionMs === 0) {
        yield { session };
      } else {
        this.#gone.set(session, now + sessionMs);
        yield { session, remembered: true };
      }
    }
    for (const [session, until] of this.#gone) {
      if (now < until) break;
      yield { session };
    }
  }

  /**
   * Finds what is over because more clients are away than may be: first who was in rooms for the
   * shortest time. So those who come and go, however many they are, take nothing from those who had
   * stayed; and those who were in none have a small share, and so have those of one address.
   */
  *excess(): Iterable<Expired> {
    const { maxAway } = this.#options;
    for (let least; (least = this.#latest?.excess) !== undefined;) {
      this.end(least);
      yield { session: least };
    }
    while (true) {
      const tooMany = this.#away.size + this.#gone.size > maxAway ||
        this.#ranks.countAt(0) > Math.max(1, maxAway * STRANGERS_SHARE);
      if (!tooMany) return;
      const session = this.#ranks.lowest!;
      this.end(session);
      yield { session };
    }
  }

  #start(session: Session): void {
    this.end(session);
    this.#away.add(session);
    const rank = rankOf(session.stayed);
    this.#ranks.put(session, rank);
    this.#latest = session.quota;
    if (session.quota === undefined) return;
    this.#quotas.set(session, session.quota);
    session.quota.leave(session, rank);
  }
}

/** The share of all that are away of those who were never in a room. */
const STRANGERS_SHARE = 1 / 10;

/** The places of a client that are over by now; returns whether there are others that it is away from. */
function* expiredPlaces(session: Session, now: number): Generator<Expired, boolean> {
  let isWaiting = false;
  for (const member of session.rooms) {
    if (member.outlet !== undefined) continue;
    if (now >= member.awayUntil) yield { session, member };
    else isWaiting = true;
  }
  return isWaiting;
}

/** Ends the hold of the connection of a client, where it has one; else it was here until now. */
function detach(session: Session, now: number): void {
  if (session.peer !== undefined) session.detach(session.peer, now);
  else session.seenAt = now;
}
