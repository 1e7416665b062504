/**
 * Records of the rooms in the streams, and of those that there shall not be again: what is kept of a
 * room besides its entries, or instead of them.
 *
 * @module
 */

import { roomGone } from "../../protocol/errors.ts";
import type { JetStreamLink } from "./link.ts";

/** The record of a room besides its entries. */
export interface RoomMeta {
  /** The name of the room. */
  name: string;
  /** Names this life of its log. */
  epoch: string;
  /** The streams it was made in: in others of the same name it is lost. */
  made: string;
  /** The `seq` of the newest entry that is not its own, but of a room before it with the same id. */
  after: number;
  /** When it was made, in milliseconds since 1970. */
  at: number;
}

/** The record of a room that was deleted. */
export interface Tombstone {
  /** When it was deleted, in milliseconds since 1970. */
  deleted: number;
}

/** A room, or what is left of one, and since when that is kept. */
export interface KeptMeta {
  /** The place in the stream. */
  seq: number;
  /** When it was stored, in milliseconds since 1970, by the clock of NATS. */
  at: number;
  meta: RoomMeta | Tombstone;
}

/** The part of the line to NATS that is needed. */
export type MetasLink = Pick<JetStreamLink, "subject" | "last" | "publish" | "purge" | "made">;

/** The most tries to delete a room that somebody makes or refreshes meanwhile. */
const MAX_TRIES = 5;

/** The rooms of all nodes. */
export class JetStreamMetas {
  readonly #link: MetasLink;
  readonly #newEpoch: () => string;

  /** Makes what one node can know of them by way of its line; `newEpoch` names each new log. */
  constructor(link: MetasLink, newEpoch: () => string) {
    this.#link = link;
    this.#newEpoch = newEpoch;
  }

  /** The room of that id; undefined where there is none, or none any more. */
  async find(id: string): Promise<RoomMeta | undefined> {
    const kept = await keptMeta(this.#link, id);
    return isRoom(kept?.meta) && kept.meta.made === this.#link.made ? kept.meta : undefined;
  }

  /**
   * Makes a room, unless there is one of that id, and says whether it is certain that it did.
   * Rejects with `room_gone` where there was one that was deleted.
   */
  async make(id: string, name: string): Promise<boolean> {
    const { made } = this.#link;
    const kept = await keptMeta(this.#link, id);
    if (isRoom(kept?.meta) && kept.meta.made === made) return false;
    if (kept !== undefined && !isRoom(kept.meta)) throw roomGone();
    const last = await this.#link.last(this.#link.subject("room", id));
    const epoch = this.#newEpoch();
    const meta: RoomMeta = { name, epoch, made, after: last?.seq ?? 0, at: Date.now() };
    // Where another node was faster, the room is there as well.
    return (await this.#write(id, meta, kept?.seq)).type === "stored";
  }

  /** Deletes a room with its entries, if there is one, for good; resolves with the epoch it had. */
  async delete(id: string): Promise<string | undefined> {
    const meta = await this.#bury(id);
    for (const kind of ["roster", "room"]) {
      const subject = this.#link.subject(kind, id);
      const last = await this.#link.last(subject);
      if (last !== undefined) await this.#link.purge(subject, last.seq);
    }
    return isRoom(meta) ? meta.epoch : undefined;
  }

  /** Puts a tombstone in the place of a room; resolves with what was there. */
  async #bury(id: string): Promise<RoomMeta | Tombstone | undefined> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const kept = await keptMeta(this.#link, id);
      if (kept !== undefined && !isRoom(kept.meta)) return kept.meta;
      const outcome = await this.#write(id, { deleted: Date.now() }, kept?.seq);
      if (outcome.type === "stored") return kept?.meta;
      if (outcome.type !== "overtaken") throw new Error(outcome.reason);
    }
    throw new Error("It is made again and again");
  }

  #write(id: string, meta: RoomMeta | Tombstone, behind = 0) {
    return this.#link.publish(this.#link.subject("meta", id), JSON.stringify(meta), { behind });
  }
}

/** Reads what is kept of the room of that id. */
export async function keptMeta(
  link: Pick<MetasLink, "subject" | "last">,
  id: string,
): Promise<KeptMeta | undefined> {
  const kept = await link.last(link.subject("meta", id));
  return kept && { seq: kept.seq, at: kept.at, meta: JSON.parse(kept.text) };
}

/** Says whether what is kept is a room, and not what is left of one. */
export function isRoom(meta: RoomMeta | Tombstone | undefined): meta is RoomMeta {
  return meta !== undefined && !("deleted" in meta);
}
