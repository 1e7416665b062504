/**
 * Moves cursors. At the end of a turn of the event loop, the members of rooms that have grown are
 * sent the entries between their cursors and the head.
 *
 * @module
 */

import type { Batches } from "../../core/log/batches.ts";
import type { Metrics } from "../../core/state/metrics.ts";
import {
  type Member,
  type Outlet,
  OWING_AT_MOST,
  type Room,
  type Round,
} from "../../core/state/room.ts";
import { encodeFrame, PLAIN_SENT } from "../../protocol/encode.ts";
import type { Clock } from "./clock.ts";
import type { Connection } from "./connection.ts";
import { DeliveryTimes } from "./delivery_times.ts";
import type { Served } from "./lane.ts";
import { FlushQueue } from "./flush_queue.ts";

/** The time between two looks at full sockets, in milliseconds. */
const LOOK_EVERY_MS = 10;

/** The output at one look, in sends. Connections that it leaves behind wait for the next one, which comes sooner. */
const SENDS_PER_LOOK = 128;
const SOONER_MS = 1;

/** A send costs as much again for each of these UTF-16 units. */
const UNITS_PER_SEND = 16_384;

/** Reports of the pump. They never come from within a delivery, as the handlers may change rooms. */
export interface PumpEvents {
  /** A full socket has taken nothing for too long, or a plain one has missed entries. */
  overrun(outlet: Outlet): void;
  /** Sending has failed, which is not the peer's fault. */
  failed(outlet: Outlet, error: unknown): void;
}

/**
 * Delivers entries: one frame for each member in each round of a room, and no queue but the logs. A
 * large round takes many turns. Entries that come meanwhile are for the next round.
 */
export class Pump {
  readonly #events: PumpEvents;
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  readonly #times: DeliveryTimes;
  /** The rooms that have grown. */
  readonly #queue: FlushQueue<Room>;
  /** The full connections, each with the promise that it is not any more. */
  readonly #full = new Map<Connection, PromiseWithResolvers<void>>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Makes a pump with nothing to do, which counts in `metrics`; `now` is the clock of its {@linkcode FlushQueue}. */
  constructor(events: PumpEvents, clock: Clock, metrics: Metrics, now?: () => number) {
    this.#events = events;
    this.#metrics = metrics;
    this.#times = new DeliveryTimes(metrics.deliveryDelay, clock);
    const serve = (room: Room, much: number) => this.#serve(room, much);
    this.#queue = new FlushQueue(serve, now, () => this.#times.look());
    this.#clock = clock;
  }

  /**
   * Notes that the log of a room has grown. Its members are sent the news when it is the room's turn;
   * at once, where the log might drop entries that they have not been sent.
   */
  mark(room: Room): void {
    while (room.owing > OWING_AT_MOST) this.#serve(room, Infinity);
    this.#queue.add(room, room.here);
  }

  /** Notes that a room has a frame of the moment to pass on, which shares a frame with nothing. */
  pass(room: Room): void {
    this.#queue.add(room, room.here, false);
  }

  /** Notes that a frame has come in, on any connection. */
  heard(): void {
    this.#queue.heard();
  }

  /** Sends a member the entries behind its cursor, as far as its socket takes them. */
  deliver(member: Member): void {
    const { room } = member;
    if (member.cursor < room.log.head) this.#advance(member, room.batches(), Infinity);
  }

  /** Counts the entries that a connection has not been sent, over all its rooms. */
  owedTo({ session }: Connection): number {
    let entries = 0;
    for (const { cursor, room } of session?.rooms ?? []) entries += room.log.head - cursor;
    return entries;
  }

  /** Sends a connection the entries that all its rooms have for it; says whether it took all of them. */
  deliverAll(connection: Connection): boolean {
    let all = true;
    for (const member of connection.session?.rooms ?? []) {
      this.deliver(member);
      all &&= member.cursor === member.room.log.head;
    }
    return all;
  }

  /** Watches a full connection until it is ready again, and then moves all its cursors. */
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

  /** Goes on with the round of a room, or begins one, until it has cost `much` or is over. */
  #serve(room: Room, much: number): Served {
    const round = room.round ?? room.begin();
    const { batches, passing } = round;
    let cost = 0;
    // The length is looked at first: a read behind the end of an array is slow, and most rooms are small.
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

  /** Sends a member the frames of the moment, unless anything waits in its socket; returns the cost. */
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

  /** Sends a member entries until its socket takes no more or that has cost `much`; returns the cost. */
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

  /** Sends one frame to a member; returns the cost. */
  #step(member: Member, outlet: Outlet, batches: Batches): number {
    const { room, cursor } = member;
    const batch = batches.after(cursor);
    if (batch === undefined) {
      member.cursor = room.log.tail;
      const gap = { from_seq: cursor + 1, to_seq: member.cursor };
      this.#metrics.gaps++;
      this.#metrics.gapEntries += member.cursor - cursor;
      return send(outlet, encodeFrame({ event: "gap", room_id: room.id, ...gap }));
    }
    // The cursor moves first: after a send that fails, this member's turn is over too.
    member.cursor = batch.upTo;
    this.#metrics.deliveries += batch.count;
    const cost = send(outlet, batch.frame, batch.bytes);
    this.#times.written(batch);
    return cost;
  }

  /** Sends one entry to a plain member; returns the cost. */
  #plainStep(member: Member, outlet: Outlet, batches: Batches): number {
    const step = batches.plainAfter(member.cursor);
    if (step === undefined) {
      // The plain protocol has no word for a gap, and hiding one is not an option.
      queueMicrotask(() => this.#events.overrun(outlet));
      // Until then, nothing of what comes next may go out.
      outlet.ready = false;
      member.cursor = member.room.log.head;
      return 0;
    }
    member.cursor = step.upTo;
    const { entry } = step;
    if (entry === null) return 0;
    this.#metrics.deliveries++;
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

/** Sends a frame; returns the cost, in sends. */
function send(outlet: Outlet, text: string, bytes?: number): number {
  outlet.send(text, bytes);
  return 1 + Math.floor(text.length / UNITS_PER_SEND);
}
