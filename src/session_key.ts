/**
 * Signs client ids: a session token that this process never saw can be told from one
 * that somebody made up, as long as the key is the same.
 *
 * @module
 */

import { createHmac } from "node:crypto";
import { textOf } from "./ids.ts";

/** The bytes of a key. */
const KEY_BYTES = 32;

/** A new key, known to nobody else. */
export function newSessionKey(): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(KEY_BYTES));
}

/** Signs with HMAC-SHA-256 under `key`; a signature is 32 characters that hold 160 bits. */
export function signer(key: Uint8Array | string): (clientId: string) => string {
  return (clientId) => textOf(createHmac("sha256", key).update(clientId).digest());
}
