// This module is pure: no sockets, no clock, no Deno.

/**
 * What a terminal in raw mode sends, as keys.
 *
 * @module
 */

/** A key that does something. */
export type KeyName =
  | "enter"
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
  | "endOfInput";

/** A key, or text that was typed or pasted in one go. */
export type Key = { type: KeyName } | { type: "text"; text: string };

// As xterm, the Linux console, tmux and rxvt send them; the control characters are those of Emacs.
const KEYS: Record<string, KeyName> = {
  "\r": "enter",
  "\n": "enter",
  "\r\n": "enter",
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
};

// A control sequence (ECMA-48, section 5.4; the Linux console puts a second bracket before its
// first function keys), one of three characters, another escape, a
// control character, or text. Tabs are text.
const TOKENS =
  // deno-lint-ignore no-control-regex
  /\x1b\[\[?[0-?]*[ -/]*[@-~]|\x1bO[@-~]|\x1b[^\x1b[]?|\r\n|[\x00-\x08\n-\x1f\x7f]|[^\x00-\x08\n-\x1f\x7f]+/gu;

/** How much of a control sequence is waited for: no key has a longer one. */
const MAX_UNFINISHED = 16;

// deno-lint-ignore no-control-regex
const UNFINISHED = /\x1b(?:\[\[?[0-?]*[ -/]*|O)$/;

/**
 * Reads keys; unknown ones are passed over. `rest` is the beginning of a sequence whose
 * end has not come yet: put it before the next input.
 */
export function readKeys(input: string): { keys: Key[]; rest: string } {
  const unfinished = UNFINISHED.exec(input)?.[0] ?? "";
  const rest = unfinished.length > MAX_UNFINISHED ? "" : unfinished;
  const keys: Key[] = [];
  for (const [token] of input.slice(0, input.length - unfinished.length).matchAll(TOKENS)) {
    const type = KEYS[token];
    if (type !== undefined) keys.push({ type });
    // deno-lint-ignore no-control-regex
    else if (!/^[\x00-\x08\n-\x1f\x7f]/.test(token)) keys.push({ type: "text", text: token });
  }
  return { keys, rest };
}
