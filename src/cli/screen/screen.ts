/**
 * The place where the terminal chat reads and writes lines, and what all such places share.
 *
 * @module
 */

import type { Completion } from "./completion.ts";
import type { Line, Size } from "./editor.ts";
import type { PageMove } from "./pager.ts";

/** The place where lines are read and written. */
export interface Screen {
  /** `true` where a person types here. */
  readonly interactive: boolean;
  /** The width in columns; infinite where there is no terminal at all. */
  readonly columns: number;
  /** Reads lines until the input ends or the signal is aborted. Call it once. */
  lines(signal: AbortSignal): AsyncIterable<Line>;
  /**
   * Writes text and a line break; text of others must be escaped already. Rows that are too wide
   * end at the edge, unless `whole` is set: then they go on in the next row.
   */
  show(text: string, options?: { whole: boolean }): Promise<void>;
  /** Sets the prompt: the text before the line being typed. */
  setPrompt(prompt: string): Promise<void>;
  /** Sets the status: one row above the line being typed; none where it is empty. */
  setStatus(status: string): Promise<void>;
  /** Shows a page in the place of all else, drawn anew for each size; undefined shows all else again. */
  setPage(page: ((size: Size) => string[]) | undefined): Promise<void>;
  /** Rings the bell of the terminal. */
  bell(): Promise<void>;
  /** Takes no more lines, drops what is being typed, and gives the terminal back as it was. */
  close(): Promise<void>;
}

/** Settings of a screen. */
export interface ScreenOptions {
  /**
   * The way to treat a terminal: `keys` reads keys and draws; `lines` reads and writes lines, for
   * people who hear them; `program` is a pipe whose lines may be commands.
   */
  mode: "keys" | "lines" | "program";
  /** Called for Ctrl-C, which sends no signal while a screen reads keys. */
  onInterrupt: () => void;
  /** Called for Ctrl-R, and for Enter where nothing was typed. */
  onRetry: () => void;
  /** Called where somebody reads back, or comes back to the end. */
  onPage: (move: PageMove) => void;
  /** Called with the number of the room where somebody goes. */
  onRoom: (number: number) => void;
  /** Finds ways to go on with the text before the cursor. */
  complete: (before: string) => Completion | undefined;
}

/** The size of terminals that do not say theirs. */
export const USUAL: Size = { columns: 80, rows: 24 };

/** The bell (ECMA-48, section 8.3.1). */
export const BELL = "\x07";

/** Writes text as bytes. */
export const encoder: TextEncoder = new TextEncoder();

/** The size of the terminal; undefined where there is none, or it has gone. */
export function sizeOfTerminal(): Size | undefined {
  try {
    const { columns, rows } = Deno.consoleSize();
    return { columns: columns || USUAL.columns, rows: rows || USUAL.rows };
  } catch {
    return undefined;
  }
}
