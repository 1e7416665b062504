/**
 * Parts of the configuration that a running server reads again, at SIGHUP. Each is read and checked by
 * itself: where one will not do, the server goes on with what it had.
 *
 * @module
 */

import { reasonOf } from "../protocol/errors.ts";
import type { Logger } from "../server/logging/logger.ts";

/** A part that can be read again. */
export interface ReloadedPart {
  /** Its name in the log. */
  readonly name: string;
  /**
   * Reads it, and uses it from now on; resolves with `true` where it is another one than before.
   * Rejects where it will not do, with nothing changed.
   */
  reload(): Promise<boolean>;
}

/** Makes a part of what `read` returns. `first` is in use so far, and `use` takes another one. */
export function reloadedPart<Value>(
  name: string,
  first: Value,
  read: () => Promise<Value>,
  use: (value: Value) => void | Promise<void>,
): ReloadedPart {
  let last = JSON.stringify(first);
  return {
    name,
    async reload() {
      const value = await read();
      const text = JSON.stringify(value);
      if (text === last) return false;
      await use(value);
      last = text;
      return true;
    },
  };
}

/** Reads parts again, one reading after the other; whoever asks during one gets another behind it. */
export class Reloader {
  readonly #parts: readonly ReloadedPart[];
  readonly #logger: Pick<Logger, "info" | "error">;
  #running: Promise<void> | undefined;
  #isWanted = false;

  /** Reads nothing so far. */
  constructor(parts: readonly ReloadedPart[], logger: Pick<Logger, "info" | "error">) {
    this.#parts = parts;
    this.#logger = logger;
  }

  /** Reads everything again; resolves when that is done. Never rejects. */
  reload(): Promise<void> {
    this.#isWanted = true;
    return this.#running ??= this.#run().finally(() => this.#running = undefined);
  }

  async #run(): Promise<void> {
    while (this.#isWanted) {
      this.#isWanted = false;
      const changed: string[] = [];
      for (const { name, reload } of this.#parts) {
        try {
          if (await reload()) changed.push(name);
        } catch (error) {
          this.#logger.error("not reloaded", { what: name, error: reasonOf(error) });
        }
      }
      this.#logger.info("reloaded", { changed: changed.join(", ") || "nothing" });
    }
  }
}
