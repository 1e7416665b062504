/**
 * The store of a chat that is given no other.
 *
 * @module
 */

import { newEpoch } from "../core/authority/ids.ts";
import type { OpenStore } from "../core/store/store.ts";
import { MemoryStore } from "../store/memory.ts";

/** Opens a store that forgets everything when the process ends. */
export const openMemoryStore: OpenStore = (events, limits) =>
  new MemoryStore(events, limits, () => newEpoch((bytes) => crypto.getRandomValues(bytes)));
