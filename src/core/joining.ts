/**
 * The rules for coming into rooms: they are made, opened and entered here.
 *
 * @module
 */

import { ChatError, stacklessError } from "../protocol/errors.ts";
import type { CreateFrame, JoinFrame } from "../protocol/frames.ts";
import { OWNER_LINK } from "../protocol/links.ts";
import type { ModerationDraft } from "../protocol/moderation.ts";
import { rankOf } from "../protocol/roles.ts";
import { authorIn, forbidden, mayEnter, notFound } from "./authority/authority.ts";
import type { Departures } from "./departures.ts";
import type { Effect } from "./state/effects.ts";
import type { Handover } from "./handover.ts";
import { isRoomName, newRoomId, normalizeRoomId, type RandomBytes } from "./authority/ids.ts";
import type { CheckedLink, Links } from "./authority/links.ts";
import { count, type Metrics } from "./state/metrics.ts";
import { floorOf } from "./moderation.ts";
import type { HubOptions } from "./state/options.ts";
import { presenceEntry } from "./state/presence.ts";
import { costOfEntering, costOfReading, costOfTelling } from "./limits/rate_limit.ts";
import { joinReply, sizeOf } from "./state/replies.ts";
import type { Room } from "./state/room.ts";
import type { Rooms } from "./state/rooms.ts";
import type { Peer, Session, Sessions } from "./state/sessions.ts";
import type { StoredRoom } from "./store/store.ts";
import type { Instant } from "./state/time.ts";

/** The parts of a hub that people come into rooms by. */
export interface JoiningParts {
  readonly options: HubOptions;
  readonly random: RandomBytes;
  readonly rooms: Rooms;
  readonly sessions: Sessions;
  readonly departures: Departures;
  readonly handover: Handover;
  readonly metrics: Metrics;
  /** Makes and checks links, where there are any. */
  readonly links: Links | undefined;
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
  readonly #links: Links | undefined;
  /** The id of a room that there is not; made when it is needed first. */
  #nowhere: string | undefined;

  /** Works on the parts of a hub; `random` fills arrays for ids. */
  constructor(parts: JoiningParts) {
    this.#options = parts.options;
    this.#random = parts.random;
    this.#rooms = parts.rooms;
    this.#sessions = parts.sessions;
    this.#departures = parts.departures;
    this.#handover = parts.handover;
    this.#metrics = parts.metrics;
    this.#links = parts.links;
  }

  /**
   * Makes a room that belongs to a client.
   *
   * @throws {ChatError} where it may not make another one.
   */
  create(session: Session, peer: Peer, frame: CreateFrame, t: Instant): Effect[] {
    session.checkRooms(peer, this.#rooms.mostOfOne);
    const owner = session.principal?.sub ?? session.id;
    const roomId = frame.roomId === undefined
      ? newRoomId(this.#random)
      : this.#nameOf(session, frame.roomId);
    return this.#make(peer, frame, roomId, frame.name, t, owner);
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
    const { session } = peer;
    if (stored === undefined) {
      if (frame.action === "create") throw new ChatError("internal", "Room was not created");
      // Nothing is made for a client that has gone meanwhile.
      if (session === undefined) return [];
      const named = this.#options.rooms?.get(normalizeRoomId(frame.roomId));
      if (named !== undefined) {
        return this.#make(peer, frame, normalizeRoomId(frame.roomId), named, t);
      }
      const { id, name } = this.#lost(session, peer, frame);
      return this.#make(peer, frame, id, name, t);
    }
    const room = this.#rooms.byId.get(stored.id);
    // The peer may have gone while the store was asked. Then the room waits out its time, empty.
    if (room === undefined || session === undefined) return [];
    if (frame.action === "create" && frame.roomId !== undefined) checkNew(room, session, t);
    return this.#enter(session, peer, room, frame, t);
  }

  /**
   * Goes on with a `join` whose link was used, or whose use was refused. Without it the client comes in
   * where anybody may.
   *
   * @throws {ChatError} where it cannot come in.
   */
  used(
    peer: Peer,
    frame: JoinFrame,
    roomId: string,
    refusal: ChatError | undefined,
    t: Instant,
  ): Effect[] {
    const { session } = peer;
    const room = this.#rooms.byId.get(roomId);
    if (session === undefined) return [];
    const isOver = refusal?.code === "link_ended" || refusal?.code === "link_used_up";
    if (room === undefined || refusal !== undefined && !isOver) throw refusal ?? notFound(roomId);
    const { link: _, ...without } = frame;
    try {
      return this.#enter(session, peer, room, refusal === undefined ? frame : without, t, true);
    } catch (error) {
      throw refusal !== undefined && isNotFound(error) ? refusal : error;
    }
  }

  /**
   * The room that somebody was in, and that is to be made again because it is lost.
   *
   * @throws {ChatError} where there is none: that its link is none into that room, where it has one,
   * whether or not there is such a room.
   */
  #lost(session: Session, peer: Peer, frame: JoinFrame): { id: string; name: string } {
    try {
      return this.#rooms.lost(peer, frame);
    } catch (error) {
      const link = isNotFound(error)
        ? this.#linkOf(session, frame, normalizeRoomId(frame.roomId))
        : undefined;
      throw link instanceof ChatError ? link : error;
    }
  }

  /** The link that a client comes with, or why it is none into that room; undefined where it has none. */
  #linkOf(
    session: Session,
    frame: CreateFrame | JoinFrame,
    roomId: string,
  ): CheckedLink | ChatError | undefined {
    if (frame.action === "create" || frame.link === undefined) return undefined;
    return this.#links?.check(frame.link, roomId, session.sub ?? session.id);
  }

