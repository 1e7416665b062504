/**
 * Slow mode: the time that members of a room wait between two messages, where its settings ask for
 * one. It is a rate, held by the process where the author is; when somebody spoke last is in the log.
 *
 * @module
 */

import type { Log } from "../log/log.ts";

/** The most people whose last message is remembered; of others the log is read again. */
const MAX_REMEMBERED = 10_000;

/** The most entries of a log that are looked at for the last message of somebody. */
const MAX_LOOKED_AT = 1_000;

/** The last messages in a room, as far as slow mode needs them. */
export class SlowMode {
  readonly #log: Log;
  readonly #lastAt = new Map<string, number>();

  /** Makes the slow mode of a room with this log. */
  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * Takes a message of `sub`, the client `from`, at the time `at`, and returns 0. Or returns the
   * milliseconds that it has to wait, where `slowMs` have to be between two. All times are in
   * milliseconds since 1970; a clock that was set back makes nobody wait longer than that.
   */
  take(sub: string, from: string, at: number, slowMs: number): number {
    const known = this.#lastAt;
    const last = known.get(sub) ?? this.#lastIn(from, at - slowMs);
    const wait = Math.min(slowMs, last + slowMs - at);
    if (wait > 0) return wait;
    known.delete(sub);
    known.set(sub, at);
    const [oldest] = known.keys();
    if (known.size > MAX_REMEMBERED) known.delete(oldest!);
    return 0;
  }

  /** The time of the last message of a client behind `since` that is in the log; -Infinity without one. */
  #lastIn(from: string, since: number): number {
    const { size } = this.#log;
    for (let i = size - 1; i >= Math.max(0, size - MAX_LOOKED_AT); i--) {
      const entry = JSON.parse(this.#log.at(i).text);
      if (entry.at < since) break;
      if (entry.from === from && entry.body !== undefined) return entry.at;
    }
    return -Infinity;
  }
}
