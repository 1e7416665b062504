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
  /** Messages in flight in each room: the next goes out when everybody has one of them. */
  window?: number;
  /** Instead of a window: messages a second of each sender, whatever the server does. */
  rate?: number;
}

/** All shapes, in the order in which they are run. */
export const SHAPES: readonly Shape[] = [
  { name: "fanout-1", rooms: 1, members: 100, senders: 1, window: 64 },
  { name: "fanout-32", rooms: 1, members: 100, senders: 32, window: 32 },
  { name: "large", rooms: 1, members: 1_000, senders: 32, window: 32 },
  { name: "ingest", rooms: 32, members: 1, senders: 1, window: 256 },
  { name: "rooms", rooms: 500, members: 10, senders: 10, window: 4 },
  { name: "pairs", rooms: 500, members: 2, senders: 2, window: 4 },
  { name: "steady", rooms: 10, members: 10, senders: 10, rate: 10 },
];

/** The shapes whose names start with one of those in a list separated by commas; all without a list. */
export function shapesNamed(list: string | undefined): readonly Shape[] {
  if (list === undefined) return SHAPES;
  return list.split(",").flatMap((name) => {
    const found = SHAPES.filter((shape) => shape.name.startsWith(name));
    if (found.length > 0 && name !== "") return found;
    const known = SHAPES.map((shape) => shape.name).join(", ");
    throw new UsageError(`--shapes must name some of ${known}, not ${JSON.stringify(name)}`);
  });
}
