// This module runs in browsers.

/**
 * What happened, for whoever wants to read it: a bounded log, read by iterators that
 * are cursors, like a room on the server.
 *
 * @module
 */

/** What an iterator of a feed can be told. */
export interface ReadOptions {
  /** Ends the iteration with the signal's reason. */
  signal?: AbortSignal;
}

/** A bounded log of events with any number of readers. */
export class Feed<T> {
  readonly #limit: number;
  readonly #missed: (last: T | undefined, next: T) => T | undefined;
  #events: T[] = [];
  /** The position of the first event that is kept; positions count from the feed's beginning. */
  #first = 0;
  /** The position behind the furthest event any reader has had: where a new reader starts. */
  #read = 0;
  #ended = false;
  readonly #sleepers = new Set<() => void>();

  /**
   * Makes a feed that keeps the newest `limit` events. A reader that is slower gets
   * what `missed` returns for the last event it had and the next it will have.
   */
  constructor(limit: number, missed: (last: T | undefined, next: T) => T | undefined) {
    this.#limit = limit;
    this.#missed = missed;
  }

  /** Adds an event; after the end it does nothing. */
  push(event: T): void {
    if (this.#ended) return;
    this.#events.push(event);
    // In steps of the limit, so that dropping one event does not move all others each time.
    if (this.#events.length >= 2 * this.#limit) {
      this.#first += this.#limit;
      this.#events.splice(0, this.#limit);
    }
    this.#wake();
  }

  /** Ends every iteration once it has had everything. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /**
   * Reads from the first event that no earlier reader has had. Readers do not take
   * events from each other.
   */
  async *read({ signal }: ReadOptions = {}): AsyncGenerator<T, void, undefined> {
    let position = this.#read;
    let last: T | undefined;
    while (true) {
      signal?.throwIfAborted();
      const end = this.#first + this.#events.length;
      if (position === end) {
        if (this.#ended) return;
        await this.#more(signal);
        continue;
      }
      const oldest = Math.max(this.#first, end - this.#limit);
      const event = this.#events[Math.max(position, oldest) - this.#first]!;
      const instead = position < oldest ? this.#missed(last, event) : undefined;
      position = Math.max(position, oldest) + (instead === undefined ? 1 : 0);
      this.#read = Math.max(this.#read, position);
      last = event;
      yield instead ?? event;
    }
  }

  #more(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#sleepers.delete(wake);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      this.#sleepers.add(wake);
      signal?.addEventListener("abort", wake);
    });
  }

  #wake(): void {
    for (const wake of [...this.#sleepers]) wake();
  }
}
