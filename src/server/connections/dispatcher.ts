/**
 * Dispatches what connections say: each frame in its order, at once or when what it waits for has
 * come. {@linkcode RequestQueue} has the rules; here are the promises and the turns.
 *
 * @module
 */

import { MAX_HEARD_CHARS } from "../../core/limits/rate_limit.ts";
import { LARGE, unitsOf } from "../../core/request_queue.ts";
import type { Instant } from "../../core/state/time.ts";
import type { ClientFrame } from "../../protocol/frames.ts";
import type { Clock } from "./clock.ts";
import type { Connection } from "./connection.ts";
import { FlushQueue } from "./flush_queue.ts";
import type { Served } from "./lane.ts";
import type { Pump } from "./pump.ts";
import type { ReadBuffers } from "./read_buffers.ts";
import type { Wait } from "./waits.ts";

/** The time for frames that may take long, in milliseconds in a turn of the event loop, and the sends of a {@linkcode FlushQueue} that it counts for. */
const TURN_MS = 2;
const SENDS_PER_TURN = 128;

/** The one that frames are dispatched to. Only `receive` may throw. */
export interface Receiver {
  /**
   * Takes a frame, as text or read already; with `isItsTurn` its turn has come. Returns what the frame
   * waits for, or what the next one waits for behind it.
   *
   * @throws {ChatError} where it is refused.
   */
  receive(
    connection: Connection,
    said: string | ClientFrame,
    t: Instant,
    isItsTurn: boolean,
  ): Wait | undefined;
  /** Refuses what a client said, `text`. */
  refuse(connection: Connection, error: unknown, text: string): void;
  /** Throws a client out that says more than it may, again and again. */
  flooded(connection: Connection): void;
  /** Lets go of a client that has gone with `code`. All is taken that it said before. */
  left(connection: Connection, code: number): void;
}

/** The parts of a server that a dispatcher works with. */
export interface DispatcherParts {
  readonly clock: Clock;
  readonly pump: Pump;
  readonly readBuffers: ReadBuffers<Connection>;
}

