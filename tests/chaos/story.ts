/**
 * A model of rooms that is too simple to be wrong, and the commands of a random story
 * that happens to it and to a world at once.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Frame } from "../support/fixtures.ts";
import type { Speaker, World } from "./worlds.ts";

/** A client as the model knows it. */
interface ModelClient {
  id: string;
  session: string;
  n: number;
  /** The connections that it speaks on, newest last. */
  speaker: Speaker | undefined;
  /** When it had a connection last. */
  seenAt: number;
  /** Since when it is only remembered. */
  goneSince: number | undefined;
}

/** A place that nobody is in at the moment: how long it is kept, and whether the others do not know. */
interface Empty {
  until: number;
  silent: boolean;
}

/** The times of a server, in milliseconds. */
export interface Times {
  graceMs: number;
  pauseMs: number;
  sessionMs: number;
  emptyRoomMs: number;
}

/** A room as the model knows it. */
interface ModelRoom {
  id: string;
  log: string[];
  /** The places of the members; undefined for who is here. */
  members: Map<ModelClient, Empty | undefined>;
  emptySince: number;
  /** The places of the messages, by client and number. */
  places: Map<string, number>;
}

/** Everything that should be true. */
export class Model {
  now = 0;
  /** By slot: the story's people and rooms. */
  readonly clients = new Map<number, ModelClient>();
  readonly rooms = new Map<number, ModelRoom>();
  readonly times: Times;
  /** The number of times that each command was carried out. */
  readonly done: Record<string, number>;

  /** Makes an empty model; `done` is counted on. */
  constructor(times: Times, done: Record<string, number>) {
    this.times = times;
    this.done = done;
  }

  /** Notes a connection that has ended. */
  away(client: ModelClient): void {
    for (const room of this.rooms.values()) {
      if (!room.members.has(client) || room.members.get(client) !== undefined) continue;
      room.members.set(client, { until: this.now + this.times.graceMs, silent: false });
      room.log.push(`${client.id} away`);
    }
  }

  /** Notes a client that has paused, for a time or for as long as it may. */
  pause(client: ModelClient, forMs = Infinity): void {
    const until = this.now + Math.min(forMs, this.times.pauseMs);
    for (const { members } of this.rooms.values()) {
      if (!members.has(client)) continue;
      members.set(client, { until, silent: members.get(client)?.silent ?? true });
    }
  }

  /** Notes a client that has come back, but not yet to its rooms. */
  welcome(client: ModelClient): void {
    client.goneSince = undefined;
    for (const { members } of this.rooms.values()) {
      const place = members.get(client);
      if (place !== undefined) place.until = Math.min(place.until, this.now + this.times.graceMs);
    }
  }

  /** Takes a member out. */
  leave(client: ModelClient, room: ModelRoom): void {
    room.members.delete(client);
    room.log.push(`${client.id} leave`);
    if (room.members.size === 0) room.emptySince = this.now;
  }

  /** Takes a client out of everything. */
  end(slot: number, client: ModelClient): void {
    for (const room of this.rooms.values()) if (room.members.has(client)) this.leave(client, room);
    this.clients.delete(slot);
  }

  /** Lets half a second pass. */
  tick(): void {
    this.now += 500;
    const { graceMs, sessionMs, emptyRoomMs } = this.times;
    for (const room of this.rooms.values()) {
      for (const [client, place] of [...room.members]) {
        if (place !== undefined && this.now >= place.until) this.leave(client, room);
      }
    }
    for (const [slot, client] of [...this.clients]) {
      if (client.speaker !== undefined) continue;
      const hasPlaces = [...this.rooms.values()].some(({ members }) => members.has(client));
      if (!hasPlaces && this.now - client.seenAt >= graceMs) client.goneSince ??= this.now;
      if (this.now - (client.goneSince ?? Infinity) >= sessionMs) this.clients.delete(slot);
    }
    for (const [slot, room] of [...this.rooms]) {
      if (room.members.size === 0 && this.now - room.emptySince >= emptyRoomMs) {
        this.rooms.delete(slot);
      }
    }
  }

