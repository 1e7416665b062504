// This module is pure: no sockets, no clock, no Deno.

/**
 * Reads the input of a terminal in raw mode as keys, pastes and answers.
 *
 * @module
 */

/** A key that does something. */
export type KeyName =
  | "enter"
  | "newline"
  | "tab"
  | "escape"
  | "backspace"
  | "delete"
  | "left"
  | "right"
  | "wordLeft"
  | "wordRight"
  | "home"
  | "end"
  | "up"
  | "down"
  | "eraseWord"
  | "eraseBefore"
  | "eraseAfter"
  | "interrupt"
  | "endOfInput"
  | "suspend"
  | "retry"
  | "pageUp"
  | "pageDown";

/** A piece of input from the terminal. */
export type Key =
  | { type: KeyName }
  /** Alt and a digit: the room with that number. */
  | { type: "room"; number: number }
  /** Text that was typed. */
  | { type: "text"; text: string }
  /** Pasted text, whatever is in it; `missing` counts the UTF-16 units over the limit. */
  | { type: "paste"; text: string; missing: number }
  /** An answer to {@linkcode ASK}: the kind of terminal. */
  | { type: "terminal"; kind: string }
  /** The last answer to {@linkcode ASK}: the column of the cursor, from 0. */
  | { type: "column"; column: number };

/** Switches the marks around pastes on and off (xterm, "Bracketed Paste Mode"). */
export const PASTE_MARKS = { on: "\x1b[?2004h", off: "\x1b[?2004l" } as const;

/**
 * Asks for the kind of terminal (DEC, "Secondary Device Attributes") and for the position of its
 * cursor (ECMA-48, section 8.3.35).
 */
export const ASK = "\x1b[>c\x1b[6n";

/** The most UTF-16 units of a paste that are kept. */
export const MAX_PASTE = 1_048_576;

/** The most UTF-16 units after an end mark in one burst; with more, the mark was pasted. */
const MAX_BEHIND = 4_096;

const BEGIN = "\x1b[200~";
const END = "\x1b[201~";

// Keys as xterm, the Linux console, tmux and rxvt send them; the control characters are those of
// Emacs.
const KEYS: Record<string, KeyName> = {
  "\r": "enter",
  "\n": "enter",
  "\r\n": "enter",
  "\x1b\r": "newline",
  "\x1b\n": "newline",
  "\b": "backspace",
  "\x7f": "backspace",
  "\x1b[3~": "delete",
  "\x02": "left",
  "\x1b[D": "left",
  "\x1bOD": "left",
  "\x06": "right",
  "\x1b[C": "right",
  "\x1bOC": "right",
  "\x1bb": "wordLeft",
  "\x1b[1;3D": "wordLeft",
  "\x1b[1;5D": "wordLeft",
  "\x1bf": "wordRight",
  "\x1b[1;3C": "wordRight",
  "\x1b[1;5C": "wordRight",
  "\x01": "home",
  "\x1b[H": "home",
  "\x1bOH": "home",
  "\x1b[1~": "home",
  "\x1b[7~": "home",
  "\x05": "end",
  "\x1b[F": "end",
  "\x1bOF": "end",
  "\x1b[4~": "end",
  "\x1b[8~": "end",
  "\x10": "up",
  "\x1b[A": "up",
  "\x1bOA": "up",
  "\x0e": "down",
  "\x1b[B": "down",
  "\x1bOB": "down",
  "\x17": "eraseWord",
  "\x1b\x7f": "eraseWord",
  "\x15": "eraseBefore",
  "\x0b": "eraseAfter",
  "\x03": "interrupt",
  "\x04": "endOfInput",
  "\x12": "retry",
  "\x1a": "suspend",
  "\x1b[5~": "pageUp",
  "\x1b[6~": "pageDown",
};

