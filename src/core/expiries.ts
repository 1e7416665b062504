/**
 * Proofs that end: the connections that have one, when each is told to bring a new one, and when it is
 * closed without. Times are on the monotonic clock, in milliseconds, so that no clock that is set ends
 * a token.
 *
 * @module
 */

import type { CheckedProof } from "./authority/proof.ts";
import type { Peer } from "./state/sessions.ts";
import type { Instant } from "./state/time.ts";

/** The time before the end at which a connection is told for the first time. */
const NOTICE_MS = 60_000;

/** The part of its time that is left then, where that is less. */
const NOTICE_PART = 1 / 3;

/** The number of times that it is told before the end. */
const NOTICES = 2;

/** The difference in which two ends are the same: clocks run differently. */
const SAME_MS = 500;

/** The time that a connection has after the end. */
const GRACE_MS = 30_000;

/** The next step with a connection: it is told that its proof ends in so much time, or it is closed. */
export interface Expiring {
  readonly peer: Peer;
  /** Milliseconds that are left; undefined where it is over. */
  readonly leftMs: number | undefined;
}

interface Watched {
  /** When the proof ends. */
  endsAt: number;
  /** When the connection is told next, or closed. */
  dueAt: number;
  /** The time between two of these. */
  everyMs: number;
}

/** The time that is left of a proof at `t`, in milliseconds, from 0 on; undefined where it does not end. */
export function leftOf(proof: CheckedProof | undefined, t: Instant): number | undefined {
  const { expiresAt = Infinity } = proof ?? {};
  return expiresAt === Infinity ? undefined : Math.max(0, Math.round(expiresAt - t.at));
}

/** Watches for proofs that end. */
export class Expiries {
  readonly #ends = new Map<Peer, Watched>();

  /** The number of connections that are watched. */
  get size(): number {
    return this.#ends.size;
  }

  /** Takes in the proof of a connection, in place of an earlier one. */
  watch(peer: Peer, t: Instant): void {
    const leftMs = leftOf(peer.proof, t);
    const endsAt = t.now + (leftMs ?? Infinity);
    // The same token again changes nothing: whoever brings it is not asked anew each time.
    if (Math.abs(endsAt - (this.#ends.get(peer)?.endsAt ?? Infinity)) < SAME_MS) return;
    this.#ends.delete(peer);
    if (leftMs === undefined) return;
    const noticeMs = Math.min(NOTICE_MS, leftMs * NOTICE_PART);
    this.#ends.set(peer, { endsAt, dueAt: endsAt - noticeMs, everyMs: noticeMs / NOTICES });
  }

  /** Finds the connections that are due at the monotonic time `now`. Any of them may be ended meanwhile. */
  *due(now: number): Iterable<Expiring> {
    for (const [peer, end] of this.#ends) {
      // One that has gone ends with nobody's help.
      if (peer.session === undefined) this.#ends.delete(peer);
      else if (now >= end.endsAt + GRACE_MS) {
        this.#ends.delete(peer);
        yield { peer, leftMs: undefined };
      } else if (now >= end.dueAt) {
        end.dueAt = now < end.endsAt ? Math.min(now + end.everyMs, end.endsAt) : Infinity;
        yield { peer, leftMs: Math.max(0, Math.ceil(end.endsAt - now)) };
      }
    }
  }
}
