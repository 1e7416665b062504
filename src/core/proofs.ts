/**
 * The proofs of clients on their connections: taken in at `hello`, renewed by `auth`, and ended when
 * no new one comes.
 *
 * @module
 */

import * as CLOSE from "../protocol/close_codes.ts";
import { stacklessError } from "../protocol/errors.ts";
import type { Ref } from "../protocol/frames.ts";
import type { Effect } from "./effects.ts";
import { Expiries, leftOf } from "./expiries.ts";
import type { Moderation } from "./moderation.ts";
import { renaming } from "./presence.ts";
import type { CheckedProof } from "./proof.ts";
import { expiring, renewed } from "./replies.ts";
import type { Peer } from "./sessions.ts";
import type { Instant } from "./time.ts";

/** A connection that is to be closed, and why. */
export interface Unproven {
  readonly peer: Peer;
  readonly code: number;
  readonly reason: string;
}

/** The proofs of the clients of one hub. */
export class Proofs {
  readonly #moderation: Pick<Moderation, "reviewed">;
  readonly #expiries = new Expiries();

  /** Begins with nobody; a client whose proof has changed is reviewed by `moderation`. */
  constructor(moderation: Pick<Moderation, "reviewed">) {
    this.#moderation = moderation;
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

  /** Tells connections that their proofs end, and finds those whose proofs have ended. */
  tick({ now }: Instant): { effects: Effect[]; ended: Unproven[] } {
    const effects: Effect[] = [];
    const ended: Unproven[] = [];
    for (const { peer, leftMs } of this.#expiries.due(now)) {
      if (leftMs !== undefined) effects.push(expiring(peer, leftMs));
      else ended.push({ peer, code: CLOSE.tokenEnded, reason: "The token has ended" });
    }
    return { effects, ended };
  }
}
