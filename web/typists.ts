// This module runs in browsers.

/// <reference lib="dom" />
/**
 * Those who type: each is forgotten after some seconds without a word.
 *
 * @module
 */

/** The time after which somebody is taken for not typing any more, in milliseconds. */
const FORGET_MS = 6_000;

/** The most people who are remembered. */
const MOST = 100;

/** Those who type. */
export class Typists {
  readonly #timers = new Map<string, { name: string; timer: ReturnType<typeof setTimeout> }>();
  readonly #changed: () => void;

  /** Makes an empty list; `changed` is called when somebody begins or stops. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** The names of those who type, by id. */
  get names(): Map<string, string> {
    return new Map([...this.#timers].map(([id, { name }]) => [id, name]));
  }

  /** Somebody types. */
  add(id: string, name = "Somebody"): void {
    const known = this.#timers.get(id);
    if (known === undefined && this.#timers.size === MOST) return;
    clearTimeout(known?.timer);
    const timer = setTimeout(() => this.remove(id), FORGET_MS);
    this.#timers.set(id, { name, timer });
    if (known === undefined) this.#changed();
  }

  /** Somebody has said what was typed, or went. */
  remove(id: string): void {
    clearTimeout(this.#timers.get(id)?.timer);
    if (this.#timers.delete(id)) this.#changed();
  }

  /** Forgets all. */
  clear(): void {
    for (const id of [...this.#timers.keys()]) this.remove(id);
  }
}
