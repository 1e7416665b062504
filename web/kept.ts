// This module runs in browsers.

/// <reference lib="dom" />
/**
 * Things that a browser keeps for the page: the name, drafts, rooms, how far each was read. Where it
 * keeps nothing, the page works all the same.
 *
 * @module
 */

/** The most rooms that are remembered. */
const MOST_ROOMS = 20;

/** The most characters of a draft that are kept. */
const MOST_DRAFT = 65_536;

/** Reads what is kept under a name. */
export function kept(name: string): string | undefined {
  try {
    return localStorage.getItem(`parley.${name}`) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a text under a name; nothing where it is empty. */
export function keep(name: string, text: string): void {
  try {
    if (text === "") localStorage.removeItem(`parley.${name}`);
    else localStorage.setItem(`parley.${name}`, text);
  } catch {
    // Private windows keep nothing, and a full disk keeps no more.
  }
}

/** A room that was visited here. */
export interface KnownRoom {
  id: string;
  name: string;
}

/** The rooms that were visited here, the last one first. */
export function knownRooms(): KnownRoom[] {
  try {
    const rooms: unknown = JSON.parse(kept("rooms") ?? "[]");
    if (!Array.isArray(rooms)) return [];
    return rooms.filter((room) => typeof room?.id === "string" && typeof room.name === "string");
  } catch {
    return [];
  }
}

/** Says whether a room was visited here. */
export function isKnown(roomId: string): boolean {
  return knownRooms().some(({ id }) => id === roomId);
}

/** Puts a room in front of those that were visited. */
export function knowRoom({ id, name }: KnownRoom): void {
  const others = knownRooms().filter((room) => room.id !== id);
  keep("rooms", JSON.stringify([{ id, name }, ...others].slice(0, MOST_ROOMS)));
}

/** Forgets a room, with its draft. */
export function forgetRoom(id: string): void {
  keep("rooms", JSON.stringify(knownRooms().filter((room) => room.id !== id)));
  keepDraft(id, "");
  keep(`read.${id}`, "");
}

/** A text that was said, until it is known to be kept elsewhere. */
export interface Said {
  text: string;
  /** When, in milliseconds since 1970. */
  writtenAt: number;
}

/** Reads the draft of a room, with what was said and, by its time, is not kept elsewhere. */
export function draftOf(roomId: string, isKept: (writtenAt: number) => boolean): string {
  try {
    const [text, ...said]: [string, ...Said[]] = JSON.parse(kept(`draft.${roomId}`)!);
    const unkept = said.filter(({ writtenAt }) => !isKept(writtenAt)).map(({ text }) => text);
    return [...unkept, text].join("\n").trim();
  } catch {
    return "";
  }
}

/** Keeps the draft of a room, and in the same step what was said. */
export function keepDraft(roomId: string, text: string, said: readonly Said[] = []): void {
  const isEmpty = said.length === 0 && text.trim() === "";
  keep(
    `draft.${roomId}`,
    isEmpty ? "" : JSON.stringify([text.slice(0, MOST_DRAFT), ...said]),
  );
}

/** The last entry of a room that was read. */
export interface ReadMark {
  epoch: string;
  seq: number;
}

/** Reads how far a room was read. */
export function readMark(roomId: string): ReadMark | undefined {
  const [seq, epoch] = kept(`read.${roomId}`)?.split(" ") ?? [];
  return epoch === undefined ? undefined : { seq: Number(seq), epoch };
}

/** Keeps how far a room was read. */
export function keepReadMark(roomId: string, { seq, epoch }: ReadMark): void {
  keep(`read.${roomId}`, `${seq} ${epoch}`);
}
