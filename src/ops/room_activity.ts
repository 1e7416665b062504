/**
 * Rooms by what happens in them: for whoever looks at a server now. Nothing is counted while nobody
 * does.
 *
 * @module
 */

import type { Room } from "../core/state/room.ts";
import type { Inside } from "../server/inside.ts";

/** Milliseconds after the last look until nothing is counted any more. */
const IDLE_MS = 30_000;

/** A room as it is now, and what happened there since the look before. */
export interface ActiveRoom {
  room_id: string;
  name: string;
  /** The number of people in it, and of those who are connected here. */
  members: number;
  here: number;
  /** Those of them whose socket takes nothing for now. */
  slow: number;
  /** The entries that the one lacks who lacks most, as far as their numbers say. */
  behind: number;
  /** The entries since the look before. */
  entries: number;
}

/** A look at the rooms. */
export interface Activity {
  /** The seconds since the look before; 0 where there was none lately. */
  seconds: number;
  /** The connected people whose socket takes nothing for now, in all rooms. */
  slow: number;
  /** The busiest rooms. */
  rooms: ActiveRoom[];
}

/** Looks at the rooms of a chat. */
export class RoomActivity {
  readonly #inside: Pick<Inside, "voice" | "watchers">;
  readonly #counts = new Map<Room, number>();
  readonly #now: () => number;
  #since: number | undefined;

  /** Makes what counts nothing before the first look; `now` is a clock that never goes back, in milliseconds. */
  constructor(inside: Pick<Inside, "voice" | "watchers">, now: () => number) {
    this.#inside = inside;
    this.#now = now;
  }

  /** Looks at the `limit` busiest rooms. */
  look(limit: number): Activity {
    const { voice, watchers } = this.#inside;
    if (this.#since === undefined) watchers.push(this.#grown);
    const now = this.#now();
    const seconds = this.#since === undefined ? 0 : (now - this.#since) / 1_000;
    this.#since = now;
    const rooms = [...voice.openRooms.values()].map((room) =>
      describe(room, this.#counts.get(room))
    );
    this.#counts.clear();
    const slow = rooms.reduce((sum, room) => sum + room.slow, 0);
    rooms.sort((a, b) =>
      b.entries - a.entries || b.slow - a.slow || b.here - a.here ||
      (a.room_id < b.room_id ? -1 : 1)
    );
    return { seconds, slow, rooms: rooms.slice(0, limit) };
  }

  readonly #grown = (room: Room): void => {
    this.#counts.set(room, (this.#counts.get(room) ?? 0) + 1);
    if (this.#since !== undefined && this.#now() - this.#since > IDLE_MS) this.#stop();
  };

  #stop(): void {
    const { watchers } = this.#inside;
    this.#counts.clear();
    this.#since = undefined;
    // Not while the watchers are called: one behind this one would be left out.
    queueMicrotask(() => watchers.splice(watchers.indexOf(this.#grown), 1));
  }
}

function describe({ id, name, roster, here, members, log }: Room, entries = 0): ActiveRoom {
  let slow = 0;
  let behind = 0;
  for (const { outlet, cursor } of members) {
    if (outlet === undefined) continue;
    if (!outlet.ready) slow++;
    behind = Math.max(behind, log.head - cursor);
  }
  return { room_id: id, name, members: roster.members.size, here, slow, behind, entries };
}
