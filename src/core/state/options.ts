/**
 * Everything a chat can be told, and what it does where it is told nothing.
 *
 * @module
 */

import type { Authenticate, Authorize } from "../authority/authenticate.ts";
import type { Range } from "./option_checks.ts";

/** Limits and times of a chat: whole numbers, the times in milliseconds. */
export interface ChatLimits {
  /** The entries that the log of a room keeps, at most; 1,000 unless given. */
  logEntries?: number;
  /** The bytes of entries that the log of a room keeps, at most; 4,194,304 unless given. */
  logBytes?: number;
  /** The entries of a room that a SQLite file keeps, at most, for those who read on beyond its log; 100,000 unless given. */
  historyEntries?: number;
  /** The bytes of entries of a room that a SQLite file keeps, at most; 67,108,864 unless given. */
  historyBytes?: number;
  /** The age that an entry may reach, in milliseconds; 2,592,000,000 unless given, which is 30 days. */
  logAgeMs?: number;
  /**
   * The most bytes that the logs of all rooms may take together; 1,073,741,824 unless given, or
   * less on a machine with less than 8 GiB.
   */
  memoryBytes?: number;
  /** The most connections at once; 10,000 unless given. */
  maxConnections?: number;
  /** The most rooms open at once; 10,000 unless given. */
  maxRooms?: number;
  /** The most rooms one client may be in; 100 unless given. */
  maxRoomsPerClient?: number;
  /** The most members of one room; 10,000 unless given. */
  maxMembers?: number;
  /**
   * The most clients without a connection that are remembered; 10,000 unless given. For one more, who
   * was in rooms for the shortest time is forgotten.
   */
  maxAway?: number;
  /** Rooms with more members than this stop logging who comes and goes; 500 unless given. */
  presenceLimit?: number;
  /**
   * The frames a second that one client may send on average, and twice as many at once; 200 unless
   * given, 0 for any. Some cost as much as several: long ones, `join`, and what many are told.
   */
  rate?: number;
  /**
   * The most connections at once of one address, which is an IPv4 address or the /64 of an IPv6 one;
   * 1,000 unless given, 0 for any, but no more than half of `maxConnections`. All limits of addresses
   * are for those alone that are known and not `exempt`.
   */
  addressConnections?: number;
  /** The handshakes of one address in a minute; 1,000 unless given, 0 for any. */
  addressHandshakes?: number;
  /** The frames a second of one address, as `rate` counts them, and twice as many at once; 2,000 unless given, 0 for any. */
  addressRate?: number;
  /** The rooms that clients of one address may make in a minute; 120 unless given, 0 for any. */
  addressRooms?: number;
  /** The joins of one address in a minute that find no room; 60 unless given, 0 for any. */
  addressFailedJoins?: number;
  /** The wrong tokens of one address in a minute; 60 unless given, 0 for any. One that has ended is not wrong. */
  addressFailedTokens?: number;
  /** The time in which an empty room can be rejoined, in milliseconds; 600,000 unless given. */
  emptyRoomMs?: number;
  /** The time that a client that was cut off keeps its places, in milliseconds; 30,000 unless given. */
  graceMs?: number;
  /** The time that a client that has paused keeps its places, and nobody is told, in milliseconds; 14,400,000 unless given. */
  pauseMs?: number;
  /** The time in which a client that has lost its places may come back as itself, in milliseconds; 86,400,000 unless given. */
  sessionMs?: number;
  /**
   * The time after which a silent `parley.v1` client is asked for a sign of life, in milliseconds;
   * 25,000 unless given. It is dropped after two of these.
   */
  heartbeatMs?: number;
  /** The time that a `parley.v1` connection may take to say `hello`, in milliseconds; 10,000 unless given. */
  helloMs?: number;
  /** With more bytes than this waiting in a socket, no entries are sent until half of it is gone; 131,072 unless given. */
  highWaterBytes?: number;
  /** A socket with more waiting that takes nothing for this long is given up, in milliseconds; 900 unless given. */
  stuckMs?: number;
  /** The number of clients a second that are asked to come back after a restart; 500 unless given. */
  resumesPerSecond?: number;
  /** The time that `close` waits for the store, and for peers to take what was sent, in milliseconds; 2,000 unless given. */
  closeMs?: number;
}

