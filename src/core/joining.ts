/**
 * The rules for coming into rooms: they are made, opened and entered here.
 *
 * @module
 */

import { ChatError } from "../protocol/errors.ts";
import type { CreateFrame, JoinFrame } from "../protocol/frames.ts";
import { authorIn, mayEnter, notFound } from "./authority.ts";
import type { Departures } from "./departures.ts";
import type { Effect } from "./effects.ts";
import type { Handover } from "./handover.ts";
import { newRoomId, normalizeRoomId, type RandomBytes } from "./ids.ts";
import { count, type Metrics } from "./metrics.ts";
import { floorOf } from "./moderation.ts";
import type { HubOptions } from "./options.ts";
import { presenceEntry } from "./presence.ts";
import { costOfEntering, costOfReading } from "./rate_limit.ts";
import { joinReply, sizeOf } from "./replies.ts";
import type { Room } from "./room.ts";
import type { Rooms } from "./rooms.ts";
import type { Peer, Session, Sessions } from "./sessions.ts";
import type { StoredRoom } from "./store.ts";
import type { Instant } from "./time.ts";

/** The parts of a hub that people come into rooms by. */
export interface JoiningParts {
  readonly options: HubOptions;
  readonly random: RandomBytes;
  readonly rooms: Rooms;
  readonly sessions: Sessions;
  readonly departures: Departures;
  readonly handover: Handover;
  readonly metrics: Metrics;
}

/** Has clients come into rooms. */
export class Joining {
  readonly #options: HubOptions;
  readonly #random: RandomBytes;
  readonly #rooms: Rooms;
  readonly #sessions: Sessions;
  readonly #departures: Departures;
  readonly #handover: Handover;
  readonly #metrics: Metrics;

  /** Works on the parts of a hub; `random` fills arrays for ids. */
  constructor(parts: JoiningParts) {
    this.#options = parts.options;
    this.#random = parts.random;
    this.#rooms = parts.rooms;
    this.#sessions = parts.sessions;
    this.#departures = parts.departures;
    this.#handover = parts.handover;
    this.#metrics = parts.metrics;
  }

