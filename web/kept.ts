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

/** Where something is kept: for all tabs, or for this one and as long as it is open. */
type Place = "localStorage" | "sessionStorage";

/** Reads what is kept under a name. */
export function kept(name: string, place: Place = "localStorage"): string | undefined {
  try {
    return globalThis[place].getItem(`parley.${name}`) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a text under a name; nothing where it is empty. */
export function keep(name: string, text: string, place: Place = "localStorage"): void {
  try {
    if (text === "") globalThis[place].removeItem(`parley.${name}`);
    else globalThis[place].setItem(`parley.${name}`, text);
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
  keep(`draft.${id}`, "");
  keep(`read.${id}`, "");
}

/** A text that was said, until it is known to be kept elsewhere. */
export interface Said {
  text: string;
  /** When, in milliseconds since 1970. */
  writtenAt: number;
}

/**
 * Reads the draft of a room, with what was said and, by its time, is not kept elsewhere. A tab has its
 * own draft, and a new one that which was written last.
 */
export function draftOf(roomId: string, isKept: (writtenAt: number) => boolean): string {
  const name = `draft.${roomId}`;
  try {
    const [text, ...said]: [string, ...Said[]] = JSON.parse(
      kept(name, "sessionStorage") ?? kept(name)!,
    );
    const unkept = said.filter(({ writtenAt }) => !isKept(writtenAt)).map(({ text }) => text);
    return [...unkept, text].join("\n").trim();
  } catch {
    return "";
  }
}

function draftWith(text: string, said: readonly Said[]): string {
  return JSON.stringify([text.slice(0, MOST_DRAFT), ...said]);
}

function textIn(draft = ""): string {
  try {
    return JSON.parse(draft)[0];
  } catch {
    return "";
  }
}

/** Keeps the draft of a room, and in the same step what was said. */
export function keepDraft(roomId: string, text: string, said: readonly Said[] = []): void {
  const name = `draft.${roomId}`;
  const last = kept(name);
  // Where there is none here, that of another tab stays.
  const shared = text.trim() === "" && last !== kept(name, "sessionStorage") ? textIn(last) : text;
  const isNothing = shared.trim() === "" && said.length === 0;
  keep(name, isNothing ? "" : draftWith(shared, said));
  keep(name, draftWith(text, said), "sessionStorage");
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
