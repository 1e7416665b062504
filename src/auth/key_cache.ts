/**
 * Keeps the public keys of one issuer: fetched when they are needed, again when they are old or one is
 * unknown, and held while they cannot be had.
 *
 * @module
 */

import { ChatError } from "../protocol/errors.ts";
import { type PublicAlgorithm, type PublicKey, readKeySet } from "./key_set.ts";

/** The age at which a set is fetched again, so that a key that was taken out ends, in milliseconds. */
const OLD_MS = 300_000;

/** The least time between two attempts where there is a set, in milliseconds. */
const AGAIN_MS = 30_000;

/** The same where there is none yet. */
const FIRST_MS = 2_000;

/** The surroundings of a cache. */
export interface KeyCacheParts {
  /** Loads the text of the set; rejects where it cannot be had. */
  load(): Promise<string>;
  /** The time on a clock that never goes back, in milliseconds. */
  now(): number;
  /** Reports that the set cannot be had. */
  troubled(error: unknown): void;
}

/** The keys of one issuer. Every issuer has a cache of its own: a `kid` means nothing outside of it. */
export class KeyCache {
  readonly #parts: KeyCacheParts;
  #keys: readonly PublicKey[] | undefined;
  #loadedAt = -Infinity;
  #triedAt = -Infinity;
  #loading: Promise<void> | undefined;

  /** Makes a cache that holds nothing. */
  constructor(parts: KeyCacheParts) {
    this.#parts = parts;
  }

  /**
   * Finds the keys that a signature may be checked with: of this `kid`, or where there is none, all of
   * the algorithm.
   *
   * @throws {ChatError} `unavailable` where no set of keys was ever had.
   */
  async find(algorithm: PublicAlgorithm, kid: string | undefined): Promise<readonly PublicKey[]> {
    if (this.#parts.now() - this.#loadedAt >= OLD_MS) await this.#load();
    let found = this.#named(algorithm, kid);
    if (found.length === 0) {
      await this.#load();
      found = this.#named(algorithm, kid);
    }
    if (this.#keys !== undefined) return found;
    throw new ChatError("unavailable", "The keys of the issuer cannot be had now", {
      retryAfterMs: FIRST_MS,
    });
  }

  #named(algorithm: PublicAlgorithm, kid: string | undefined): readonly PublicKey[] {
    return this.#keys?.filter((key) =>
      key.algorithm === algorithm && (kid === undefined || key.kid === kid)
    ) ?? [];
  }

  /** Loads the set, unless that was tried a moment ago. All who wait share one attempt. */
  #load(): Promise<void> {
    if (this.#loading !== undefined) return this.#loading;
    const now = this.#parts.now();
    const pause = this.#keys === undefined ? FIRST_MS : AGAIN_MS;
    if (now - this.#triedAt < pause) return Promise.resolve();
    this.#triedAt = now;
    return this.#loading = this.#fetch(now).finally(() => {
      this.#loading = undefined;
    });
  }

  async #fetch(now: number): Promise<void> {
    try {
      this.#keys = readKeySet(await this.#parts.load());
      this.#loadedAt = now;
    } catch (error) {
      this.#parts.troubled(error);
    }
  }
}
