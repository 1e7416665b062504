/**
 * The members of a room, as the presence entries of its log add up, on either side of the wire.
 *
 * @module
 */

import type { MemberInfo, PresenceEntry, PresenceEvent } from "./frames.ts";

/** The most members of a room that are kept by name. */
export const MAX_MEMBERS = 10_000;

/** The presence events that there are. */
export const PRESENCE_EVENTS: readonly string[] = [
  "join",
  "away",
  "back",
  "leave",
  "rename",
  "quiet",
] satisfies PresenceEvent[];

/** A member as a roster keeps it: {@linkcode MemberInfo} with another name for its id. */
export type RosterMember<Key extends string> =
  & Omit<MemberInfo, "client_id">
  & { [K in Key]: string };

/** The members of a room at one position of its log. */
export class Roster<Key extends string = "client_id"> {
  readonly #members = new Map<string, RosterMember<Key>>();
  readonly #key: Key;
  #quiet = false;

  /** Makes an empty roster whose members have their id in the field `key`, `client_id` unless given. */
  constructor(key: Key = "client_id" as Key) {
    this.#key = key;
  }

  /** Everybody in the room, by client id; nobody where it is quiet. */
  get members(): ReadonlyMap<string, RosterMember<Key>> {
    return this.#members;
  }

  /** `true` where the log no longer says who comes and goes. */
  get quiet(): boolean {
    return this.#quiet;
  }

  /** Starts over with a list that is known to be right. */
  reset(members: Iterable<RosterMember<Key>> = [], quiet = false): void {
    this.#members.clear();
    this.#quiet = quiet;
    for (const member of members) this.#members.set(member[this.#key], member);
  }

  /** Takes the next entry of the log; one that is no presence changes nothing, nor does any in a quiet room. */
  apply(
    entry: Pick<PresenceEntry, "from"> & {
      readonly event: string;
      readonly name?: string | undefined;
      readonly sub?: string | undefined;
      readonly bot?: true | undefined;
    },
  ): void {
    const { event, from } = entry;
    // A later version of the protocol may have more events: they are ignored here.
    if (this.#quiet || !PRESENCE_EVENTS.includes(event)) return;
    if (event === "leave") this.#members.delete(from);
    else if (event === "quiet") this.reset([], true);
    else {
      const known = this.#members.get(from);
      this.#members.set(from, {
        // Whoever is renamed while away is still away.
        ...(event === "rename" && known),
        [this.#key]: from,
        // A client is one person for as long as it lives, even where an entry does not say so.
        ...described({ ...known, ...entry }),
        ...(event === "away" && { away: true }),
      } as RosterMember<Key>);
    }
  }
}

/** The fields that describe a client to others, without those that it does not have. */
export function described(
  { name, sub, bot }: {
    readonly name?: string | undefined;
    readonly sub?: string | undefined;
    readonly bot?: true | undefined;
  },
): { name?: string; sub?: string; bot?: true } {
  return { ...(name !== undefined && { name }), ...(sub && { sub }), ...(bot && { bot: true }) };
}