/** Dispatches what all connections of one server say. */
export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #receiver: Receiver;
  readonly #now: () => number;
  /** The connections whose next frame may take long. All others go by. */
  readonly #queue: FlushQueue<Connection>;
  /** The number of those connections. */
  #waiting = 0;
  /** The cost of such frames in this turn of the event loop. */
  #spent = 0;
  /** The connection whose turn it is, and whether it has more that may take long. */
  #served: Connection | undefined;
  #goesOn = false;

  /** Makes a dispatcher to a receiver; `now` is a clock that never goes back, in milliseconds, and tells how long frames take. */
  constructor(
    parts: DispatcherParts,
    receiver: Receiver,
    now: () => number = () => performance.now(),
  ) {
    this.#parts = parts;
    this.#receiver = receiver;
    this.#now = now;
    this.#queue = new FlushQueue((connection, much) => {
      const served = this.#serve(connection, much);
      if (!served.more) this.#waiting--;
      return served;
    }, now);
  }

  /** Takes a frame of a client: first its price, then what it says. Never throws. */
  hear(connection: Connection, data: unknown, t: Instant): void {
    const { requests, session } = connection;
    const units = unitsOf(data);
    if (units >= LARGE) this.#parts.readBuffers.note(connection, units);
    try {
      switch (requests.hear(data, session, t.now)) {
        case "ready":
          this.#take(connection, data as string, t);
          break;
        case "kept":
          this.#noteWaiting(connection);
          break;
        case "turn":
          this.#noteWaiting(connection);
          this.#lineUp(connection);
          break;
        case "flood":
          this.#receiver.flooded(connection);
      }
    } catch (error) {
      const isTooLong = units > MAX_HEARD_CHARS;
      this.#turnDown(connection, typeof data !== "string" || isTooLong ? "" : data, error);
      if (isTooLong) this.#receiver.flooded(connection);
    }
  }

  /** Lets a client go that has gone with `code`, when all is taken that it said before. */
  end(connection: Connection, code: number): void {
    if (connection.requests.end(code, connection.plain)) this.#noteWaiting(connection);
    else this.#receiver.left(connection, code);
  }

  /**
   * Refuses what a client said. Plain clients tell answers by their order, so that this one waits in
   * it; and for its turn, where entries go out before it, which may be many.
   */
  #turnDown(connection: Connection, text: string, error: unknown): void {
    const { requests, plain } = connection;
    const isFree = !requests.blocked;
    const owed = plain && isFree ? this.#parts.pump.owedTo(connection) : 0;
    if (!plain || isFree && owed === 0) {
      this.#receiver.refuse(connection, error, text);
    } else if (!requests.refuse(text, error)) {
      this.#receiver.flooded(connection);
    } else {
      this.#noteWaiting(connection);
      if (isFree) this.#lineUp(connection, owed);
    }
  }

  /** Hands on a frame whose place has come. */
  #take(
    connection: Connection,
    said: string | ClientFrame,
    t: Instant,
    isItsTurn = false,
  ): void {
    const wait = this.#receiver.receive(connection, said, t, isItsTurn);
    if (wait !== undefined) this.#await(connection, wait);
  }

  /** Lets a connection wait for something, and goes on then. */
  #await(connection: Connection, wait: Wait): void {
    const { requests } = connection;
    if (wait.type === "turn") {
      requests.putBack(wait.frame);
      this.#noteWaiting(connection);
      this.#lineUp(connection);
      return;
    }
    requests.block();
    if (wait.type === "answer" || wait.of === "store") {
      connection.askedAt = this.#parts.clock.read().now;
    }
    const ref = wait.type === "event" ? wait.frame.ref : wait.ref;
    this.#after(connection, wait)
      .catch((error) => {
        connection.askedAt = Infinity;
        this.#receiver.refuse(connection, error, JSON.stringify({ ref }));
      })
      .then(() => {
        requests.unblock();
        this.#release(connection);
      });
  }

  /** Goes on with what waited for an event or an answer. */
  async #after(connection: Connection, wait: Exclude<Wait, { type: "turn" }>): Promise<void> {
    if (wait.type === "event") {
      await wait.until;
      connection.askedAt = Infinity;
      this.#take(connection, wait.frame, this.#parts.clock.read());
      return;
    }
    const proceed = await wait.until;
    connection.askedAt = Infinity;
    const next = proceed(this.#parts.clock.read());
    if (next !== undefined) this.#await(connection, next);
  }

  /**
   * Lets a connection wait for its turn whose next frame may take long, and what it says meanwhile
   * too; unless nobody waits, this turn has time left, and the frame is not large. `owed` counts the
   * entries that go out before.
   */
  #lineUp(connection: Connection, owed = 0): void {
    const { requests } = connection;
    requests.block();
    if (connection === this.#served) {
      this.#goesOn = true;
      return;
    }
    const isNow = this.#waiting === 0 && this.#spent < SENDS_PER_TURN && !requests.large;
    if (isNow && !this.#serve(connection, SENDS_PER_TURN).more) return;
    this.#waiting++;
    this.#queue.add(connection, owed, false);
  }

  /** Takes what a connection says whose turn it is, until that has cost `much`. */
  #serve(connection: Connection, much: number): Served {
    const { requests } = connection;
    const began = this.#now();
    let cost = 0;
    this.#served = connection;
    do {
      const least = requests.large ? SENDS_PER_TURN : 1;
      this.#goesOn = false;
      requests.unblock();
      this.#release(connection, true);
      cost = Math.max(cost + least, (this.#now() - began) * SENDS_PER_TURN / TURN_MS);
    } while (this.#goesOn && cost < much);
    this.#served = undefined;
    if (this.#spent === 0) setImmediate(this.#endTurn);
    this.#spent += cost;
    return { cost, more: this.#goesOn };
  }

  readonly #endTurn = (): void => {
    this.#spent = 0;
  };

  /** Goes on with what a connection said while it waited; with `isItsTurn` the first may take long. */
  #release(connection: Connection, isItsTurn = false): void {
    const { requests } = connection;
    for (let mayTakeLong = isItsTurn;; mayTakeLong = false) {
      const t = this.#parts.clock.read();
      const held = requests.next(connection.session, t.now, mayTakeLong);
      if (held === undefined) return;
      if (held === "turn") return this.#lineUp(connection);
      this.#noteWaiting(connection);
      if (held === "flood") return this.#receiver.flooded(connection);
      const { text, frame, error, code } = held;
      try {
        if (error !== undefined) throw error;
        if (code !== undefined) this.#receiver.left(connection, code);
        else this.#take(connection, frame ?? text, t, mayTakeLong || frame !== undefined);
      } catch (error) {
        this.#receiver.refuse(connection, error, text);
      }
    }
  }

  #noteWaiting(connection: Connection): void {
    this.#parts.readBuffers.wait(connection, connection.requests.units);
  }
}
