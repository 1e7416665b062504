// This module runs in browsers.

/**
 * A bounded buffer of events, read by iterators that are cursors, like a room on the server.
 *
 * @module
 */

import { throwIfAborted } from "../protocol/deadline.ts";
import { check } from "./check.ts";

/** Options of reading events. */
export interface ReadOptions {
  /**
   * Where to begin: with the oldest event that is held (`start`), with the first that no reader
   * has had (`unread`), or with what comes from now on (`now`); `unread` unless given.
   */
  from?: "start" | "unread" | "now";
  /**
   * Ends reading. A loop over an iterator throws a `ChatError` `aborted` that has the signal's
   * reason as its cause; `subscribe` just resolves.
   */
  signal?: AbortSignal;
}

/** Bounds of what is kept for slow readers; the rest is dropped when there is twice as much. */
export interface EventBufferLimits {
  /** The number of events. */
  events: number;
  /** The sum of their sizes, in the unit of `push`. */
  size?: number;
}

/** A bounded log of events with any number of readers. */
export class EventBuffer<T> {
  readonly #limits: Required<EventBufferLimits>;
  readonly #missed: (from: number, to: number) => T | undefined;
  /** The newest events, and the sum of their sizes. */
  readonly #events: { event: T; mark: number; size: number }[] = [];
  #size = 0;
  /** The position of the first of them; positions count from the buffer's beginning. */
  #first = 0;
  /** The mark of the event before the first. */
  #firstMark: number;
  /** The position behind the furthest event any reader has had, and its mark: where a new reader starts. */
  #read = 0;
  #readMark: number;
  #ended = false;
  /** Resolved with the next event; only where a reader waits for it. */
  #woken: PromiseWithResolvers<void> | undefined;

  /**
   * Makes a buffer that keeps the newest events. A reader that is slower
   * gets what `missed` returns for the mark of the last event it had and of the last it
   * will never have; nothing where that is undefined. `mark` is where the buffer begins.
   */
  constructor(
    limits: EventBufferLimits,
    missed: (from: number, to: number) => T | undefined,
    mark = 0,
  ) {
    this.#limits = { size: Infinity, ...limits };
    this.#missed = missed;
    this.#firstMark = mark;
    this.#readMark = mark;
  }

  /** Adds an event of some size; `mark` says where the buffer stands with it. After the end it does nothing. */
  push(event: T, mark = 0, size = 0): void {
    if (this.#ended) return;
    this.#events.push({ event, mark, size });
    this.#size += size;
    const { events, size: most } = this.#limits;
    if (this.#events.length >= 2 * events || this.#size >= 2 * most) this.#drop();
    this.#wake();
  }

  /** Ends every iteration once it has had everything. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /**
   * Reads from where the options say. Readers do not take events from each other. One that `isQuiet`
   * just ends where its signal is aborted.
   */
  read(
    { from = "unread", signal }: ReadOptions = {},
    isQuiet = false,
  ): AsyncGenerator<T, void, undefined> {
    const begin = {
      start: [this.#first, this.#firstMark],
      unread: [this.#read, this.#readMark],
      now: [this.#first + this.#events.length, this.#events.at(-1)?.mark ?? this.#firstMark],
    } as const;
    check(from in begin, "from", from);
    return this.#readFrom(...begin[from], signal, isQuiet);
  }

  async *#readFrom(
    position: number,
    mark: number,
    signal: AbortSignal | undefined,
    isQuiet: boolean,
  ): AsyncGenerator<T, void, undefined> {
    // It wakes the others too, who find nothing new.
    const wake = () => this.#wake();
    signal?.addEventListener("abort", wake);
    try {
      while (!signal?.aborted) {
        if (position < this.#first) {
          position = this.#first;
          const missed = this.#missed(mark, this.#firstMark);
          mark = this.#firstMark;
          if (missed !== undefined) yield missed;
          continue;
        }
        const next = this.#events[position - this.#first];
        if (next === undefined) {
          if (this.#ended) return;
          await (this.#woken ??= Promise.withResolvers()).promise;
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
      if (!isQuiet) throwIfAborted(signal);
    } finally {
      signal?.removeEventListener("abort", wake);
    }
  }

  /** Drops the oldest events, many at once: dropping them one by one would move all others each time. */
  #drop(): void {
    const { events, size } = this.#limits;
    let count = 0;
    while (this.#events.length - count > events || this.#size > size) {
      this.#size -= this.#events[count++]!.size;
    }
    this.#first += count;
    this.#firstMark = this.#events.splice(0, count).at(-1)?.mark ?? this.#firstMark;
  }

  #wake(): void {
    this.#woken?.resolve();
    this.#woken = undefined;
  }
}
