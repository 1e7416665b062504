/**
 * Finds out where a client is of which two nodes tell a room that it is at theirs.
 *
 * @module
 */

import type { PresenceDraft } from "../protocol.ts";
import type { Told } from "./told.ts";

/** A room in which a client is disputed. */
export interface DisputedRoom {
  readonly id: string;
  /** What this node has told it of its own clients. */
  readonly told: Told;
}

/** What the disputes of a node need from the store around them. */
export interface DisputeActions {
  /** Whether a client is at this node, as all nodes know it. Rejects where it cannot be known. */
  isHere(clientId: string): Promise<boolean>;
  /** Tells a room, again, how a client of this node is. */
  tell(room: DisputedRoom, presence: Omit<PresenceDraft, "at" | "n">): void;
  /** Hears of a client that it is at another node, which speaks for it in that room. */
  taken(clientId: string, roomId: string): void;
}

/** The disputes of one node. */
export class Disputes {
  readonly #actions: DisputeActions;
  /** The clients of which it is being asked where they are. */
  readonly #open = new Set<string>();

  /** Makes a node's disputes: none so far. */
  constructor(actions: DisputeActions) {
    this.#actions = actions;
  }

  /**
   * Asks where a client is, and tells it to the room or gives it up there. Never rejects:
   * where nobody knows, the next look at the room begins again.
   */
  async settle(
    room: DisputedRoom,
    { from, name }: { from: string; name: string | undefined },
  ): Promise<void> {
    if (this.#open.has(from)) return;
    this.#open.add(from);
    try {
      const isHere = await this.#actions.isHere(from);
      // It may have left meanwhile: telling then that it is back would bring it back for ever.
      if (!room.told.has(from)) return;
      if (isHere) this.#actions.tell(room, { event: "back", from, name });
      else {
        room.told.forget(from);
        this.#actions.taken(from, room.id);
      }
    } catch {
      // The next look asks again.
    } finally {
      this.#open.delete(from);
    }
  }
}
