/**
 * Records of rooms in the streams, besides their entries, and tombstones of deleted rooms.
 *
 * @module
 */

import { roomGone } from "../../protocol/errors.ts";
import type { JetStreamLink } from "./link/link.ts";

/** The record of a room besides its entries. */
export interface RoomMeta {
  /** The name of the room. */
  name: string;
  /** The name of this life of its log. */
  epoch: string;
  /** The description of its streams: in others of the same name the room is lost. */
  made: string;
  /** The `sub` of its maker, who owns it; missing where nobody does. */
  owner?: string;
  /** The `seq` of the newest entry of an earlier room with the same id. */
  after: number;
  /** The time at which it was made, in milliseconds since 1970. */
  at: number;
}

/** The record of a room that was deleted. */
export interface Tombstone {
  /** The time at which it was deleted, in milliseconds since 1970. */
  deleted: number;
}

/** A stored record of a room or tombstone. */
export interface KeptMeta {
  /** The `seq` of the record. */
  seq: number;
  /** The time at which it was stored, in milliseconds since 1970, by the clock of NATS. */
  at: number;
  meta: RoomMeta | Tombstone;
}

/** The part of the link to NATS that the records need. */
export type RecordsLink = Pick<JetStreamLink, "subject" | "last" | "publish" | "purge" | "made">;

/** The most tries to delete a room whose record changes meanwhile. */
const MAX_TRIES = 5;

/** The records of the rooms of all nodes. */
export class RoomRecords {
  readonly #link: RecordsLink;
  readonly #newEpoch: () => string;

  /** Makes the records as one node reads and writes them; `newEpoch` names each new log. */
  constructor(link: RecordsLink, newEpoch: () => string) {
    this.#link = link;
    this.#newEpoch = newEpoch;
  }

  /** Finds the room with this id; undefined where there is none, or none any more. */
  async find(id: string): Promise<RoomMeta | undefined> {
    const kept = await keptMeta(this.#link, id);
    return isRoom(kept?.meta) && kept.meta.made === this.#link.made ? kept.meta : undefined;
  }

  /**
   * Makes a room, unless there is one with this id; says whether it certainly did. Rejects with
   * `room_gone` where one was deleted.
   */
  async make(id: string, name: string, owner?: string): Promise<boolean> {
    const { made } = this.#link;
    const kept = await keptMeta(this.#link, id);
    if (isRoom(kept?.meta) && kept.meta.made === made) return false;
    if (kept !== undefined && !isRoom(kept.meta)) throw roomGone();
    const last = await this.#link.last(this.#link.subject("room", id));
    const epoch = this.#newEpoch();
    const after = last?.seq ?? 0;
    const owned = owner === undefined ? {} : { owner };
    const meta: RoomMeta = { name, epoch, made, ...owned, after, at: Date.now() };
    // Where another node was faster, the room is there too.
    return (await this.#write(id, meta, kept?.seq)).type === "stored";
  }

  /** Deletes a room for good, with its entries, if there is one; resolves with its epoch. */
  async delete(id: string): Promise<string | undefined> {
    const meta = await this.#bury(id);
    for (const kind of ["roster", "room"]) {
      const subject = this.#link.subject(kind, id);
      const last = await this.#link.last(subject);
      if (last !== undefined) await this.#link.purge(subject, last.seq);
    }
    return isRoom(meta) ? meta.epoch : undefined;
  }

  /** Replaces the record of a room by a tombstone; resolves with the old record. */
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

  #write(id: string, meta: RoomMeta | Tombstone, expectedLastSeq = 0) {
    return this.#link.publish(this.#link.subject("meta", id), JSON.stringify(meta), {
      expectedLastSeq,
    });
  }
}

/** Reads the record of the room with this id. */
export async function keptMeta(
  link: Pick<RecordsLink, "subject" | "last">,
  id: string,
): Promise<KeptMeta | undefined> {
  const kept = await link.last(link.subject("meta", id));
  return kept && { seq: kept.seq, at: kept.at, meta: JSON.parse(kept.text) };
}

/** Says whether a record is one of a room, and not a tombstone. */
export function isRoom(meta: RoomMeta | Tombstone | undefined): meta is RoomMeta {
  return meta !== undefined && !("deleted" in meta);
}
