// This module is pure: no sockets, no clock, no Deno.

/**
 * Finds holes in a log that is read from a store with several writers. Each entry has the position
 * that the log of its publisher had. That alone shows what is missing, whatever removed it.
 *
 * @module
 */

import type { Log } from "../../core/log/log.ts";

/** The position of a log: it had `count` entries after the `seq` `base`, the newest at `head`. */
export interface LogPosition {
  readonly base: number;
  readonly count: number;
  readonly head: number;
}

/** An entry with the position of its publisher's log, where it has one. */
export interface PositionedEntry {
  readonly seq: number;
  readonly position: LogPosition | undefined;
}

/** Writes a position as a text. */
export function textOfPosition({ base, count, head }: LogPosition): string {
  return `${base}.${count}.${head}`;
}

/** Reads a text of {@linkcode textOfPosition}; undefined for any other. */
export function parsePosition(text: string): LogPosition | undefined {
  const [base, count, head] = text.split(".").map(Number);
  const isPosition = [base, count, head].every((number) => Number.isSafeInteger(number));
  return isPosition ? { base: base!, count: count!, head: head! } : undefined;
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
  get position(): LogPosition {
    return { base: this.#base, count: this.#count, head: this.#log.head };
  }

  /** Continues the log after `seq`; entries between its head and that are missing. */
  skipTo(seq: number): void {
    this.#log.skipTo(seq);
    this.#base = seq;
    this.#count = 0;
  }

  /** Says whether the publisher of an entry had a newer entry than the log. */
  isBehind({ position }: PositionedEntry): boolean {
    return position !== undefined && position.head > this.#log.head;
  }

  /**
   * Checks an entry before it is pushed as the next one: where the log lacks an entry that its
   * publisher had, it continues after that. Says whether it lacks none.
   */
  beforePush({ position }: PositionedEntry): boolean {
    if (position === undefined || position.head <= this.#log.head) return true;
    this.skipTo(position.head);
    this.#base = position.base;
    this.#count = position.count;
    return false;
  }

  /**
   * Checks an entry after it was pushed: where it shows that an older one is missing, the log drops
   * all before that. Says whether none is.
   */
  afterPush({ position }: PositionedEntry): boolean {
    this.#count++;
    const log = this.#log;
    if (position === undefined || position.head < log.tail) return true;
    const behind = log.countAfter(position.head);
    if (position.base === this.#base || position.base >= log.tail) {
      const upToHead = position.base === this.#base ? this.#count : log.countAfter(position.base);
      if (upToHead - behind >= position.count) return true;
      log.dropUpTo(position.head);
      this.#countFrom(position, behind);
      return false;
    }
    // A count from further back can be compared with more positions.
    if (position.base < this.#base) this.#countFrom(position, behind);
    return true;
  }

  #countFrom({ base, count }: LogPosition, behind: number): void {
    this.#base = base;
    this.#count = count + behind;
  }

  /**
   * Returns the `seq` after which nothing is missing in `entries`: the smallest, not before the
   * head, that is certain. They are all that is left after the head, whose own entry is gone.
   */
  completeFrom(entries: readonly PositionedEntry[]): number {
    const { head } = this.#log;
    const first = entries[0]?.seq ?? head;
    let from = first - 1;
    const counts = new Map(entries.map(({ seq }, i) => [seq, i + 1]));
    for (const { position } of entries) {
      const count = counts.get(position?.head ?? -1);
      if (position === undefined || count === undefined) continue;
      const isOurs = position.base === this.#base;
      const base = isOurs ? head : position.base;
      if (base < head || base >= from) continue;
      if (count + (isOurs ? this.#count : 0) === position.count) from = base;
    }
    return from;
  }
}
