/**
 * Rooms that are to be deleted as soon as NATS is reached. At this node they are gone already.
 *
 * @module
 */

import { DELETED } from "../../core/store/store.ts";
import { reasonOf } from "../../protocol/errors.ts";

/** The surroundings of deletions. */
export interface DeletionsSetting {
  /** Resolves when NATS is reached; rejects where it is not. */
  ready(): Promise<void>;
  /** Deletes a room from the streams; resolves with its epoch, if there was one. */
  delete(id: string): Promise<string | undefined>;
  /** Tells everybody that a room is deleted. */
  deleted(id: string, epoch: string | undefined): void;
  /** Takes a line for the log. */
  troubled(reason: string): void;
}

/** The rooms that one node is to delete. */
export class Deletions {
  readonly #setting: DeletionsSetting;
  readonly #waiting = new Set<string>();

  /** Makes deletions of no room. */
  constructor(setting: DeletionsSetting) {
    this.#setting = setting;
  }

  /** The rooms that are not deleted yet. */
  get waiting(): Iterable<string> {
    return this.#waiting;
  }

  /** Says whether a room is to be deleted. */
  has(id: string): boolean {
    return this.#waiting.has(id);
  }

  /** Notes that a room is to be deleted. */
  add(id: string): void {
    if (this.#waiting.size < DELETED.rooms) this.#waiting.add(id);
  }

  /** Tries to delete a room; where that fails, it waits. */
  async delete(id: string): Promise<void> {
    try {
      await this.#setting.ready();
      const epoch = await this.#setting.delete(id);
      this.#waiting.delete(id);
      this.#setting.deleted(id, epoch);
    } catch (error) {
      this.#setting.troubled(`Room ${id} is not deleted yet: ${reasonOf(error)}`);
    }
  }
}
