/**
 * Lines of the terminal chat in tests: when and by whom, and what they look like without colours.
 *
 * @module
 */

import { Names } from "../../src/cli/words/names.ts";
import { clock, type Look, toText } from "../../src/cli/words/render.ts";
import type { Shown } from "../../src/cli/words/shown.ts";

/** The time of everything, in milliseconds since 1970. */
export const AT = Date.UTC(2026, 7, 3, 14, 5, 9);

const PLAIN: Look = { colour: false, time: clock("UTC") };

/** Fields of an entry of somebody else's that tells of people. */
export const PRESENCE = {
  roomId: "r",
  seq: 7,
  epoch: "e",
  sentAt: AT,
  from: "a0ana1",
  own: false,
} as const;

/** Returns what is shown as plain text, in rows of `columns`; undefined where nothing is. */
export function text(
  shown: Shown,
  columns = Infinity,
  names = new Names(),
): string | undefined {
  return toText(shown, PLAIN, { now: AT, columns, names });
}
