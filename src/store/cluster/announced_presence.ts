// This module is pure: no sockets, no clock, no Deno.

/**
 * The presence of its own clients that one node has announced to a room. Where the log differs, it
 * is announced again: it was not stored, or other nodes took this one for dead.
 *
 * @module
 */

import type { MemberInfo, PresenceDraft, PresenceEvent } from "../../protocol/frames.ts";

/** A step that makes the log right about one client. */
export type Correction =
  /** Announce this. */
  | { type: "announce"; event: PresenceEvent; from: string; name: string | undefined }
  /** It was away here or has gone, and another node speaks for it now. */
  | { type: "taken"; from: string }
  /** It is here, and another node has announced it too. */
  | { type: "disputed"; from: string; name: string | undefined };

/** The members of a room according to its log. */
export interface RoomAsLogged {
  /** The members by their client ids. */
  members: ReadonlyMap<string, MemberInfo>;
  /** The node that spoke last for each of them. */
  speakers: ReadonlyMap<string, { node: string }>;
}

/** The clients of one node in one room, as it has announced them. */
export class AnnouncedPresence {
  readonly #node: string;
  /** The announced members; undefined for those that have come in at another node. */
  readonly #members = new Map<string, MemberInfo | undefined>();
  /** `true` once the node has announced that the room is quiet; since then it announces nobody. */
  #quiet = false;

  /** Makes the presence of the node with this id, which has announced nothing yet. */
  constructor(node: string) {
    this.#node = node;
  }

  /** Notes what the node announces. */
  announce({ event, from, name }: Pick<PresenceDraft, "event" | "from" | "name">): void {
    if (event === "quiet") this.#quiet = true;
    if (this.#quiet) return;
    if (event === "leave") this.#members.delete(from);
    else if (event !== "rename" || this.#members.get(from) !== undefined) {
      const away = event === "away" || event === "rename" && this.#members.get(from)?.away === true;
      this.#members.set(from, {
        client_id: from,
        ...(name === undefined ? {} : { name }),
        ...(away ? { away } : {}),
      });
    }
  }

  /** Says whether the node has announced a client as here, and not away. */
  has(clientId: string): boolean {
    const member = this.#members.get(clientId);
    return member !== undefined && member.away !== true;
  }

  /** Notes that a client has come in at another node; says whether it was announced here. */
  move(clientId: string): boolean {
    if (this.#members.get(clientId) === undefined) return false;
    this.#members.set(clientId, undefined);
    return true;
  }

  /** Forgets a client that is at another node, so that nothing about it is announced here. */
  forget(clientId: string): void {
    this.#members.delete(clientId);
  }

  /**
   * Compares with the log of a room that is not quiet. Clients that are `busy` are left out: an
   * entry about them is already on its way.
   */
  corrections(logged: RoomAsLogged, busy: (clientId: string) => boolean): Correction[] {
    const corrections: Correction[] = [];
    const announce = (event: PresenceEvent, { client_id: from, name }: MemberInfo) =>
      corrections.push({ type: "announce", event, from, name });
    if (this.#quiet) {
      if (!busy("")) announce("quiet", { client_id: "" });
      return corrections;
    }
    for (const [from, own] of this.#members) {
      if (busy(from)) continue;
      const seen = logged.members.get(from);
      const foreign = logged.speakers.get(from)?.node !== this.#node;
      if (own === undefined || foreign && own.away && seen !== undefined) {
        // If it does not come back to this room there, it leaves here when its grace period is
        // over.
        if (!foreign) continue;
        this.#members.delete(from);
        corrections.push({ type: "taken", from });
      } else if (seen === undefined) {
        announce("join", own);
        if (own.away) announce("away", own);
      } else if (foreign && !seen.away) {
        corrections.push({ type: "disputed", from, name: own.name });
      } else if (own.away !== seen.away) {
        announce(own.away ? "away" : "back", own);
      } else if (own.name !== seen.name) {
        announce("rename", own);
      }
    }
    for (const [from, seen] of logged.members) {
      const ours = logged.speakers.get(from)?.node === this.#node;
      if (ours && !this.#members.has(from) && !busy(from)) announce("leave", seen);
    }
    return corrections;
  }
}
