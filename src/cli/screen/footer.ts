// This module is pure: no sockets, no clock, no Deno.

/**
 * The rows at the bottom of the terminal, which are drawn again and again, as control sequences
 * (ECMA-48, section 8.3). No cursor is placed by counting columns, about which terminals disagree:
 * the text before the cursor is written a second time instead.
 *
 * @module
 */

import { columnsOf, wrap } from "../words/columns.ts";
import type { View } from "./editor.ts";

/** Control sequences that switch wrapping on, as it usually is, and off. */
export const WRAPPING = { on: "\x1b[?7h", off: "\x1b[?7l" } as const;

/** Kinds of terminals that cut rows off and break none: xterm, rxvt, screen, PuTTY, mosh. */
const CUTTING = /^(?:41|8[235]|0;136|1;10);/;

/** An empty view, for when nobody can type. */
export const NOTHING: View = { rows: [""], cursorRow: 0, before: "" };

/** Puts a status, if there is one, above a view. */
export function withStatus(status: string, view: View, columns: number): View {
  if (status === "") return view;
  const [row = ""] = wrap(status, Math.max(columns - 2, 1));
  return { ...view, rows: [row, ...view.rows], cursorRow: view.cursorRow + 1 };
}

/** Draws a view; the cursor must be at the start of a row. */
export function draw({ rows, cursorRow, before }: View): string {
  const below = rows.length - 1 - cursorRow;
  const up = below > 0 ? `\x1b[${below}A` : "";
  const back = below === 0 && rows[cursorRow] === before ? "" : `${up}\r${before}`;
  return `${WRAPPING.off}${rows.join("\r\n")}${back}${WRAPPING.on}`;
}

/** Erases a view with `above` rows above the cursor. */
export function erase(above: number): string {
  return `${above > 0 ? `\x1b[${above}A` : ""}\r\x1b[J`;
}

/** Says whether a view may be too wide for a terminal that has become `columns` wide. */
export function isBroken(view: View, columns: number): boolean {
  const { rows, cursorRow, before } = view;
  return columnsOf(before) >= columns ||
    rows.slice(0, cursorRow).some((row) => columnsOf(row) > columns);
}

/**
 * Says whether a terminal has broken the rows that became too wide for it. The column of its
 * cursor, from 0, tells, or else its kind. Where neither does, the answer is no, and nothing is
 * erased.
 */
export function breaksRows(view: View, columns: number, column: number, kind?: string): boolean {
  const width = columnsOf(view.before);
  if (width >= columns) {
    if (column !== columns - 1) return true;
    // A terminal that cuts rows off leaves the cursor at the end of its row, as one that breaks
    // them may.
    if (width % columns !== column) return false;
  }
  return kind !== undefined && !CUTTING.test(kind);
}

/** Counts the rows above the cursor in a terminal that has broken rows that were too wide. */
export function brokenRowsAbove(view: View, columns: number, column: number): number {
  const { rows, cursorRow, before } = view;
  const above = rows.slice(0, cursorRow).reduce(
    (sum, row) => sum + Math.max(Math.ceil(columnsOf(row) / columns), 1),
    0,
  );
  return above + Math.max(Math.floor((columnsOf(before) - column) / columns), 0);
}
