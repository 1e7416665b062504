/**
 * Handovers of clients between processes: those that an earlier process knew, or one that is gone,
 * are taken over, and those that have come in at another one are let go of.
 *
 * @module
 */

import type { Departures } from "./departures.ts";
import type { Effect } from "./state/effects.ts";
import type { GracePeriod } from "./grace_period.ts";
import { presenceEntry } from "./state/presence.ts";
import { sessionDoubted, sessionTaken } from "./state/replies.ts";
import type { Room } from "./state/room.ts";
import type { Session, Sessions } from "./state/sessions.ts";
import { checkedClient } from "./store/store_answers.ts";
import type { StoredClient } from "./store/store.ts";
import type { Instant } from "./state/time.ts";

/**
 * The time after a client has come back in which another process may take it over for a connection
 * that it has given up since, in milliseconds: for so long that one asks the process before it.
 */
const OVERLAP_MS = 1_000;

/** The parts of a hub that a handover works on. */
export interface HandoverParts {
  /** Its clients. */
  readonly sessions: Sessions;
  /** Those of them who are away. */
  readonly grace: GracePeriod;
  /** The ways in which they go. */
  readonly departures: Departures;
  /** Its open rooms, by id. */
  readonly rooms: ReadonlyMap<string, Room>;
}

/** Takes clients over from other processes, and lets go of those that have come in there. */
export class Handover {
  readonly #parts: HandoverParts;
  readonly #isShared: boolean;

  /** Works on the parts of a hub, with a store that other processes use at the same time where that `isShared`. */
  constructor(parts: HandoverParts, isShared: boolean) {
    this.#parts = parts;
    this.#isShared = isShared;
  }

  /** Takes in a client of an earlier process: it is away from now on. */
  adopt(client: StoredClient, t: Instant): Effect[] {
    const { sessions, grace, departures } = this.#parts;
    const session = sessions.restore(checkedClient(client, client.id), t.now);
    // Nobody knows any more how long it was there: it is not one of those who come and go.
    session.stayed = Infinity;
    grace.start(session, t.now);
    return departures.shed(t);
  }

  /**
   * The client that comes back, as `stored` by the process where it was, at the monotonic time `now`;
   * undefined where nobody knows it.
   */
  recalled(clientId: string, stored: StoredClient | undefined, now: number): Session | undefined {
    const { sessions } = this.#parts;
    const known = sessions.get(clientId);
    if (stored === undefined) return known?.elsewhere ? undefined : known;
    if (known === undefined) return sessions.restore(stored, now);
    // It comes from another process, where it may have said more since.
    if (this.#isShared) known.recount(stored);
    return known;
  }

  /**
   * Keeps a client whose connection has gone while the store was asked: the store has taken it over
   * for this process.
   */
  keep(clientId: string, stored: StoredClient | undefined, t: Instant): Effect[] {
    const known = this.#parts.sessions.get(clientId);
    if (stored === undefined || known?.peer !== undefined) return [];
    if (known === undefined) return this.adopt(stored, t);
    known.arrive(t.now);
    known.recount(stored);
    return [];
  }

  /**
   * Lets go of a client that has come in at another process, or with `roomId` of its place in that
   * room, for which the other process speaks now. Nobody is told: it is not away. Places that it does
   * not take up there it leaves when the grace time is over. Where it `mayBeHere` all the same, or has
   * only just come back, its connection is closed so that it comes back.
   */
  taken(clientId: string, roomId: string | undefined, t: Instant, mayBeHere = false): Effect[] {
    const { sessions, grace, departures } = this.#parts;
    const session = sessions.get(clientId);
    if (session === undefined) return [];
    const effects: Effect[] = [];
    const member = session.rooms.get(roomId ?? "");
    // A place that it left behind here earlier says nothing about where it is now.
    const isElsewhere = roomId === undefined || member?.outlet !== undefined;
    if (isElsewhere && !session.elsewhere) {
      const { peer } = session;
      const isDoubted = mayBeHere || t.now - session.resumedAt < OVERLAP_MS;
      if (peer !== undefined) effects.push(isDoubted ? sessionDoubted(peer) : sessionTaken(peer));
      effects.push({ type: "forget", clientId });
      grace.start(session, t.now);
      // This process hears a little later which places it takes up there: it has not left meanwhile.
      grace.prolong(session, t.now);
      session.goElsewhere(t.now);
    }
    if (member !== undefined) departures.part(session, member, t);
    if (session.elsewhere && session.rooms.size === 0) departures.drop(session);
    return effects;
  }

  /**
   * Takes over members of an open room whose process is gone: those who may still come back are away,
   * all others have left.
   */
  orphaned(roomId: string, clientIds: readonly string[], t: Instant): Effect[] {
    const { sessions, grace, departures, rooms } = this.#parts;
    const room = rooms.get(roomId);
    if (room === undefined) return [];
    return clientIds.flatMap((id) => {
      const session = sessions.get(id);
      const known = room.roster.members.get(id);
      // Who is no member has left nothing behind.
      if (known === undefined) return [];
      if (session === undefined || grace.isGone(session)) {
        return presenceEntry("leave", { room, person: { id, name: known.name } }, t);
      }
      if (session.rooms.get(roomId)?.room === room) return [];
      const member = room.add(session);
      session.rooms.add(member);
      grace.startIn(session, member, t.now);
      return [
        ...(known.away ? [] : presenceEntry("away", member, t)),
        ...departures.thin(room, t),
      ];
    });
  }
}
