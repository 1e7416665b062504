/**
 * The rooms of one client.
 *
 * @module
 */

import type { Member } from "./room.ts";

/**
 * A client's memberships, by room id. Nearly every client is in one room, which needs no map:
 * that would be a quarter of a KiB for each of them.
 */
export class Memberships implements Iterable<Member> {
  #one: Member | undefined;
  #others: Map<string, Member> | undefined;

  /** The number of memberships. */
  get size(): number {
    return (this.#one === undefined ? 0 : 1) + (this.#others?.size ?? 0);
  }

  /** One of them, which is the one of a plain client; undefined where there is none. */
  get any(): Member | undefined {
    return this.#one ?? this.#others?.values().next().value;
  }

  /** The one in this room. */
  get(roomId: string): Member | undefined {
    return this.#one?.room.id === roomId ? this.#one : this.#others?.get(roomId);
  }

  /** Adds one, instead of any in a room of the same id. */
  add(member: Member): void {
    const { id } = member.room;
    const isOne = this.#one === undefined ? !this.#others?.has(id) : this.#one.room.id === id;
    if (isOne) this.#one = member;
    else (this.#others ??= new Map()).set(id, member);
  }

  /** Removes the one in this room, if there is any. */
  delete(roomId: string): void {
    if (this.#one?.room.id === roomId) this.#one = undefined;
    else this.#others?.delete(roomId);
  }

  /** All of them; any may be deleted meanwhile. */
  *[Symbol.iterator](): Iterator<Member> {
    if (this.#one !== undefined) yield this.#one;
    if (this.#others !== undefined) yield* this.#others.values();
  }
}

/** The number of members who are told what happens to a client in these places; in quiet rooms that is nobody. */
export function listenersIn(places: Iterable<Member>): number {
  let count = 0;
  for (const { room } of places) count += room.quiet ? 0 : room.here;
  return count;
}
