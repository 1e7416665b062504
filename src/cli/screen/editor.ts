// This module is pure: no sockets, no clock, no Deno.

/**
 * The message being written: keys and pastes go in, messages and rows for the screen come out.
 *
 * `node:readline` would do for one line, but counts the columns of the whole line anew for each
 * character: a paste of 8,000 of them stopped the program for more than 20 seconds.
 *
 * @module
 */

import { escapeText } from "../../protocol/escape.ts";
import { MAX_BODY_BYTES } from "../../protocol/frames.ts";
import { utf8Bytes } from "../../protocol/utf8.ts";
import { charactersOf, columnsOf, expandTabs, wrap } from "../words/columns.ts";
import type { Completion } from "./completion.ts";
import { type Key, MAX_PASTE } from "./keys.ts";
import type { PageMove } from "./pager.ts";

/** Something that was entered. */
export interface Line {
  text: string;
  /** `true`: it is sent as it is, even where it looks like a command. */
  literal: boolean;
}

/** The effect of a key that did more than edit. */
export type Entered =
  | { type: "line"; line: Line }
  /** The key had no effect, for the reason in `message`. */
  | { type: "refused"; message: string }
  | { type: "interrupt" | "endOfInput" | "suspend" | "retry" }
  /** Somebody reads back, or comes back to the end. */
  | { type: "page"; move: PageMove }
  /** Somebody goes to the room with that number. */
  | { type: "room"; number: number };

/** Rows, each narrower than the screen, and where the cursor is. */
export interface View {
  rows: string[];
  /** The row of the cursor, from 0. */
  cursorRow: number;
  /** The text before the cursor in its row, so that no columns need to be counted. */
  before: string;
}

/** The size of the screen to draw on. */
export interface Size {
  columns: number;
  rows: number;
}

/** The most rows of a message; a longer one shows those around the cursor. */
const MAX_ROWS = 8;

/** The UTF-16 units above which a note says how large the message is. */
const LARGE = 2_000;

/** The most messages that the up key brings back, and their most UTF-16 units in all. */
const HISTORY = { lines: 100, units: 4 * MAX_PASTE };

/** The UTF-16 units that are read for each column: one emoji can be made of that many. */
const UNITS_PER_COLUMN = 8;

/** An editor for messages of one line or many. */
export class Editor {
  #before = "";
  #after = "";
  /** Set where some of the text was pasted; and where its first character was. */
  #pasted = false;
  #beginsPasted = false;
  #history: Line[] = [];
  /** The index in the history of the text shown; the length of the history for a new one. */
  #place = 0;
  /** The new message, while an older one is shown. */
  #draft: Line = { text: "", literal: false };
  readonly #complete: (before: string) => Completion | undefined;
  /** The completion that Tab goes on with, and its candidate that was taken last. */
  #completion: Completion & { start: string; taken: number } | undefined;

  /** Makes an editor that is empty; `complete` finds ways to go on with the text before the cursor. */
  constructor(complete: (before: string) => Completion | undefined = () => undefined) {
    this.#complete = complete;
  }

