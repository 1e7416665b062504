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
  readonly #missed: (from: number, to: number) => T | undefined;
  /** The newest events and, because dropping them one by one would move all others, some more. */
  #events: { event: T; mark: number }[] = [];
  /** The position of the first of them; positions count from the feed's beginning. */
  #first = 0;
  /** The mark of the event before the first. */
  #firstMark: number;
  /** The position behind the furthest event any reader has had, and its mark: where a new reader starts. */
  #read = 0;
  #readMark: number;
  #ended = false;
  readonly #sleepers = new Set<() => void>();

  /**
   * Makes a feed that keeps the newest `limit` events. A reader that is slower
   * gets what `missed` returns for the mark of the last event it had and of the last it
   * will never have; nothing where that is undefined. `mark` is where the feed begins.
   */
  constructor(limit: number, missed: (from: number, to: number) => T | undefined, mark = 0) {
    this.#limit = limit;
    this.#missed = missed;
    this.#firstMark = mark;
    this.#readMark = mark;
  }

  /** Adds an event; `mark` says where the feed stands with it. After the end it does nothing. */
  push(event: T, mark = 0): void {
    if (this.#ended) return;
    this.#events.push({ event, mark });
    if (this.#events.length >= 2 * this.#limit) {
      this.#first += this.#limit;
      this.#firstMark = this.#events.splice(0, this.#limit).at(-1)?.mark ?? 0;
    }
    this.#wake();
  }

  /** Ends every iteration once it has had everything. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /**
   * Reads from the first event that no reader has had by now. Readers do not take
   * events from each other.
   */
  read(options: ReadOptions = {}): AsyncGenerator<T, void, undefined> {
    return this.#readFrom(this.#read, this.#readMark, options);
  }

  async *#readFrom(
    position: number,
    mark: number,
    { signal }: ReadOptions,
  ): AsyncGenerator<T, void, undefined> {
    while (true) {
      signal?.throwIfAborted();
      const oldest = this.#first + Math.max(0, this.#events.length - this.#limit);
      if (position < oldest) {
        position = oldest;
        const before = this.#events[oldest - this.#first - 1]?.mark ?? this.#firstMark;
        const missed = this.#missed(mark, before);
        mark = before;
        if (missed !== undefined) yield missed;
        continue;
      }
      const next = this.#events[position - this.#first];
      if (next === undefined) {
        if (this.#ended) return;
        await this.#more(signal);
        continue;
      }
      position++;
      mark = next.mark;
      if (position > this.#read) {
        this.#read = position;
        this.#readMark = mark;
      }
      yield next.event;
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
