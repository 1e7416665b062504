/**
 * The frames in which the entries of a room go out: each is made once for all members at the
 * same cursor.
 *
 * @module
 */

import { encodeEntries, encodePlainEntry, timestampOf } from "../../protocol/encode.ts";
import { utf8Bytes } from "../../protocol/utf8.ts";
import { type MessageStates, withNow } from "./message_states.ts";
import type { Log, LogPart } from "./log.ts";

/**
 * The most bytes of entries in a frame that has more than one. Entries that nobody has read are
 * counted in UTF-16 units, which are at most three bytes each. A single entry may be larger still.
 * So no frame has more bytes than `MAX_FRAME_CHARS` of frames.ts.
 */
export const MAX_ENTRIES_BYTES = 131_072;

/**
 * The same bound for frames in which a member that is behind catches up. The runtime keeps a buffer
 * for each connection as long as it lives, as large as the largest frame that the connection was
 * sent. With all history in one frame, a member of a room with 1,000 short messages took 159 KiB, and
 * takes 52. For new entries, smaller frames would cost more than they save (measured: 13 % with 256
 * messages in flight in each of 32 rooms).
 */
export const CATCH_UP_BYTES = 16_384;

/** Entries in one frame, for all members at the same cursor. */
export interface Batch {
  /** The cursor before it. */
  readonly after: number;
  /** The frame. */
  readonly frame: string;
  /** The `seq` of the last entry in it. */
  readonly upTo: number;
  /** The number of entries in it. */
  readonly count: number;
  /** The length of the frame in UTF-8. */
  readonly bytes: number;
  /** The clock of the two times that follow; undefined where nobody says when the entries were heard. */
  readonly heardBy: HeardBy | undefined;
  /** The time when the first and the last of the entries were heard, in milliseconds. */
  readonly heardFrom: number;
  readonly heardTo: number;
}

/** A clock: the monotonic one of a turn of the event loop, or that on the wall, in whole milliseconds. */
export type HeardBy = "turn" | "wall";

/** The time in which the entries of a round were heard. */
export interface HeardWithin {
  /** The cursor before them. */
  readonly after: number;
  /**
   * The times of the first and the last, on the monotonic clock in milliseconds; 0 where the entries
   * themselves say it best, as they took their time to be stored.
   */
  readonly from: number;
  readonly to: number;
}

/** Entries as plain members see them, by the cursors before them. */
export type PlainSteps = Map<number, PlainStep>;

/** One entry for plain members. */
export interface PlainStep {
  /** The text that they see, and its author; `null` where they see nothing. */
  readonly entry: { from: string; text: string } | null;
  /** Its `seq`. */
  readonly upTo: number;
}

/**
 * The frames that members are sent, up to a head that is fixed. A frame that was made stays right
 * when the log has gone on. It also serves members whose next entry the log has dropped meanwhile.
 */
export class Batches {
  /** The `seq` of the last entry in them. */
  readonly head: number;
  readonly #roomId: string;
  readonly #log: Log;
  readonly #bytes: number;
  readonly #heard: HeardWithin | undefined;
  // The batch that was asked for last. Members at the same cursor share it: nearly always all do.
  #batch: Batch | undefined;
  // All batches by the cursors before them, where more than one is needed to get to the head.
  #batches: Map<number, Batch> | undefined;
  // The steps that were asked for so far.
  #plain: PlainSteps | undefined;
  readonly #states: MessageStates | undefined;

  /**
   * Makes no frame yet. They will reach the present head of the log, with at most `bytes` of entries
   * in each. Steps for plain members are taken from `plain`, and new ones are added to it. With a
   * `states`, messages have what became of them since. Those of a round were `heard` then.
   */
  constructor(
    roomId: string,
    log: Log,
    bytes: number,
    plain?: PlainSteps,
    states?: MessageStates,
    heard?: HeardWithin,
  ) {
    this.#heard = heard;
    this.#plain = plain;
    this.#states = states;
    this.head = log.head;
    this.#roomId = roomId;
    this.#log = log;
    this.#bytes = bytes;
  }

  /**
   * The frame for a cursor, which must be older than the head: all entries behind it that fit into
   * one. Undefined where the log does not reach back to the cursor.
   */
  after(cursor: number): Batch | undefined {
    if (this.#batch?.after === cursor) return this.#batch;
    const batch = this.#batches?.get(cursor) ?? this.#make(cursor);
    if (batch !== undefined) this.#batch = batch;
    return batch;
  }

  /** The entry behind a cursor, which must be older than the head, as plain members see it. */
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
    let part = this.#log.after(cursor, this.#bytes, this.head);
    const nows = this.#states?.nows(cursor, part.upTo);
    if (nows !== undefined && nows.size > 0) part = this.#withNows(cursor, part.upTo, nows);
    const { text, upTo, count, bytes } = part;
    const frame = encodeEntries(this.#roomId, text);
    const [heardBy, heardFrom, heardTo] = this.#heardIn(cursor, upTo, text);
    const batch: Batch = {
      after: cursor,
      frame,
      upTo,
      count,
      // Around the entries there is ASCII only, but in the names of rooms.
      bytes: frame.length - text.length + bytes + moreBytesIn(this.#roomId),
      heardBy,
      heardFrom,
      heardTo,
    };
    if (upTo < this.head || this.#batches !== undefined) {
      this.#batches ??= new Map();
      this.#batches.set(cursor, batch);
    }
    return batch;
  }

  /** The entries behind a cursor with what became of them, as many as still fit into a frame. */
  #withNows(cursor: number, head: number, nows: ReadonlyMap<number, string>): LogPart {
    const texts: string[] = [];
    let upTo = cursor;
    for (let left = this.#bytes; upTo < head;) {
      const next = this.#log.after(upTo, 0, head);
      const text = withNow(next.text, nows.get(next.upTo));
      left -= text.length;
      if (left < 0 && texts.length > 0) break;
      texts.push(text);
      upTo = next.upTo;
    }
    const text = texts.join(",");
    return { text, upTo, count: texts.length, bytes: utf8Bytes(text) };
  }

  /** When entries were heard, and by which clock; nobody asks that of what a member has missed. */
  #heardIn(cursor: number, upTo: number, text: string): [HeardBy | undefined, number, number] {
    const heard = this.#heard;
    if (heard === undefined || cursor < heard.after) return [undefined, 0, 0];
    const { after, from, to } = heard;
    if (from === 0) {
      return ["wall", timestampOf(text), timestampOf(text.slice(text.lastIndexOf('"at":')))];
    }
    // A member that was not sent all of a round is nearly always sent it from its beginning.
    const step = (to - from) / Math.max(1, this.head - after - 1);
    return ["turn", from + step * (cursor - after), from + step * (upTo - after - 1)];
  }
}

/** The bytes that a room id has more than UTF-16 units. */
function moreBytesIn(roomId: string): number {
  return roomId[0] === "#" ? utf8Bytes(roomId) - roomId.length : 0;
}