/** All of them. */
export type EngineNumbers = Required<ChatLimits>;

/** Settings of an engine. */
export interface EngineOptions extends EngineNumbers {
  /** The secret that session tokens are signed with; unless given, it is the store's. */
  secret?: string;
  /** Says who people are; unless given, nobody has to prove that. */
  authenticate?: Authenticate;
  /** Says whether somebody may do what the rules allow; unless given, they may. */
  authorize?: Authorize;
  /** Says whether people without a token may come, where others prove who they are; not unless given. */
  anonymous?: "allow" | "deny";
  /** The named rooms that there always are, by id: their names. */
  rooms?: ReadonlyMap<string, string>;
}

/** The limits and times of a hub, and the rooms that there always are. */
export type HubOptions =
  & Pick<EngineOptions, "rooms">
  & Pick<
    EngineNumbers,
    | "emptyRoomMs"
    | "graceMs"
    | "heartbeatMs"
    | "helloMs"
    | "logAgeMs"
    | "maxAway"
    | "maxMembers"
    | "maxRooms"
    | "maxRoomsPerClient"
    | "memoryBytes"
    | "pauseMs"
    | "presenceLimit"
    | "rate"
    | "sessionMs"
  >;

/** Bounds of what waits in a socket. */
export type SocketLimits = Pick<EngineNumbers, "highWaterBytes" | "stuckMs">;

/** The defaults, one for each option. */
export const DEFAULTS: Readonly<EngineNumbers> = {
  logEntries: 1_000,
  logBytes: 4 * 1_048_576,
  historyEntries: 100_000,
  historyBytes: 64 * 1_048_576,
  logAgeMs: 30 * 86_400_000,
  memoryBytes: 1_073_741_824,
  maxConnections: 10_000,
  maxRooms: 10_000,
  maxRoomsPerClient: 100,
  maxMembers: 10_000,
  maxAway: 10_000,
  presenceLimit: 500,
  rate: 200,
  addressConnections: 1_000,
  addressHandshakes: 1_000,
  addressRate: 2_000,
  addressRooms: 120,
  addressFailedJoins: 60,
  addressFailedTokens: 60,
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

const MANY = 1_000_000_000;
const DAY_MS = 86_400_000;
const TEN_YEARS_MS = 3_650 * DAY_MS;

/** The values that each option may have. */
export const RANGES: Readonly<Record<keyof EngineNumbers, Range>> = {
  logEntries: [1, MANY],
  logBytes: [1, MANY],
  historyEntries: [1, MANY],
  historyBytes: [1, Number.MAX_SAFE_INTEGER],
  logAgeMs: [1, TEN_YEARS_MS],
  memoryBytes: [1_048_576, Number.MAX_SAFE_INTEGER],
  maxConnections: [1, MANY],
  maxRooms: [1, MANY],
  maxRoomsPerClient: [1, MANY],
  maxMembers: [1, MANY],
  maxAway: [0, MANY],
  presenceLimit: [0, MANY],
  rate: [0, MANY],
  addressConnections: [0, MANY],
  addressHandshakes: [0, MANY],
  addressRate: [0, MANY],
  addressRooms: [0, MANY],
  addressFailedJoins: [0, MANY],
  addressFailedTokens: [0, MANY],
  emptyRoomMs: [0, DAY_MS],
  graceMs: [0, DAY_MS],
  pauseMs: [0, TEN_YEARS_MS],
  sessionMs: [0, TEN_YEARS_MS],
  heartbeatMs: [1, DAY_MS],
  helloMs: [1, DAY_MS],
  highWaterBytes: [1, MANY],
  stuckMs: [1, MANY],
  resumesPerSecond: [1, MANY],
  closeMs: [0, DAY_MS],
};
