/**
 * Moves cursors: once a turn of the event loop, every member of every room that has
 * grown is sent what lies between its cursor and the head.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import type { Connection } from "./connection.ts";
import { encodeFrame, PLAIN_SENT } from "./encode.ts";
import type { Member, Outlet, Room } from "./room.ts";

/** How often a full socket is looked at, in milliseconds. */
const LOOK_EVERY_MS = 50;

/**
 * Rooms with as many members wait for input that is on its way, so that it shares their
 * frames. In smaller ones that costs more than it saves (measured: 0.8 to 0.9 with ten).
 */
const LARGE_ROOM = 16;

/** The longest wait for more input, in milliseconds; without any, nothing waits. */
const GATHER_MS = 3;

/** A room whose log is renewed by so much within one turn does not wait for its end. */
const FRESH_AT_MOST = 0.5;

/** What the pump reports, never from within a delivery: the handlers may change rooms. */
export interface PumpEvents {
  /** A full socket that has taken nothing for too long, or a plain one that missed entries. */
  overrun(outlet: Outlet): void;
  /** Sending failed with something that is not the peer's fault. */
  failed(outlet: Outlet, error: unknown): void;
}

/** Delivers entries: one frame for each member and room in a turn, and no queue but the logs. */
export class Pump {
  readonly #events: PumpEvents;
  #rooms: Room[] = [];
  #scheduled = false;
  /** Whether a large room is among them. */
  #large = false;
  #since = 0;
  #frames = 0;
  #framesSeen = 0;
  readonly #full = new Map<Connection, () => Iterable<Member>>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Makes a pump with nothing to do. */
  constructor(events: PumpEvents) {
    this.#events = events;
  }

  /**
   * Says that a room's log has grown: its members will be sent the news at the end of this
   * turn, or at once before so much has come that the log would forget what they have not got.
   */
  mark(room: Room): void {
    if (room.log.fresh > FRESH_AT_MOST) this.#deliverTo(room);
    if (room.dirty) return;
    room.dirty = true;
    this.#rooms.push(room);
    if (room.members.length >= LARGE_ROOM) this.#large = true;
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#since = performance.now();
    // A whole turn, not a microtask: only then have all sockets with input been read,
    // and their messages share a frame (measured: 12 times the deliveries with 32 senders).
    setImmediate(() => this.#turn());
  }

  /** Says that a frame has come in from somewhere. */
  heard(): void {
    this.#frames++;
  }

  /** Sends a member what it has not been sent, as far as its socket takes it. */
  deliver(member: Member): void {
    const { outlet } = member;
    if (outlet === undefined) return;
    try {
      while (outlet.ready && member.cursor < member.room.log.head) this.#step(member, outlet);
    } catch (error) {
      queueMicrotask(() => this.#events.failed(outlet, error));
    }
  }

  /** Watches a full connection until it is ready again, then moves all its cursors. */
  watch(connection: Connection, members: () => Iterable<Member>): void {
    this.#full.set(connection, members);
    this.#timer ??= setTimeout(() => this.#look(), LOOK_EVERY_MS);
  }

  /** Forgets a connection that has ended. */
  forget(connection: Connection): void {
    this.#full.delete(connection);
  }

  /** Stops looking at full sockets. */
  close(): void {
    clearTimeout(this.#timer);
    this.#full.clear();
  }

  /** The end of a turn: delivers, or waits for another turn while input keeps coming for a large room. */
  #turn(): void {
    const more = this.#frames !== this.#framesSeen;
    this.#framesSeen = this.#frames;
    if (more && this.#large && performance.now() - this.#since < GATHER_MS) {
      setImmediate(() => this.#turn());
    } else {
      this.#flush();
    }
  }

  #flush(): void {
    const rooms = this.#rooms;
    this.#rooms = [];
    this.#scheduled = false;
    this.#large = false;
    for (const room of rooms) {
      room.dirty = false;
      this.#deliverTo(room);
    }
  }

  #deliverTo({ members, log }: Room): void {
    log.fresh = 0;
    for (let i = 0; i < members.length; i++) {
      const member = members[i]!;
      if (member.cursor < log.head) this.deliver(member);
    }
  }

  /** One frame for one member. */
  #step(member: Member, outlet: Outlet): void {
    const { room } = member;
    const { log } = room;
    if (member.cursor < log.tail) {
      if (outlet.plain) {
        // The plain protocol has no word for a gap, and hiding one is not an option.
        queueMicrotask(() => this.#events.overrun(outlet));
        member.cursor = log.head;
        return;
      }
      outlet.send(encodeFrame({
        event: "gap",
        room_id: room.id,
        from_seq: member.cursor + 1,
        to_seq: log.tail,
      }));
      member.cursor = log.tail;
      // Nothing is left of a log whose newest entry has become too old.
      if (log.size === 0) return;
    }
    if (outlet.plain) {
      const entry = log.at(log.indexAfter(member.cursor));
      member.cursor = entry.seq;
      const text = entry.plain;
      if (text !== null) outlet.send(entry.from === member.person.id ? PLAIN_SENT : text);
      return;
    }
    const { frame, upTo } = room.batchAfter(member.cursor);
    // The cursor moves first: a send that fails has still ended this member's turn.
    member.cursor = upTo;
    outlet.send(frame);
  }

  #look(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const [connection, members] of this.#full) {
      const state = connection.look(now);
      if (state === "full") continue;
      this.#full.delete(connection);
      if (state === "stuck") this.#events.overrun(connection);
      else for (const member of members()) this.deliver(member);
    }
    if (this.#full.size > 0) this.#timer ??= setTimeout(() => this.#look(), LOOK_EVERY_MS);
  }
}
