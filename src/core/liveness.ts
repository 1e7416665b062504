/**
 * Connections that say nothing: those that have not said `hello`, and those of clients that
 * have fallen silent. Times are on the monotonic clock, in milliseconds.
 *
 * @module
 */

import * as CLOSE from "../protocol/close_codes.ts";
import { Histogram } from "./state/metrics.ts";
import type { HubOptions } from "./state/options.ts";
import type { Peer, Session } from "./state/sessions.ts";

/** The options of a hub that are about silence. */
export type LivenessOptions = Pick<HubOptions, "heartbeatMs" | "helloMs">;

/** The next step with a connection: it is asked for a sign of life, or closed. */
export type Due = { peer: Peer; ask: true } | {
  peer: Peer;
  ask: false;
  code: number;
  reason: string;
};

/** Watches for silence. */
export class Liveness {
  readonly #options: LivenessOptions;
  readonly #lag: Histogram;
  /** Connections that have not said `hello`, and when they came. */
  readonly #strangers = new Map<Peer, number>();
  /** Those that were asked for a sign of life, and when. */
  readonly #asked = new Map<Peer, number>();
  #lookedAt = -Infinity;

  /** Makes a watch with no connections, which observes in `lag` how long answers take. */
  constructor(options: LivenessOptions, lag: Histogram = new Histogram()) {
    this.#options = options;
    this.#lag = lag;
  }

  /** Takes in a connection that has to say `hello`. */
  arrive(peer: Peer, now: number): void {
    this.#strangers.set(peer, now);
  }

  /** Tells whether a connection still has to say `hello`. */
  awaits(peer: Peer): boolean {
    return this.#strangers.has(peer);
  }

  /** Notes that a connection has said `hello`, or has ended. */
  greeted(peer: Peer): void {
    this.#strangers.delete(peer);
    this.#asked.delete(peer);
  }

  /** Notes that a connection answers, whether it was asked or not. */
  answered(peer: Peer, now: number): void {
    const askedAt = this.#asked.get(peer);
    if (askedAt === undefined) return;
    this.#asked.delete(peer);
    this.#lag.observe((now - askedAt) / 1_000);
  }

  /**
   * Finds the connections that are due: each of a client is asked once, when nothing was heard from
   * it for a heartbeat, and closed after the second. Any of them may be ended meanwhile.
   */
  *due(sessions: Iterable<Session>, now: number): Iterable<Due> {
    const { heartbeatMs, helloMs } = this.#options;
    for (const [peer, since] of this.#strangers) {
      if (now - since < helloMs) continue;
      const reason = `No hello within ${helloMs} ms`;
      yield { peer, ask: false, code: CLOSE.helloTimeout, reason };
    }
    for (const { peer, seenAt } of sessions) {
      if (peer === undefined || peer.plain || now - seenAt < heartbeatMs) continue;
      if (now - seenAt >= 2 * heartbeatMs) {
        const reason = `Nothing heard for ${2 * heartbeatMs} ms`;
        yield { peer, ask: false, code: CLOSE.silent, reason };
      } else if (this.#lookedAt - seenAt < heartbeatMs) {
        this.#asked.set(peer, now);
        yield { peer, ask: true };
      }
    }
    this.#lookedAt = now;
  }
}
