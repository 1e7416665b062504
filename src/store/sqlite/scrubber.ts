/**
 * Takes redacted text from the disk, where SQLite would leave it until something else is written there.
 *
 * @module
 */

import type { SqliteFile } from "./file/file.ts";

/** The bytes of the largest file that is written anew: that takes a fraction of a second. */
const MOST_BYTES = 33_554_432;

/** The time between two times that it is, as a multiple of what that took: a twentieth of the time goes into it. */
const REST = 19;

/** Scrubs one file after redactions. */
export class SqliteScrubber {
  readonly #file: SqliteFile;
  /** Set where redacted text may be in the write-ahead log; and in unused parts of the file. */
  #inLog = false;
  #inFile = false;
  #restsUntil = -Infinity;

  /** Makes a scrubber with nothing to do. */
  constructor(file: SqliteFile) {
    this.#file = file;
  }

  /** Notes that something was redacted. */
  note(): void {
    this.#inLog = this.#inFile = true;
  }

  /**
   * Does what is due at the monotonic time `now` in milliseconds. Where another program is in the way,
   * that is tried again at the next step.
   */
  step(now: number): void {
    if (!this.#inLog && !this.#inFile) return;
    const isWhole = this.#inFile && now >= this.#restsUntil &&
      this.#file.bytes <= MOST_BYTES;
    if (!this.#inLog && !isWhole) return;
    const begin = performance.now();
    try {
      if (isWhole) this.#file.transaction(() => this.#file.renewWords());
      this.#file.scrub(isWhole);
      this.#inLog = false;
      if (!isWhole) return;
      this.#inFile = false;
      this.#restsUntil = now + REST * (performance.now() - begin);
    } catch {
      // A backup may be reading, or the disk be full: until another time.
    }
  }
}
