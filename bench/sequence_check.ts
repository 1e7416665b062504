// This module is pure: no sockets, no clock, no Deno.

/**
 * Numbers that should come once each and in order: what came twice, what came late, and
 * what never came.
 *
 * @module
 */

/** The verdict on a number that came; `fresh`: nothing is wrong. */
export type Verdict = "fresh" | "duplicate" | "reordered";

/** Consecutive numbers, both ends included. */
export interface Range {
  from: number;
  to: number;
}

/** Follows one sequence of whole numbers from 0, with one bit for each. */
export class SequenceCheck {
  #seen = new Uint8Array(64);
  #last = -1;
  readonly #duplicates: number[] = [];
  readonly #reordered: number[] = [];
  #received = 0;

  /** The number of different numbers that came. */
  get received(): number {
    return this.#received;
  }

  /** The ranges of numbers that came again, once for each time. */
  get duplicates(): Range[] {
    return rangesOf(this.#duplicates);
  }

  /** The ranges of numbers that came after a greater one. */
  get reordered(): Range[] {
    return rangesOf(this.#reordered);
  }

  /** Takes the next number that came. */
  take(number: number): Verdict {
    if (this.#has(number)) {
      this.#duplicates.push(number);
      return "duplicate";
    }
    this.#mark(number);
    this.#received++;
    if (number < this.#last) {
      this.#reordered.push(number);
      return "reordered";
    }
    this.#last = number;
    return "fresh";
  }

  /** The ranges of numbers below `count` that have not come. */
  missing(count: number): Range[] {
    const ranges: Range[] = [];
    for (let number = 0; number < count; number++) {
      if (this.#has(number)) continue;
      const from = number;
      while (number + 1 < count && !this.#has(number + 1)) number++;
      ranges.push({ from, to: number });
    }
    return ranges;
  }

  #has(number: number): boolean {
    return ((this.#seen[number >> 3] ?? 0) & (1 << (number & 7))) !== 0;
  }

  #mark(number: number): void {
    const at = number >> 3;
    if (at >= this.#seen.length) {
      const grown = new Uint8Array(Math.max(at + 1, this.#seen.length * 2));
      grown.set(this.#seen);
      this.#seen = grown;
    }
    this.#seen[at] = this.#seen[at]! | (1 << (number & 7));
  }
}

/** Counts the numbers that some ranges hold. */
export function sizeOf(ranges: readonly Range[]): number {
  return ranges.reduce((size, { from, to }) => size + to - from + 1, 0);
}

/** Ranges in words: `4, 7–9`; only the first few where there are many. */
export function describeRanges(ranges: readonly Range[], most = 5): string {
  const shown = ranges.slice(0, most).map(({ from, to }) =>
    from === to ? `${from}` : `${from}–${to}`
  );
  const more = ranges.length - shown.length;
  return shown.join(", ") + (more > 0 ? ` and ${more} more ranges` : "");
}

/** Puts neighbours together; the order of what came stays. */
function rangesOf(numbers: readonly number[]): Range[] {
  const ranges: Range[] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && number === last.to + 1) last.to = number;
    else ranges.push({ from: number, to: number });
  }
  return ranges;
}
