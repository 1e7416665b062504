/**
 * The connections of one server: those that are open, and how each of them ends, whichever side ends it.
 *
 * @module
 */

import type { Closing, Effect } from "../../core/state/effects.ts";
import type { Hub } from "../../core/hub.ts";
import type { Metrics } from "../../core/state/metrics.ts";
import type { EngineNumbers } from "../../core/state/options.ts";
import type { Outlet } from "../../core/state/room.ts";
import * as CLOSE from "../../protocol/close_codes.ts";
import { sleep } from "../../protocol/deadline.ts";
import { Backlog } from "./backlog.ts";
import type { Clock } from "./clock.ts";
import { ClosedSockets } from "./closed_sockets.ts";
import { Connection } from "./connection.ts";
import type { Logger } from "../logging/logger.ts";
import type { Pump } from "./pump.ts";
import type { ReadBuffers } from "./read_buffers.ts";

/** The time between two looks whether all is done that comes before the end, in milliseconds. */
const LOOK_MS = 10;

/** The parts of a server that connections are ended with. */
export interface ConnectionsParts {
  readonly hub: Hub;
  readonly pump: Pump;
  readonly clock: Clock;
  readonly readBuffers: ReadBuffers<Connection>;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Carries effects out. */
  perform(effects: readonly Effect[]): void;
  /** Runs what must not throw. */
  guard(connection: Connection | undefined, handle: () => void): void;
  /** Ends a connection whose socket has ended, when all is taken that its client said. */
  end(connection: Connection, code: number): void;
}

/** All connections of one server. */
export class Connections {
  readonly #parts: ConnectionsParts;
  readonly #options: Pick<EngineNumbers, "heartbeatMs" | "resumesPerSecond">;
  readonly #open = new Set<Connection>();
  readonly #closedSockets: ClosedSockets;
  /** Departures that rooms are still to be told: of connections that have ended, and of clients away for too long. */
  readonly #departing: Backlog;

  /** Makes an empty set; `now` is a clock that never goes back, in milliseconds. */
  constructor(
    parts: ConnectionsParts,
    options: Pick<EngineNumbers, "heartbeatMs" | "maxConnections" | "resumesPerSecond">,
    now: () => number,
  ) {
    this.#parts = parts;
    this.#options = options;
    this.#closedSockets = new ClosedSockets(options.maxConnections);
    this.#departing = new Backlog(now);
  }

  /** The number of those that are open. */
  get size(): number {
    return this.#open.size;
  }

  /** The number of sockets that are not gone yet, whichever side has closed them. */
  get sockets(): number {
    return this.#open.size + this.#closedSockets.size + this.#departing.size;
  }

  /** Takes one in. */
  add(connection: Connection): void {
    this.#open.add(connection);
    this.#parts.metrics.open(connection.dialect);
  }

  /** Notes that the socket of one has ended. */
  ended(connection: Connection): void {
    this.#closedSockets.delete(connection);
  }

  /** Lets go of one that has ended. */
  left(connection: Connection, code: number): void {
    if (!this.#open.delete(connection)) return;
    connection.close(CLOSE.normal, "");
    this.#letGo(connection, code);
    const { hub, clock, guard, perform } = this.#parts;
    const forGood = code === CLOSE.normal;
    // A client may be in a hundred rooms, which are all told of it, and many may be cut off at once.
    this.#departing.add(() =>
      guard(connection, () => perform(hub.disconnect(connection, clock.read(), forGood)))
    );
  }

  /** Does something when those who have gone before have departed. */
  afterDepartures(handle: () => void): void {
    this.#departing.add(() => this.#parts.guard(undefined, handle));
  }

  /** Resolves when the rooms of those who have gone before were told of that. */
  departed(): Promise<void> {
    return new Promise((resolve) => this.afterDepartures(resolve));
  }

  /** Throws one out that the store has left without an answer. It is sent what is stored first. */
  giveUp(connection: Connection, reason: string): void {
    this.#parts.pump.deliverAll(connection);
    this.evict(connection, CLOSE.internal, reason);
  }

  /** Throws one out, and tells it why. */
  evict(outlet: Outlet, code: number, reason: string): void {
    if (!(outlet instanceof Connection) || !this.#open.has(outlet)) return;
    const { hub, clock, logger, guard, perform } = this.#parts;
    logger.warn("evicted", { connection: outlet.id, code, reason });
    guard(undefined, () => perform(hub.dismiss(outlet, code, reason, clock.read())));
  }

  /** Says goodbye, and forgets the connection at once: the close event of a stuck peer never comes. */
  dismiss({ peer, code, reason, goodbye }: Closing): void {
    if (!(peer instanceof Connection)) return;
    peer.close(code, reason, goodbye);
    this.#open.delete(peer);
    this.#letGo(peer, code);
  }

  /**
   * Closes one that shall come back. Each gets its own moment, so that it is no stampede. One that
   * fails does not keep others from being closed.
   */
  sendAway(peer: Connection, turn: number, code: number, reason: string): void {
    const { hub, clock, guard, perform } = this.#parts;
    const retryAfterMs = Math.ceil((turn + 1) * 1_000 / this.#options.resumesPerSecond);
    guard(peer, () => perform(hub.dismiss(peer, code, reason, clock.read(), retryAfterMs)));
  }

  /** Closes all with 1001, to come back, and waits until they have taken that, or until the monotonic time `deadline`. */
  async sendAllAway(reason: string, deadline: number): Promise<void> {
    const leaving = [...this.#open];
    leaving.forEach((connection, turn) => {
      this.#parts.pump.deliverAll(connection);
      this.sendAway(connection, turn, CLOSE.goingAway, reason);
    });
    const left = () => leaving.filter((connection) => !connection.ended).length;
    while (left() > 0 && performance.now() < deadline) await sleep(LOOK_MS);
    if (left() > 0) this.#parts.logger.warn("peers left behind", { connections: left() });
  }

  /** Does what is due by now. */
  tick(): void {
    const { clock, pump, readBuffers, end } = this.#parts;
    // The close event never comes for a plain client that answers no ping and reads nothing.
    const { now } = clock.read();
    // A store that never answers is given up as a client is that is silent.
    const askedBefore = now - 2 * this.#options.heartbeatMs;
    for (const peer of this.#open) {
      if (peer.plain && peer.lost) end(peer, CLOSE.abnormal);
      else if (peer.askedAt < askedBefore) this.giveUp(peer, "The store does not answer");
    }
    this.#closedSockets.tick(now);
    readBuffers.takeExcess().forEach((connection, turn) => {
      pump.deliverAll(connection);
      this.sendAway(connection, turn, CLOSE.goingAway, "Large frames: connect again");
    });
  }

  /** Forgets one that was closed, by either side. Its socket may still be there, and counts. */
  #letGo(connection: Connection, code: number): void {
    const { pump, readBuffers, clock, metrics, logger } = this.#parts;
    metrics.close(connection.dialect, code);
    pump.forget(connection);
    readBuffers.delete(connection);
    // A promise may keep the connection for long, but not all that it said.
    connection.requests.close();
    this.#closedSockets.add(connection, clock.read().now);
    logger.debug("disconnected", { connection: connection.id, code });
  }
}
