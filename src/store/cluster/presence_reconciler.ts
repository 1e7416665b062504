/**
 * Sees to it that the logs of rooms say of the clients of a node what it has told them, and
 * finds out where one is of which two nodes tell a room that it is at theirs.
 *
 * @module
 */

import type { PresenceDraft } from "../../protocol/frames.ts";
import type { AnnouncedPresence, RoomAsLogged } from "./announced_presence.ts";

/** A room in which a client is disputed. */
export interface DisputedRoom {
  readonly id: string;
  /** The presence that this node has announced to it. */
  readonly announced: AnnouncedPresence;
}

/** Such a room with what its log says. */
export interface LoggedRoom extends DisputedRoom {
  readonly roster: Pick<RoomAsLogged, "members"> & { readonly quiet: boolean };
  readonly speakers: RoomAsLogged["speakers"];
  /** Whether its log may say otherwise than was announced. */
  unreconciled: boolean;
}

/** What the disputes of a node need from the store around them. */
export interface ReconcilerActions {
  /** Whether a client is at this node, as all nodes know it. Rejects where it cannot be known. */
  isHere(clientId: string): Promise<boolean>;
  /** Tells a room, again, how a client of this node is. */
  announce(room: DisputedRoom, presence: Omit<PresenceDraft, "at" | "n">): void;
  /** Hears of a client that it is at another node, which speaks for it in that room. */
  taken(clientId: string, roomId: string): void;
}

/** The disputes of one node. */
export class PresenceReconciler {
  readonly #actions: ReconcilerActions;
  /** The clients of which it is being asked where they are. */
  readonly #open = new Set<string>();

  /** Makes a node's disputes: none so far. */
  constructor(actions: ReconcilerActions) {
    this.#actions = actions;
  }

  /** Tells a room again what its log does not say, unless something of whom that is about is on its way. */
  reconcile(room: LoggedRoom, isBusy: (clientId: string) => boolean): void {
    const { roster, speakers, announced } = room;
    let busy = 0;
    const corrections = roster.quiet
      ? []
      : announced.corrections({ members: roster.members, speakers }, (id) => {
        const waits = isBusy(id);
        if (waits) busy++;
        return waits;
      });
    room.unreconciled = busy + corrections.length > 0;
    for (const correction of corrections) {
      if (correction.type === "taken") this.#actions.taken(correction.from, room.id);
      else if (correction.type === "disputed") this.decide(room, correction);
      else this.#actions.announce(room, correction);
    }
  }

  /**
   * Asks where a client is, and tells it to the room or gives it up there. Never rejects:
   * where nobody knows, the next look at the room begins again.
   */
  async decide(
    room: DisputedRoom,
    { from, name }: { from: string; name: string | undefined },
  ): Promise<void> {
    if (this.#open.has(from)) return;
    this.#open.add(from);
    try {
      const isHere = await this.#actions.isHere(from);
      // It may have left meanwhile: telling then that it is back would bring it back for ever.
      if (!room.announced.has(from)) return;
      if (isHere) this.#actions.announce(room, { event: "back", from, name });
      else {
        room.announced.forget(from);
        this.#actions.taken(from, room.id);
      }
    } catch {
      // The next look asks again.
    } finally {
      this.#open.delete(from);
    }
  }
}
