/**
 * Reads rooms that are asked for, a little at a time: a log of 4 MiB takes 25 ms.
 *
 * @module
 */

import type { SqliteRoom } from "./room.ts";

/** Milliseconds of a turn of the event loop that go into reading. */
const TURN_MS = 2;

/** The reading of a room in small steps; it ends with undefined where there is no room. */
export type RoomReading = Iterator<undefined, SqliteRoom | undefined>;

/** A room that is being read, or waits to be. */
interface Opening {
  readonly reading: RoomReading;
  readonly opened: PromiseWithResolvers<SqliteRoom | undefined>;
}

/** Reports of reading. */
export interface RoomReaderEvents {
  /** A room is read to its end. */
  opened(room: SqliteRoom): void;
  /** A room cannot be read; returns the error for those who asked for it. */
  failed(roomId: string, error: unknown): Error;
}

/** Rooms that are being read, one after the other: at most one of them is in memory in part. */
export class RoomReader {
  readonly #events: RoomReaderEvents;
  /** The openings by room id, in the order in which they were asked for. */
  readonly #byId = new Map<string, Opening>();
  #rest: ReturnType<typeof setTimeout> | undefined;

  /** Makes an empty queue. */
  constructor(events: RoomReaderEvents) {
    this.#events = events;
  }

  /** Returns the room that is being read under an id; undefined where none is. */
  get(id: string): Promise<SqliteRoom | undefined> | undefined {
    return this.#byId.get(id)?.opened.promise;
  }

  /** Reads a room that is not being read yet: at once, where no other waits and it is small. */
  add(id: string, reading: RoomReading): Promise<SqliteRoom | undefined> {
    const opened = Promise.withResolvers<SqliteRoom | undefined>();
    this.#byId.set(id, { reading, opened });
    if (this.#rest === undefined) this.#read();
    return opened.promise;
  }

  /** Reads a room no further; those who wait for it get undefined. */
  cancel(id: string): void {
    this.#byId.get(id)?.opened.resolve(undefined);
    this.#byId.delete(id);
  }

  /** Ends the reading; those who wait get `error`. */
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

  /**
   * Waits for a timer. With empty turns instead, the runtime looks at its sockets after 61 of them,
   * or when it has nothing to do.
   */
  #pause(): void {
    this.#rest = setTimeout(() => this.#read(), 0);
  }

  /** Reads some more of a room; says whether that was all of it. */
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
