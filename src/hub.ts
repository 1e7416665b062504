// This module is pure: no sockets, no clock, no Deno.

/**
 * The server's rules: who may say what where. Frames go in, effects come out;
 * nothing is sent, stored or waited for here.
 *
 * @module
 */

import { encodeError, encodeFrame, encodeMessage, encodePlain, encodePresence } from "./encode.ts";
import { ChatError, CLOSE } from "./errors.ts";
import type { Effect, Instant } from "./effects.ts";
import { isRoomId, newRoomId, normalizeRoomId, type RandomBytes } from "./ids.ts";
import {
  type ClientFrame,
  type CreateFrame,
  type HelloFrame,
  type JoinFrame,
  MAX_BATCH,
  MAX_BODY_BYTES,
  MAX_NAME_CHARS,
  type MessageFrame,
  type PresenceEvent,
  type Ref,
  type SuccessFrame,
} from "./protocol.ts";
import { longestEmpty, type Member, Room } from "./room.ts";
import { type Peer, type Session, Sessions } from "./sessions.ts";
import type { Draft, StoredRoom } from "./store/store.ts";

/** The hub's limits and times; all times in milliseconds. */
export interface HubOptions {
  /** The most rooms open at once. */
  maxRooms: number;
  /** The most rooms one client may be in. */
  maxRoomsPerClient: number;
  /** The most members of one room. */
  maxMembers: number;
  /** The most clients without a connection that keep their place; one more loses it at once. */
  maxAway: number;
  /** Rooms with more members than this stop logging who comes and goes. */
  presenceLimit: number;
  /** How long an empty room can be rejoined. */
  emptyRoomMs: number;
  /** How long a client without a connection keeps its place. */
  graceMs: number;
  /** How often a `parley.v1` client must say something; it is dropped after two of these. */
  heartbeatMs: number;
  /** How long a `parley.v1` connection may take to say `hello`. */
  helloMs: number;
}

/** All sessions and rooms of one process. */
export class Hub {
  readonly #options: HubOptions;
  readonly #random: RandomBytes;
  readonly #rooms = new Map<string, Room>();
  readonly #sessions: Sessions;
  /** Sessions that are away, wholly or in some of their rooms. */
  readonly #away = new Set<Session>();
  /** Connections that have not said `hello`, and since when. */
  readonly #strangers = new Map<Peer, number>();

  /** Makes an empty hub; `random` fills arrays for ids and secrets. */
  constructor(options: HubOptions, random: RandomBytes) {
    this.#options = options;
    this.#random = random;
    this.#sessions = new Sessions(random);
  }

  /** The open rooms, by id. */
  get rooms(): ReadonlyMap<string, Room> {
    return this.#rooms;
  }

  /** How many clients are connected, or may still come back. */
  get clients(): number {
    return this.#sessions.size;
  }

  /** Takes a new connection in. Call `receive` for each of its frames and `disconnect` at its end. */
  connect(peer: Peer, t: Instant): Effect[] {
    if (!peer.plain) {
      this.#strangers.set(peer, t.now);
      return [];
    }
    const session = this.#sessions.add();
    session.attach(peer, t.now);
    const text = encodePlain({ status: "connected", client_id: session.id, message: "Welcome!" });
    return [{ type: "send", to: peer, text }];
  }

  /**
   * Takes one frame of a connection.
   *
   * @throws {ChatError} where it is refused, with nothing changed.
   */
  receive(peer: Peer, frame: ClientFrame, t: Instant): Effect[] {
    const session = peer.session;
    if (session === undefined) {
      if (frame.action === "hello") return this.#hello(peer, frame, t);
      throw new ChatError("hello_required", `Say hello before ${frame.action}`);
    }
    session.seenAt = t.now;
    switch (frame.action) {
      case "message":
      case "messages":
        return this.#message(session, peer, frame, t);
      case "create":
        return this.#create(session, peer, frame);
      case "join":
        return this.#join(session, peer, frame, t);
      case "leave": {
        const member = this.#memberOf(session, peer, frame.roomId, "Not in any room");
        const message = "Left room";
        return [
          { type: "deliver", member },
          peer.plain
            ? plainSuccess(peer, { message })
            : success(peer, { message, room_id: member.room.id }, frame.ref),
          ...this.#leave(session, member, t),
        ];
      }
      case "typing":
        return this.#typing(session, this.#memberOf(session, peer, frame.roomId));
      case "rename":
        session.name = frame.name;
        return [
          success(peer, { message: `You are '${frame.name}' now` }, frame.ref),
          ...[...session.rooms.values()].flatMap((member) => this.#tell("rename", member, t)),
        ];
      case "ping":
        return [{ type: "send", to: peer, text: encodeFrame({ event: "pong" }, frame.ref) }];
      case "hello":
        throw new ChatError("already_connected", `Already connected as ${session.id}`);
      default:
        return frame satisfies never;
    }
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
      const { roomId, roomName } = frame;
      if (peer.plain || roomName === undefined || !isRoomId(normalizeRoomId(roomId))) {
        throw new ChatError("room_not_found", `Room ${roomId} does not exist`);
      }
      return this.#make(peer, frame, normalizeRoomId(roomId), roomName);
    }
    let room = this.#rooms.get(stored.id);
    if (room === undefined) {
      room = new Room(stored.id, stored.name, stored.log, t.now);
      this.#rooms.set(room.id, room);
    }
    // The peer may have gone while the store was asked; the room then waits out its time, empty.
    return session === undefined ? [] : this.#enter(session, peer, room, frame, t);
  }

