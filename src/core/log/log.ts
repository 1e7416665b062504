/**
 * A room's log: its newest entries, each encoded once, as bytes one behind the other.
 * The store fills it, the room's members read it.
 *
 * @module
 */

import { encodeRedacted, timestampOf } from "../../protocol/encode.ts";
import { utf8Bytes } from "../../protocol/utf8.ts";
import type { MemoryBound, Shrinkable } from "../limits/memory_bound.ts";
import { Segments } from "./segments.ts";

/** One place of a log. */
export interface LogEntry {
  /** Only grows within a log; need not be without holes. */
  readonly seq: number;
  /** The entry as it travels in an `entries` frame. */
  readonly text: string;
}

/** Entries that follow each other, with commas between them. */
export interface LogPart {
  /** The entries as they travel in an `entries` frame. */
  readonly text: string;
  /** The `seq` of the last of them. */
  readonly upTo: number;
  /** The number of them. */
  readonly count: number;
  /** The length of the text in UTF-8. */
  readonly bytes: number;
}

/** A part of a log that somebody wants to read. */
export interface PageQuery {
  /** The direction in which it goes on from there: to `older` entries, or to `newer` ones. */
  readonly to: "older" | "newer";
  /** The `seq` that the entries come before, or after. */
  readonly from: number;
  /** The most entries; at least 1. */
  readonly limit: number;
  /** The most UTF-16 units of entries; there may be more in the first of them. */
  readonly units: number;
}

/** A part of a log, for somebody who reads it. */
export interface Page {
  /** The entries, oldest first. */
  readonly entries: readonly LogEntry[];
  /** `true` where the log goes on behind them, in the direction that was asked for. */
  readonly more: boolean;
  /** `true` where nothing is missing between the place that was asked for and the entries. */
  readonly complete: boolean;
  /** Newest texts of its messages that memory does not have, by the `seq` of the edit; none unless given. */
  readonly edits?: ReadonlyMap<number, NewestText>;
}

/** The text that an edit has given a message, and when, in milliseconds since 1970. */
export interface NewestText {
  /** The text. */
  readonly body: string;
  /** The time. */
  readonly at: number;
}

/** Bounds of the past that a log keeps: whichever is reached first. */
export interface LogLimits {
  /** The most entries; at least 1. */
  logEntries: number;
  /** The most bytes of encoded entries; the newest entry is always kept. */
  logBytes: number;
}

/** The first size of the rings; they grow with use, as most rooms stay small. */
const SMALLEST_RING = 8;

/**
 * About the bytes that a log takes besides its rings and segments, that a place in both rings takes,
 * and an entry that is text besides its units, of two bytes at most: a string, and a rope of two
 * parts. `memory_cost_test.ts` measures them.
 */
const LOG_BYTES = 1_024;
const PLACE_BYTES = 16;
const TEXT_BYTES = 96;
const UNIT_BYTES = 2;

/** The least change that is worth noting, as a part of all that it takes. */
const NOTED_PART = 1 / 16;

/** So many UTF-16 units of entries become bytes, whether or not anybody has read them. */
const MOST_RECENT = 65_536;

/**
 * The newest entries of one room, oldest first. What has just come is text until somebody
 * reads it, which is nearly always soon and all at once; from then on it is bytes. Strings
 * would be millions of them in a busy server, and the garbage collector's to copy (measured
 * with 500 rooms of two: 1.6 times the memory, and a p99 of 62 ms instead of 42).
 */
export class Log implements Shrinkable {
  /** Names this life of the log: another epoch means that what was before is lost. */
  readonly epoch: string;
  /** Which part of the log has come since its reader set this to 0; at 1 and above the oldest of it may be gone. */
  fresh = 0;
  readonly #limits: LogLimits;
  // Rings whose size is a power of two: for each entry its `seq`, and the position of its first byte.
  #seqs = new Array<number>(SMALLEST_RING).fill(0);
  #starts = new Array<number>(SMALLEST_RING).fill(0);
  #first = 0;
  #size = 0;
  readonly #segments = new Segments();
  /** The entries that are not bytes yet, with commas between them. */
  #recent = "";
  /** The number of these entries. */
  #recentSize = 0;
  /** The position of the first of them, and of the next entry. Among them positions count UTF-16 units. */
  #recentStart = 0;
  #next = 0;
  #head: number;
  #dropped: number;
  #oldest = { seq: 0, at: 0 };
  /** Where its bytes are counted, and as how many. */
  #memory: MemoryBound | undefined;
  #noted = 0;
  /** Up to where entries were dropped for the sake of other logs. */
  #shrunkTo = -1;

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