  /**
   * Makes a room that belongs to a client.
   *
   * @throws {ChatError} where it may not make another one.
   */
  create(session: Session, peer: Peer, frame: CreateFrame, t: Instant): Effect[] {
    session.checkRooms(peer, this.#rooms.mostOfOne);
    const owner = session.principal?.sub ?? session.id;
    return this.#make(peer, frame, newRoomId(this.#random), frame.name, t, owner);
  }

  /**
   * Has a client come into a room, which may have to be looked for.
   *
   * @throws {ChatError} where it may not come in.
   */
  join(session: Session, peer: Peer, frame: JoinFrame, t: Instant): Effect[] {
    const roomId = normalizeRoomId(frame.roomId);
    const room = this.#rooms.byId.get(roomId);
    if (session.rooms.get(roomId) === undefined) peer.quota?.checkJoins(t.now);
    // A client that was at another process may know more of the log than this process has heard.
    const isBehind = room?.shared === true && (frame.after ?? 0) > room.log.head;
    if (room === undefined || isBehind) {
      // A join that will be refused opens nothing, makes nothing and pushes nothing out.
      session.checkRooms(peer, this.#rooms.mostOfOne, roomId);
      return [{ type: "open", peer, frame, roomId }];
    }
    return this.#enter(session, peer, room, frame, t);
  }

  /**
   * Takes in a room that the store has opened for a peer, with the members that a process that is
   * gone left in it. The peer pays for the reading. Carry the effects out even if the peer cannot
   * enter the room, and call `opened` next.
   *
   * @throws {ChatError} where there is no place for the room: then the store shall not keep it open.
   */
  admit(peer: Peer, stored: StoredRoom, t: Instant): Effect[] {
    if (this.#rooms.byId.has(stored.id)) return [];
    peer.quota?.checkRooms();
    const place = this.#makePlace();
    this.#rooms.open(stored, t.now, peer.quota);
    peer.session?.budget.spend(costOfReading(stored.log.bytesAfter(stored.log.tail)));
    return [...place, ...this.#handover.orphaned(stored.id, stored.orphans ?? [], t)];
  }

  /**
   * Goes on with a `create` or `join` whose room the store has made or looked for.
   *
   * @throws {ChatError} where there is no such room, or it cannot be entered.
   */
  opened(
    peer: Peer,
    frame: CreateFrame | JoinFrame,
    stored: StoredRoom | undefined,
    t: Instant,
  ): Effect[] {
    const session = peer.session;
    if (stored === undefined) {
      if (frame.action === "create") throw new ChatError("internal", "Room was not created");
      // Nothing is made for a client that has gone meanwhile.
      if (session === undefined) return [];
      const { id, name } = this.#rooms.lost(peer, frame);
      return this.#make(peer, frame, id, name, t);
    }
    const room = this.#rooms.byId.get(stored.id);
    // The peer may have gone while the store was asked. Then the room waits out its time, empty.
    if (room === undefined || session === undefined) return [];
    return this.#enter(session, peer, room, frame, t);
  }

  #make(
    peer: Peer,
    frame: CreateFrame | JoinFrame,
    roomId: string,
    name: string,
    { now }: Instant,
    owner?: string,
  ): Effect[] {
    peer.quota?.checkRooms();
    peer.quota?.makeRoom(now);
    const made: Effect = { type: "create", peer, frame, roomId, name };
    return [...this.#makePlace(), owner === undefined ? made : { ...made, owner }];
  }

  /**
   * Lets go of a room, where that is needed for another one to be opened.
   *
   * @throws {ChatError} where all places are taken.
   */
  #makePlace(): Effect[] {
    const room = this.#rooms.dispensable();
    if (room === undefined) return [];
    // Clients that kept a place in it lose it. They may come back to it as to any room that is lost.
    for (const { person } of room.members) this.#sessions.get(person.id)?.leave(room);
    return [this.#rooms.release(room)];
  }

  #enter(
    session: Session,
    peer: Peer,
    room: Room,
    frame: CreateFrame | JoinFrame,
    t: Instant,
  ): Effect[] {
    let member = session.rooms.get(room.id);
    // The room that it was in may be gone, and this may be another one of the same id.
    if (member?.room !== room) member = undefined;
    // Where other processes can speak for it, the log knows better whether it is still a member.
    const known = room.shared ? room.roster.members.has(session.id) : member !== undefined;
    const isHere = member?.outlet !== undefined;
    const event = isHere || member?.paused ? undefined : known ? "back" : "join";
    const before: Effect[] = [];
    if (member === undefined) session.checkRooms(peer, this.#rooms.mostOfOne, room.id);
    const { principal, id } = session;
    const author = principal && authorIn(principal, room.id, id);
    const { charter } = room;
    if (charter === undefined && author?.most !== undefined) {
      throw new ChatError(
        "unsupported",
        "The token gives roles, and the store of this server has none",
      );
    }
    if (charter !== undefined && !mayEnter(author ?? { sub: id }, charter, t.at, known)) {
      peer.quota?.failJoin();
      throw notFound(frame.action === "join" ? frame.roomId : room.id);
    }
    if (member === undefined) {
      if (room.here >= this.#options.maxMembers) {
        throw new ChatError("room_full", `Room ${room.id} has ${room.here} members`);
      }
      // A plain client is in one room at a time.
      if (peer.plain && session.rooms.any !== undefined) {
        before.push({ type: "deliver", member: session.rooms.any });
        before.push(...this.#departures.leave(session, session.rooms.any, t));
      }
      member = room.add(session, peer.plain);
      if (!known) member.joined = room.log.head;
    }
    session.enter(member, t.now);
    member.author = author;
    const start = frame.action === "join" ? frame : {};
    const recovered = room.enter(member, peer, t.now, start, floorOf(member, t.at));
    if (recovered !== undefined) count(this.#metrics.recoveries, recovered ? "true" : "false");
    member.paused = false;
    const grown: Effect[] = [];
    if (!room.quiet && room.hasMoreThan(this.#options.presenceLimit)) {
      grown.push(...presenceEntry("quiet", member, t));
      room.hush();
    }
    const reply = joinReply(peer, member, frame, t.at, recovered);
    const bytes = sizeOf(reply) + room.log.bytesAfter(member.cursor);
    session.budget.spend(costOfEntering(room.quiet ? 0 : room.here, bytes));
    const told = event === undefined ? [] : presenceEntry(event, member, t);
    // The history that it was promised is sent before anything can push it off the log's tail.
    return [...before, ...reply, { type: "deliver", member }, ...grown, ...told];
  }
}
