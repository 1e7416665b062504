// This module is pure: no sockets, no clock, no Deno.

/**
 * The open rooms of one process: which there are, and which one goes where there is no place.
 *
 * @module
 */

import { Aging } from "./aging.ts";
import type { Effect, Instant } from "./effects.ts";
import { ChatError } from "./errors.ts";
import { isRoomId, normalizeRoomId, sameSecret } from "./ids.ts";
import { readName } from "./names.ts";
import type { HubOptions } from "./options.ts";
import type { JoinFrame } from "./protocol.ts";
import { Room } from "./room.ts";
import type { Peer, Sign } from "./sessions.ts";
import type { StoredRoom } from "./store/store.ts";

/** What of a hub's options is about its rooms. */
export type RoomsOptions = Pick<HubOptions, "maxRooms" | "emptyRoomMs" | "logAgeMs">;

/** All open rooms. */
export class Rooms {
  readonly #options: RoomsOptions;
  readonly #byId = new Map<string, Room>();
  readonly #aging = new Aging();
  readonly #sign: Sign | undefined;

  /**
   * Makes a hub's rooms: none so far. `sign` signs what they are called, where that can be checked
   * when they are lost: by another process, under the same key.
   */
  constructor(options: RoomsOptions, sign?: Sign) {
    this.#options = options;
    this.#sign = sign;
  }

  /** The rooms, by id. */
  get byId(): ReadonlyMap<string, Room> {
    return this.#byId;
  }

  /**
   * Says what has to be done before another room can be opened.
   *
   * @throws {ChatError} where all places are taken by rooms that have members.
   */
  makePlace(): Effect[] {
    const { size } = this.#byId;
    if (size < this.#options.maxRooms) return [];
    // Whoever makes rooms and leaves them takes the place of empty ones, of nobody else.
    const empty = this.#longestEmpty();
    if (empty !== undefined) return [this.#release(empty)];
    throw new ChatError("too_many_rooms", `There are ${size} rooms, the most allowed`);
  }

  /** Opens a room that is not open, with nobody here in it, at the monotonic time `now`. */
  open(stored: StoredRoom, now: number): void {
    this.#byId.set(stored.id, new Room(stored, now, this.#tokenOf(stored.id, stored.name)));
  }

  /**
   * The room that somebody was in, and that is to be made again because it is lost.
   *
   * @throws {ChatError} where there is no such room, nothing shows that it was called so, or that is
   * no name any more.
   */
  lost(peer: Peer, { roomId, roomName, roomToken }: JoinFrame): { id: string; name: string } {
    const id = normalizeRoomId(roomId);
    if (!peer.plain && roomName !== undefined && isRoomId(id)) {
      const token = this.#tokenOf(id, roomName);
      if (token === undefined || sameSecret(token, roomToken ?? "")) {
        return { id, name: readName(roomName) };
      }
    }
    throw new ChatError("room_not_found", `Room ${roomId} does not exist`);
  }

  /** Drops what is too old, and lets go of rooms that have been empty for long enough. */
  tick(t: Instant): Effect[] {
    const { emptyRoomMs, logAgeMs } = this.#options;
    const effects: Effect[] = [];
    const tooOld = this.#aging.time(t) - logAgeMs;
    for (const room of this.#byId.values()) {
      room.log.expire(tooOld);
      if (room.emptySince === undefined || t.now - room.emptySince < emptyRoomMs) continue;
      effects.push(this.#release(room));
    }
    return effects;
  }

  /** Forgets a room with everybody in it, and says whether there was one. */
  delete(roomId: string): boolean {
    const room = this.#byId.get(roomId);
    if (room === undefined) return false;
    room.gone = true;
    // Whoever was in it knows it until its next word there, which may never come.
    room.log.skipTo(room.log.head);
    for (const member of room.members) member.outlet = undefined;
    return this.#byId.delete(roomId);
  }

  #tokenOf(id: string, name: string): string | undefined {
    return this.#sign?.(`${id} ${name}`);
  }

  #release(room: Room): Effect {
    this.#byId.delete(room.id);
    return { type: "release", roomId: room.id };
  }

  /** The room that has been empty for longer than any other; undefined where all have members. */
  #longestEmpty(): Room | undefined {
    let longest: Room | undefined;
    for (const room of this.#byId.values()) {
      const { emptySince = Infinity } = room;
      if (emptySince < (longest?.emptySince ?? Infinity)) longest = room;
    }
    return longest;
  }
}