// A control sequence (ECMA-48, section 5.4; the Linux console puts a second bracket before its
// first function keys), one of three characters, another escape, a control character, or text. Tabs
// are text: they may be from a paste without marks.
const TOKENS =
  // deno-lint-ignore no-control-regex
  /\x1b\[\[?[0-?]*[ -/]*[@-~]|\x1bO[@-~]|\x1b[^\x1b[]?|\r\n|[\x00-\x08\n-\x1f\x7f]|[^\x00-\x08\n-\x1f\x7f]+/gu;

/** The longest unfinished control sequence, in UTF-16 units: no key has a longer one. */
const MAX_UNFINISHED = 16;

// deno-lint-ignore no-control-regex
const UNFINISHED = /\x1b(?:\[\[?[0-?]*[ -/]*|O)?$/;

// deno-lint-ignore no-control-regex
const ROOM = /^\x1b([1-9])$/;

// deno-lint-ignore no-control-regex
const POSITION = /^\x1b\[\d+;(\d+)R$/;

// deno-lint-ignore no-control-regex
const KIND = /^\x1b\[>([\d;]+)c$/;

/** A paste that may not have ended yet. */
interface Paste {
  text: string;
  missing: number;
  /** The text after the last end mark: keys, unless another end mark comes. */
  behind?: string;
}

/**
 * Reads keys from pieces of input. Only a short silence tells the key Esc from the beginning of a
 * sequence, and the end of a paste from an end mark within it. Where `unsettled` is `true`, call
 * `settle` after such a silence.
 */
export class KeyReader {
  /** The beginning of a control sequence. */
  #rest = "";
  #paste: Paste | undefined;
  /** Set where the end of a paste has not come for a while. */
  #stalled = false;

  /** `true` where the next piece can change the meaning of the last one. */
  get unsettled(): boolean {
    return this.#paste === undefined ? this.#rest !== "" : !this.#stalled;
  }

  /** `true` where a paste has begun and not ended. */
  get pasting(): boolean {
    return this.#paste !== undefined;
  }

  /** Takes a piece of input, and returns the keys that are certain. */
  read(input: string): Key[] {
    const stalled = this.#stalled;
    this.#stalled = false;
    if (this.#paste !== undefined) {
      // If the end mark never comes, Ctrl-C must still be a key.
      if (stalled && input === "\x03") {
        this.#paste = undefined;
        this.#rest = "";
        return [{ type: "interrupt" }];
      }
      this.#addToPaste(input);
      return [];
    }
    if (/^\t+$/.test(input) && this.#rest === "") return [{ type: "tab" }];
    return this.#readKeys(this.#rest + input);
  }

  /** Notes that nothing has come for a moment, and returns the keys that this makes certain. */
  settle(): Key[] {
    if (this.#paste === undefined) {
      const { length } = this.#rest;
      this.#rest = "";
      return length === 1 ? [{ type: "escape" }] : [];
    }
    const { text, missing, behind } = this.#paste;
    if (behind === undefined) {
      this.#stalled = true;
      return [];
    }
    this.#paste = undefined;
    return [{ type: "paste", text: textOfPaste(text), missing }, ...this.#readKeys(behind)];
  }

  #readKeys(input: string): Key[] {
    const begin = input.indexOf(BEGIN);
    const end = begin < 0 ? input.length : begin;
    const unfinished = begin < 0 ? UNFINISHED.exec(input)?.[0] ?? "" : "";
    this.#rest = unfinished.length > MAX_UNFINISHED ? "" : unfinished;
    const keys: Key[] = [];
    for (const [token] of input.slice(0, end - unfinished.length).matchAll(TOKENS)) {
      const key = keyOf(token);
      if (key !== undefined) keys.push(key);
    }
    if (begin >= 0) {
      this.#paste = { text: "", missing: 0 };
      this.#addToPaste(input.slice(begin + BEGIN.length));
    }
    return keys;
  }

  /** Adds input to the paste up to the last end mark so far: earlier ones were pasted. */
  #addToPaste(input: string): void {
    const paste = this.#paste!;
    const { behind } = paste;
    const all = behind === undefined ? this.#rest + input : behind + input;
    const end = all.lastIndexOf(END);
    this.#rest = "";
    if (end >= 0) {
      add(paste, all.slice(0, end));
      paste.behind = all.slice(end + END.length);
    } else if (behind === undefined) {
      // An end mark can be cut in two.
      const cut = unfinishedEnd(all);
      add(paste, all.slice(0, all.length - cut));
      this.#rest = all.slice(all.length - cut);
    } else {
      paste.behind = all;
    }
    // No burst of keys is this long: the mark was not the end.
    if ((paste.behind?.length ?? 0) > MAX_BEHIND) {
      add(paste, paste.behind!);
      delete paste.behind;
    }
  }
}

function add(paste: Paste, text: string): void {
  const kept = text.slice(0, MAX_PASTE - paste.text.length);
  paste.text += kept;
  paste.missing += text.length - kept.length;
}

/** Counts the units at the end of a text that may begin an end mark. */
function unfinishedEnd(text: string): number {
  for (let length = Math.min(END.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(END.slice(0, length))) return length;
  }
  return 0;
}

/** Restores the line breaks of a paste: terminals send a carriage return for each. */
function textOfPaste(text: string): string {
  const unmarked = text.replaceAll(BEGIN, "").replaceAll(END, "");
  return unmarked.replaceAll("\r\n", "\n").replaceAll("\r", "\n");
}

function keyOf(token: string): Key | undefined {
  const type = KEYS[token];
  if (type !== undefined) return { type };
  // deno-lint-ignore no-control-regex
  if (!/^[\x00-\x08\n-\x1f\x7f]/.test(token)) return { type: "text", text: token };
  const kind = KIND.exec(token)?.[1];
  if (kind !== undefined) return { type: "terminal", kind };
  const room = ROOM.exec(token)?.[1];
  if (room !== undefined) return { type: "room", number: Number(room) };
  const column = POSITION.exec(token)?.[1];
  return column === undefined ? undefined : { type: "column", column: Number(column) - 1 };
}
