/**
 * Signs client ids, and what rooms are called: what this process never saw can be told from
 * what somebody made up, as long as the key is the same.
 *
 * @module
 */

import { createHmac } from "node:crypto";
import { KEY_BYTES } from "../core/authority/ids.ts";
import type { LinkSigner } from "../core/authority/links.ts";
import type { Store } from "../core/store/store.ts";
import { textOf } from "../protocol/base32.ts";

/**
 * The key that outlives the process: the secret of the server or the key of its store; undefined
 * where there is neither.
 *
 * @throws {RangeError} where there must be a secret, or where the key could be guessed.
 */
export function lastingKey(
  secret: string | undefined,
  { clients, bus }: Pick<Store, "clients" | "bus">,
): string | Uint8Array | undefined {
  if (secret !== undefined) return secret;
  if (bus !== undefined) {
    throw new RangeError(
      "Servers that share a store need the same secret: --secret-file or CHAT_SECRET",
    );
  }
  const key = clients?.key;
  if (key === undefined || key.length >= KEY_BYTES) return key;
  throw new RangeError(`The key of a store must have ${KEY_BYTES} bytes, not ${key.length}`);
}

/** Signs with HMAC-SHA-256 under `key`; a signature is 32 characters that hold 160 bits. */
export function tokenSigner(key: Uint8Array | string): (clientId: string) => string {
  return (clientId) => sign(key, clientId);
}

/** Signs with another key that is made of `key`: what one of both has signed, the other does not know. */
export function roomSigner(key: Uint8Array | string): (room: string) => string {
  const roomKey = createHmac("sha256", key).update("rooms").digest();
  return (room) => sign(roomKey, room);
}

/** Signs links with a key that is made of `key`, and for each room with one of its own. */
export function linkSigner(key: Uint8Array | string): LinkSigner {
  const linksKey = createHmac("sha256", key).update("links").digest();
  return {
    first: (roomId, id) => sign(createHmac("sha256", linksKey).update(roomId).digest(), id),
    next: (signature, caveat) => sign(signature, caveat),
  };
}

function sign(key: Uint8Array | string, text: string): string {
  return textOf(createHmac("sha256", key).update(text).digest());
}
