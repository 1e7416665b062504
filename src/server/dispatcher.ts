/**
 * What connections say, each in its order: what it costs, what it means, and what has to be
 * known before it can be answered.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import type { Effect } from "../core/effects.ts";
import type { Hub } from "../core/hub.ts";
import { costOfFrame, MAX_HEARD_CHARS, MAX_HELLO_CHARS } from "../core/rate_limit.ts";
import type { Peer } from "../core/sessions.ts";
import type { Store } from "../core/store.ts";
import type { Instant } from "../core/time.ts";
import { within } from "../protocol/deadline.ts";
import { decode, hopelessOf } from "../protocol/decode.ts";
import { ChatError } from "../protocol/errors.ts";
import type { ClientFrame, Ref } from "../protocol/frames.ts";
import type { Clock } from "./clock.ts";
import { Connection, type Held } from "./connection.ts";
import type { Served } from "./lane.ts";
import { FlushQueue } from "./flush_queue.ts";
import type { Pump } from "./pump.ts";
import { LARGE } from "./read_buffers.ts";

/** The most frames of one connection that wait while the store is asked on its behalf, and as many refusals. */
const MAX_HELD = 256;

/** What may take long is done for so many milliseconds in a turn of the event loop, which are as many sends of a {@linkcode FlushQueue}. */
const TURN_MS = 2;
const SENDS_PER_TURN = 128;

/** The longest that a `hello` waits until all is stored that its client said before, in milliseconds. */
const HELLO_WAIT_MS = 1_000;

/** What a dispatcher reports; none of it may throw but `effects`. */
export interface DispatcherEvents {
  /** What is to be done about what somebody said. */
  effects(effects: readonly Effect[]): void;
  /** What somebody said, `text`, is refused. */
  refused(connection: Connection, error: unknown, text: string): void;
  /** Somebody has said something large, by its length in UTF-16 units, whatever comes of it. */
  large(connection: Connection, units: number): void;
  /** Somebody lets so much wait now, in UTF-16 units. */
  waiting(connection: Connection, units: number): void;
  /** Somebody says more than it may, again and again. */
  flooded(connection: Connection): void;
  /** All is taken that a client had said before it went with this `code`. */
  emptied(connection: Connection, code: number): void;
}

/** What a dispatcher works with. */
export interface DispatcherParts {
  readonly hub: Hub;
  readonly store: Store;
  readonly pump: Pump;
  readonly clock: Clock;
}

