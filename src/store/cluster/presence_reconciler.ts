/**
 * Brings the logs of rooms to agree with the presence that a node has announced. Where two nodes
 * announce the same client, it finds out where that one is.
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
  /** `true` where its log may say otherwise than was announced. */
  unreconciled: boolean;
}

/** Calls of the reconciler to the store around it. */
export interface ReconcilerActions {
  /** Says whether a client is at this node, as all nodes know it. Rejects where it cannot be known. */
  isHere(clientId: string): Promise<boolean>;
  /** Announces to a room, again, how a client of this node is. */
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

  /** Announces to a room again what its log does not say, except about clients that are `busy`: something of them is on its way. */
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
   * nobody knows, the next look at the room begins again.
   */
  async decide(
    room: DisputedRoom,
    { from, name }: { from: string; name: string | undefined },
  ): Promise<void> {
    if (this.#sought.has(from)) return;
    this.#sought.add(from);
    try {
      const isHere = await this.#actions.isHere(from);
      // It may have left meanwhile. To announce then that it is back would bring it back for ever.
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