  /** The number of entries that are kept. */
  get size(): number {
    return this.#size;
  }

  /** The number of entries that its own limits would let it keep, of the size of those that it keeps. */
  get wouldKeep(): number {
    const { logEntries, logBytes } = this.#limits;
    if (this.#size === 0) return logEntries;
    const bytes = (this.#next - this.#starts[this.#first]!) / this.#size;
    return Math.max(1, Math.min(logEntries, Math.floor(logBytes / bytes)));
  }

  /** `true` where it keeps less than its own limits would let it, for the sake of other logs. */
  get hasShrunk(): boolean {
    return this.#shrunkTo === this.#dropped;
  }

  /** Counts what it takes in `memory` from now on, or nowhere. */
  countIn(memory: MemoryBound | undefined): void {
    if (memory === this.#memory) return;
    this.#memory?.delete(this);
    this.#memory = memory;
    this.#noted = 0;
    this.#note();
  }

  /**
   * Takes less memory: gives back what no entry needs, or else drops the oldest, a segment or half of
   * them at the most; the newest entry stays.
   */
  shrink(): void {
    if (this.#recent !== "") {
      this.#file();
      return this.#note(0);
    }
    const end = this.#segments.oldestEnd;
    if (end === undefined) return;
    const start = this.#starts[this.#first]!;
    const bytes = this.#next - start;
    let isLoose = this.#segments.held >= 2 * bytes;
    if (!isLoose) {
      if (this.#size < 2) return;
      const middle = start + bytes / 2;
      do this.#drop(); while (this.#size > 1 && this.#starts[this.#first]! < Math.min(middle, end));
      this.#shrunkTo = this.#dropped;
      this.#segments.dropSpare();
      isLoose = middle < end;
    }
    if (isLoose) this.#segments.compact(this.#starts[this.#first]!, this.#next - 1);
    let places = this.#seqs.length;
    while (places > SMALLEST_RING && this.#size <= places / 4) places /= 2;
    if (places < this.#seqs.length) this.#resize(places);
    // However little it is: what notes nothing does not have to shrink again before it has grown.
    this.#note(0);
  }

  /** Adds the next entry, whose `seq` must be greater than the head, and drops what no longer fits. */
  push(seq: number, text: string): void {
    if (!(seq > this.#head && Number.isSafeInteger(seq))) {
      throw new RangeError(`Cannot push seq ${seq}: the log is at ${this.#head}`);
    }
    if (this.#recent.length > MOST_RECENT) this.#file();
    if (this.#size === this.#seqs.length) this.#resize(2 * this.#size);
    const place = this.#place(this.#size++);
    this.#seqs[place] = seq;
    this.#starts[place] = this.#next;
    this.#head = seq;
    this.#recent = this.#recent === "" ? text : `${this.#recent},${text}`;
    this.#recentSize++;
    this.#next += text.length + 1;
    this.fresh += this.partOf(text.length);
    this.#trim();
    this.#note();
  }

  /** The part of all that the log keeps that an entry of `bytes` bytes is. */
  partOf(bytes: number): number {
    const { logEntries, logBytes } = this.#limits;
    return Math.max(1 / logEntries, bytes / logBytes);
  }

  /** Goes on behind `seq`, which is not older than the head: what lies before it, kept or not, is gone. */
  skipTo(seq: number): void {
    if (!(seq >= this.#head && Number.isSafeInteger(seq))) {
      throw new RangeError(`Cannot skip to seq ${seq}: the log is at ${this.#head}`);
    }
    while (this.#size > 0) this.#drop();
    this.#head = seq;
    this.#dropped = seq;
    this.#note();
  }

  /** Drops the entries up to `seq`. */
  dropUpTo(seq: number): void {
    while (this.#size > 0 && this.#seqs[this.#first]! <= seq) this.#drop();
  }

  /** Drops what was taken before `time`, in milliseconds since 1970. */
  expire(time: number): void {
    while (this.#size > 0 && this.#oldestAt() < time) this.#drop();
    this.#note();
  }

  /** Says whether every entry behind `cursor` is here. */
  reaches(cursor: number): boolean {
    return cursor >= this.#dropped && cursor <= this.#head;
  }

  /** Counts the entries that are kept behind `cursor`. */
  countAfter(cursor: number): number {
    return this.#size - this.#firstAbove(this.#seqs, cursor);
  }

  /** About how many bytes are kept behind `cursor`: of what nobody has read yet, UTF-16 units are counted. */
  bytesAfter(cursor: number): number {
    const first = this.#firstAbove(this.#seqs, cursor);
    return first === this.#size ? 0 : this.#next - this.#starts[this.#place(first)]!;
  }

  /** The kept entry at `index`, counted from the oldest one. */
  at(index: number): LogEntry {
    if (!(index >= 0 && index < this.#size)) {
      throw new RangeError(`Cannot read entry ${index}: the log keeps ${this.#size}`);
    }
    return { seq: this.#seqs[this.#place(index)]!, text: this.#read(index, index) };
  }

  /** The entry with this `seq`; undefined where there is none, or it was dropped. */
  find(seq: number): string | undefined {
    const index = this.#firstAbove(this.#seqs, seq - 1);
    if (index === this.#size || this.#seqs[this.#place(index)] !== seq) return undefined;
    return this.#read(index, index);
  }

  /** Takes what it said from the entry with this `seq`, if it is here, in memory too. It stays as long as it was. */
  redact(seq: number): void {
    const text = this.find(seq);
    if (text === undefined) return;
    if (this.#recent !== "") this.#file();
    const [from, end] = this.#span(this.#firstAbove(this.#seqs, seq - 1));
    this.#segments.overwrite(from, end, encodeRedacted(text));
  }

  /**
   * The entries behind `cursor` up to the `seq` of `head`, at least one, and as many more as there
   * is room for in `bytes`; of what nobody has read yet, UTF-16 units are counted. The cursor must
   * be one that the log reaches, and older than that head and its own.
   */
  after(cursor: number, bytes: number, head: number = this.#head): LogPart {
    const first = this.#firstAbove(this.#seqs, cursor);
    const start = this.#starts[this.#place(first)]!;
    // The end of an entry, with a comma behind it, is the start of the next.
    const limit = start + bytes + 1;
    const fitting = this.#next <= limit ? this.#size : this.#firstAbove(this.#starts, limit) - 1;
    const wanted = head >= this.#head ? this.#size : this.#firstAbove(this.#seqs, head);
    const last = Math.max(first, Math.min(fitting, wanted) - 1);
    const text = this.#read(first, last);
    const upTo = this.#seqs[this.#place(last)]!;
    // Now that the text is at hand: later it would have to be fetched into the caches again.
    if (this.#recent !== "") {
      this.#file();
      this.#note();
    }
    // All are bytes by now.
    const end = last + 1 === this.#size ? this.#next : this.#starts[this.#place(last + 1)]!;
    const length = end - 1 - this.#starts[this.#place(first)]!;
    return { text, upTo, count: last + 1 - first, bytes: length };
  }

  /** A page of what is kept. */
  page({ to, from, limit, units }: PageQuery): Page {
    const entries: LogEntry[] = [];
    const isOlder = to === "older";
    const step = isOlder ? -1 : 1;
    let index = isOlder
      ? this.#firstAbove(this.#seqs, from - 1) - 1
      : this.#firstAbove(this.#seqs, from);
    for (let left = units; index >= 0 && index < this.#size; index += step) {
      const entry = this.at(index);
      left -= entry.text.length;
      if (entries.length === limit || entries.length > 0 && left < 0) break;
      entries.push(entry);
    }
    if (isOlder) entries.reverse();
    const more = index >= 0 && index < this.#size;
    return { entries, more, complete: isOlder ? from > this.#dropped : this.reaches(from) };
  }

  /** The cursor from which the newest `count` entries follow, or all there are. */
  cursorBefore(count: number): number {
    if (count >= this.#size) return this.#dropped;
    return count === 0 ? this.#head : this.#seqs[this.#place(this.#size - count - 1)]!;
  }

  /** Drops what no longer fits. */
  #trim(): void {
    const { logEntries, logBytes } = this.#limits;
    while (this.#size > logEntries) this.#drop();
    while (this.#size > 1 && this.#next - 1 - this.#starts[this.#first]! > logBytes) this.#drop();
  }

  /** Notes the bytes that it takes, where they have changed by that `part` of them or more. */
  #note(part = NOTED_PART): void {
    const memory = this.#memory;
    if (memory === undefined) return;
    const recent = UNIT_BYTES * this.#recent.length + TEXT_BYTES * this.#recentSize;
    const bytes = this.#segments.taken + recent + PLACE_BYTES * this.#seqs.length + LOG_BYTES;
    if (Math.abs(bytes - this.#noted) < part * bytes) return;
    this.#noted = bytes;
    memory.note(this, bytes);
  }

  #place(index: number): number {
    return (this.#first + index) & (this.#seqs.length - 1);
  }

  /** The index of the first entry whose number in `ring`, which grows, is above `value`: nearly always one of the last. */
  #firstAbove(ring: readonly number[], value: number): number {
    let high = this.#size;
    let low = high;
    for (let step = 1; low > 0 && ring[this.#place(low - 1)]! > value; step *= 2) {
      high = low - 1;
      low = Math.max(0, low - step);
    }
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ring[this.#place(middle)]! > value) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** The position of the first unit of an entry, and that behind the last one of the same or of another. */
  #span(first: number, last = first): [from: number, end: number] {
    const next = last + 1 === this.#size ? this.#next : this.#starts[this.#place(last + 1)]!;
    return [this.#starts[this.#place(first)]!, next - 1];
  }

  /** The entries from one index to another, both included. */
  #read(first: number, last: number): string {
    const [from, end] = this.#span(first, last);
    const border = this.#recentStart;
    if (end < border) return this.#segments.read(from, end);
    const recent = this.#recent.slice(Math.max(0, from - border), end - border);
    return from < border ? `${this.#segments.read(from, border - 1)},${recent}` : recent;
  }

  /** Makes bytes of the recent entries. */
  #file(): void {
    const units = this.#recent.length;
    const more = this.#segments.write(this.#recentStart, this.#recent) - units;
    if (more > 0) this.#recount(more);
    this.#forgetRecent();
    if (more > 0) this.#trim();
  }

  /** Gives the recent entries, which take `more` bytes than UTF-16 units, their right positions. */
  #recount(more: number): void {
    let units = 0;
    let bytes = 0;
    for (let i = this.#firstAbove(this.#starts, this.#recentStart - 1); i < this.#size; i++) {
      const place = this.#place(i);
      const before = this.#starts[place]! - this.#recentStart;
      bytes += utf8Bytes(this.#recent.slice(units, before));
      units = before;
      this.#starts[place] = this.#recentStart + bytes;
    }
    this.#next += more;
    this.fresh += more / this.#limits.logBytes;
  }

  #forgetRecent(): void {
    this.#recent = "";
    this.#recentSize = 0;
    this.#recentStart = this.#next;
  }

  /** When the oldest entry was taken; read once for each that becomes the oldest. */
  #oldestAt(): number {
    const seq = this.#seqs[this.#first]!;
    if (this.#oldest.seq !== seq) this.#oldest = { seq, at: timestampOf(this.at(0).text) };
    return this.#oldest.at;
  }

  #drop(): void {
    this.#dropped = this.#seqs[this.#first]!;
    this.#first = this.#place(1);
    this.#size--;
    if (this.#size === 0) this.#forgetRecent();
    this.#segments.forget(this.#size === 0 ? this.#next : this.#starts[this.#first]!);
  }

  /** Makes the rings of `places` places, which must be enough. */
  #resize(places: number): void {
    const resized = (ring: readonly number[]) => {
      const more = new Array<number>(Math.max(0, places - ring.length)).fill(0);
      return ring.slice(this.#first).concat(ring.slice(0, this.#first), more).slice(0, places);
    };
    this.#seqs = resized(this.#seqs);
    this.#starts = resized(this.#starts);
    this.#first = 0;
  }
}