  /**
   * Lets go of a connection that has ended, or that the caller is about to end. With
   * `forGood` its client will not come back. Safe to call again.
   */
  disconnect(peer: Peer, t: Instant, forGood = false): Effect[] {
    this.#strangers.delete(peer);
    const session = peer.session;
    if (session === undefined) return [];
    session.detach(peer, t.now);
    const { graceMs, maxAway } = this.#options;
    if (forGood || peer.plain || graceMs === 0 || this.#away.size >= maxAway) {
      return this.#end(session, t);
    }
    this.#away.add(session);
    const effects: Effect[] = [];
    for (const member of session.rooms.values()) {
      if (member.outlet === undefined) continue;
      member.outlet = undefined;
      member.awaySince = t.now;
      effects.push(...this.#tell("away", member, t));
    }
    return effects;
  }

  /** Does what is due by now; call it at least twice a second. */
  tick(t: Instant): Effect[] {
    const { graceMs, heartbeatMs, helloMs, emptyRoomMs } = this.#options;
    const effects: Effect[] = [];
    for (const [peer, since] of this.#strangers) {
      if (t.now - since < helloMs) continue;
      effects.push(...this.dismiss(peer, CLOSE.helloTimeout, `No hello within ${helloMs} ms`, t));
    }
    for (const { peer, seenAt } of this.#sessions) {
      if (peer === undefined || peer.plain || t.now - seenAt < 2 * heartbeatMs) continue;
      const reason = `Nothing heard for ${2 * heartbeatMs} ms`;
      effects.push(...this.dismiss(peer, CLOSE.silent, reason, t));
    }
    for (const session of this.#away) {
      if (session.peer === undefined && t.now - session.seenAt >= graceMs) {
        effects.push(...this.#end(session, t));
        continue;
      }
      let away = session.peer === undefined;
      for (const member of session.rooms.values()) {
        if (member.outlet !== undefined) continue;
        if (t.now - member.awaySince >= graceMs) effects.push(...this.#leave(session, member, t));
        else away = true;
      }
      if (!away) this.#away.delete(session);
    }
    for (const room of this.#rooms.values()) {
      if (room.emptySince === undefined || t.now - room.emptySince < emptyRoomMs) continue;
      effects.push(this.#release(room));
    }
    return effects;
  }

  /** Lets go of a peer and says why it is closed. With `retryAfterMs` it is asked to come back after that. */
  dismiss(peer: Peer, code: number, reason: string, t: Instant, retryAfterMs?: number): Effect[] {
    const retry = retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs };
    const goodbye = peer.plain
      ? encodePlain({ status: "error", message: reason })
      : encodeFrame({ event: "goodbye", code, reason, ...retry });
    const effects = this.disconnect(peer, t);
    return [{ type: "close", peer, code, reason, goodbye }, ...effects];
  }

  /** Forgets a room with everybody in it: their next word for it is answered with `room_gone`. */
  deleteRoom(roomId: string): boolean {
    const room = this.#rooms.get(roomId);
    if (room === undefined) return false;
    room.gone = true;
    for (const member of room.members) member.outlet = undefined;
    return this.#rooms.delete(roomId);
  }

  /** What to tell the author of a draft that was stored before. */
  repeated(draft: Draft, seq: number): Effect[] {
    const peer = this.#sessions.get(draft.from)?.peer;
    if (peer === undefined || peer.plain) return [];
    return [success(peer, { n: draft.n, duplicate: true, ...(seq > 0 ? { seq } : {}) })];
  }

  /** What to tell the author of a draft that the store refused: its number is free again. */
  refused(draft: Draft, error: ChatError): Effect[] {
    const session = this.#sessions.get(draft.from);
    if (session === undefined || draft.n === 0) return [];
    session.n = Math.min(session.n, draft.n - 1);
    const { peer } = session;
    if (peer === undefined) return [];
    const text = encodeError(peer.plain ? "plain" : "v1", error, { n: draft.n });
    return [{ type: "send", to: peer, text }];
  }

  #hello(peer: Peer, frame: HelloFrame, t: Instant): Effect[] {
    const earlier = frame.session === undefined ? undefined : this.#sessions.find(frame.session);
    const effects: Effect[] = [];
    if (earlier?.peer !== undefined) {
      const reason = "This session continues on a newer connection";
      effects.push(...this.dismiss(earlier.peer, CLOSE.sessionTaken, reason, t));
    }
    // Dropping the older connection ends its session where there is no grace time.
    const resumed = earlier !== undefined && this.#sessions.get(earlier.id) === earlier;
    const session = resumed ? earlier : this.#sessions.add();
    this.#strangers.delete(peer);
    session.attach(peer, t.now);
    if (frame.name !== undefined) session.name = frame.name;
    const text = encodeFrame({
      status: "connected",
      client_id: session.id,
      session: session.token,
      resumed,
      n: session.n,
      heartbeat_ms: this.#options.heartbeatMs,
      limits: {
        body_bytes: MAX_BODY_BYTES,
        name_chars: MAX_NAME_CHARS,
        batch: MAX_BATCH,
        rooms: this.#options.maxRoomsPerClient,
      },
      message: "Welcome!",
    }, frame.ref);
    return [...effects, { type: "send", to: peer, text }];
  }

  #create(session: Session, peer: Peer, frame: CreateFrame): Effect[] {
    this.#checkRoomsOf(session, peer);
    return this.#make(peer, frame, newRoomId(this.#random), frame.name);
  }

  #make(peer: Peer, frame: CreateFrame | JoinFrame, roomId: string, name: string): Effect[] {
    const { size } = this.#rooms;
    if (size < this.#options.maxRooms) return [{ type: "create", peer, frame, roomId, name }];
    // Whoever makes rooms and leaves them takes the place of empty ones, of nobody else.
    const empty = longestEmpty(this.#rooms.values());
    if (empty === undefined) {
      throw new ChatError("too_many_rooms", `There are ${size} rooms, the most allowed`);
    }
    return [this.#release(empty), { type: "create", peer, frame, roomId, name }];
  }

  #release(room: Room): Effect {
    this.#rooms.delete(room.id);
    return { type: "release", roomId: room.id };
  }

  #join(session: Session, peer: Peer, frame: JoinFrame, t: Instant): Effect[] {
    const roomId = normalizeRoomId(frame.roomId);
    const room = this.#rooms.get(roomId);
    if (room === undefined) return [{ type: "open", peer, frame, roomId }];
    return this.#enter(session, peer, room, frame, t);
  }

  #enter(
    session: Session,
    peer: Peer,
    room: Room,
    frame: CreateFrame | JoinFrame,
    t: Instant,
  ): Effect[] {
    let member = session.rooms.get(room.id);
    // The room it was in may be gone, and this another one of the same id.
    if (member?.room !== room) member = undefined;
    const event = member === undefined ? "join" : member.outlet === undefined ? "back" : undefined;
    const left: Effect[] = [];
    if (member === undefined) {
      this.#checkRoomsOf(session, peer);
      if (room.members.length >= this.#options.maxMembers) {
        throw new ChatError("room_full", `Room ${room.id} has ${room.members.length} members`);
      }
      // A plain client is in one room at a time.
      if (peer.plain && session.only !== undefined) {
        left.push({ type: "deliver", member: session.only });
        left.push(...this.#leave(session, session.only, t));
      }
      member = room.add(session);
      session.rooms.set(room.id, member);
    }
    member.outlet = peer;
    const grown: Effect[] = [];
    if (!room.quiet && room.members.length > this.#options.presenceLimit) {
      grown.push(...this.#tell("quiet", member, t));
      room.quiet = true;
    }
    const reply = this.#entered(peer, member, frame, event !== undefined);
    const told = event === undefined ? [] : this.#tell(event, member, t);
    // What was promised is sent before anything can push it off the log's tail.
    return [...left, reply, { type: "deliver", member }, ...grown, ...told];
  }

  /** Sets where a new or returning member starts, and says so. */
  #entered(peer: Peer, member: Member, frame: CreateFrame | JoinFrame, anew: boolean): Effect {
    const { room } = member;
    const { log } = room;
    // Who is here already goes on where it was: the pump may owe it something.
    if (anew) member.cursor = log.head;
    const reply: Success = {
      room_id: room.id,
      room_name: room.name,
      epoch: log.epoch,
      seq: log.head,
      after: member.cursor,
      members: room.roster(),
      presence: !room.quiet,
    };
    if (frame.action === "create") {
      const message = `Room '${room.name}' created`;
      return peer.plain
        ? plainSuccess(peer, { room_id: room.id, message })
        : success(peer, { message, ...reply }, frame.ref);
    }
    const message = `Joined room '${room.name}'`;
    if (peer.plain) return plainSuccess(peer, { message, room_id: room.id });
    if (frame.last !== undefined) {
      member.cursor = Math.min(member.cursor, log.cursorBefore(frame.last));
    }
    if (frame.after !== undefined) {
      reply.recovered = frame.epoch === log.epoch && log.reaches(frame.after);
      if (reply.recovered) member.cursor = frame.after;
    }
    reply.after = member.cursor;
    return success(peer, { message, ...reply }, frame.ref);
  }

  #message(session: Session, peer: Peer, frame: MessageFrame, t: Instant): Effect[] {
    const first = frame.n ?? session.n + 1;
    const last = first + frame.bodies.length - 1;
    if (first > session.n + 1) {
      throw new ChatError("out_of_order", `Message ${first} came before ${session.n + 1}`);
    }
    // What was taken before is answered wherever its author is by now: the store knows it.
    const roomId = last > session.n
      ? this.#memberOf(session, peer, frame.roomId, "You must join a room first").room.id
      : frame.roomId ?? "";
    session.n = Math.max(session.n, last);
    const { id: from, name } = session;
    const drafts = frame.bodies.map((body, i) => {
      const n = first + i;
      return { from, n, rest: encodeMessage({ at: t.at, from, n, name, body }) };
    });
    return [{ type: "append", roomId, drafts }];
  }

