/**
 * The open rooms of one process: which there are, and which one goes where there is no place.
 *
 * @module
 */

import { stacklessError } from "../../protocol/errors.ts";
import type { JoinFrame } from "../../protocol/frames.ts";
import { readName } from "../../protocol/names.ts";
import type { Effect } from "./effects.ts";
import { isRoomId, normalizeRoomId, sameSecret } from "../authority/ids.ts";
import { MemoryBound } from "../limits/memory_bound.ts";
import type { HubOptions } from "./options.ts";
import { Levels } from "../limits/order.ts";
import type { Quota } from "./quota.ts";
import { Room } from "./room.ts";
import type { Peer, Sign } from "./sessions.ts";
import type { StoredRoom } from "../store/store.ts";
import { type Instant, rankOf, RetentionClock } from "./time.ts";

/** The options of a hub that are about its rooms. */
export type RoomsOptions = Pick<
  HubOptions,
  "maxRooms" | "maxRoomsPerClient" | "emptyRoomMs" | "logAgeMs" | "memoryBytes"
>;

/** The share of the memory of all logs that is for rooms that nobody but their makers was ever in. */
const ALONE_SHARE = 1 / 32;

/** The bytes of a log, about as many as a room takes besides, that are never dropped for the sake of other logs. */
const SPARED_BYTES = 4_096;

/** The share of all rooms that has to be left where a client may be in as many as it ever may. */
const PLENTY = 1 / 2;

/** The power by which it may be in fewer, the fewer are left: most of the last ones are for those who are in few. */
const SCARCITY = 3;

/** The number of rooms left after half a second from which on one goes for the next: a share of all that there may be, or more. */
const BRIEF_ROOMS = { share: 1 / 4, least: 1_000 };

/** The number of rooms that are looked at in one tick: ten thousand at once take milliseconds. */
const ROOMS_PER_TICK = 1_000;

/** All open rooms. */
export class Rooms {
  readonly #options: RoomsOptions;
  readonly #byId = new Map<string, Room>();
  /** The rooms that the next ticks look at, until they begin anew. */
  #ahead: Iterator<Room, undefined> = this.#byId.values();
  /** The addresses that rooms were opened for, as far as those have a share of rooms. */
  readonly #openers = new Map<Room, Quota>();
  /** Those that nobody is connected to, by the rank of how long people stayed; who left first comes first. */
  readonly #idle = new Levels<Room>();
  readonly #clock = new RetentionClock();
  /** Memory of the logs of rooms that only their makers were in, and of all others. */
  readonly #memory: Record<"alone" | "met", MemoryBound>;
  readonly #sign: Sign | undefined;

  /**
   * Makes a hub's rooms: none so far. `sign` signs what they are called, where that can be checked
   * when they are lost: by another process, under the same key.
   */
  constructor(options: RoomsOptions, sign?: Sign) {
    this.#options = options;
    const alone = options.memoryBytes * ALONE_SHARE;
    this.#memory = {
      alone: new MemoryBound(alone, SPARED_BYTES),
      met: new MemoryBound(options.memoryBytes - alone, SPARED_BYTES),
    };
    this.#sign = sign;
  }

  /** The rooms, by id. */
  get byId(): ReadonlyMap<string, Room> {
    return this.#byId;
  }

  /**
   * The most rooms that one client may be in when it comes into another: fewer, the fewer are left
   * besides those that somebody is in, so that those who are in many leave some for whoever is in one
   * or none (the dynamic thresholds of `fair_share.ts`, to a power). It is never less than one.
   */
  get mostOfOne(): number {
    const { maxRooms, maxRoomsPerClient } = this.#options;
    const left = 1 - (this.#byId.size - this.#idle.size) / maxRooms;
    const share = Math.ceil(maxRoomsPerClient * (left / PLENTY) ** SCARCITY);
    return Math.max(1, Math.min(maxRoomsPerClient, share));
  }

  /**
   * The room that has to go before another one can be opened; undefined where there is place. None
   * goes that somebody is connected to. Of the others one goes in which people have stayed for the
   * shortest time, in powers of two, and of these the one that has been left for the longest. So
   * rooms that are only made push out each other, and who wants to push out others has to stay for as
   * long, in as many.
   *
   * @throws {ChatError} where none may go.
   */
  dispensable(): Room | undefined {
    const { size } = this.#byId;
    const { maxRooms } = this.#options;
    const isFull = size >= maxRooms;
    const brief = this.#idle.countAt(0) + this.#idle.countAt(1);
    if (!isFull && brief < Math.max(BRIEF_ROOMS.least, maxRooms * BRIEF_ROOMS.share)) {
      return undefined;
    }
    const room = this.#idle.lowest;
    if (room !== undefined) return room;
    throw stacklessError("too_many_rooms", `There are ${size} rooms, the most allowed`);
  }

  /** Opens a room that is not open, with nobody here in it, at the monotonic time `now`, for somebody of an address. */
  open(stored: StoredRoom, now: number, quota?: Quota): void {
    const token = this.#tokenOf(stored.id, stored.name);
    const room = new Room(stored, now, token, (changed) => {
      if (this.#byId.get(changed.id) === changed) this.#sort(changed);
    });
    this.#byId.set(room.id, room);
    this.#sort(room);
    if (quota === undefined) return;
    this.#openers.set(room, quota);
    quota.rooms++;
  }

  /** Lets go of a room. */
  release(room: Room): Effect {
    this.#remove(room);
    return { type: "release", roomId: room.id };
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
    peer.quota?.failJoin();
    throw stacklessError("room_not_found", `Room ${roomId} does not exist`);
  }

  /**
   * Drops what is too old, and lets go of rooms that have been empty for long enough; where there are
   * many, it looks at some of them each time.
   */
  tick(t: Instant): Effect[] {
    const { emptyRoomMs, logAgeMs } = this.#options;
    const effects: Effect[] = [];
    const tooOld = this.#clock.time(t) - logAgeMs;
    for (let count = Math.min(ROOMS_PER_TICK, this.#byId.size); count > 0; count--) {
      const room = this.#nextToLookAt();
      if (room === undefined) break;
      room.log.expire(tooOld);
      if (room.emptySince === undefined || t.now - room.emptySince < emptyRoomMs) continue;
      effects.push(this.release(room));
    }
    return effects;
  }

  /** The room behind the one that was looked at last, or the first. */
  #nextToLookAt(): Room | undefined {
    const { value, done } = this.#ahead.next();
    if (!done) return value;
    this.#ahead = this.#byId.values();
    return this.#ahead.next().value;
  }

  /** Forgets a room with everybody in it, and says whether there was one. */
  delete(roomId: string): boolean {
    const room = this.#byId.get(roomId);
    if (room === undefined) return false;
    room.gone = true;
    // Whoever was in it knows it until its next word there, which may never come.
    room.log.skipTo(room.log.head);
    for (const member of room.members) room.unseat(member, member.since);
    this.#remove(room);
    return true;
  }

  #tokenOf(id: string, name: string): string | undefined {
    return this.#sign?.(`${id} ${name}`);
  }

  #sort(room: Room): void {
    room.log.countIn(this.#memory[room.alone ? "alone" : "met"]);
    if (room.here === 0) this.#idle.put(room, rankOf(room.stayed));
    else this.#idle.delete(room);
  }

  #remove(room: Room): void {
    this.#byId.delete(room.id);
    room.log.countIn(undefined);
    this.#idle.delete(room);
    const quota = this.#openers.get(room);
    if (quota === undefined) return;
    this.#openers.delete(room);
    quota.rooms--;
  }
}
