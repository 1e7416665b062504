/**
 * Ids and secrets that are easy to read aloud and paste: Crockford's base 32,
 * in lower case, which has no i, l, o or u.
 *
 * @module
 */

import { textOf } from "../protocol/base32.ts";

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

/** The epoch of a new log: 40 random bits. */
export function newEpoch(random: RandomBytes): string {
  return randomText(8, random);
}

/**
 * A room id as people may have heard, typed or pasted it, in the one way it is written. Upper case
 * and full-width letters, o for 0, i and l for 1, and whatever is no letter and no digit make no
 * difference: hyphens of any kind or none, spaces, what has no width, brackets, a full stop behind
 * it. What cannot be an id of ours is returned as it came.
 */
export function normalizeRoomId(text: string): string {
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
