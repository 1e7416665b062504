/**
 * From what `--store` says to the store it means; only that one is loaded.
 *
 * @module
 */

import { newEpoch } from "./ids.ts";
import { MemoryStore } from "./store/memory.ts";
import type { OpenStore } from "./store/store.ts";

/** Opens a store that forgets everything when the process ends. */
export const openMemoryStore: OpenStore = (events, limits) =>
  new MemoryStore(events, limits, randomEpoch);

/**
 * Finds the store that is called `memory`.
 *
 * @throws {RangeError} if there is no such store.
 */
export function chooseStore(name: string): Promise<OpenStore> {
  if (name === "memory") return Promise.resolve(openMemoryStore);
  return Promise.reject(new RangeError(`--store must be memory, not ${JSON.stringify(name)}`));
}

function randomEpoch(): string {
  return newEpoch((bytes) => crypto.getRandomValues(bytes));
}
