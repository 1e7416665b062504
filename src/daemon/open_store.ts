/**
 * From what `--store` says to the store it means; only that one is loaded.
 *
 * @module
 */

import { newEpoch } from "../core/ids.ts";
import type { OpenStore } from "../core/store.ts";
import { openMemoryStore } from "../server/memory_store.ts";
import { newSessionKey } from "../server/token_signer.ts";

/**
 * Finds the store that is called `memory`, `sqlite:PATH` or `nats://HOST:PORT`, with more
 * hosts behind commas, and behind a slash a name if several systems share them. It is opened
 * only when a chat is made with it.
 *
 * @throws {RangeError} if there is no such store.
 */
export async function chooseStore(name: string): Promise<OpenStore> {
  if (name === "memory") return openMemoryStore;
  const [, path] = /^sqlite:(.+)$/s.exec(name) ?? [];
  if (path !== undefined) {
    const { SqliteStore } = await import("../store/sqlite/store.ts");
    const made = { newEpoch: randomEpoch, newKey: newSessionKey };
    return (events, limits) => new SqliteStore(path, events, limits, made);
  }
  if (name.startsWith("nats://")) {
    const { JetStreamStore } = await import("../store/jetstream/store.ts");
    const { parseNatsAddress } = await import("../store/jetstream/nats_address.ts");
    const address = parseNatsAddress(name);
    return (events, options) => new JetStreamStore(address, events, options);
  }
  throw new RangeError(
    `--store must be memory, sqlite:PATH or nats://HOST:PORT, not ${JSON.stringify(name)}`,
  );
}

function randomEpoch(): string {
  return newEpoch((bytes) => crypto.getRandomValues(bytes));
}
