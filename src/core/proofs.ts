/**
 * The proofs of clients on their connections: taken in at `hello`, renewed by `auth`, and ended when
 * no new one comes.
 *
 * @module
 */

import * as CLOSE from "../protocol/close_codes.ts";
import { stacklessError } from "../protocol/errors.ts";
import type { Ref } from "../protocol/frames.ts";
import type { RevokeFrame } from "../protocol/hello.ts";
import { forbidden } from "./authority/authority.ts";
import type { Departures } from "./departures.ts";
import type { Effect } from "./state/effects.ts";
import { Expiries, leftOf } from "./expiries.ts";
import type { Moderation } from "./moderation.ts";
import { renaming } from "./state/presence.ts";
import type { CheckedProof } from "./authority/proof.ts";
import { expiring, goodbye, renewed, success } from "./state/replies.ts";
import type { Revocations } from "./store/revocations.ts";
import type { Peer, Session, Sessions } from "./state/sessions.ts";
import type { Instant } from "./state/time.ts";

/** The proofs of the clients of one hub. */
export class Proofs {
  readonly #moderation: Pick<Moderation, "reviewed">;
  readonly #sessions: Sessions;
  readonly #departures: Departures;
  readonly #revocations: Revocations;
  readonly #expiries = new Expiries();

  /** Begins with nobody; a client whose proof has changed is reviewed by `moderation`. */
  constructor(
    moderation: Pick<Moderation, "reviewed">,
    sessions: Sessions,
    departures: Departures,
    revocations: Revocations,
  ) {
    this.#moderation = moderation;
    this.#sessions = sessions;
    this.#departures = departures;
    this.#revocations = revocations;
  }

  /**
   * Checks that a proof is not revoked.
   *
   * @throws {ChatError} where it is.
   */
  check(proof: CheckedProof | undefined): void {
    this.#revocations.check(proof);
  }

  /**
   * Revokes the older tokens of somebody, and ends all clients that came with one, at all processes: those
   * that are there, and those that are away.
   *
   * @throws {ChatError} where the one who asks is no admin, or it cannot be kept.
   */
  revoke(session: Session, peer: Peer, frame: RevokeFrame, t: Instant): Effect[] {
    if (!session.principal?.grants?.admin) throw forbidden("Only the scope admin may revoke");
    // All of this second: a token says no more of when it was made.
    const next = Math.floor(t.at / 1_000) + 1;
    const { sub, issuedBefore = next } = frame;
    if (issuedBefore > next) {
      throw stacklessError(
        "invalid_frame",
        `"issued_before" must be at most ${next}, which is now`,
      );
    }
    const admitted = this.#revocations.admit(sub, issuedBefore * 1_000, t.at);
    const revoke = { type: "revoke" as const, peer, frame, ...admitted };
    return this.#revocations.areKept ? [revoke] : this.revoked(revoke, t);
  }

  /** Answers that a revocation is kept, and ends the clients that it is about. */
  revoked(
    { peer, frame, before }: Extract<Effect, { type: "revoke" }>,
    t: Instant,
  ): Effect[] {
    const told = { issued_before: before / 1_000, message: "Revoked" };
    return [
      ...peer.session === undefined ? [] : [success(peer, told, frame.ref)],
      ...this.end(frame.sub, before, t),
    ];
  }

  /** Ends all clients that came with a token of somebody from before a time, and lets none of them in any more. */
  end(sub: string, before: number, t: Instant): Effect[] {
    this.#revocations.take(sub, before);
    const effects: Effect[] = [];
    for (const other of [...this.#sessions]) {
      if (other.sub !== sub || other.provedAt >= before) continue;
      const { peer: theirs } = other;
      if (theirs !== undefined) {
        other.detach(theirs, t.now);
        effects.push(goodbye(theirs, CLOSE.tokenEnded, "The token was revoked"));
      }
      effects.push(...this.#departures.end(other, t));
    }
    return effects;
  }

  /** Takes in the proof of a connection that has said `hello`, if it has one that ends. */
  watch(peer: Peer, t: Instant): void {
    this.#expiries.watch(peer, t);
  }

  /**
   * Goes on with another proof of the same person.
   *
   * @throws {ChatError} where it is of somebody else.
   */
  renew(peer: Peer, proof: CheckedProof | undefined, ref: Ref | undefined, t: Instant): Effect[] {
    const { session } = peer;
    if (session === undefined) return [];
    if (proof?.sub !== session.sub || proof?.issuer !== peer.proof?.issuer) {
      throw stacklessError(
        "token_mismatch",
        "The new token is of somebody else: connect with it instead",
      );
    }
    peer.proof = proof;
    session.prove(proof);
    this.#expiries.watch(peer, t);
    return [
      renewed(peer, leftOf(proof, t), ref),
      ...renaming(session, proof?.name ?? session.name, t),
      ...this.#moderation.reviewed(session, t),
    ];
  }

  /** Tells connections that their proofs end, and closes those whose proofs have ended. */
  tick(t: Instant): Effect[] {
    const effects: Effect[] = [];
    for (const { peer, leftMs } of this.#expiries.due(t.now)) {
      const { session } = peer;
      if (leftMs !== undefined) effects.push(expiring(peer, leftMs));
      else if (session !== undefined) {
        effects.push(
          goodbye(peer, CLOSE.tokenEnded, "The token has ended"),
          ...this.#departures.cutOff(session, t),
          ...this.#departures.shed(t),
        );
      }
    }
    return effects;
  }
}
