/**
 * The store for a chat that outlives its process: rooms, sessions and members in a SQLite file.
 *
 * ```ts
 * import { createChat } from "jsr:@parley/chat/mount";
 * import { sqlite } from "jsr:@parley/chat/sqlite";
 *
 * export default createChat({ store: sqlite("data/chat.db") });
 * ```
 *
 * @module
 */

import { newEpoch, newKey, type RandomBytes } from "../../core/ids.ts";
import { shown } from "../../core/option_checks.ts";
import type { OpenStore } from "../../core/store.ts";
import { SqliteStore } from "./store.ts";

const random: RandomBytes = (bytes) => crypto.getRandomValues(bytes);

/**
 * Keeps rooms in the file at `path`; makes it and its folder where there is none. An
 * acknowledgement means that the disk has the message. The file is opened when a chat is made with
 * it, and belongs to this process until the chat is closed. `PATH-wal` and `PATH-lock` are in the
 * same folder, for which the permissions to read and write must be. Where the file cannot be
 * opened, `createChat` throws an error that says why.
 *
 * @throws {RangeError} where `path` cannot be the path of a file.
 */
export function sqlite(path: string): OpenStore {
  if (typeof path !== "string" || path === "" || path.includes("\0")) {
    throw new RangeError(`path must be the path of a file, not ${shown(path)}`);
  }
  const made = { newEpoch: () => newEpoch(random), newKey: () => newKey(random) };
  return (events, limits) => new SqliteStore(path, events, limits, made);
}
