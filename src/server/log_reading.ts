/**
 * Reads the log of a room from a place on, for those who are not in it: a stream over HTTP, or the
 * program around a chat.
 *
 * @module
 */

import type { Room } from "../core/state/room.ts";
import { ChatError, isErrorCode } from "../protocol/errors.ts";
import { optionalCount } from "../protocol/fields.ts";
import type { Entry, GapFrame } from "../protocol/frames.ts";
import type { LogReaders } from "./log_readers.ts";
import type { Voice } from "./voice.ts";

/** The most entries that are read at once, and the most UTF-16 units of them. */
const MOST_ENTRIES = 1_000;
const MOST_UNITS = 262_144;

/** A place from which somebody reads. */
export interface LogPlace {
  /** The `seq` of the last entry that it has. */
  readonly after: number;
  /** `true` where it has had that: then it is told what is missing behind it. */
  readonly isKnown: boolean;
}

/** Entries behind a place. */
export interface ReadPart {
  /** The entries as JSON; a gap first, where something is missing. */
  readonly texts: readonly string[];
  /** The place behind them. */
  readonly next: LogPlace;
  /** `true` where that is the end of the log. */
  readonly isUpToDate: boolean;
}

/** Reads what follows a place. */
export async function readBehind(
  voice: Pick<Voice, "page">,
  room: Room,
  { after, isKnown }: LogPlace,
): Promise<ReadPart> {
  const { log } = room;
  if (after >= log.head) return nothingBehind({ after, isKnown });
  const query = { to: "newer", from: after, limit: MOST_ENTRIES, units: MOST_UNITS } as const;
  const { entries, more, complete } = await voice.page(room, query);
  const first = entries[0]?.seq ?? log.head + 1;
  const last = entries.at(-1)?.seq ?? log.head;
  const texts = entries.map(({ text }) => text);
  if (isKnown && !complete && first > after + 1) {
    const gap: GapFrame = {
      event: "gap",
      room_id: room.id,
      from_seq: after + 1,
      to_seq: first - 1,
    };
    texts.unshift(JSON.stringify(gap));
  }
  return {
    texts,
    next: { after: last, isKnown: true },
    isUpToDate: !more && last >= log.head,
  };
}

/** The part behind a place where nothing is. */
export function nothingBehind(place: LogPlace): ReadPart {
  return { texts: [], next: { ...place, isKnown: true }, isUpToDate: true };
}

/**
 * Opens a room again, as one without members is let go of.
 *
 * @throws {ChatError} where there is none any more, or its log is another one.
 */
export async function reopened(voice: Pick<Voice, "room">, room: Room): Promise<Room> {
  const now = await voice.room(room.id);
  if (now.log.epoch === room.log.epoch) return now;
  throw new ChatError("room_gone", `The log of room ${room.id} has begun anew`);
}

/** Settings of what a program hears of a room. */
export interface EventOptions {
  /** The `seq` of the last entry that it has: what follows comes first. What is said from now on unless given. */
  after?: number;
  /** The life of the log that `after` belongs to; in another one it means nothing, and is refused. */
  epoch?: string;
  /** Ends it. */
  signal?: AbortSignal;
}

/**
 * Lets entries of a room come as they are stored, for as long as it is there and the chat is not
 * closed. Whoever takes them slowly reads on later, and is told of a gap.
 *
 * @throws {ChatError} where there is no such room or log, or it cannot be read.
 */
export async function* eventsIn(
  { voice, readers, closing }: { voice: Voice; readers: LogReaders; closing(): boolean },
  roomId: string,
  { after, epoch, signal }: EventOptions,
): AsyncGenerator<Entry | GapFrame, void> {
  let room = await voice.room(roomId);
  if (epoch !== undefined && epoch !== room.log.epoch) {
    throw new ChatError("room_gone", `The log of room ${room.id} has begun anew`);
  }
  const from = optionalCount("after", after) ?? room.log.head;
  let place: LogPlace = { after: from, isKnown: true };
  const leave = readers.enter();
  try {
    while (!closing() && !signal?.aborted) {
      const { texts, next } = await readBehind(voice, room, place);
      for (const text of texts) {
        if (signal?.aborted) return;
        yield JSON.parse(text);
      }
      place = next;
      if (texts.length === 0) await readers.wait(room.id, signal);
      if (!closing()) room = await reopened(voice, room);
    }
  } catch (error) {
    const isOver = error instanceof ChatError && isErrorCode(error.code) &&
      (closing() || error.code === "room_not_found");
    if (!isOver) throw error;
  } finally {
    leave();
  }
}
