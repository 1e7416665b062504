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

import { fileURLToPath } from "node:url";
import { newEpoch, newKey, type RandomBytes } from "../../core/authority/ids.ts";
import { shown } from "../../core/state/option_checks.ts";
import type { OpenStore } from "../../core/store/store.ts";
import { reasonOf } from "../../protocol/errors.ts";
import { SqliteStore } from "./store.ts";

const random: RandomBytes = (bytes) => crypto.getRandomValues(bytes);

/**
 * Keeps rooms in the file at `path`; makes it and its folder where there is none. A URL is one of a
 * file, like `new URL("chat.db", import.meta.url)`. An acknowledgement means that the disk has the
 * message. The file is opened when a chat is made with it, and belongs to this chat until that is
 * closed: no other process opens it, and no other thread or chat of this one. `PATH-wal`, `PATH-shm`
 * and `PATH-lock` are in the same folder, for which the permissions to read and write must be. Where
 * the file cannot be opened, `createChat` throws an error that says why.
 *
 * @throws {RangeError} where `path` cannot be the path of a file; it says what was given.
 */
export function sqlite(path: string | URL): OpenStore {
  const checked = checkedPath(path);
  const made = { newEpoch: () => newEpoch(random), newKey: () => newKey(random) };
  return (events, limits) => new SqliteStore(checked, events, limits, made);
}

/** Takes what is the path of a file, and not the name of a store that looks like one. */
function checkedPath(given: string | URL): string {
  const text = given instanceof URL ? given.href : given;
  const refused = (hint = "") =>
    new RangeError(`sqlite(): path must be the path of a file, not ${shown(text)}${hint}`);
  // Where the store of a chat is this function, uncalled, the chat hands it an object.
  if (typeof text === "object") throw refused(': a store is sqlite("data/chat.db")');
  if (typeof text !== "string" || text === "") throw refused();
  if (text === ":memory:") throw refused(": a chat without a store keeps its rooms in memory");
  if (text.startsWith("sqlite:")) throw refused(': leave "sqlite:" out');
  if (/^file:(?!\/\/)/.test(text)) throw refused(": a URL of a file begins with file:///");
  const path = /^[a-z][a-z\d+.-]*:\/\//.test(text) ? pathOf(text, refused) : text;
  if (path.includes("\0")) throw refused();
  return path;
}

function pathOf(url: string, refused: (hint: string) => RangeError): string {
  try {
    return fileURLToPath(url);
  } catch (error) {
    throw refused(`: ${reasonOf(error)}`);
  }
}
