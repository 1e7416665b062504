/**
 * The cursors of a webhook: how far it has read each log. A webhook is a reader like any other, and
 * its cursors are its read markers, where the store keeps such.
 *
 * @module
 */

import type { Log } from "../core/log/log.ts";
import { checkedMarkers } from "../core/store/store_answers.ts";
import type { Marker, MarkerStore } from "../core/store/store.ts";

/** The number of people that a webhook is to the store: each has few rooms, and its record stays small. */
const SHARDS = 256;

/** A room whose log is read. */
export interface ReadRoom {
  readonly id: string;
  readonly log: Pick<Log, "epoch">;
}

/** The cursors of one webhook. Without a store they live as long as the logs do. */
export class Cursors {
  readonly #person: string;
  readonly #store: MarkerStore | undefined;
  readonly #known = new WeakMap<object, number>();

  /** Makes the cursors of a webhook, which the store knows by the `name`. */
  constructor(name: string, store: MarkerStore | undefined) {
    // No client id and no subject of a token begins like this.
    this.#person = `webhook:${name}`;
    this.#store = store;
  }

  /** The `seq` up to which a log is read; 0 where it is not. Rejects with a ChatError where nobody knows. */
  async of({ id, log }: ReadRoom): Promise<number> {
    const known = this.#known.get(log);
    if (known !== undefined) return known;
    const marker = (await this.load(id)).get(id);
    const seq = marker?.epoch === log.epoch ? marker.seq : 0;
    this.#known.set(log, seq);
    return seq;
  }

  /** The markers of the rooms that have theirs in the same record. */
  async load(roomId: string): Promise<ReadonlyMap<string, Marker>> {
    if (this.#store === undefined) return new Map();
    return checkedMarkers(await this.#store.load(this.#personFor(roomId)));
  }

  /** The name of that record. */
  shardOf(roomId: string): number {
    let hash = 0;
    for (let i = 0; i < roomId.length; i++) hash = hash * 31 + roomId.charCodeAt(i) | 0;
    return hash & SHARDS - 1;
  }

  /** Moves a cursor on. Rejects where the store cannot keep that; it is moved all the same, in memory. */
  async move({ id, log }: ReadRoom, seq: number): Promise<void> {
    this.#known.set(log, seq);
    await this.#store?.set(this.#personFor(id), id, { epoch: log.epoch, seq });
  }

  #personFor(roomId: string): string {
    return `${this.#person}:${this.shardOf(roomId)}`;
  }
}
