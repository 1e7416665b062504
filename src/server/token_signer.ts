/**
 * Signs client ids, and what rooms are called: what this process never saw can be told from
 * what somebody made up, as long as the key is the same.
 *
 * @module
 */

import { createHmac } from "node:crypto";
import { textOf } from "../core/ids.ts";

/** Signs with HMAC-SHA-256 under `key`; a signature is 32 characters that hold 160 bits. */
export function tokenSigner(key: Uint8Array | string): (clientId: string) => string {
  return (clientId) => sign(key, clientId);
}

/** Signs with another key that is made of `key`: what one of both has signed, the other does not know. */
export function roomSigner(key: Uint8Array | string): (room: string) => string {
  const roomKey = createHmac("sha256", key).update("rooms").digest();
  return (room) => sign(roomKey, room);
}

function sign(key: Uint8Array | string, text: string): string {
  return textOf(createHmac("sha256", key).update(text).digest());
}
