/**
 * Moves cursors: at the end of a turn of the event loop, the members of the rooms that have
 * grown are sent what lies between their cursors and the head.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import type { Connection } from "./connection.ts";
import { encodeFrame, PLAIN_SENT } from "./encode.ts";
import { Line } from "./line.ts";
import { CATCH_UP_BYTES, MAX_ENTRIES_BYTES, type Member, type Outlet, type Room } from "./room.ts";

/** How often a full socket is looked at, in milliseconds. */
const LOOK_EVERY_MS = 10;

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
  readonly #clock: Clock;
  /** The rooms that have grown. */
  readonly #line = new Line<Room>((room) => this.#deliverTo(room));
  /** The full connections, and who waits until they are not. */
  readonly #full = new Map<Connection, PromiseWithResolvers<void>>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Makes a pump with nothing to do. */
  constructor(events: PumpEvents, clock: Clock) {
    this.#events = events;
    this.#clock = clock;
  }

  /**
   * Says that a room's log has grown: its members will be sent the news at the end of this
   * turn, or at once before so much has come that the log would forget what they have not got.
   */
  mark(room: Room): void {
    if (room.log.fresh > FRESH_AT_MOST) this.#deliverTo(room);
    this.#line.add(room, room.members.length);
  }

  /** Says that a frame has come in from somewhere. */
  heard(): void {
    this.#line.heard();
  }

  /** Sends a member what it has not been sent, as far as its socket takes it. */
  deliver(member: Member): void {
    this.#advance(member, CATCH_UP_BYTES);
    member.room.settle();
  }

  /** Sends a connection what all its rooms have for it; says whether it took all of that. */
  deliverAll(connection: Connection): boolean {
    let all = true;
    for (const member of connection.session?.rooms ?? []) {
      this.deliver(member);
      all &&= member.cursor === member.room.log.head;
    }
    return all;
  }

  /** Sends a member all that it lacks, in frames of so many `bytes`, as far as its socket takes it. */
  #advance(member: Member, bytes: number): void {
    const { outlet } = member;
    if (outlet === undefined) return;
    try {
      while (outlet.ready && member.cursor < member.room.log.head) {
        this.#step(member, outlet, bytes);
      }
    } catch (error) {
      queueMicrotask(() => this.#events.failed(outlet, error));
    }
  }

  /** Watches a full connection until it is ready again, then moves all its cursors. */
  watch(connection: Connection): void {
    this.#full.set(connection, Promise.withResolvers());
    this.#timer ??= setTimeout(() => this.#look(), LOOK_EVERY_MS);
  }

  /** Resolves when a full connection has been sent more, or has ended; undefined where it is not full. */
  drained(connection: Connection): Promise<void> | undefined {
    return this.#full.get(connection)?.promise;
  }

  /** Forgets a connection that has ended. */
  forget(connection: Connection): void {
    this.#full.get(connection)?.resolve();
    this.#full.delete(connection);
  }

  /** Stops looking at full sockets. */
  close(): void {
    clearTimeout(this.#timer);
    this.#full.clear();
  }

  /** Delivers to all members of a room, and returns how many they are. */
  #deliverTo(room: Room): number {
    const { members, log } = room;
    log.fresh = 0;
    for (let i = 0; i < members.length; i++) {
      const member = members[i]!;
      if (member.cursor < log.head) this.#advance(member, MAX_ENTRIES_BYTES);
    }
    room.settle();
    return members.length;
  }

  /** One frame for one member. */
  #step(member: Member, outlet: Outlet, bytes: number): void {
    const { room } = member;
    if (outlet.plain || member.cursor < room.log.tail) {
      this.#stepAlone(member, outlet);
      return;
    }
    const { frame, upTo } = room.batchAfter(member.cursor, bytes);
    // The cursor moves first: a send that fails has still ended this member's turn.
    member.cursor = upTo;
    outlet.send(frame);
  }

  /** One frame for a member that cannot have the one for all: it is told of a gap, or entry by entry. */
  #stepAlone(member: Member, outlet: Outlet): void {
    const { room } = member;
    const { log } = room;
    if (member.cursor >= log.tail) {
      const { entry, upTo } = room.plainAfter(member.cursor);
      member.cursor = upTo;
      if (entry !== null) outlet.send(entry.from === member.person.id ? PLAIN_SENT : entry.text);
    } else if (outlet.plain) {
      // The plain protocol has no word for a gap, and hiding one is not an option.
      queueMicrotask(() => this.#events.overrun(outlet));
      member.cursor = log.head;
    } else {
      const gap = { from_seq: member.cursor + 1, to_seq: log.tail };
      outlet.send(encodeFrame({ event: "gap", room_id: room.id, ...gap }));
      member.cursor = log.tail;
    }
  }

  #look(): void {
    this.#timer = undefined;
    const { now } = this.#clock.read();
    const rooms = new Set<Room>();
    for (const connection of this.#full.keys()) {
      const state = connection.look(now);
      if (state === "full") continue;
      this.forget(connection);
      if (state === "stuck") {
        this.#events.overrun(connection);
        continue;
      }
      for (const member of connection.session?.rooms ?? []) {
        this.#advance(member, CATCH_UP_BYTES);
        rooms.add(member.room);
      }
    }
    for (const room of rooms) room.settle();
    if (this.#full.size > 0) this.#timer ??= setTimeout(() => this.#look(), LOOK_EVERY_MS);
  }
}
