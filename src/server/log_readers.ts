/**
 * Those who read logs of rooms without being in them, and wait for what comes next. Nothing is kept for them: each has a
 * place in a log, and reads on from there.
 *
 * @module
 */

import { ChatError } from "../protocol/errors.ts";
import { every, type Timer } from "../timers.ts";

/** The time after which whoever waits looks again by itself, in milliseconds: rooms are let go, and chats close. */
const LOOK_MS = 1_000;

/** The time after which somebody without a place may try again, in milliseconds. */
const RETRY_MS = 5_000;

/** The most readers of one person. */
export const MOST_OF_ONE = 16;

/** All readers of a server that wait for entries. */
export class LogReaders {
  readonly #most: number;
  readonly #waiting = new Map<string, Set<() => void>>();
  /** Their numbers, of people who have proved who they are. */
  readonly #people = new Map<string, number>();
  #count = 0;
  #timer: Timer | undefined;

  /** Has places for `most` readers at once. */
  constructor(most: number) {
    this.#most = most;
  }

  /** The number of readers. */
  get count(): number {
    return this.#count;
  }

  /**
   * Gives a reader a place, until the function that is returned is called. A `person` who has proved
   * who it is has {@linkcode MOST_OF_ONE} places.
   *
   * @throws {ChatError} where there is none.
   */
  enter(person?: string): () => void {
    if (this.#count >= this.#most) {
      throw new ChatError("unavailable", `There are ${this.#most} readers already, the most`, {
        retryAfterMs: RETRY_MS,
      });
    }
    const own = person === undefined ? 0 : this.#people.get(person) ?? 0;
    if (own >= MOST_OF_ONE) {
      throw new ChatError("rate_limited", `You have ${MOST_OF_ONE} readers already, the most`, {
        retryAfterMs: RETRY_MS,
      });
    }
    if (person !== undefined) this.#people.set(person, own + 1);
    this.#count++;
    this.#timer ??= every(() => this.#wakeAll(), LOOK_MS);
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      this.#count--;
      if (person !== undefined) this.#letGo(person);
      if (this.#count > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  /** Resolves when a room may have more, or it is time to look, or the reader has gone. */
  wait(roomId: string, signal?: AbortSignal): Promise<void> {
    const woken = Promise.withResolvers<void>();
    const others = this.#waiting.get(roomId) ?? new Set();
    this.#waiting.set(roomId, others);
    const wake = () => {
      others.delete(wake);
      if (others.size === 0 && this.#waiting.get(roomId) === others) this.#waiting.delete(roomId);
      signal?.removeEventListener("abort", wake);
      woken.resolve();
    };
    others.add(wake);
    signal?.addEventListener("abort", wake);
    if (signal?.aborted) wake();
    return woken.promise;
  }

  /** Wakes those who wait for a room. */
  grown(roomId: string): void {
    if (this.#waiting.size === 0) return;
    for (const wake of this.#waiting.get(roomId) ?? []) wake();
  }

  #letGo(person: string): void {
    const left = this.#people.get(person)! - 1;
    if (left > 0) this.#people.set(person, left);
    else this.#people.delete(person);
  }

  #wakeAll(): void {
    for (const roomId of [...this.#waiting.keys()]) this.grown(roomId);
  }
}
