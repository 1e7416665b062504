/**
 * Ends of clients: they lose their connections, their places in rooms, and what is known of them.
 *
 * @module
 */

import type { Effect } from "./state/effects.ts";
import type { Expired, GracePeriod } from "./grace_period.ts";
import type { HubOptions } from "./state/options.ts";
import { presenceEntry } from "./state/presence.ts";
import type { Member, Room } from "./state/room.ts";
import type { Session, Sessions } from "./state/sessions.ts";
import type { Instant } from "./state/time.ts";

/** About the most that comes of one tick, in effects: a hundred clients may be away from a hundred rooms each. */
export const EFFECTS_PER_TICK = 256;

/** Lets clients go, and says what is to be told and forgotten. */
export class Departures {
  readonly #sessions: Sessions;
  readonly #grace: GracePeriod;
  readonly #options: Pick<HubOptions, "presenceLimit">;

  /** Works on the clients of a hub, and on those of them who are away. */
  constructor(
    sessions: Sessions,
    grace: GracePeriod,
    options: Pick<HubOptions, "presenceLimit">,
  ) {
    this.#sessions = sessions;
    this.#grace = grace;
    this.#options = options;
  }

  /** Makes a client away from all its rooms, and tells them. */
  cutOff(session: Session, t: Instant): Effect[] {
    const away = this.#grace.start(session, t.now);
    if (this.#grace.keepsPlaces) {
      return away.flatMap((member) => [
        ...presenceEntry("away", member, t),
        ...this.thin(member.room, t),
      ]);
    }
    return away.flatMap((member) => this.leave(session, member, t));
  }

  /** Lets a client keep its places without a word, as long as it wants or may. */
  pause(session: Session, forMs: number | undefined, t: Instant): Effect[] {
    if (!this.#grace.keepsPlaces) return this.cutOff(session, t);
    this.#grace.pause(session, forMs, t.now);
    return [...session.rooms].flatMap(({ room }) => this.thin(room, t));
  }

  /**
   * Takes places in a room away from those who are away, where they are more than may be told of:
   * everybody who comes in is told them all. First goes who was in rooms for the shortest time.
   */
  thin(room: Room, t: Instant): Effect[] {
    const effects: Effect[] = [];
    while (!room.quiet && room.members.length - room.here > this.#options.presenceLimit) {
      let least: Session | undefined;
      for (const { outlet, person } of room.members) {
        const session = outlet === undefined ? this.#sessions.get(person.id) : undefined;
        if (session === undefined) continue;
        if (least === undefined || session.stayed < least.stayed) least = session;
      }
      const member = least?.rooms.get(room.id);
      if (least === undefined || member === undefined) break;
      effects.push(...this.leave(least, member, t));
    }
    return effects;
  }

  /** Lets go of those who have been away for long enough; where they are many, of the rest at the next tick. */
  tick(t: Instant): Effect[] {
    const effects: Effect[] = [];
    for (const expired of this.#grace.expired(t.now)) {
      effects.push(...this.#lose(expired, t));
      if (effects.length >= EFFECTS_PER_TICK) break;
    }
    return effects;
  }

  /** Lets go of those who are away and too many. */
  shed(t: Instant): Effect[] {
    const effects: Effect[] = [];
    for (const expired of this.#grace.excess()) effects.push(...this.#lose(expired, t));
    return effects;
  }

  /** Takes somebody's place in a room away, and tells the others. */
  leave(session: Session, member: Member, t: Instant): Effect[] {
    const effects = presenceEntry("leave", member, t);
    this.part(session, member, t);
    return effects;
  }

  /** Takes somebody's place in a room away, without a word. */
  part(session: Session, member: Member, t: Instant): void {
    if (!member.room.gone) member.room.remove(member, t.now);
    session.rooms.delete(member.room.id);
  }

  /** Takes all places of a client away, and forgets it. */
  end(session: Session, t: Instant): Effect[] {
    const effects = [...session.rooms].flatMap((member) => this.leave(session, member, t));
    this.drop(session);
    return [...effects, { type: "forget", clientId: session.id }];
  }

  /** Forgets a client that has no place here. */
  drop(session: Session): void {
    this.#sessions.delete(session);
    this.#grace.end(session);
  }

  #lose({ session, member, remembered }: Expired, t: Instant): Effect[] {
    if (member !== undefined) return this.leave(session, member, t);
    return remembered ? [{ type: "trim", clientId: session.id }] : this.end(session, t);
  }
}