  #typing(session: Session, { room }: Member): Effect[] {
    if (room.quiet) return [];
    const text = encodeFrame({
      event: "typing",
      room_id: room.id,
      from: session.id,
      ...(session.name === undefined ? {} : { name: session.name }),
    });
    const effects: Effect[] = [];
    for (const member of room.members) {
      const to = member.outlet;
      if (to === undefined || to.plain || !to.ready || member.person === session) continue;
      effects.push({ type: "send", to, text });
    }
    return effects;
  }

  /** The membership that a frame is about; `otherwise` is what plain clients are told where there is none. */
  #memberOf(session: Session, peer: Peer, roomId?: string, otherwise?: string): Member {
    if (!peer.plain && roomId === undefined) {
      throw new ChatError("invalid_frame", `"room_id" is missing`);
    }
    const member = peer.plain ? session.only : session.roomOf(roomId ?? "");
    if (member === undefined || member.outlet === undefined && !member.room.gone) {
      const message = peer.plain ? otherwise : undefined;
      throw new ChatError("not_in_room", message ?? `Not in room ${roomId}: join it first`);
    }
    if (member.room.gone) {
      session.rooms.delete(member.room.id);
      throw new ChatError("room_gone", "Room no longer exists");
    }
    return member;
  }

  #checkRoomsOf(session: Session, peer: Peer): void {
    const most = this.#options.maxRoomsPerClient;
    if (!peer.plain && session.rooms.size >= most) {
      throw new ChatError(
        "too_many_rooms",
        `You are in ${session.rooms.size} rooms, at most ${most}`,
      );
    }
  }

  #leave(session: Session, member: Member, t: Instant): Effect[] {
    const { room } = member;
    session.rooms.delete(room.id);
    if (room.gone) return [];
    const effects = this.#tell("leave", member, t);
    room.remove(member, t.now);
    return effects;
  }

  #end(session: Session, t: Instant): Effect[] {
    const members = [...session.rooms.values()];
    const effects = members.flatMap((member) => this.#leave(session, member, t));
    this.#sessions.delete(session);
    this.#away.delete(session);
    return [...effects, { type: "forget", clientId: session.id }];
  }

  /** The entry that tells a room what happened to a member, unless the room is too large for it. */
  #tell(event: PresenceEvent, { room, person }: Member, t: Instant): Effect[] {
    if (room.quiet || room.gone) return [];
    const from = event === "quiet" ? "" : person.id;
    const name = event === "quiet" ? undefined : person.name;
    const rest = encodePresence({ at: t.at, event, from, name });
    return [{ type: "append", roomId: room.id, drafts: [{ from, n: 0, rest }] }];
  }
}

type Success = Omit<SuccessFrame, "status">;

function success(to: Peer, fields: Success, ref?: Ref): Effect {
  return { type: "send", to, text: encodeFrame({ status: "success", ...fields }, ref) };
}

function plainSuccess(to: Peer, fields: Record<string, string>): Effect {
  return { type: "send", to, text: encodePlain({ status: "success", ...fields }) };
}
