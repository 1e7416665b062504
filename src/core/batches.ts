/**
 * The frames in which the entries of a room go out: each is made once for all members at the
 * same cursor.
 *
 * @module
 */

import { encodeEntries, encodePlainEntry } from "../protocol/encode.ts";
import type { Log } from "./log.ts";

/**
 * How much of entries may be in a frame that has more than one. They are counted in UTF-16 units as
 * long as nobody has read them: each is at most three bytes, and a single entry may be larger still,
 * so that no frame has more bytes than `MAX_FRAME_CHARS` of frames.ts says.
 */
export const MAX_ENTRIES_BYTES = 131_072;

/**
 * The same in the frames in which a member that is behind catches up. The runtime keeps for each
 * connection a buffer as large as the largest frame it was sent, for as long as it lives: with all
 * history in one frame, a member of a room with 1,000 short messages took 159 KiB, and takes 52.
 * For what is new, smaller frames would cost more than they save (measured: 13 % with 256 messages
 * in flight in each of 32 rooms).
 */
export const CATCH_UP_BYTES = 16_384;

/** Entries put together for everybody at the same cursor. */
export interface Batch {
  /** The cursor before it. */
  readonly after: number;
  /** The frame. */
  readonly frame: string;
  /** The `seq` of the last entry in it. */
  readonly upTo: number;
}

/** Entries as plain clients see them, by the cursors before them. */
export type PlainSteps = Map<number, PlainStep>;

/** One entry for plain members. */
export interface PlainStep {
  /** What they see of it, and whose it is; `null` where they see nothing. */
  readonly entry: { from: string; text: string } | null;
  /** Its `seq`. */
  readonly upTo: number;
}

/**
 * What members are sent up to a head that is fixed, whatever comes meanwhile. What was made stays
 * true when the log has gone on, and serves also those whose next entry the log keeps no longer.
 */
export class Batches {
  /** The `seq` of the last entry in them. */
  readonly head: number;
  readonly #roomId: string;
  readonly #log: Log;
  readonly #bytes: number;
  // The batch asked for last: members at the same cursor, nearly always all of them, share it.
  #batch: Batch | undefined;
  // All batches by the cursors before them, where it takes more than one to get to the head.
  #batches: Map<number, Batch> | undefined;
  // As far as they were asked for.
  #plain: PlainSteps | undefined;

  /**
   * Makes none yet; they will reach the present head of the log, in frames of so many `bytes`. What
   * others have made for plain members is taken from `plain`, and added to it.
   */
  constructor(roomId: string, log: Log, bytes: number, plain?: PlainSteps) {
    this.#plain = plain;
    this.head = log.head;
    this.#roomId = roomId;
    this.#log = log;
    this.#bytes = bytes;
  }

  /**
   * What lies behind a cursor, which must be older than the head, as one frame, or as much of it as
   * one may hold; undefined where the log does not reach so far back.
   */
  after(cursor: number): Batch | undefined {
    if (this.#batch?.after === cursor) return this.#batch;
    const batch = this.#batches?.get(cursor) ?? this.#make(cursor);
    if (batch !== undefined) this.#batch = batch;
    return batch;
  }

  /** The entry behind a cursor, which must be older than the head, as plain clients see it. */
  plainAfter(cursor: number): PlainStep | undefined {
    const known = this.#plain?.get(cursor);
    if (known !== undefined || cursor < this.#log.tail) return known;
    const { text, upTo } = this.#log.after(cursor, 0, this.head);
    const step = { entry: encodePlainEntry(text), upTo };
    this.#plain ??= new Map();
    this.#plain.set(cursor, step);
    return step;
  }

  #make(cursor: number): Batch | undefined {
    if (cursor < this.#log.tail) return undefined;
    const { text, upTo } = this.#log.after(cursor, this.#bytes, this.head);
    const batch = { after: cursor, frame: encodeEntries(this.#roomId, text), upTo };
    if (upTo < this.head || this.#batches !== undefined) {
      this.#batches ??= new Map();
      this.#batches.set(cursor, batch);
    }
    return batch;
  }
}
