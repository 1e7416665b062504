/**
 * The numbers that a server keeps of itself: plain fields, so that counting costs nothing. Readers
 * give them names, as `src/ops/families.ts` does. None is of a room, a client or a person.
 *
 * @module
 */

import type { ErrorCode } from "../../protocol/errors.ts";
import type { ClientFrame, Dialect, Draft } from "../../protocol/frames.ts";

/** The kinds of entries. */
export type EntryKind = "message" | Extract<Draft, { event: unknown }>["event"];

/** Reasons why a request for a WebSocket is refused. */
export type Refused = "address" | "handshake" | "origin" | "full" | "draining";

/** The outcome for somebody who came with a token or without one: a proof, none, or a refusal. */
export type AuthResult = "proved" | "anonymous" | ErrorCode;

/**
 * Numbers by name. A name that is not there yet has 0. Those that alerts ask for are there from the
 * beginning: nobody sees the growth of a number that begins with 1.
 */
export type Counts<Name extends string = string> = { [name in Name]?: number };

/** The steps of a histogram within ten times as much (ISO 3, R10): about a quarter more each. */
const STEPS = [1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8];

/** The least and the greatest bound are 10 to these powers, in seconds: 0.1 ms, and 10 s. */
const [LEAST, GREATEST] = [-4, 1];

/** The bounds of all histograms, in seconds. What is longer is in a bucket behind them. */
export const BOUNDS: readonly number[] = [
  ...Array.from(
    { length: GREATEST - LEAST },
    (_, power) => STEPS.map((step) => Number(`${step}e${LEAST + power}`)),
  ).flat(),
  10 ** GREATEST,
];

/** The most close codes of clients that are told apart: they may choose any. */
const MOST_CODES = 64;

/** Times, in seconds, in buckets that are fine enough to find a quantile within some percent. */
export class Histogram {
  /** The number of times in each bucket: those up to the bound, and behind the bound before it. */
  readonly counts: number[] = new Array(BOUNDS.length + 1).fill(0);
  /** The sum of all times, in seconds. */
  sum = 0;

  /** Takes in a time in seconds that was seen some number of `times`. */
  observe(seconds: number, times = 1): void {
    // Clocks of several machines do not agree.
    const time = Math.max(0, seconds);
    let low = 0;
    let high = BOUNDS.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (BOUNDS[middle]! < time) low = middle + 1;
      else high = middle;
    }
    this.counts[low]! += times;
    this.sum += time * times;
  }

  /** The number of all times. */
  get count(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }
}

/** Adds to the number with a name. */
export function count<Name extends string>(counts: Counts<Name>, name: Name, by = 1): void {
  counts[name] = (counts[name] ?? 0) + by;
}

/** Numbers of a server that do not only grow. */
export interface Gauges {
  /** Clients without a connection that may come back. */
  readonly clientsAway: number;
  /** Rooms that are open. */
  readonly rooms: number;
  /** Places in them: of one client in each room. */
  readonly members: number;
  /** `true` where entries can be stored. */
  readonly storeUp: boolean;
  /** Drafts that wait to be stored; undefined where none can, or nobody counts them. */
  readonly pending?: number;
}

/** The numbers of webhooks. Those that do not only grow have an entry for each receiver. */
export class WebhookNumbers {
  /** Requests that a receiver has taken, that failed, and that were not sent for their address. */
  readonly requests = { taken: 0, failed: 0, refused: 0 };
  /** Entries that receivers have taken, each once for each receiver. */
  entries = 0;
  /** Entries that were gone before a receiver took them, as far as their numbers say. */
  missed = 0;
  /** Rooms with something that the receiver has not taken. */
  readonly behind: Map<object, number> = new Map();
  /** Seconds that the receiver is left alone for now, as it has failed. */
  readonly waitSeconds: Map<object, number> = new Map();
}

/** All numbers of one server, from its beginning. */
export class Metrics {
  /** Connections that are open. */
  readonly connections: Record<Dialect, number> = { plain: 0, v1: 0 };
  /** Connections that were opened. */
  readonly opened: Record<Dialect, number> = { plain: 0, v1: 0 };
  /** Connections that have ended, by their close codes. */
  readonly closed: Counts = {};
  /** Requests for a WebSocket that were refused. */
  readonly refused: Counts<Refused> = {
    address: 0,
    handshake: 0,
    origin: 0,
    full: 0,
    draining: 0,
  };
  framesReceived = 0;
  framesSent = 0;
  /** The length of these frames in UTF-8, without their headers. */
  bytesReceived = 0;
  bytesSent = 0;
  /** Requests that could be read. */
  readonly requests: Counts<ClientFrame["action"]> = {};
  /** Refusals that clients were sent. */
  readonly errors: Counts<ErrorCode> = { internal: 0, unavailable: 0, rate_limited: 0 };
  /** Tokens that were looked at, and people who came without one, by what came of it. */
  readonly auth: Counts<AuthResult> = { proved: 0, anonymous: 0, token_invalid: 0 };
  /** Entries that were given to the store, and those that it had already, or refused. */
  readonly appended: Counts<EntryKind> = {};
  readonly rejected: Counts<EntryKind> = {};
  /** Messages that were stored before. */
  repeats = 0;
  /** Entries that members were sent, each once for each member. */
  deliveries = 0;
  /** Gaps that members were told of, and the entries that they missed, as far as their numbers say. */
  gaps = 0;
  gapEntries = 0;
  /** Clients that came with a session, by whether they are still known. */
  readonly resumes: Counts<"resumed" | "unknown"> = { resumed: 0, unknown: 0 };
  /** Rooms that were joined from a cursor, by whether all behind it was there. */
  readonly recoveries: Counts<"true" | "false"> = { true: 0, false: 0 };
  /** From the entry's way to the store until it is stored, of some of the messages. */
  readonly appendDuration: Histogram = new Histogram();
  /** From the frame that says something until it is written to a member, for each member. */
  readonly deliveryDelay: Histogram = new Histogram();
  /** From the question for a sign of life until it comes. */
  readonly receiveLag: Histogram = new Histogram();
  /** The time that the event loop was late with a timer. */
  readonly eventLoopDelay: Histogram = new Histogram();
  /** Those of its webhooks. */
  readonly webhooks: WebhookNumbers = new WebhookNumbers();

  /** Counts a draft that was given to the store, and is not stored by that: it is there already, or refused. */
  reject(draft: Draft): void {
    count(this.rejected, kindOf(draft));
  }

  /** Counts a connection that has come in. */
  open(dialect: Dialect): void {
    this.connections[dialect]++;
    this.opened[dialect]++;
  }

  /** Counts a connection that has ended with a close code. */
  close(dialect: Dialect, code: number): void {
    this.connections[dialect]--;
    const name = String(code);
    const isNew = !Object.hasOwn(this.closed, name);
    const isOther = isNew && Object.keys(this.closed).length >= MOST_CODES;
    count(this.closed, isOther ? "other" : name);
  }
}

/** The kind of the entry that a draft becomes. */
export function kindOf(draft: Draft): EntryKind {
  return "event" in draft ? draft.event : "message";
}
