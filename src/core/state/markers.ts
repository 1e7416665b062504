/**
 * Read markers: how far each person has read in each room. A person is one or several clients. A
 * marker only grows, and is in no log.
 *
 * @module
 */

import { stacklessError } from "../../protocol/errors.ts";
import { encodeFrame } from "../../protocol/encode.ts";
import type { Effect } from "./effects.ts";
import type { Log } from "../log/log.ts";
import type { Session } from "./sessions.ts";
import type { Marker } from "../store/store.ts";

/** The most rooms of one person whose markers are known; beyond it, who was read longest ago goes. */
export const MAX_MARKERS = 1_000;

/** The markers of one person, for as long as one of its clients is here. */
export class PersonMarkers {
  /** The person. */
  readonly person: string;
  /** Its clients here. */
  readonly sessions = new Set<Session>();
  readonly #byRoom = new Map<string, Marker>();
  readonly #over: (last: Session) => void;

  /** Made by {@linkcode Markers.loaded} only. */
  constructor(person: string, over: (last: Session) => void) {
    this.person = person;
    this.#over = over;
  }

  /** The `seq` up to which the person has read a log; 0 where it has not. */
  seqIn(roomId: string, { epoch }: Pick<Log, "epoch">): number {
    const marker = this.#byRoom.get(roomId);
    return marker?.epoch === epoch ? marker.seq : 0;
  }

  /** Takes a marker in, unless it goes back; says whether it goes on. */
  take(roomId: string, marker: Marker): boolean {
    const known = this.#byRoom.get(roomId);
    if (known?.epoch === marker.epoch && known.seq >= marker.seq) return false;
    this.#byRoom.delete(roomId);
    this.#byRoom.set(roomId, marker);
    const [oldest] = this.#byRoom.keys();
    if (this.#byRoom.size > MAX_MARKERS) this.#byRoom.delete(oldest!);
    return true;
  }

  /** Tells all clients of the person here but `except` how far it has read. */
  tell(roomId: string, { seq }: Marker, except?: Session): Effect[] {
    const text = encodeFrame({ event: "read", room_id: roomId, seq });
    return [...this.sessions].flatMap((session): Effect[] => {
      const { peer } = session;
      const isHere = session !== except && session.rooms.get(roomId)?.outlet !== undefined;
      return isHere && peer !== undefined && !peer.plain ? [{ type: "send", to: peer, text }] : [];
    });
  }

  /** Forgets a client that has gone, and with the last one all of this. */
  release(session: Session): void {
    this.sessions.delete(session);
    if (this.sessions.size === 0) this.#over(session);
  }
}

/** The markers of everybody here. */
export class Markers {
  readonly #byPerson = new Map<string, PersonMarkers>();
  readonly #mostIdle: number;

  /**
   * Makes an empty set. Of people who have no client here any more, the last `mostIdle` are kept: all
   * that is known of them is here where the store keeps no markers.
   */
  constructor(mostIdle: number) {
    this.#mostIdle = mostIdle;
  }

  /** The markers of a person, where they are known. */
  of(person: string): PersonMarkers | undefined {
    return this.#byPerson.get(person);
  }

  /** Takes in the markers of the person that a client belongs to, as the store has them. */
  loaded(session: Session, markers: Iterable<readonly [string, Marker]> = []): PersonMarkers {
    const { person } = session;
    let known = this.#byPerson.get(person);
    if (known === undefined) {
      known = new PersonMarkers(person, (last) => this.#idle(person, last));
      this.#byPerson.set(person, known);
    }
    known.sessions.add(session);
    if (session.markers !== known) session.markers?.release(session);
    session.markers = known;
    for (const [roomId, marker] of markers) known.take(roomId, marker);
    return known;
  }

  /** Takes in that a person has read on at another process, and tells its clients here. */
  heard(person: string, roomId: string, marker: Marker): Effect[] {
    const known = this.#byPerson.get(person);
    return known?.take(roomId, marker) ? known.tell(roomId, marker) : [];
  }

  /** Puts a person behind all others who have no client here; one that was its last client alone is forgotten. */
  #idle(person: string, last: Session): void {
    const known = this.#byPerson.get(person);
    this.#byPerson.delete(person);
    if (known === undefined || this.#mostIdle === 0 || person === last.id) return;
    this.#byPerson.set(person, known);
    if (this.#byPerson.size <= this.#mostIdle) return;
    for (const [other, { sessions }] of this.#byPerson) {
      if (sessions.size > 0) continue;
      this.#byPerson.delete(other);
      break;
    }
  }
}

/**
 * Checks that nobody has read what was not said yet.
 *
 * @throws {ChatError} where somebody says so.
 */
export function checkMarker(seq: number, { head }: Log): void {
  if (seq <= head) return;
  throw stacklessError("beyond_head", `Entry ${seq} is not there yet: the log is at ${head}`);
}
