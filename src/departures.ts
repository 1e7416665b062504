// This module is pure: no sockets, no clock, no Deno.

/**
 * How clients lose their connections, their places in rooms, and what is known of them.
 *
 * @module
 */

import type { Absence, Over } from "./absence.ts";
import type { Effect, Instant } from "./effects.ts";
import { tell } from "./presence.ts";
import type { Member } from "./room.ts";
import type { Session, Sessions } from "./sessions.ts";

/** Lets clients go, and says what is to be told and forgotten. */
export class Departures {
  readonly #sessions: Sessions;
  readonly #absence: Absence;

  /** Works on the clients of a hub, and on those of them who are away. */
  constructor(sessions: Sessions, absence: Absence) {
    this.#sessions = sessions;
    this.#absence = absence;
  }

  /** Makes a client away from all its rooms, and tells them. */
  cutOff(session: Session, t: Instant): Effect[] {
    const away = this.#absence.begin(session, t.now);
    if (this.#absence.keepsPlaces) return away.flatMap((member) => tell("away", member, t));
    return away.flatMap((member) => this.leave(session, member, t));
  }

  /** Lets a client keep its places without a word, as long as it wants or may. */
  pause(session: Session, forMs: number | undefined, t: Instant): Effect[] {
    if (!this.#absence.keepsPlaces) return this.cutOff(session, t);
    this.#absence.pause(session, forMs, t.now);
    return [];
  }

  /** Lets go of those who have been away for long enough. */
  tick(t: Instant): Effect[] {
    const effects: Effect[] = [];
    for (const over of this.#absence.over(t.now)) effects.push(...this.#lose(over, t));
    return effects;
  }

  /** Lets go of those who are away and too many. */
  shed(t: Instant): Effect[] {
    const effects: Effect[] = [];
    for (const over of this.#absence.excess()) effects.push(...this.#lose(over, t));
    return effects;
  }

  /** Takes somebody's place in a room away, and tells the others. */
  leave(session: Session, member: Member, t: Instant): Effect[] {
    const effects = tell("leave", member, t);
    this.part(session, member, t);
    return effects;
  }

  /** Takes somebody's place in a room away, without a word. */
  part(session: Session, member: Member, t: Instant): void {
    session.rooms.delete(member.room.id);
    if (!member.room.gone) member.room.remove(member, t.now);
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
    this.#absence.end(session);
  }

  #lose({ session, member, remembered }: Over, t: Instant): Effect[] {
    if (member !== undefined) return this.leave(session, member, t);
    return remembered ? [{ type: "trim", clientId: session.id }] : this.end(session, t);
  }
}
