/**
 * Revocations of tokens in a SQLite file, each written at once.
 *
 * @module
 */

import type { RevocationStore } from "../../core/store/store.ts";
import { unavailable } from "./file/errors.ts";
import type { SqliteFile } from "./file/file.ts";

/** Keeps revocations in a file. */
export class SqliteRevocations implements RevocationStore {
  readonly #file: Pick<SqliteFile, "revoke" | "revoked">;

  /** Works on a file that is open. */
  constructor(file: Pick<SqliteFile, "revoke" | "revoked">) {
    this.#file = file;
  }

  revoke(sub: string, before: number, over: number): void {
    try {
      this.#file.revoke(sub, before, over);
    } catch (error) {
      throw unavailable("written", error);
    }
  }

  revoked(): { sub: string; before: number }[] {
    return this.#file.revoked();
  }
}