  /** Compares all that a world lets be seen. */
  compare(world: World): void {
    const sizes = world.sizes();
    if (sizes === undefined) return;
    assertEquals(sizes, { clients: this.clients.size, rooms: this.rooms.size });
    for (const room of this.rooms.values()) {
      assertEquals(sorted(world.roster(room.id)?.map(memberText)), sorted(rosterOf(room)));
      assertEquals(world.log(room.id)?.map(entryText), room.log);
    }
  }
}

/** One thing that happens to a model and a world. */
type Command = fc.AsyncCommand<Model, World>;

/** Makes a command out of what it does; it happens only where `check` says that it can. */
function command(
  name: string,
  check: (model: Model) => boolean,
  run: (model: Model, world: World) => Promise<void>,
): Command {
  return {
    check,
    toString: () => name,
    run: async (model, world) => {
      await run(model, world);
      model.done[name.split(" ")[0]!] = (model.done[name.split(" ")[0]!] ?? 0) + 1;
      model.compare(world);
    },
  };
}

function connect(slot: number): Command {
  return command(`connect ${slot}`, (m) => !m.clients.has(slot), async (model, world) => {
    const speaker = await world.connect(undefined);
    const { client_id: id, session } = speaker.welcome;
    const times = { seenAt: 0, goneSince: undefined };
    model.clients.set(slot, { id: String(id), session: String(session), n: 0, speaker, ...times });
  });
}

/** The same session on another connection, whether or not the last one is still there. */
function resume(slot: number): Command {
  return command(`resume ${slot}`, (m) => m.clients.has(slot), async (model, world) => {
    const client = model.clients.get(slot)!;
    const older = client.speaker;
    client.speaker = await world.connect(client.session);
    const { client_id: id, n, resumed } = client.speaker.welcome;
    assertEquals({ id, n, resumed }, { id: client.id, n: client.n, resumed: true });
    if (older !== undefined) model.away(client);
    model.welcome(client);
    await older?.end(false);
  });
}

function drop(slot: number): Command {
  return command(`drop ${slot}`, (m) => online(m, slot), async (model) => {
    const client = model.clients.get(slot)!;
    await client.speaker!.end(false);
    client.speaker = undefined;
    client.seenAt = model.now;
    model.away(client);
  });
}

function pause(slot: number, forMs: number | undefined): Command {
  return command(`pause ${slot} ${forMs}`, (m) => online(m, slot), async (model) => {
    const client = model.clients.get(slot)!;
    await client.speaker!.pause(forMs);
    client.speaker = undefined;
    client.seenAt = model.now;
    model.pause(client, forMs);
  });
}

function kill(slot: number): Command {
  return command(`kill ${slot}`, (m) => online(m, slot), async (model) => {
    const client = model.clients.get(slot)!;
    await client.speaker!.end(true);
    model.end(slot, client);
  });
}

function create(slot: number, at: number): Command {
  const possible = (m: Model) => online(m, slot) && !m.rooms.has(at);
  return command(`create ${slot} ${at}`, possible, async (model) => {
    const client = model.clients.get(slot)!;
    const { room_id: id } = await client.speaker!.ask({ action: "create", body: "A room" });
    const log = [`${client.id} join`];
    const members = new Map([[client, undefined]]);
    model.rooms.set(at, { id: String(id), log, members, emptySince: 0, places: new Map() });
  });
}

function join(slot: number, at: number): Command {
  const possible = (m: Model) => online(m, slot) && m.rooms.has(at);
  return command(`join ${slot} ${at}`, possible, async (model) => {
    const client = model.clients.get(slot)!;
    const room = model.rooms.get(at)!;
    const reply = await client.speaker!.ask({ action: "join", body: room.id });
    const place = room.members.get(client);
    const isKnown = room.members.has(client) && (place === undefined || place.silent);
    const event = isKnown ? [] : [`${client.id} ${room.members.has(client) ? "back" : "join"}`];
    room.members.set(client, undefined);
    assertEquals(reply.seq, room.log.length);
    const members = reply.members as Parameters<typeof memberText>[0][];
    assertEquals(sorted(members.map(memberText)), sorted(rosterOf(room)));
    room.log.push(...event);
  });
}

function leave(slot: number, at: number): Command {
  const possible = (m: Model) => online(m, slot) && m.rooms.has(at);
  return command(`leave ${slot} ${at}`, possible, async (model) => {
    const client = model.clients.get(slot)!;
    const room = model.rooms.get(at)!;
    const body = { room_id: room.id };
    const reply = await client.speaker!.ask({ action: "leave", body });
    const isHere = room.members.has(client) && room.members.get(client) === undefined;
    assertEquals(reply.code, isHere ? undefined : "not_in_room");
    if (isHere) model.leave(client, room);
  });
}

