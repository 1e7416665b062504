// This module is pure: no sockets, no clock, no Deno.

/**
 * The line being typed: keys go in, lines and a picture of one screen row come out.
 *
 * `node:readline` would do, but counts the columns of the whole line anew for each
 * character: a paste of 8,000 of them stopped the program for more than 20 seconds.
 *
 * @module
 */

import type { Key } from "./cli_keys.ts";
import { MAX_BODY_BYTES } from "./protocol.ts";
import { visible } from "./visible.ts";

/** Counts the columns a terminal needs for a text. */
export type WidthOf = (text: string) => number;

/** What a key led to, where it did more than edit. */
export type Entered = { type: "line"; line: string } | { type: "interrupt" | "endOfInput" };

/** One row of the screen, and the column of the cursor in it, from 0. */
export interface Row {
  text: string;
  column: number;
}

/** How many lines can be brought back with the up key. */
const MAX_HISTORY = 100;

/** How much text is looked at for one column: emoji can be put together from that many units. */
const UNITS_PER_COLUMN = 8;

const SEGMENTER = new Intl.Segmenter();

/** A line editor for one row; a line that does not fit is seen around the cursor. */
export class LineEditor {
  #before = "";
  #after = "";
  #history: string[] = [];
  /** Where in the history the line comes from; its length for a new one. */
  #place = 0;
  /** The new line, while an older one is shown. */
  #draft = "";

  /** Takes a key. */
  onKey(key: Key): Entered | undefined {
    switch (key.type) {
      case "text":
        // One unit over the limit is kept, so that such a line is known to be too long.
        this.#before += key.text.slice(0, Math.max(0, MAX_BODY_BYTES + 1 - this.#length));
        return;
      case "enter":
        return { type: "line", line: this.#enter() };
      case "interrupt":
        return { type: "interrupt" };
      case "endOfInput":
        if (this.#length === 0) return { type: "endOfInput" };
        return this.onKey({ type: "delete" });
      case "backspace":
        this.#before = this.#before.slice(0, -lastCharacter(this.#before).length || undefined);
        return;
      case "delete":
        this.#after = this.#after.slice(firstCharacter(this.#after).length);
        return;
      case "left":
        return this.#move(-lastCharacter(this.#before).length);
      case "right":
        return this.#move(firstCharacter(this.#after).length);
      case "wordLeft":
        return this.#move(-lastWord(this.#before).length);
      case "wordRight":
        return this.#move(firstWord(this.#after).length);
      case "home":
        return this.#move(-this.#before.length);
      case "end":
        return this.#move(this.#after.length);
      case "up":
        return this.#recall(this.#place - 1);
      case "down":
        return this.#recall(this.#place + 1);
      case "eraseWord":
        this.#before = this.#before.slice(0, -lastWord(this.#before).length || undefined);
        return;
      case "eraseBefore":
        this.#before = "";
        return;
      case "eraseAfter":
        this.#after = "";
        return;
      default:
        key satisfies never;
    }
  }

  /** Draws the line behind the prompt, in one row that leaves the last column free. */
  render(prompt: string, columns: number, widthOf: WidthOf): Row {
    const room = Math.max(columns - widthOf(prompt) - 1, 1);
    const ahead = widthOf(fitting(this.#after, Math.floor(room / 4), widthOf));
    const before = fittingEnd(this.#before, room - ahead, widthOf);
    const after = fitting(this.#after, room - widthOf(before), widthOf);
    return { text: prompt + before + after, column: widthOf(prompt + before) };
  }

  get #length(): number {
    return this.#before.length + this.#after.length;
  }

  #enter(): string {
    const line = this.#before + this.#after;
    if (line.trim() !== "" && line !== this.#history.at(-1)) this.#history.push(line);
    if (this.#history.length > MAX_HISTORY) this.#history.shift();
    this.#place = this.#history.length;
    this.#before = "";
    this.#after = "";
    return line;
  }

  #move(by: number): undefined {
    const line = this.#before + this.#after;
    const cursor = this.#before.length + by;
    this.#before = line.slice(0, cursor);
    this.#after = line.slice(cursor);
  }

  /** Shows a line of the history; behind its end is the new one. */
  #recall(place: number): undefined {
    if (place < 0 || place > this.#history.length) return;
    if (this.#place === this.#history.length) this.#draft = this.#before + this.#after;
    this.#place = place;
    this.#before = this.#history[place] ?? this.#draft;
    this.#after = "";
  }
}

/** The beginning of a text, made visible, as far as it fits. */
function fitting(text: string, columns: number, widthOf: WidthOf): string {
  return fit(charactersOf(text.slice(0, columns * UNITS_PER_COLUMN)), columns, widthOf).join("");
}

/** The end of a text, made visible, as far as it fits. */
function fittingEnd(text: string, columns: number, widthOf: WidthOf): string {
  const end = columns > 0 ? text.slice(-columns * UNITS_PER_COLUMN) : "";
  return fit(charactersOf(end).reverse(), columns, widthOf).reverse().join("");
}

function fit(characters: string[], columns: number, widthOf: WidthOf): string[] {
  const shown: string[] = [];
  let free = columns;
  for (const character of characters.map(visible)) {
    free -= widthOf(character);
    if (free < 0) break;
    shown.push(character);
  }
  return shown;
}

/** A text in what people see as characters (Unicode Standard Annex #29). */
function charactersOf(text: string): string[] {
  return Array.from(SEGMENTER.segment(text), ({ segment }) => segment);
}

function firstCharacter(text: string): string {
  return charactersOf(text.slice(0, 100))[0] ?? "";
}

function lastCharacter(text: string): string {
  return charactersOf(text.slice(-100)).at(-1) ?? "";
}

function firstWord(text: string): string {
  return /^\s*\S*/.exec(text)![0];
}

function lastWord(text: string): string {
  const rest = text.trimEnd();
  const start = Math.max(...[" ", "\t"].map((space) => rest.lastIndexOf(space))) + 1;
  return text.slice(start);
}
