/**
 * Everything a chat can be told, and what it does where it is told nothing.
 *
 * @module
 */

import type { StoreOptions } from "./store.ts";

/** The hub's limits and times; all times in milliseconds. */
export interface HubOptions extends Pick<StoreOptions, "logAgeMs" | "graceMs"> {
  /** The most bytes that the logs of all rooms may take together. */
  memoryBytes: number;
  /** The most rooms open at once. */
  maxRooms: number;
  /** The most rooms one client may be in. */
  maxRoomsPerClient: number;
  /** The most members of one room. */
  maxMembers: number;
  /** The time that a client that has paused keeps its places, and nobody is told. */
  pauseMs: number;
  /** The time in which a client that has lost its places may come back as itself. */
  sessionMs: number;
  /** The most clients without a connection that are remembered; for one more, who was in rooms for the shortest time is forgotten. */
  maxAway: number;
  /** Rooms with more members than this stop logging who comes and goes. */
  presenceLimit: number;
  /** The time in which an empty room can be rejoined. */
  emptyRoomMs: number;
  /** The frames a second that one client may send on average, and twice as many at once; 0: any. */
  rate: number;
  /** After how long a silent `parley.v1` client is asked for a sign of life; it is dropped after two of these. */
  heartbeatMs: number;
  /** The time that a `parley.v1` connection may take to say `hello`. */
  helloMs: number;
}

/** Bounds of what waits in a socket; sizes in bytes, times in milliseconds. */
export interface SocketLimits {
  /** With more than this waiting, no entries are sent until half of it is gone. */
  highWaterBytes: number;
  /** A socket over its high-water mark that takes nothing for this long is given up. */
  stuckMs: number;
}

/** Settings of an engine: each part documents its own fields. */
export interface EngineOptions extends HubOptions, SocketLimits, StoreOptions {
  /** The most connections at once. */
  maxConnections: number;
  /** The number of clients a second that are asked to come back after a restart. */
  resumesPerSecond: number;
  /** The time that `close` waits for the store, and for peers to take what was sent, in milliseconds. */
  closeMs: number;
  /** The secret that session tokens are signed with: servers with the same one know each other's. Unless given, it is the store's. */
  secret?: string;
}

/** The defaults, one for each option. */
export const DEFAULTS: Readonly<EngineOptions> = {
  logEntries: 1_000,
  logBytes: 4 * 1_048_576,
  logAgeMs: 30 * 86_400_000,
  replicas: 1,
  probeMs: 1_000,
  leaseMs: 5_000,
  memoryBytes: 1_073_741_824,
  maxConnections: 10_000,
  maxRooms: 10_000,
  maxRoomsPerClient: 100,
  maxMembers: 10_000,
  maxAway: 10_000,
  presenceLimit: 500,
  rate: 200,
  emptyRoomMs: 600_000,
  graceMs: 30_000,
  pauseMs: 4 * 3_600_000,
  sessionMs: 86_400_000,
  heartbeatMs: 25_000,
  helloMs: 10_000,
  highWaterBytes: 131_072,
  stuckMs: 900,
  resumesPerSecond: 500,
  closeMs: 2_000,
};
