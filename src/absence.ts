// This module is pure: no sockets, no clock, no Deno.

/**
 * Clients that are away, from everywhere or from some of their rooms: how many may be, and
 * for how long.
 *
 * @module
 */

import type { HubOptions } from "./options.ts";
import type { Member } from "./room.ts";
import type { Session } from "./sessions.ts";

/** What of a hub's options is about those who are away. */
export type AbsenceOptions = Pick<HubOptions, "graceMs" | "maxAway">;

/** All who are away; times are on the monotonic clock, in milliseconds. */
export class Absence {
  readonly #options: AbsenceOptions;
  readonly #away = new Set<Session>();

  /** Nobody is away. */
  constructor(options: AbsenceOptions) {
    this.#options = options;
  }

  /** Whether a client, or one that is not here yet, may be away. */
  allows(session?: Session): boolean {
    const { graceMs, maxAway } = this.#options;
    const counted = session !== undefined && this.#away.has(session);
    return graceMs > 0 && (counted || this.#away.size < maxAway);
  }

  /** Makes a client away from everywhere, and returns those memberships of it that were not. */
  begin(session: Session, now: number): Member[] {
    if (session.peer !== undefined) session.detach(session.peer, now);
    else session.seenAt = now;
    const here = [...session.rooms].filter(({ outlet }) => outlet !== undefined);
    for (const member of here) this.beginIn(session, member, now);
    this.#away.add(session);
    return here;
  }

  /** Makes a client away from one of its rooms. */
  beginIn(session: Session, member: Member, now: number): void {
    member.outlet = undefined;
    member.awaySince = now;
    this.#away.add(session);
  }

  /** Forgets a client that has ended. */
  end(session: Session): void {
    this.#away.delete(session);
  }

  /**
   * Whose grace time is over: clients that have been away from everywhere for so long, and
   * memberships that others did not come back to. Any of them may be ended meanwhile.
   */
  *over(now: number): Iterable<{ session: Session; member?: Member }> {
    const { graceMs } = this.#options;
    for (const session of this.#away) {
      if (session.peer === undefined && now - session.seenAt >= graceMs) {
        yield { session };
        continue;
      }
      let away = session.peer === undefined;
      for (const member of session.rooms) {
        if (member.outlet !== undefined) continue;
        if (now - member.awaySince >= graceMs) yield { session, member };
        else away = true;
      }
      if (!away) this.#away.delete(session);
    }
  }
}
