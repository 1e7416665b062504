/**
 * Moves cursors: at the end of a turn of the event loop, the members of the rooms that have
 * grown are sent what lies between their cursors and the head.
 *
 * @module
 */

import type { Batches } from "../core/batches.ts";
import { type Member, type Outlet, OWING_AT_MOST, type Room, type Round } from "../core/room.ts";
import { encodeFrame, PLAIN_SENT } from "../protocol/encode.ts";
import type { Clock } from "./clock.ts";
import type { Connection } from "./connection.ts";
import type { Served } from "./lane.ts";
import { FlushQueue } from "./flush_queue.ts";

/** How often a full socket is looked at, in milliseconds. */
const LOOK_EVERY_MS = 10;

/** How much is sent at one look, in sends, to those who can take more; the others wait for the next, which comes sooner. */
const SENDS_PER_LOOK = 128;
const SOONER_MS = 1;

/** A send costs as much again for each of these UTF-16 units. */
const UNITS_PER_SEND = 16_384;

/** What the pump reports, never from within a delivery: the handlers may change rooms. */
export interface PumpEvents {
  /** A full socket that has taken nothing for too long, or a plain one that missed entries. */
  overrun(outlet: Outlet): void;
  /** Sending failed with something that is not the peer's fault. */
  failed(outlet: Outlet, error: unknown): void;
}

/**
 * Delivers entries: one frame for each member and round of a room, and no queue but the logs. A
 * large round is made in many turns, and what comes meanwhile is for the next one.
 */
export class Pump {
  readonly #events: PumpEvents;
  readonly #clock: Clock;
  /** The rooms that have grown. */
  readonly #queue = new FlushQueue<Room>((room, much) => this.#serve(room, much));
  /** The full connections, and who waits until they are not. */
  readonly #full = new Map<Connection, PromiseWithResolvers<void>>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Makes a pump with nothing to do. */
  constructor(events: PumpEvents, clock: Clock) {
    this.#events = events;
    this.#clock = clock;
  }

  /**
   * Says that a room's log has grown: its members will be sent the news when it is its turn, or at
   * once before so much has come that the log would forget what they have not got.
   */
  mark(room: Room): void {
    while (room.owing > OWING_AT_MOST) this.#serve(room, Infinity);
    this.#queue.add(room, room.here);
  }

  /** Says that a room has something to pass on, which need not share a frame with anything. */
  pass(room: Room): void {
    this.#queue.add(room, room.here, false);
  }

  /** Says that a frame has come in from somewhere. */
  heard(): void {
    this.#queue.heard();
  }

  /** Sends a member what it has not been sent, as far as its socket takes it. */
  deliver(member: Member): void {
    const { room } = member;
    if (member.cursor < room.log.head) this.#advance(member, room.batches(), Infinity);
  }

  /** Counts the entries that the rooms of a connection have for it. */
  owedTo({ session }: Connection): number {
    let entries = 0;
    for (const { cursor, room } of session?.rooms ?? []) entries += room.log.head - cursor;
    return entries;
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

  /** Goes on with the round of a room, or begins one, until that has cost so `much`, or is over. */
  #serve(room: Room, much: number): Served {
    const round = room.round ?? room.begin();
    const { batches, passing } = round;
    let cost = 0;
    // A read behind the end of an array is slow, and most rooms are small.
    for (const { members } = room; round.next < members.length; round.next++) {
      if (cost >= much) return { cost, more: true };
      const member = members[round.next]!;
      if (passing.size > 0) cost += this.#pass(member, round);
      if (member.cursor >= batches.head) continue;
      cost += this.#advance(member, batches, much - cost);
      if (cost >= much && member.cursor < batches.head) return { cost, more: true };
    }
    room.end();
    return { cost, more: false };
  }

  /** Sends a member what is of the moment, unless anything waits in its socket; returns what that cost. */
  #pass(member: Member, round: Round): number {
    const { outlet, person } = member;
    if (round.passedTo === member || outlet === undefined || outlet.plain || !outlet.idle) return 0;
    round.passedTo = member;
    let cost = 0;
    try {
      for (const [text, about] of round.passing) {
        if (about === person) continue;
        outlet.send(text);
        cost++;
      }
    } catch (error) {
      queueMicrotask(() => this.#events.failed(outlet, error));
    }
    return cost;
  }

  /** Sends a member what it lacks, as far as its socket takes it, until that has cost so `much`; returns what it did. */
  #advance(member: Member, batches: Batches, much: number): number {
    const { outlet } = member;
    if (outlet === undefined) return 0;
    let cost = 0;
    try {
      while (outlet.ready && member.cursor < batches.head && cost < much) {
        cost += outlet.plain
          ? this.#plainStep(member, outlet, batches)
          : this.#step(member, outlet, batches);
      }
    } catch (error) {
      queueMicrotask(() => this.#events.failed(outlet, error));
    }
    return cost;
  }

  /** One frame for one member; returns what it cost. */
  #step(member: Member, outlet: Outlet, batches: Batches): number {
    const { room, cursor } = member;
    const batch = batches.after(cursor);
    if (batch === undefined) {
      member.cursor = room.log.tail;
      const gap = { from_seq: cursor + 1, to_seq: member.cursor };
      return send(outlet, encodeFrame({ event: "gap", room_id: room.id, ...gap }));
    }
    // The cursor moves first: a send that fails has still ended this member's turn.
    member.cursor = batch.upTo;
    return send(outlet, batch.frame);
  }

  /** One entry for one member of the plain dialect; returns what it cost. */
  #plainStep(member: Member, outlet: Outlet, batches: Batches): number {
    const step = batches.plainAfter(member.cursor);
    if (step === undefined) {
      // The plain protocol has no word for a gap, and hiding one is not an option.
      queueMicrotask(() => this.#events.overrun(outlet));
      member.cursor = member.room.log.head;
      return 0;
    }
    member.cursor = step.upTo;
    const { entry } = step;
    if (entry === null) return 0;
    return send(outlet, entry.from === member.person.id ? PLAIN_SENT : entry.text);
  }

  #look(): void {
    this.#timer = undefined;
    const { now } = this.#clock.read();
    const rooms = new Map<Room, Batches>();
    let cost = 0;
    for (const connection of this.#full.keys()) {
      if (cost >= SENDS_PER_LOOK) break;
      const state = connection.look(now);
      if (state === "full") continue;
      this.forget(connection);
      if (state === "stuck") {
        this.#events.overrun(connection);
        continue;
      }
      for (const member of connection.session?.rooms ?? []) {
        const { room } = member;
        const batches = rooms.get(room) ?? room.batches();
        rooms.set(room, batches);
        cost += this.#advance(member, batches, Infinity);
      }
    }
    if (this.#full.size === 0) return;
    this.#timer ??= setTimeout(
      () => this.#look(),
      cost < SENDS_PER_LOOK ? LOOK_EVERY_MS : SOONER_MS,
    );
  }
}

/** Sends a frame, and returns what that costs, in sends. */
function send(outlet: Outlet, text: string): number {
  outlet.send(text);
  return 1 + Math.floor(text.length / UNITS_PER_SEND);
}
