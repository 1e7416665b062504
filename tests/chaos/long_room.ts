/**
 * A room with a long history in a SQLite file, made by the store itself.
 *
 * @module
 */

import type { StoreOptions } from "../../src/core/store/store.ts";
import { SqliteStore } from "../../src/store/sqlite/store.ts";
import { IGNORE } from "../../src/store/suite/bench.ts";
import { messageDraft } from "../../src/store/suite/drafts.ts";

/** The messages that are stored in one turn. */
const AT_ONCE = 5_000;

/** The limits of a server that keeps a long history, of which little is in memory. */
export const LONG = {
  rate: 0,
  logEntries: 1_000,
  historyEntries: 100_000_000,
  historyBytes: 1e12,
} as const;

/** The same limits for a store. */
export const LONG_STORE: StoreOptions = {
  ...LONG,
  logBytes: 4_194_304,
  logAgeMs: 1e15,
  graceMs: 30_000,
};

/** Makes a room of this id in the file at `path`, and says these things in it; with `isIndexed` it indexes all of them. */
export async function makeLongRoom(
  path: string,
  roomId: string,
  count: number,
  bodyOf: (i: number) => string,
  isIndexed = false,
): Promise<void> {
  const made = { newEpoch: () => "e", newKey: () => new Uint8Array(32) };
  const store = new SqliteStore(path, IGNORE, LONG_STORE, made);
  await store.create(roomId, "Long");
  for (let i = 0; i < count;) {
    for (const end = Math.min(count, i + AT_ONCE); i < end; i++) {
      const draft = messageDraft(`of ${roomId}`, i + 1, bodyOf(i));
      store.append(roomId, { ...draft, at: Date.now() });
    }
    await store.settled();
  }
  while (isIndexed && store.search.step());
  await store.close();
}
