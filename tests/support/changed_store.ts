/**
 * A store in memory that keeps other promises than it should.
 *
 * @module
 */

import type { OpenStore, Store, StoreEvents } from "../../src/core/store/store.ts";
import { openMemoryStore } from "../../src/server/memory_store.ts";

/** Other methods for a store that works, which reports to `events`. */
export type Change = (store: Store, events: StoreEvents) => Partial<Store>;

/** Opens a store in memory with other methods, whose reports go through `report`. */
export function changedStore(
  change: Change,
  report: (events: StoreEvents) => Partial<StoreEvents> = () => ({}),
): OpenStore {
  return (events, options) => {
    const store = openMemoryStore({ ...events, ...report(events) }, options);
    const rest: Store = {
      create: (id, name) => store.create(id, name),
      open: (id) => store.open(id),
      append: (roomId, draft) => store.append(roomId, draft),
      release: (roomId) => store.release(roomId),
      delete: (roomId) => store.delete(roomId),
      trim: (id) => store.trim?.(id),
      forget: (id) => store.forget(id),
      close: () => store.close(),
    };
    return { ...rest, ...change(rest, events) };
  };
}
