/**
 * Reads rooms for those who ask for them, a little at a time: a log of 4 MiB takes 25 ms.
 *
 * @module
 */

import type { SqliteRoom } from "./room.ts";

/** So much of a turn of the event loop goes into reading, in milliseconds. */
const TURN_MS = 2;

/** The reading of a room, in small steps; of none, where none is there. */
export type RoomReading = Iterator<undefined, SqliteRoom | undefined>;

/** A room that is being read, or waits for that. */
interface Opening {
  readonly reading: RoomReading;
  readonly opened: PromiseWithResolvers<SqliteRoom | undefined>;
}

/** Reports of the reading. */
export interface OpeningEvents {
  /** A room is read to its end. */
  opened(room: SqliteRoom): void;
  /** A room cannot be read; returns what those are told who have asked for it. */
  failed(roomId: string, error: unknown): Error;
}

/**
 * Rooms that are being read, one after the other: of all those that wait, one at most is in memory
 * in part.
 */
export class Openings {
  readonly #events: OpeningEvents;
  /** In the order in which they were asked for. */
  readonly #byId = new Map<string, Opening>();
  #rest: ReturnType<typeof setTimeout> | undefined;

  /** Makes an empty queue. */
  constructor(events: OpeningEvents) {
    this.#events = events;
  }

  /** The room that is being read under an id; undefined where none is. */
  get(id: string): Promise<SqliteRoom | undefined> | undefined {
    return this.#byId.get(id)?.opened.promise;
  }

  /** Reads a room that is not being read: at once, where nobody waits and it is small. */
  add(id: string, reading: RoomReading): Promise<SqliteRoom | undefined> {
    const opened = Promise.withResolvers<SqliteRoom | undefined>();
    this.#byId.set(id, { reading, opened });
    if (this.#rest === undefined) this.#read();
    return opened.promise;
  }

  /** Reads a room no further: there is none. */
  cancel(id: string): void {
    this.#byId.get(id)?.opened.resolve(undefined);
    this.#byId.delete(id);
  }

  /** Ends; whoever waits is told `error`. */
  close(error: Error): void {
    clearTimeout(this.#rest);
    for (const { opened } of this.#byId.values()) opened.reject(error);
    this.#byId.clear();
  }

  #read(): void {
    this.#rest = undefined;
    const end = performance.now() + TURN_MS;
    for (const [id, opening] of this.#byId) {
      do {
        if (performance.now() >= end) return this.#pause();
      } while (!this.#readSome(id, opening));
    }
  }

  /** A timer and no empty turns: the runtime looks at its sockets after 61 of those, or when it has nothing to do. */
  #pause(): void {
    this.#rest = setTimeout(() => this.#read(), 0);
  }

  /** Goes on with a room; says whether it is done with it. */
  #readSome(id: string, { reading, opened }: Opening): boolean {
    try {
      const { done, value } = reading.next();
      if (!done) return false;
      this.#byId.delete(id);
      if (value !== undefined) this.#events.opened(value);
      opened.resolve(value);
    } catch (error) {
      this.#byId.delete(id);
      opened.reject(this.#events.failed(id, error));
    }
    return true;
  }
}
