/**
 * Places in the stream of a room, as they are in URLs: offsets, and the cursors by which proxies tell
 * requests for the same place apart.
 *
 * @module
 */

import { ChatError } from "../protocol/errors.ts";
import { quote } from "../protocol/fields.ts";
import type { LogPlace } from "../server/log_reading.ts";
import { HttpError } from "./problem.ts";

/** The digits of a `seq`: all of them have as many, so that offsets sort as text. */
const DIGITS = 16;

const OFFSET = new RegExp(`^([0-9a-z]{1,64})_(\\d{${DIGITS}})$`);

/** The interval of cursors in milliseconds, and the time at which the first begins. */
const CURSOR_MS = 20_000;
const CURSORS_BEGIN = Date.UTC(2024, 9, 9);

/** The most intervals by which a cursor goes on that a client has had before. */
const MOST_SKIPPED = 180;

/** The part of a log that places are in. */
interface PlacedLog {
  readonly epoch: string;
  readonly head: number;
}

/** Writes the offset behind the entry with a `seq`. */
export function offsetOf({ epoch }: Pick<PlacedLog, "epoch">, seq: number): string {
  return `${epoch}_${String(seq).padStart(DIGITS, "0")}`;
}

/**
 * Reads an offset: `-1` or none is the beginning, and `now` the end.
 *
 * @throws {ChatError} where it is none, or one of an earlier log of the room.
 */
export function placeOf(offset: string | undefined, log: PlacedLog): LogPlace {
  if (offset === undefined || offset === "-1") return { after: 0, isKnown: false };
  if (offset === "now") return { after: log.head, isKnown: true };
  const [, epoch, digits] = OFFSET.exec(offset) ?? [];
  const after = Number(digits);
  if (!Number.isSafeInteger(after)) {
    throw new ChatError(
      "invalid_frame",
      `offset must be -1, now or one that was given, not ${quote(offset)}`,
    );
  }
  if (epoch === log.epoch) return { after, isKnown: true };
  throw new HttpError(
    410,
    "room_gone",
    "The log of this room has begun anew: begin with offset=-1",
  );
}

/**
 * The cursor at a time, in milliseconds since 1970: greater than the one that a client has brought.
 * `random` is from 0 to 1.
 */
export function cursorAt(at: number, brought: string | undefined, random: number): string {
  const now = Math.max(0, Math.floor((at - CURSORS_BEGIN) / CURSOR_MS));
  const before = brought !== undefined && /^\d{1,15}$/.test(brought) ? Number(brought) : -1;
  const next = before < now ? now : before + 1 + Math.floor(random * MOST_SKIPPED);
  return String(next);
}
