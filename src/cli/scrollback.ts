// This module runs in browsers: it needs no Deno.

/**
 * The lines of one room, kept to be shown later or again.
 *
 * @module
 */

import type { Shown } from "./words/shown.ts";

/** The most lines that a room holds where nobody scrolls back, and where somebody does. */
const MOST = { usual: 2_000, scrolled: 10_000 } as const;

/** The newest lines of a room, in the order of its log. */
export class Scrollback {
  #lines: Shown[] = [];
  #pending = 0;
  #first: number | undefined;

  /** The lines, the oldest first. */
  get lines(): readonly Shown[] {
    return this.#lines;
  }

  /** The number of the newest lines that nobody has seen. */
  get pending(): number {
    return this.#pending;
  }

  /** The `seq` of the oldest event among the lines; undefined where there is none. */
  get first(): number | undefined {
    return this.#first;
  }

  /** `true` where no older lines are taken any more. */
  get isFull(): boolean {
    return this.#lines.length >= MOST.scrolled;
  }

  /** Adds a line at the end. */
  add(shown: Shown, isSeen: boolean): void {
    this.#lines.push(shown);
    this.#first ??= seqOf(shown);
    if (!isSeen) this.#pending++;
    if (this.#lines.length >= MOST.scrolled + MOST.usual) this.trim();
  }

  /** Puts older lines before all others. */
  prepend(older: readonly Shown[]): void {
    this.#lines = [...older, ...this.#lines];
    this.#first = firstOf(this.#lines);
  }

  /** Takes out the lines that nobody has seen, which are seen from now on. */
  see(): Shown[] {
    const unseen = this.#pending === 0 ? [] : this.#lines.slice(-this.#pending);
    this.#pending = 0;
    return unseen;
  }

  /** Drops the oldest lines of many: nobody scrolls back any more. */
  trim(): void {
    if (this.#lines.length <= MOST.usual) return;
    this.#lines = this.#lines.slice(-MOST.usual);
    this.#pending = Math.min(this.#pending, MOST.usual);
    this.#first = firstOf(this.#lines);
  }
}

function firstOf(lines: readonly Shown[]): number | undefined {
  for (const line of lines) {
    const seq = seqOf(line);
    if (seq !== undefined) return seq;
  }
}

function seqOf(shown: Shown): number | undefined {
  return "epoch" in shown ? shown.seq : undefined;
}
