// This module is pure: no sockets, no clock, no Deno.

/**
 * The rows at the bottom of the terminal that are drawn anew all the time, as control sequences
 * (ECMA-48, section 8.3). No cursor is ever placed by counting columns: terminals disagree about
 * them. What stands before the cursor is written a second time instead.
 *
 * @module
 */

import { columnsOf, wrap } from "./columns.ts";
import type { View } from "./editor.ts";

/** Switches whether text goes on in the next row at the end of one, which is usual. */
export const WRAPPING = { on: "\x1b[?7h", off: "\x1b[?7l" } as const;

/** Terminals that cut rows off, and break none: xterm, rxvt, screen, PuTTY, mosh. */
const CUTTING = /^(?:41|8[235]|0;136|1;10);/;

/** The view of nothing, for when nobody types. */
export const NOTHING: View = { rows: [""], cursorRow: 0, before: "" };

/** Puts a status, if there is one, above a view. */
export function withStatus(status: string, view: View, columns: number): View {
  if (status === "") return view;
  const [row = ""] = wrap(status, Math.max(columns - 2, 1));
  return { ...view, rows: [row, ...view.rows], cursorRow: view.cursorRow + 1 };
}

/** Draws a view from the start of a row on. */
export function draw({ rows, cursorRow, before }: View): string {
  const below = rows.length - 1 - cursorRow;
  const up = below > 0 ? `\x1b[${below}A` : "";
  const back = below === 0 && rows[cursorRow] === before ? "" : `${up}\r${before}`;
  return `${WRAPPING.off}${rows.join("\r\n")}${back}${WRAPPING.on}`;
}

/** Erases what was drawn; `above` rows of it are above the cursor. */
export function erase(above: number): string {
  return `${above > 0 ? `\x1b[${above}A` : ""}\r\x1b[J`;
}

/** Says whether a view may lie otherwise than it was drawn when the terminal becomes so narrow. */
export function isBroken(view: View, columns: number): boolean {
  const { rows, cursorRow, before } = view;
  return columnsOf(before) >= columns ||
    rows.slice(0, cursorRow).some((row) => columnsOf(row) > columns);
}

/**
 * Says whether a terminal has broken rows that have become too wide for it, by where its cursor is
 * now (from 0), and where that does not tell by its kind: without either, nothing is to be erased.
 */
export function breaksRows(view: View, columns: number, column: number, kind?: string): boolean {
  const width = columnsOf(view.before);
  if (width >= columns) {
    if (column !== columns - 1) return true;
    // Where rows are cut off, the cursor is at the end of its row: it can be there in the other case.
    if (width % columns !== column) return false;
  }
  return kind !== undefined && !CUTTING.test(kind);
}

/** Counts the rows above the cursor in a terminal that has broken what was too wide for it. */
export function brokenRowsAbove(view: View, columns: number, column: number): number {
  const { rows, cursorRow, before } = view;
  const above = rows.slice(0, cursorRow).reduce(
    (sum, row) => sum + Math.max(Math.ceil(columnsOf(row) / columns), 1),
    0,
  );
  return above + Math.max(Math.floor((columnsOf(before) - column) / columns), 0);
}
