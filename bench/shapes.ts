// This module is pure: no sockets, no clock, no Deno.

/**
 * The loads that servers are compared under.
 *
 * @module
 */

import { UsageError } from "./usage_error.ts";

/** One load. */
export interface Shape {
  name: string;
  rooms: number;
  /** Members of each room. */
  members: number;
  /** Members of each room that send. */
  senders: number;
  /** The number of clients that share all those places; unless given, each has one of its own. Takes a `rate`. */
  clients?: number;
  /** Messages in flight in each room: the next goes out when everybody has one of them. */
  window?: number;
  /** Instead of a window: messages a second of each sender, whatever the server does. */
  rate?: number;
}

/** The shapes of full load and of latency, in the order in which they are run. */
export const SHAPES: readonly Shape[] = [
  { name: "fanout-1", rooms: 1, members: 100, senders: 1, window: 64 },
  { name: "fanout-32", rooms: 1, members: 100, senders: 32, window: 32 },
  { name: "large", rooms: 1, members: 1_000, senders: 32, window: 32 },
  { name: "ingest", rooms: 32, members: 1, senders: 1, window: 256 },
  { name: "rooms", rooms: 500, members: 10, senders: 10, window: 4 },
  { name: "pairs", rooms: 500, members: 2, senders: 2, window: 4 },
  { name: "steady", rooms: 10, members: 10, senders: 10, rate: 10 },
];

/** Deliveries a second under every shape that grows: less than half of what one core can do in frames of one. */
const DELIVERIES_PER_SECOND = 20_000;

/** Members of each of many rooms. */
const SMALL_ROOM = 10;

/** Where rooms have more places than these, clients are in several: 10,000 rooms are 100 for each. */
const CLIENTS = 1_000;

/** One room that grows. */
export const GROWING_ROOM: readonly Shape[] = [10, 100, 1_000, 10_000].map((members) => ({
  ...{ name: `members-${members}`, rooms: 1, members, senders: 1 },
  rate: DELIVERIES_PER_SECOND / members,
}));

/** More and more rooms. */
export const MORE_ROOMS: readonly Shape[] = [1, 10, 100, 1_000, 10_000].map((rooms) => ({
  ...{ name: `rooms-${rooms}`, rooms, members: SMALL_ROOM, senders: 1 },
  clients: Math.min(CLIENTS, rooms * SMALL_ROOM),
  rate: DELIVERIES_PER_SECOND / SMALL_ROOM / rooms,
}));

/** The shapes that grow, with the same number of deliveries a second under each. */
export const SCALE_SHAPES: readonly Shape[] = [...GROWING_ROOM, ...MORE_ROOMS];

/** The shapes of `all` whose names start with one of those in a list separated by commas; all without a list. */
export function shapesNamed(
  list: string | undefined,
  all: readonly Shape[] = SHAPES,
): readonly Shape[] {
  if (list === undefined) return all;
  return list.split(",").flatMap((name) => {
    const found = all.filter((shape) => shape.name.startsWith(name));
    if (found.length > 0 && name !== "") return found;
    const known = all.map((shape) => shape.name).join(", ");
    throw new UsageError(`--shapes must name some of ${known}, not ${JSON.stringify(name)}`);
  });
}
