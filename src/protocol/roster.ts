/**
 * The members of a room, as the presence entries of its log add up, on either side of the wire.
 *
 * @module
 */

import type { MemberInfo, PresenceEntry } from "./frames.ts";

/** The most members of a room that are kept by name. */
export const MAX_MEMBERS = 10_000;

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

  /** Takes the next presence entry of the log; in a quiet room it changes nothing. */
  apply(
    entry: Pick<PresenceEntry, "event" | "from"> & { readonly name?: string | undefined },
  ): void {
    if (this.#quiet) return;
    const { event, from, name } = entry;
    switch (event) {
      case "join":
      case "back":
      case "rename":
      case "away":
        this.#members.set(from, {
          // Whoever is renamed while away is still away.
          ...(event === "rename" && this.#members.get(from)),
          [this.#key]: from,
          ...named(name),
          ...(event === "away" && { away: true }),
        } as RosterMember<Key>);
        break;
      case "leave":
        this.#members.delete(from);
        break;
      case "quiet":
        this.reset([], true);
        break;
      default:
        // A later version of the protocol may have more events: they are ignored here.
        event satisfies never;
    }
  }
}

/** The field `name` of somebody who has one. */
export function named(name: string | undefined): { name?: string } {
  return name === undefined ? {} : { name };
}