  /**
   * The id of a named room that a client wants to make.
   *
   * @throws {ChatError} where it may not, or that is no name.
   */
  #nameOf({ principal }: Session, text: string): string {
    const id = normalizeRoomId(text);
    if (!isRoomName(id)) {
      throw stacklessError(
        "invalid_frame",
        `"room_id" of create must be # and a name of at most 64 letters, digits, - and _`,
      );
    }
    const { admin, names } = principal?.grants ?? {};
    if (!admin && !names) throw forbidden("Only the scope rooms:create may make named rooms");
    return id;
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
    isUsed = false,
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
    const asked = frame.action === "join" ? frame : undefined;
    const link = this.#linkOf(session, frame, room.id);
    const isLink = link !== undefined && !(link instanceof ChatError);
    if (isLink && asked !== undefined && !isUsed) {
      const use = this.#use(session, peer, room, asked, link, t);
      if (use !== undefined) return [use];
    }
    if (charter !== undefined && !mayEnter(author ?? { sub: id }, charter, t.at, known)) {
      peer.quota?.failJoin();
      const hidden = notFound(asked?.roomId ?? room.id);
      if (asked === undefined || isUsed) throw hidden;
      // It is looked for like one that there is not: the time that it takes says nothing.
      const refusal = link instanceof ChatError ? link : hidden;
      const roomId = this.#nowhere ??= newRoomId(this.#random);
      return [{ type: "open", peer, frame: asked, roomId, refusal }];
    }
    if (link instanceof ChatError) peer.quota?.failJoin();
    if (member === undefined) {
      this.#checkPlace(room);
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
    const recovered = room.enter(member, peer, t.now, asked ?? {}, floorOf(member, t.at));
    if (recovered !== undefined) count(this.#metrics.recoveries, recovered ? "true" : "false");
    member.paused = false;
    const grown: Effect[] = [];
    if (!room.quiet && room.hasMoreThan(this.#options.presenceLimit)) {
      grown.push(...presenceEntry("quiet", member, t));
      room.hush();
    }
    // A link that lets nobody in any more is not the one to come back with.
    if (asked === undefined) member.link = this.#ownerLink(room, author?.sub ?? id, t.at);
    else if (isLink) member.link = asked.link;
    else if (asked.link !== undefined || isUsed) member.link = undefined;
    const reply = joinReply(peer, member, frame, t.at, recovered);
    const bytes = sizeOf(reply) + room.log.bytesAfter(member.cursor);
    session.budget.spend(costOfEntering(room.quiet ? 0 : room.here, bytes));
    const told = event === undefined ? [] : presenceEntry(event, member, t);
    // The history that it was promised is sent before anything can push it off the log's tail.
    return [...before, ...reply, { type: "deliver", member }, ...grown, ...told];
  }

  /** The use of a link that has to be in the log first; undefined where the link gives nothing that is not there. */
  #use(
    session: Session,
    peer: Peer,
    room: Room,
    frame: JoinFrame,
    link: CheckedLink,
    t: Instant,
  ): Effect | undefined {
    const { charter } = room;
    const { id: from, name, sub: proved, principal } = session;
    if (charter === undefined || principal?.grants?.admin) return undefined;
    const sub = principal?.sub ?? from;
    const byName = charter.roleOf(sub, t.at);
    if (byName !== undefined) return undefined;
    const given = charter.links.roleOf(sub, t.at);
    if (given !== undefined && rankOf(given) >= rankOf(link.role)) return undefined;
    if (session.rooms.get(room.id)?.room !== room) this.#checkPlace(room);
    session.budget.spend(costOfTelling(1, room.here));
    const { id, role, until, counts } = link;
    const draft: ModerationDraft = {
      ...{ at: t.at, event: "use", from, name, n: 0, by: { sub }, id, role },
      ...(proved === undefined ? {} : { sub: proved }),
      ...(until === undefined ? {} : { until }),
      ...(Object.keys(counts).length > 0 && { counts }),
    };
    return { type: "use", peer, frame, roomId: room.id, draft };
  }

  /**
   * Checks that there is a place in a room.
   *
   * @throws {ChatError} where there is none.
   */
  #checkPlace({ id, here }: Room): void {
    if (here < this.#options.maxMembers) return;
    throw new ChatError("room_full", `Room ${id} has ${here} members`);
  }

  /** The owner link of a room, for whoever has made it. */
  #ownerLink({ id, charter }: Room, sub: string, at: number): string | undefined {
    return charter?.roleOf(sub, at) === "owner" ? this.#links?.make(id, OWNER_LINK) : undefined;
  }
}

/**
 * Checks that a named room is new: a store only opens one that is there.
 *
 * @throws {ChatError} where it is not.
 */
function checkNew({ id, log, charter }: Room, session: Session, { at }: Instant): void {
  const owner = session.principal?.sub ?? session.id;
  if (log.head === log.tail && charter?.roleOf(owner, at) === "owner") return;
  throw stacklessError("room_exists", `There is a room ${id} already`);
}

function isNotFound(error: unknown): boolean {
  return error instanceof ChatError && error.code === "room_not_found";
}