  /** Takes a key. */
  onKey(key: Key): Entered | undefined {
    if (key.type !== "tab") this.#completion = undefined;
    switch (key.type) {
      case "text":
        return this.#insert(key.text, false);
      case "paste":
        return this.#insert(key.text, true, key.missing);
      case "newline":
        return this.#insert("\n", false);
      case "enter":
        return this.#enter();
      case "escape":
        if (this.#length === 0) return { type: "page", move: "end" };
        return this.#drop();
      case "pageUp":
        return { type: "page", move: "up" };
      case "pageDown":
        return { type: "page", move: "down" };
      case "room":
        return { type: "room", number: key.number };
      case "interrupt":
      case "suspend":
      case "retry":
        return { type: key.type };
      case "endOfInput":
        if (this.#length === 0) return { type: key.type };
        return this.onKey({ type: "delete" });
      case "backspace":
        return this.#erase(lastCharacter(this.#before).length, 0);
      case "delete":
        return this.#erase(0, firstCharacter(this.#after).length);
      case "left":
        return this.#move(-lastCharacter(this.#before).length);
      case "right":
        return this.#move(firstCharacter(this.#after).length);
      case "wordLeft":
        return this.#move(-lastWord(this.#before).length);
      case "wordRight":
        return this.#move(firstWord(this.#after).length);
      case "home":
        return this.#move(-lastLine(this.#before).length);
      case "end":
        if (this.#length === 0) return { type: "page", move: "end" };
        return this.#move(firstLine(this.#after).length);
      case "up":
        return this.#up();
      case "down":
        return this.#down();
      case "eraseWord":
        return this.#erase(lastWord(this.#before).length, 0);
      case "eraseBefore":
        return this.#erase(lastLine(this.#before).length, 0);
      case "eraseAfter":
        return this.#erase(0, firstLine(this.#after).length);
      case "tab":
        return this.#goOn();
      case "terminal":
      case "column":
        return;
      default:
        key satisfies never;
    }
  }

  /** Draws the message after the prompt, in rows that leave the last two columns free. */
  render(prompt: string, { columns, rows }: Size): View {
    const above = count(this.#before, "\n");
    const below = count(this.#after, "\n");
    const most = Math.max(Math.min(MAX_ROWS, rows), 1);
    const note = this.#note(above + below + 1, most);
    const notes = note === "" ? [] : wrap(note, Math.max(columns - 2, 1)).slice(0, most - 1);
    const others = most - 1 - notes.length;
    const aboveShown = Math.min(above, others - Math.min(below, Math.floor(others / 2)));
    const belowShown = Math.min(below, others - aboveShown);

    const room = Math.max(columns - columnsOf(prompt) - 2, 1);
    const indent = " ".repeat(columnsOf(prompt));
    const head = aboveShown === above ? prompt : indent;
    const texts = lastLines(this.#before, aboveShown + 1);
    const [before, after] = around(texts.pop()!, firstLine(this.#after), room);
    const lines = firstLines(this.#after, belowShown + 1).slice(1);
    const view = [
      ...texts.map((line) => fitting(line, room)),
      before + after,
      ...lines.map((line) => fitting(line, room)),
    ].map((row, i) => (i === 0 ? head : indent) + row);
    return {
      rows: [...notes, ...view],
      cursorRow: notes.length + aboveShown,
      before: (aboveShown === 0 ? head : indent) + before,
    };
  }

  get #length(): number {
    return this.#before.length + this.#after.length;
  }

  /** The message. Pasted text makes it literal, unless it begins with a slash that was typed. */
  get #line(): Line {
    const text = this.#before + this.#after;
    return { text, literal: this.#pasted && (this.#beginsPasted || !text.startsWith("/")) };
  }

  /** A note about a message that is large, or that was pasted and looks like a command. */
  #note(rows: number, most: number): string {
    const large = rows > most || this.#length > LARGE;
    const bytes = large ? utf8Bytes(this.#before) + utf8Bytes(this.#after) : 0;
    if (bytes > MAX_BODY_BYTES) {
      return `${bytes} bytes, the most are ${MAX_BODY_BYTES}: shorten it, or Esc drops it`;
    }
    if (large) {
      const lines = (this.#after || this.#before).endsWith("\n") ? rows - 1 : rows;
      return `${lines} ${lines === 1 ? "line" : "lines"}, ${bytes} bytes: Enter sends, Esc drops`;
    }
    const { text, literal } = this.#line;
    return literal && text.startsWith("/")
      ? "Pasted, so it is sent as it is: a command needs a / that is typed"
      : "";
  }

  #insert(text: string, pasted: boolean, missing = 0): Entered | undefined {
    const length = this.#length + text.length + missing;
    if (length > MAX_PASTE) {
      return {
        type: "refused",
        message: `Not taken: it would be ${length} characters, the most are ${MAX_PASTE}`,
      };
    }
    if (text === "") return;
    if (this.#before === "") this.#beginsPasted = pasted;
    this.#pasted ||= pasted;
    this.#before += text;
  }

  #erase(before: number, after: number): undefined {
    this.#before = this.#before.slice(0, this.#before.length - before);
    this.#after = this.#after.slice(after);
    if (this.#length === 0) this.#pasted = false;
    if (this.#before === "") this.#beginsPasted = this.#pasted;
  }

  /** Completes what is being typed; the next Tab takes the next candidate. */
  #goOn(): undefined {
    const known = this.#completion;
    const completion = known ?? this.#complete(this.#before);
    if (completion === undefined) return;
    const { from, candidates } = completion;
    const start = known?.start ?? this.#before.slice(0, from);
    const taken = known === undefined ? 0 : (known.taken + 1) % candidates.length;
    this.#before = start + candidates[taken]!;
    this.#completion = { from, candidates, start, taken };
  }

  #enter(): Entered {
    const line = this.#line;
    const bytes = utf8Bytes(line.text);
    if (bytes > MAX_BODY_BYTES) {
      return {
        type: "refused",
        message: `Not sent: ${bytes} bytes, the most are ${MAX_BODY_BYTES}`,
      };
    }
    this.#drop();
    return { type: "line", line };
  }

  /** Starts over; the up key brings back what was there. */
  #drop(): undefined {
    const line = this.#line;
    if (line.text.trim() !== "" && line.text !== this.#history.at(-1)?.text) {
      this.#history.push(line);
      let units = this.#history.reduce((sum, { text }) => sum + text.length, 0);
      while (this.#history.length > HISTORY.lines || units > HISTORY.units) {
        units -= this.#history.shift()!.text.length;
      }
    }
    this.#place = this.#history.length;
    this.#set({ text: "", literal: false });
  }

  #set({ text, literal }: Line): void {
    this.#before = text;
    this.#after = "";
    this.#pasted = this.#beginsPasted = literal;
  }

  #move(by: number): undefined {
    const text = this.#before + this.#after;
    const cursor = this.#before.length + by;
    this.#before = text.slice(0, cursor);
    this.#after = text.slice(cursor);
  }

  #up(): undefined {
    const line = lastLine(this.#before);
    if (line.length === this.#before.length) return this.#recall(this.#place - 1);
    const [above = ""] = lastLines(this.#before, 2);
    this.#move(atColumnOf(line, above) - above.length - 1 - line.length);
  }

  #down(): undefined {
    const rest = firstLine(this.#after);
    if (rest.length === this.#after.length) return this.#recall(this.#place + 1);
    const [, below = ""] = firstLines(this.#after, 2);
    this.#move(rest.length + 1 + atColumnOf(lastLine(this.#before), below));
  }

  /** Shows a message of the history; after its end comes the new one. */
  #recall(place: number): undefined {
    if (place < 0 || place > this.#history.length) return;
    if (this.#place === this.#history.length) this.#draft = this.#line;
    this.#place = place;
    this.#set(this.#history[place] ?? this.#draft);
  }
}

/** The parts of a line before and after the cursor that fit. */
function around(before: string, after: string, columns: number): [before: string, after: string] {
  const ahead = columnsOf(fitting(after, Math.floor(columns / 4)));
  const seen = fittingEnd(before, columns - ahead);
  return [seen, fitting(after, columns - columnsOf(seen))];
}

/** The beginning of a line, escaped, as far as it fits. */
function fitting(text: string, columns: number): string {
  const start = expandTabs(text.slice(0, Math.max(columns, 0) * UNITS_PER_COLUMN));
  return fit(charactersOf(start), columns).join("");
}

/** The end of a line, escaped, as far as it fits. */
function fittingEnd(text: string, columns: number): string {
  const end = columns > 0 ? expandTabs(text.slice(-columns * UNITS_PER_COLUMN)) : "";
  return fit(charactersOf(end).reverse(), columns).reverse().join("");
}

function fit(characters: string[], columns: number): string[] {
  const shown: string[] = [];
  let free = columns;
  for (const character of characters.map(escapeText)) {
    free -= columnsOf(character);
    if (free < 0) break;
    shown.push(character);
  }
  return shown;
}

function count(text: string, character: string): number {
  let found = 0;
  for (let i = text.indexOf(character); i >= 0; i = text.indexOf(character, i + 1)) found++;
  return found;
}

/** The last lines of a text, `lines` of them or fewer. */
function lastLines(text: string, lines: number): string[] {
  let start = text.length + 1;
  for (let i = 0; i < lines && start > 0; i++) {
    start = start > 1 ? text.lastIndexOf("\n", start - 2) + 1 : 0;
  }
  return text.slice(start).split("\n");
}

/** The first lines of a text, `lines` of them or fewer. */
function firstLines(text: string, lines: number): string[] {
  let end = -1;
  for (let i = 0; i < lines && end < text.length; i++) {
    const next = text.indexOf("\n", end + 1);
    end = next < 0 ? text.length : next;
  }
  return text.slice(0, end).split("\n");
}

function lastLine(text: string): string {
  return text.slice(text.lastIndexOf("\n") + 1);
}

function firstLine(text: string): string {
  return firstLines(text, 1)[0]!;
}

/** Returns the index in a line, in UTF-16 units, at the column of a cursor after `before`. */
function atColumnOf(before: string, line: string): number {
  return charactersOf(line).slice(0, charactersOf(before).length).join("").length;
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
  const start = Math.max(...[" ", "\t", "\n"].map((space) => rest.lastIndexOf(space))) + 1;
  return text.slice(start);
}
