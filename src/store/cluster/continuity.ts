// This module is pure: no sockets, no clock, no Deno.

/**
 * Finds holes in a log that is read from a store with several writers. Each entry has the position
 * that the log of its publisher had. That alone shows what is missing, whatever removed it.
 *
 * @module
 */

import type { Log } from "../../core/log.ts";

/** The position of a log: it had `count` entries after the `seq` `base`, the newest at `head`. */
export interface Place {
  readonly base: number;
  readonly count: number;
  readonly head: number;
}

/** An entry with the position of its publisher's log, where it has one. */
export interface PlacedEntry {
  readonly seq: number;
  readonly place: Place | undefined;
}

/** Writes a position as a text. */
export function textOfPlace({ base, count, head }: Place): string {
  return `${base}.${count}.${head}`;
}

/** Reads a text of {@linkcode textOfPlace}; undefined for any other. */
export function parsePlace(text: string): Place | undefined {
  const [base, count, head] = text.split(".").map(Number);
  const isPlace = [base, count, head].every((number) => Number.isSafeInteger(number));
  return isPlace ? { base: base!, count: count!, head: head! } : undefined;
}

/** Counts the entries of one log, and compares that with the positions that they have. */
export class Continuity {
  readonly #log: Log;
  /** The `seq` after which entries are counted; and their number up to the head. */
  #base: number;
  #count = 0;

  /** Begins to count after the head of a log. */
  constructor(log: Log) {
    this.#log = log;
    this.#base = log.head;
  }

  /** The position of the log: what is published now has it. */
  get place(): Place {
    return { base: this.#base, count: this.#count, head: this.#log.head };
  }

  /** Continues the log after `seq`; entries between its head and that are missing. */
  skipTo(seq: number): void {
    this.#log.skipTo(seq);
    this.#base = seq;
    this.#count = 0;
  }

  /** Says whether the publisher of an entry had a newer entry than the log. */
  isBehind({ place }: PlacedEntry): boolean {
    return place !== undefined && place.head > this.#log.head;
  }

  /**
   * Checks an entry before it is pushed as the next one: where the log lacks an entry that its
   * publisher had, it continues after that. Says whether it lacks none.
   */
  beforePush({ place }: PlacedEntry): boolean {
    if (place === undefined || place.head <= this.#log.head) return true;
    this.skipTo(place.head);
    this.#base = place.base;
    this.#count = place.count;
    return false;
  }

  /**
   * Checks an entry after it was pushed: where it shows that an older one is missing, the log drops
   * all before that. Says whether none is.
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
    // A count from further back can be compared with more positions.
    if (place.base < this.#base) this.#countFrom(place, behind);
    return true;
  }

  #countFrom({ base, count }: Place, behind: number): void {
    this.#base = base;
    this.#count = count + behind;
  }

  /**
   * Returns the `seq` after which nothing is missing in `entries`: the smallest, not before the
   * head, that is certain. They are all that is left after the head, whose own entry is gone.
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
