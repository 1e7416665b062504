/**
 * Rooms that a server which was killed has left people in. Somebody has to open them, so that it
 * becomes known whether these people come back or have left.
 *
 * @module
 */

import type { Room } from "../core/state/room.ts";
import type { Voice } from "../server/voice.ts";

/**
 * The most such rooms that are open for that at once. A server lets go of rooms without a connection
 * when there are a thousand or more of them.
 */
const MOST_OPEN = 500;

/** Rooms with people of an earlier process in them. */
export class Occupied {
  readonly #voice: Pick<Voice, "room" | "openRooms">;
  readonly #waiting = new Set<string>();
  readonly #open = new Set<string>();

  /** Begins with none. */
  constructor(voice: Pick<Voice, "room" | "openRooms">) {
    this.#voice = voice;
  }

  /** Adds a room. */
  add(roomId: string): void {
    this.#waiting.add(roomId);
  }

  /** Opens some, and looks which have come to rest. Call it once a second. */
  look(): void {
    for (const id of this.#open) if (isAtRest(this.#voice.openRooms.get(id))) this.#open.delete(id);
    for (const id of this.#waiting) {
      if (this.#open.size >= MOST_OPEN) return;
      this.#waiting.delete(id);
      if (this.#voice.openRooms.has(id)) continue;
      this.#open.add(id);
      this.#voice.room(id).catch((error) => {
        if (error.code !== "room_not_found") this.#waiting.add(id);
        this.#open.delete(id);
      });
    }
  }
}

/** Says whether nobody is expected in a room, or somebody is there. */
function isAtRest(room: Room | undefined): boolean {
  return room === undefined || room.here > 0 || room.roster.members.size === 0;
}
