/**
 * Revocations: people whose tokens from before some time count no more.
 *
 * @module
 */

import { stacklessError } from "../../protocol/errors.ts";
import { LEEWAY_SECONDS, MAX_TOKEN_SECONDS } from "../authority/claims.ts";
import type { CheckedProof } from "../authority/proof.ts";
import type { Store } from "./store.ts";

/** The time after which no token is good any more that is as old, in milliseconds. */
const OVER_MS = (MAX_TOKEN_SECONDS + 2 * LEEWAY_SECONDS) * 1_000;

/** The most people whose tokens are revoked at once. */
const MOST = 10_000;

/** The parts of a store that revocations depend on. */
export type RevocationFacts = Pick<Store, "revocations" | "clients" | "bus">;

/** The revocations that one server knows: a number for each `sub`. */
export class Revocations {
  readonly #store: RevocationFacts;
  readonly #before = new Map<string, number>();

  /** Takes in those that the store has kept. */
  constructor(store: RevocationFacts) {
    this.#store = store;
    for (const { sub, before } of store.revocations?.revoked() ?? []) this.#before.set(sub, before);
  }

  /**
   * Checks that a proof is not revoked.
   *
   * @throws {ChatError} where it is.
   */
  check(proof: CheckedProof | undefined): void {
    if (proof === undefined || proof.issuedAt >= (this.#before.get(proof.sub) ?? -Infinity)) return;
    throw stacklessError("token_revoked", "Token was revoked: get a new one");
  }

  /** Says whether the store keeps them. */
  get areKept(): boolean {
    return this.#store.revocations !== undefined;
  }

  /**
   * Makes place for a revocation of what somebody has proved before a time, at the time `at`, both in
   * milliseconds since 1970. Returns the times before which that counts no more, and before which no
   * revocation need be kept.
   *
   * @throws {ChatError} where the store does not keep that, or there are too many.
   */
  admit(sub: string, before: number, at: number): { before: number; over: number } {
    const { revocations, clients, bus } = this.#store;
    // What outlives this process, or is not alone, must not forget it.
    if (revocations === undefined && (clients ?? bus) !== undefined) {
      throw stacklessError("unsupported", "The store of this server keeps no revocations");
    }
    for (const [other, time] of this.#before) {
      if (time + OVER_MS < at) this.#before.delete(other);
    }
    if (this.#before.size >= MOST && !this.#before.has(sub)) {
      throw stacklessError("unavailable", `The tokens of ${MOST} people are revoked already`);
    }
    return { before: Math.max(before, this.#before.get(sub) ?? 0), over: at - OVER_MS };
  }

  /** Takes in a revocation; an earlier time takes nothing back. */
  take(sub: string, before: number): void {
    this.#before.set(sub, Math.max(before, this.#before.get(sub) ?? 0));
  }
}
