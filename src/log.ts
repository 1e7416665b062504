// This module is pure: no sockets, no clock, no Deno.

/**
 * A room's log: a bounded ring of its newest entries, each encoded once. The
 * store fills it, the room's members read it.
 *
 * @module
 */

import { encodePlainEntry } from "./encode.ts";

/** One place of a log. */
export class LogEntry {
  /** Only grows within a log; need not be without holes. */
  readonly seq: number;
  /** The client it is about. */
  readonly from: string;
  /** The entry as it travels in an `entries` frame. */
  readonly text: string;
  #plain: string | null | undefined;
  #at: number | undefined;

  /** Takes an entry that the store has given its `seq`. */
  constructor(seq: number, from: string, text: string) {
    this.seq = seq;
    this.from = from;
    this.text = text;
  }

  /** When it was taken, in milliseconds since 1970. */
  get at(): number {
    return this.#at ??= Number(/"at":(\d+)/.exec(this.text)?.[1]);
  }

  /** The entry as plain clients see it, made when the first of them asks; `null` where they see nothing. */
  get plain(): string | null {
    if (this.#plain === undefined) this.#plain = encodePlainEntry(this.text);
    return this.#plain;
  }
}

/** How much of its past a log keeps: whichever is reached first. */
export interface LogLimits {
  /** The most entries; at least 1. */
  logEntries: number;
  /** The most UTF-16 units of encoded entries; the newest entry is always kept. */
  logChars: number;
}

const SMALLEST_RING = 8;

/** The newest entries of one room, oldest first. */
export class Log {
  /** Names this life of the log: another epoch means that what was before is lost. */
  readonly epoch: string;
  /** How much has come since its reader set this to 0; at 1 and above the oldest of it may be gone. */
  fresh = 0;
  readonly #limits: LogLimits;
  // A ring whose size is a power of two and grows with use: most rooms stay small.
  #ring: (LogEntry | undefined)[] = new Array(SMALLEST_RING).fill(undefined);
  #start = 0;
  #size = 0;
  #chars = 0;
  #head: number;
  #dropped: number;

  /** Makes an empty log whose newest entry so far had `head` as its `seq` (0: there was none). */
  constructor(epoch: string, limits: LogLimits, head = 0) {
    this.epoch = epoch;
    this.#limits = limits;
    this.#head = head;
    this.#dropped = head;
  }

  /** The `seq` of the newest entry; 0 while nothing was ever said. */
  get head(): number {
    return this.#head;
  }

  /** The `seq` of the newest entry that is kept no longer: the oldest cursor that misses nothing. */
  get tail(): number {
    return this.#dropped;
  }

  /** How many entries are kept. */
  get size(): number {
    return this.#size;
  }

  /** Adds the next entry, whose `seq` must be greater than the head, and drops what no longer fits. */
  push(entry: LogEntry): void {
    if (entry.seq <= this.#head) {
      throw new RangeError(`Cannot push seq ${entry.seq}: the log is at ${this.#head}`);
    }
    if (this.#size === this.#ring.length) this.#grow();
    this.#ring[(this.#start + this.#size) & (this.#ring.length - 1)] = entry;
    this.#size++;
    const { logEntries, logChars } = this.#limits;
    const chars = entry.text.length;
    this.#chars += chars;
    this.#head = entry.seq;
    this.fresh += Math.max(1 / logEntries, chars / logChars);
    while (this.#size > logEntries || (this.#chars > logChars && this.#size > 1)) this.#drop();
  }

  /** Goes on behind `seq`, which is not older than the head: what lies before it, kept or not, is gone. */
  skipTo(seq: number): void {
    while (this.#size > 0) this.#drop();
    this.#head = seq;
    this.#dropped = seq;
  }

  /** Drops what was taken before `time`, in milliseconds since 1970. */
  expire(time: number): void {
    while (this.#size > 0 && this.at(0).at < time) this.#drop();
  }

  /** Says whether every entry behind `cursor` is here. */
  reaches(cursor: number): boolean {
    return cursor >= this.#dropped && cursor <= this.#head;
  }

  /** The place, counted from the oldest kept entry, of the first entry whose `seq` is greater than `cursor`. */
  indexAfter(cursor: number): number {
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.at(middle).seq > cursor) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** The kept entry at `index`, counted from the oldest one. */
  at(index: number): LogEntry {
    const entry = this.#ring[(this.#start + index) & (this.#ring.length - 1)];
    if (entry === undefined || index >= this.#size) {
      throw new RangeError(`Cannot read entry ${index}: the log keeps ${this.#size}`);
    }
    return entry;
  }

  /** The cursor from which the newest `count` entries follow, or all there are. */
  cursorBefore(count: number): number {
    if (count >= this.#size) return this.#dropped;
    return count === 0 ? this.#head : this.at(this.#size - count - 1).seq;
  }

  #drop(): void {
    const oldest = this.at(0);
    this.#ring[this.#start] = undefined;
    this.#start = (this.#start + 1) & (this.#ring.length - 1);
    this.#size--;
    this.#chars -= oldest.text.length;
    this.#dropped = oldest.seq;
  }

  #grow(): void {
    const size = this.#ring.length;
    const grown = new Array<LogEntry | undefined>(size * 2).fill(undefined);
    for (let i = 0; i < size; i++) grown[i] = this.#ring[(this.#start + i) & (size - 1)];
    this.#ring = grown;
    this.#start = 0;
  }
}
