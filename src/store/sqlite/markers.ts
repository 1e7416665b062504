/**
 * The read markers in a SQLite file. They go with their room, and those of a client with that.
 *
 * @module
 */

import type { Marker, MarkerStore } from "../../core/store/store.ts";
import { reasonOf } from "../../protocol/errors.ts";
import { unavailable } from "./file/errors.ts";
import type { SqliteFile } from "./file/file.ts";
import type { Write } from "./writes.ts";

/** The markers of everybody in one file. */
export class SqliteMarkers implements MarkerStore {
  readonly #file: SqliteFile;
  readonly #write: (write: Write) => void;
  readonly #troubled: (reason: string) => void;

  /** Reads from a file; `write` takes what is to be written, and `troubled` lines for the log. */
  constructor(
    file: SqliteFile,
    write: (write: Write) => void,
    troubled: (reason: string) => void,
  ) {
    this.#file = file;
    this.#write = write;
    this.#troubled = troubled;
  }

  load(person: string): Promise<ReadonlyMap<string, Marker>> {
    try {
      return Promise.resolve(this.#file.markers(person));
    } catch (error) {
      this.#troubled(`read markers cannot be read: ${reasonOf(error)}`);
      return Promise.reject(unavailable("read", error));
    }
  }

  set(person: string, id: string, marker: Marker): Promise<void> {
    const set = Promise.withResolvers<void>();
    this.#write({ type: "read", person, id, marker, set });
    return set.promise;
  }
}
