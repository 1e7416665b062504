// This module is pure: no sockets, no clock, no Deno.

/**
 * Looks whether a log has everything that is read from a store which others write to as well: each
 * entry says where the log was when it was published, and by that alone what is missing shows,
 * whatever has removed it.
 *
 * @module
 */

import type { Log } from "../../core/log.ts";

/** Where a log was: of its entries behind the place `base`, the newest one, at `head`, was the `count`-th. */
export interface Place {
  readonly base: number;
  readonly count: number;
  readonly head: number;
}

/** An entry with the place that its log had for whoever published it, where that is told. */
export interface PlacedEntry {
  readonly seq: number;
  readonly place: Place | undefined;
}

/** Writes a place as a text. */
export function textOfPlace({ base, count, head }: Place): string {
  return `${base}.${count}.${head}`;
}

/** Reads what {@linkcode textOfPlace} has written; undefined where it has not. */
export function parsePlace(text: string): Place | undefined {
  const [base, count, head] = text.split(".").map(Number);
  const isPlace = [base, count, head].every((number) => Number.isSafeInteger(number));
  return isPlace ? { base: base!, count: count!, head: head! } : undefined;
}

/** Counts the entries of one log, and compares that with what they say. */
export class Continuity {
  readonly #log: Log;
  /** From where on they are counted, and how many there are up to the head. */
  #base: number;
  #count = 0;

  /** Begins to count behind the head of a log. */
  constructor(log: Log) {
    this.#log = log;
    this.#base = log.head;
  }

  /** Where the log is: what is published now says so. */
  get place(): Place {
    return { base: this.#base, count: this.#count, head: this.#log.head };
  }

  /** Takes in that the log goes on behind `seq`, with what was between its head and that missing. */
  skipTo(seq: number): void {
    this.#log.skipTo(seq);
    this.#base = seq;
    this.#count = 0;
  }

  /** Says whether an entry was published by somebody who had a newer entry than the log. */
  isBehind({ place }: PlacedEntry): boolean {
    return place !== undefined && place.head > this.#log.head;
  }

  /**
   * Before an entry is pushed that was read as the next one: if an entry is missing that its
   * publisher had, the log goes on behind that. Says whether none is.
   */
  beforePush({ place }: PlacedEntry): boolean {
    if (place === undefined || place.head <= this.#log.head) return true;
    this.skipTo(place.head);
    this.#base = place.base;
    this.#count = place.count;
    return false;
  }

  /**
   * After an entry was pushed: where it shows that an older one is missing, the log drops what lies
   * before that. Says whether none is.
   */
  afterPush({ place }: PlacedEntry): boolean {
    this.#count++;
    const log = this.#log;
    if (place === undefined || place.head < log.tail) return true;
    const behind = log.countAfter(place.head);
    if (place.base === this.#base || place.base >= log.tail) {
      const upToHead = place.base === this.#base ? this.#count : log.countAfter(place.base);
      if (upToHead - behind >= place.count) return true;
      log.dropUpTo(place.head);
      this.#countFrom(place, behind);
      return false;
    }
    // What is counted from further back can be compared with more.
    if (place.base < this.#base) this.#countFrom(place, behind);
    return true;
  }

  #countFrom({ base, count }: Place, behind: number): void {
    this.#base = base;
    this.#count = count + behind;
  }

  /**
   * From where on nothing is missing in `entries`, which are all that is left behind the head of
   * the log, whose own newest entry is gone: the smallest place, not before the head, for which
   * that is certain.
   */
  completeFrom(entries: readonly PlacedEntry[]): number {
    const { head } = this.#log;
    const first = entries[0]?.seq ?? head;
    let from = first - 1;
    const counts = new Map(entries.map(({ seq }, i) => [seq, i + 1]));
    for (const { place } of entries) {
      const count = counts.get(place?.head ?? -1);
      if (place === undefined || count === undefined) continue;
      const isOurs = place.base === this.#base;
      const base = isOurs ? head : place.base;
      if (base < head || base >= from) continue;
      if (count + (isOurs ? this.#count : 0) === place.count) from = base;
    }
    return from;
  }
}
