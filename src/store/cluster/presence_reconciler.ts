/**
 * Makes the logs of rooms agree with the presence that a node has announced. Where two nodes
 * announce the same client, it finds out at which of them that is.
 *
 * @module
 */

import type { PresenceDraft } from "../../protocol/frames.ts";
import type { AnnouncedPresence, RoomAsLogged } from "./announced_presence.ts";

/** A room in which a client is disputed. */
export interface DisputedRoom {
  readonly id: string;
  /** The presence that this node has announced to the room. */
  readonly announced: AnnouncedPresence;
}

/** Such a room with the members in its log. */
export interface LoggedRoom extends DisputedRoom {
  readonly roster: Pick<RoomAsLogged, "members"> & { readonly quiet: boolean };
  readonly speakers: RoomAsLogged["speakers"];
  /** `true` where the log may differ from what was announced. */
  unreconciled: boolean;
}

/** Calls of the reconciler to its store. */
export interface ReconcilerActions {
  /** Says whether all nodes know a client to be at this one. Rejects where that cannot be known. */
  isHere(clientId: string): Promise<boolean>;
  /** Announces the presence of a client of this node to a room again. */
  announce(room: DisputedRoom, presence: Omit<PresenceDraft, "at" | "n">): void;
  /** Gives up a client that is at another node, which speaks for it in that room. */
  taken(clientId: string, roomId: string): void;
}

/** Compares what one node has announced with the logs. */
export class PresenceReconciler {
  readonly #actions: ReconcilerActions;
  /** The clients that are being looked for. */
  readonly #sought = new Set<string>();

  /** Makes a reconciler that looks for nobody yet. */
  constructor(actions: ReconcilerActions) {
    this.#actions = actions;
  }

  /**
   * Announces again what the log of a room lacks, but not about clients that are `busy`: an entry
   * about them is on its way.
   */
  reconcile(room: LoggedRoom, busy: (clientId: string) => boolean): void {
    const { roster, speakers, announced } = room;
    let waiting = 0;
    const corrections = roster.quiet
      ? []
      : announced.corrections({ members: roster.members, speakers }, (id) => {
        const waits = busy(id);
        if (waits) waiting++;
        return waits;
      });
    room.unreconciled = waiting + corrections.length > 0;
    for (const correction of corrections) {
      if (correction.type === "taken") this.#actions.taken(correction.from, room.id);
      else if (correction.type === "disputed") this.decide(room, correction);
      else this.#actions.announce(room, correction);
    }
  }

  /**
   * Asks where a client is, and announces it to the room or gives it up there. Never rejects: where
   * it cannot be known, the next look at the room asks again.
   */
  async decide(
    room: DisputedRoom,
    { from, name }: { from: string; name: string | undefined },
  ): Promise<void> {
    if (this.#sought.has(from)) return;
    this.#sought.add(from);
    try {
      const isHere = await this.#actions.isHere(from);
      // It may have left meanwhile: announced as back, it would stay for ever.
      if (!room.announced.has(from)) return;
      if (isHere) this.#actions.announce(room, { event: "back", from, name });
      else {
        room.announced.forget(from);
        this.#actions.taken(from, room.id);
      }
    } catch {
      // The next look asks again.
    } finally {
      this.#sought.delete(from);
    }
  }
}