/** Takes in what all connections of one server say. */
export class Dispatcher {
  readonly #hub: Hub;
  readonly #store: Store;
  readonly #pump: Pump;
  readonly #clock: Clock;
  readonly #events: DispatcherEvents;
  readonly #helloWaitMs: number;
  /** The connections whose next frame may take long: all others go by. */
  readonly #queue = new FlushQueue<Connection>((connection, much) => {
    const served = this.#serve(connection, much);
    if (!served.more) this.#waiting--;
    return served;
  });
  /** How many they are. */
  #waiting = 0;
  /** What such frames have cost in this turn of the event loop. */
  #spent = 0;
  /** The one whose turn it is, and whether it has more that may take long. */
  #served: Connection | undefined;
  #goesOn = false;

  /** Makes a dispatcher; a connection is given up that has not said `hello` after `helloMs` milliseconds. */
  constructor(
    { hub, store, pump, clock }: DispatcherParts,
    helloMs: number,
    events: DispatcherEvents,
  ) {
    this.#hub = hub;
    this.#store = store;
    this.#pump = pump;
    this.#clock = clock;
    this.#events = events;
    this.#helloWaitMs = Math.min(HELLO_WAIT_MS, helloMs / 2);
  }

  /** One frame of a client: first what it costs, then what it says. Never throws. */
  hear(connection: Connection, data: unknown): void {
    if (connection.closed) return;
    const t = this.#clock.read();
    this.#pump.heard();
    this.#hub.heard(connection, t.now);
    try {
      const length = typeof data === "string" ? data.length : sizeOf(data);
      if (length >= LARGE) this.#events.large(connection, length);
      if (
        length > MAX_HELLO_CHARS && connection.session === undefined && connection.pending === 0
      ) {
        this.#events.flooded(connection);
        return;
      }
      // What no waiting helps is not told to wait, however fast it comes.
      const hopeless = hopelessOf(data);
      if (length > MAX_HEARD_CHARS) {
        this.#turnDown(connection, "", hopeless);
        this.#events.flooded(connection);
        return;
      }
      if (!this.#charge(connection, costOfFrame(length), t.now, hopeless)) return;
      if (hopeless !== undefined || typeof data !== "string") throw hopeless;
      if (connection.pending === 0 && length < LARGE) {
        this.#take(connection, data, t);
        return;
      }
      if (connection.held.length >= MAX_HELD) {
        throw new ChatError("unavailable", `${MAX_HELD} frames wait for an answer already`);
      }
      // Before its `hello` is answered, its client has paid for nothing.
      const owes = connection.session === undefined ? costOfFrame(length) : 0;
      this.#keep(connection, { text: data, owes });
      if (connection.pending === 0) this.#lineUp(connection);
    } catch (error) {
      this.#turnDown(connection, typeof data === "string" ? data : "", error);
    }
  }

  /**
   * A client has gone with `code`. Says whether all is taken that it said before: else `emptied`
   * follows. Plain clients cannot say it again, and who pauses goes at once.
   */
  end(connection: Connection, code: number): boolean {
    const { held, plain } = connection;
    const waits = plain ? held.length > 0 : held[0]?.frame?.action === "pause";
    if (!waits) return true;
    if (held.at(-1)?.code === undefined) this.#keep(connection, { text: "", code });
    return false;
  }

  /** Goes on with a request when its `answer` has come, then with what its peer said meanwhile. */
  hold<Answer>(
    peer: Peer,
    ref: Ref | undefined,
    answer: Promise<Answer>,
    proceed: (t: Instant, answer: Answer) => void,
  ): void {
    if (!(peer instanceof Connection)) return;
    peer.pending++;
    answer.then((given) => proceed(this.#clock.read(), given))
      .catch((error) => this.#events.refused(peer, error, JSON.stringify({ ref })))
      .then(() => {
        peer.pending--;
        this.#release(peer);
      });
  }

  /**
   * What a client said is refused. Plain clients tell answers by their order, so that this one waits
   * in the same line; and for its turn where entries go out before it, which may be many.
   */
  #turnDown(connection: Connection, text: string, error: unknown): void {
    const { held, pending, plain } = connection;
    const owed = plain && pending === 0 ? this.#pump.owedTo(connection) : 0;
    if (!plain || pending === 0 && owed === 0) {
      this.#events.refused(connection, error, text);
    } else if (held.length >= 2 * MAX_HELD) {
      this.#events.flooded(connection);
    } else {
      this.#keep(connection, { text, error });
      if (pending === 0) this.#lineUp(connection, owed);
    }
  }

  /** Lets something wait behind all that does, or before it where it is read already. */
  #keep(connection: Connection, held: Held): void {
    if (connection.closed) return;
    if (held.frame === undefined) connection.held.push(held);
    else connection.held.unshift(held);
    connection.heldUnits += held.text.length;
    this.#events.waiting(connection, connection.heldUnits);
  }

  #take(connection: Connection, text: string, t: Instant, isItsTurn = false): void {
    const frame = decode(text, connection.dialect);
    // Whoever leaves gets first what it said before, and whoever comes back is told what is stored.
    if (frame.action === "leave" || frame.action === "hello") {
      const settled = this.#settled(connection, frame);
      if (settled !== undefined) {
        const enough = frame.action === "hello" ? within(this.#helloWaitMs, settled) : settled;
        return this.#answerAfter(enough, connection, frame);
      }
    }
    this.#answer(connection, frame, t, isItsTurn);
  }

  #answer(connection: Connection, frame: ClientFrame, t: Instant, isItsTurn = false): void {
    const drained = this.#drained(connection, frame);
    if (drained !== undefined) return this.#answerAfter(drained, connection, frame);
    if (!isItsTurn && mayTakeLong(frame)) {
      this.#keep(connection, { text: JSON.stringify({ ref: frame.ref }), frame });
      return this.#lineUp(connection);
    }
    if (frame.action === "hello" && this.#settled(connection, frame) !== undefined) {
      this.#hub.handover.doubt(this.#hub.clientOf(connection, frame), frame.n);
    }
    this.#events.effects(this.#hub.receive(connection, frame, t));
    if (!connection.plain) return;
    // Plain clients tell answers by their order: nothing overtakes that of a message.
    const unanswered = this.#settled(connection, frame);
    if (unanswered !== undefined) this.hold(connection, undefined, unanswered, () => {});
  }

  /** Apart from the others, as what it captures would be allocated for each frame. */
  #answerAfter(ready: Promise<void>, connection: Connection, frame: ClientFrame): void {
    this.hold(connection, frame.ref, ready, (t) => this.#answer(connection, frame, t));
  }

  /**
   * What a peer that does not read waits for before it gets an answer: resolves when it has taken
   * more; undefined where it may have the answer at once, or where that is small.
   */
  #drained(connection: Connection, { action }: ClientFrame): Promise<void> | undefined {
    const moves = action === "create" || action === "join" || action === "leave";
    // Whoever leaves a room gets first all of what it has for it. A plain client leaves one by all of these.
    if (action === "leave" || moves && connection.plain) this.#pump.deliverAll(connection);
    return moves || connection.plain ? this.#pump.drained(connection) : undefined;
  }

  /** Resolves when all is reported that the client behind a connection has said; undefined where it is. */
  #settled(connection: Connection, frame: ClientFrame): Promise<void> | undefined {
    const clientId = this.#hub.clientOf(connection, frame);
    return clientId === undefined ? undefined : this.#store.settled?.(clientId);
  }

  /**
   * Takes tokens for what a connection wants: throws where it must wait, or where that is known
   * already what is wrong with it; false where the connection is thrown out.
   */
  #charge(connection: Connection, tokens: number, now: number, wrong?: ChatError): boolean {
    const retryAfterMs = connection.budgetAt(now).take(tokens, now);
    if (retryAfterMs === 0) return true;
    if (connection.refuse(Math.max(1, tokens), now)) {
      this.#events.flooded(connection);
      return false;
    }
    throw wrong ??
      new ChatError("rate_limited", `Too fast: wait ${retryAfterMs} ms`, { retryAfterMs });
  }

  /**
   * Lets a connection whose next frame may take long wait for its turn, and what it says meanwhile
   * too; unless nobody waits, this turn has time left, and it is not large. `owed` counts
   * the entries that go out before.
   */
  #lineUp(connection: Connection, owed = 0): void {
    connection.pending++;
    if (connection === this.#served) {
      this.#goesOn = true;
      return;
    }
    const isNow = this.#waiting === 0 && this.#spent < SENDS_PER_TURN && !isLarge(connection);
    if (isNow && !this.#serve(connection, SENDS_PER_TURN).more) return;
    this.#waiting++;
    this.#queue.add(connection, owed, false);
  }

  /** Takes what a connection says whose turn it is, until that has cost so `much`. */
  #serve(connection: Connection, much: number): Served {
    const began = performance.now();
    let cost = 0;
    this.#served = connection;
    do {
      const least = isLarge(connection) ? SENDS_PER_TURN : 1;
      this.#goesOn = false;
      connection.pending--;
      this.#release(connection, true);
      cost = Math.max(cost + least, (performance.now() - began) * SENDS_PER_TURN / TURN_MS);
    } while (this.#goesOn && cost < much);
    this.#served = undefined;
    if (this.#spent === 0) setImmediate(this.#endTurn);
    this.#spent += cost;
    return { cost, more: this.#goesOn };
  }

  readonly #endTurn = (): void => {
    this.#spent = 0;
  };

  /** Goes on with what a connection said while it was held, and with what may take long where `isItsTurn`. */
  #release(connection: Connection, isItsTurn = false): void {
    const { held } = connection;
    while (held.length > 0 && connection.pending === 0 && !connection.closed) {
      if (isLarge(connection) && !isItsTurn) return this.#lineUp(connection);
      const { text, frame, error, code, owes = 0 } = held.shift()!;
      connection.heldUnits -= text.length;
      this.#events.waiting(connection, connection.heldUnits);
      try {
        if (code !== undefined) this.#events.emptied(connection, code);
        else if (error !== undefined) throw error;
        else if (frame !== undefined) this.#answer(connection, frame, this.#clock.read(), true);
        // What it has paid for is known only now: it may have said more in one frame.
        else if (
          isItsTurn && owes === 0 || this.#charge(connection, owes, this.#clock.read().now)
        ) {
          this.#take(connection, text, this.#clock.read(), isItsTurn);
        }
      } catch (error) {
        this.#events.refused(connection, error, text);
      }
      isItsTurn = false;
    }
  }
}

/** Whether it may be told in a hundred rooms, or is answered with much. */
function mayTakeLong(frame: ClientFrame): boolean {
  switch (frame.action) {
    case "join":
    case "create":
    case "rename":
    case "pause":
      return true;
    case "hello":
      return frame.session !== undefined;
    default:
      return false;
  }
}

function isLarge({ held }: Connection): boolean {
  return held.length > 0 && held[0]!.text.length >= LARGE;
}

function sizeOf(data: unknown): number {
  return data instanceof ArrayBuffer ? data.byteLength : 0;
}
