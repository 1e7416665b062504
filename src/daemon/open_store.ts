/**
 * From what `--store` says to the store it means; only that one is loaded.
 *
 * @module
 */

import type { OpenStore } from "../core/store/store.ts";
import { openMemoryStore } from "../server/memory_store.ts";
import type { NatsNumbers } from "../store/jetstream/options.ts";
import { parseNatsAddress } from "./flags/nats_address.ts";

/**
 * Finds the store that is called `memory`, `sqlite:PATH` or `nats://HOST:PORT`, with more
 * hosts behind commas, and behind a slash a name if several systems share them. It is opened
 * only when a chat is made with it.
 *
 * @throws {RangeError} if there is no such store.
 */
export async function chooseStore(
  name: string,
  numbers: Partial<NatsNumbers> = {},
): Promise<OpenStore> {
  if (name === "memory") return openMemoryStore;
  const [, path] = /^sqlite:(.+)$/s.exec(name) ?? [];
  if (path !== undefined) {
    const { sqlite } = await import("../store/sqlite/sqlite.ts");
    return sqlite(path);
  }
  if (name.startsWith("nats://")) {
    const address = parseNatsAddress(name);
    const { nats } = await import("../store/jetstream/nats.ts");
    return nats({ ...address, ...numbers });
  }
  throw new RangeError(
    `--store must be memory, sqlite:PATH or nats://HOST:PORT, not ${JSON.stringify(name)}`,
  );
}