/** Says the next message, or one that was said before: `back` numbers ago. */
function send(slot: number, at: number, back: number): Command {
  const possible = (m: Model) => online(m, slot) && m.rooms.has(at);
  return command(`send ${slot} ${at} ${back}`, possible, async (model) => {
    const client = model.clients.get(slot)!;
    const room = model.rooms.get(at)!;
    const n = Math.max(1, client.n + 1 - back);
    const frame: Frame = { action: "message", room_id: room.id, n, body: "text" };
    const reply = await client.speaker!.ask(frame);
    if (n <= client.n) {
      const place = room.places.get(`${client.id} ${n}`) ?? reply.seq;
      assertEquals([reply.n, reply.seq, reply.duplicate], [n, place, true]);
      return;
    }
    const isHere = room.members.has(client) && room.members.get(client) === undefined;
    assertEquals(reply.code, isHere ? undefined : "not_in_room");
    if (!isHere) return;
    client.n = n;
    room.log.push(`${client.id} ${n}`);
    room.places.set(`${client.id} ${n}`, room.log.length);
  });
}

function wait(ticks: number): Command {
  return command(`wait ${ticks}`, () => true, async (model, world) => {
    for (let tick = 0; tick < ticks; tick++) {
      const before = new Map([...model.rooms].map(([slot, { log }]) => [slot, log.length]));
      model.tick();
      await world.pass(500);
      // Who leaves in the same moment leaves in any order.
      for (const [slot, room] of model.rooms) {
        const seen = world.log(room.id)?.map(entryText).slice(before.get(slot));
        const expected = room.log.slice(before.get(slot));
        if (seen === undefined) continue;
        assertEquals(sorted(seen), sorted(expected));
        room.log.splice(before.get(slot) ?? 0, expected.length, ...seen);
      }
    }
  });
}

const slots = fc.integer({ min: 0, max: 5 });
const places = fc.integer({ min: 0, max: 2 });

/** Stories of up to `length` commands; with `waiting` time passes in them. */
export function stories(length: number, waiting: boolean) {
  // What makes other things possible is tried more often.
  return fc.commands([
    slots.map(connect),
    slots.map(connect),
    slots.map(resume),
    slots.map(resume),
    slots.map(drop),
    fc.tuple(slots, fc.constantFrom(undefined, 5_000, 1e9)).map((args) => pause(...args)),
    slots.map(kill),
    fc.tuple(slots, places).map(([slot, at]) => create(slot, at)),
    fc.tuple(slots, places).map(([slot, at]) => join(slot, at)),
    fc.tuple(slots, places).map(([slot, at]) => join(slot, at)),
    fc.tuple(slots, places, fc.constant(0)).map((args) => send(...args)),
    fc.tuple(slots, places).map(([slot, at]) => leave(slot, at)),
    fc.tuple(slots, places, fc.integer({ min: 0, max: 3 })).map((args) => send(...args)),
    ...(waiting ? [fc.constantFrom(1, 1, 2, 10, 30, 61).map(wait)] : []),
  ], { maxCommands: length, size: "max" });
}

/** Has everybody leave for good. */
export async function everybodyLeaves(model: Model, world: World): Promise<void> {
  for (const [slot, client] of [...model.clients]) {
    const speaker = client.speaker ?? await world.connect(client.session);
    await speaker.end(true);
    model.end(slot, client);
  }
}

function online(model: Model, slot: number): boolean {
  return model.clients.get(slot)?.speaker !== undefined;
}

function rosterOf(room: ModelRoom): string[] {
  return [...room.members].map(([{ id }, place]) => place?.silent === false ? `${id} away` : id);
}

function memberText({ client_id: id, away }: { client_id: string; away?: boolean }): string {
  return away === true ? `${id} away` : id;
}

/** An entry in the words of the model. */
export function entryText(entry: { from: string } & ({ event: string } | { n: number })): string {
  return `${entry.from} ${"event" in entry ? entry.event : entry.n}`;
}

function sorted(texts: string[] | undefined): string[] | undefined {
  return texts?.toSorted();
}
