/**
 * Who is in a room: what the presence entries of its log add up to, for whoever
 * reads the log, on either side of the wire.
 *
 * @module
 */

import type { MemberInfo, PresenceEntry } from "./frames.ts";

/** The most members of a room that are kept by name. */
export const MAX_MEMBERS = 10_000;

/** The members of a room at one place of its log. */
export class Roster {
  readonly #members = new Map<string, MemberInfo>();
  #quiet = false;

  /** Everybody in the room, by client id; nobody where it is quiet. */
  get members(): ReadonlyMap<string, MemberInfo> {
    return this.#members;
  }

  /** `true` where the log tells no longer who comes and goes. */
  get quiet(): boolean {
    return this.#quiet;
  }

  /** Begins again with a list that is known to be true. */
  reset(members: Iterable<MemberInfo> = [], quiet = false): void {
    this.#members.clear();
    this.#quiet = quiet;
    for (const member of members) this.#members.set(member.client_id, member);
  }

  /** Takes the next presence entry of the log; in a quiet room it changes nothing. */
  apply(
    entry: Pick<PresenceEntry, "event" | "from"> & { readonly name?: string | undefined },
  ): void {
    if (this.#quiet) return;
    const { event, from, name } = entry;
    const member = { client_id: from, ...(name === undefined ? {} : { name }) };
    switch (event) {
      case "join":
      case "back":
        this.#members.set(from, member);
        break;
      case "rename":
        this.#members.set(from, { ...this.#members.get(from), ...member });
        break;
      case "away":
        this.#members.set(from, { ...member, away: true });
        break;
      case "leave":
        this.#members.delete(from);
        break;
      case "quiet":
        this.reset([], true);
        break;
      default:
        // A later version of the protocol may tell more: those who do not know it pass it over.
        event satisfies never;
    }
  }
}
