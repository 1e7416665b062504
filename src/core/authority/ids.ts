/**
 * Ids and secrets that are easy to read aloud and paste: Crockford's base 32,
 * in lower case, which has no i, l, o or u.
 *
 * @module
 */

import { textOf } from "../../protocol/base32.ts";

/** Fills an array with random bytes; `crypto.getRandomValues` is one. */
export type RandomBytes = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;

/** The bytes of a key. */
export const KEY_BYTES = 32;

/** A new key to sign with: 256 random bits. */
export function newKey(random: RandomBytes): Uint8Array<ArrayBuffer> {
  return random(new Uint8Array(KEY_BYTES));
}

/** A room's id: 80 random bits as four groups of four, like `k7q2-m9xd-4hwn-r3tc`. */
export function newRoomId(random: RandomBytes): string {
  return group(randomText(16, random));
}

/** The id of a link: 40 random bits. It is no secret. */
export function newLinkId(random: RandomBytes): string {
  return randomText(8, random);
}

/** A client's public id: 60 random bits. */
export function newClientId(random: RandomBytes): string {
  return randomText(12, random);
}

/** Says whether `text` is written like a client's id. */
export function isClientId(text: string): boolean {
  return /^[0-9a-hjkmnp-tv-z]{12}$/.test(text);
}

/** The epoch of a new log: 40 random bits. */
export function newEpoch(random: RandomBytes): string {
  return randomText(8, random);
}

/** The longest name of a named room, in characters besides the `#`. */
const MAX_ROOM_NAME_CHARS = 64;

/**
 * A room id as people may have heard, typed or pasted it, in the one way it is written. Upper case
 * and full-width letters, o for 0, i and l for 1, and whatever is no letter and no digit make no
 * difference: hyphens of any kind or none, spaces, what has no width, brackets, a full stop behind
 * it. What begins with `#` and is no such id is the name of a room; case and width make no difference
 * there. What is neither is returned as it came.
 */
export function normalizeRoomId(text: string): string {
  const id = normalizedId(text);
  if (isRoomId(id)) return id;
  const named = text.normalize("NFKC").startsWith("#") ? folded(text) : text;
  return isRoomName(named) ? named : text;
}

/**
 * Says whether `text` is the id of a named room as it is written: `#`, a letter or digit of any script,
 * and more of these, `-` and `_`. Nothing that could be taken for another id is one.
 */
export function isRoomName(text: string): boolean {
  return /^#[\p{L}\p{N}][\p{L}\p{M}\p{N}_-]*$/u.test(text) &&
    [...text].length <= MAX_ROOM_NAME_CHARS + 1 && folded(text) === text &&
    !isRoomId(normalizedId(text));
}

/** A text without differences of case and width: what looks the same to somebody who types it is the same. */
function folded(text: string): string {
  const once = text.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKC");
  return once === text ? text : folded(once);
}

/** The room id that a text may mean; the text where that is none. */
function normalizedId(text: string): string {
  const plain = text.normalize("NFKC").toLowerCase().replace(/[^\p{L}\p{N}]/gu, "")
    .replace(/o/g, "0").replace(/[il]/g, "1");
  return /^[0-9a-hjkmnp-tv-z]{16}$/.test(plain) ? group(plain) : text;
}

/** Says whether `text` is written like a room id of ours. */
export function isRoomId(text: string): boolean {
  return /^[0-9a-hjkmnp-tv-z]{4}(-[0-9a-hjkmnp-tv-z]{4}){3}$/.test(text);
}

/** Compares two secrets in a time that does not depend on where they differ. */
export function sameSecret(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

function randomText(length: number, random: RandomBytes): string {
  return textOf(random(new Uint8Array(length)));
}

function group(text: string): string {
  return text.replace(/.{4}(?=.)/g, "$&-");
}
