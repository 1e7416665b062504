/**
 * Somebody who has proved who it is, and reads rooms without being in them.
 *
 * @module
 */

import {
  authorIn,
  forbidden,
  may,
  mayEnter,
  notFound,
  roleOf,
} from "../core/authority/authority.ts";
import { newRoomId, type RandomBytes } from "../core/authority/ids.ts";
import { type CheckedProof, principalOf } from "../core/authority/proof.ts";
import type { Room } from "../core/state/room.ts";
import type { Store } from "../core/store/store.ts";
import { ChatError } from "../protocol/errors.ts";

/** The parts of a chat that such readers need. */
export interface ReaderParts {
  readonly store: Pick<Store, "open">;
  readonly random: RandomBytes;
  /** Opens a room; rejects with `room_not_found` where there is none. */
  room(roomId: string): Promise<Room>;
  /** The time, in milliseconds since 1970. */
  now(): number;
  /** Throws a ChatError where a proof was revoked. */
  check(proof: CheckedProof): void;
}

/** A reader of rooms, who finds those that it could come into, and no others. */
export class ProvenReader {
  readonly #parts: ReaderParts;
  readonly #proof: CheckedProof;

  /** Makes a reader of a proof. */
  constructor(parts: ReaderParts, proof: CheckedProof) {
    this.#parts = parts;
    this.#proof = proof;
  }

  /** The one lasting name of the person. */
  get sub(): string {
    return this.#proof.sub;
  }

  /**
   * Opens a room that it may read. Rejects with a ChatError where it may not: as with one that there is
   * not where it may not see it, and once its proof has ended or was revoked. Ask again before each
   * part of a log.
   */
  async room(roomId: string): Promise<Room> {
    const { store, random } = this.#parts;
    this.#checkProof();
    const room = await this.#parts.room(roomId);
    // It may have been revoked while the store was asked.
    this.#checkProof();
    const at = this.#parts.now();
    const author = authorIn(principalOf(this.#proof), room.id) ?? { sub: this.sub };
    const { charter } = room;
    // Where a store knows of no roles, a token that gives some cannot be held to them.
    const isHidden = charter === undefined
      ? author.most !== undefined
      : !mayEnter(author, charter, at, false);
    if (isHidden) {
      // It is looked for like one that there is not: the time that it takes says less.
      await store.open(newRoomId(random));
      throw notFound(roomId);
    }
    const shows = charter === undefined || charter.settings.history === "all" ||
      may(roleOf(author, charter, at), "read_all");
    if (!shows) {
      throw forbidden("This room shows what is said to those who are in it: connect to it");
    }
    return room;
  }

  #checkProof(): void {
    const { now, check } = this.#parts;
    if (this.#proof.expiresAt <= now()) throw new ChatError("token_expired", "Token has expired");
    check(this.#proof);
  }
}
