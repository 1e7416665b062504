// This module is pure: no sockets, no clock, no Deno.

/**
 * What one node has told a shared room about its own clients, and what it has to tell
 * again where the log says otherwise: because it was not stored, or because other nodes
 * took this one for dead.
 *
 * @module
 */

import type { MemberInfo, PresenceDraft, PresenceEvent } from "../../protocol/frames.ts";

/** What has to be done about one client for the log to be true again. */
export type Correction =
  /** Tell this. */
  | { type: "tell"; event: PresenceEvent; from: string; name: string | undefined }
  /** It was away here, or has gone to another node, which speaks for it now. */
  | { type: "taken"; from: string }
  /** It is here, and another node says that it is there. */
  | { type: "disputed"; from: string; name: string | undefined };

/** A room as its log says that it is. */
export interface RoomAsLogged {
  /** Who is in it. */
  members: ReadonlyMap<string, MemberInfo>;
  /** Which node has spoken last for each of them. */
  speakers: ReadonlyMap<string, { node: string }>;
}

/** The clients of one node in one room, as it has told of them. */
export class Told {
  readonly #node: string;
  /** How they are; undefined for those who have come in at another node. */
  readonly #members = new Map<string, MemberInfo | undefined>();
  /** Whether the node has told that the room is quiet, and so nothing of anybody since. */
  #quiet = false;

  /** Begins for the node with this id, which has told nothing yet. */
  constructor(node: string) {
    this.#node = node;
  }

  /** Takes in what the node tells. */
  tell({ event, from, name }: Pick<PresenceDraft, "event" | "from" | "name">): void {
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

  /** Whether the node has told that somebody is here, and not away. */
  has(clientId: string): boolean {
    const member = this.#members.get(clientId);
    return member !== undefined && member.away !== true;
  }

  /** Takes in that somebody has come in at another node; says whether it was told of here. */
  move(clientId: string): boolean {
    if (this.#members.get(clientId) === undefined) return false;
    this.#members.set(clientId, undefined);
    return true;
  }

  /** Forgets somebody who is on another node: nothing about it may be told here any more. */
  forget(clientId: string): void {
    this.#members.delete(clientId);
  }

  /**
   * Compares with the log, which does not say that the room is quiet. Clients that are
   * `busy`, of whom something is on its way already, are left out.
   */
  corrections(logged: RoomAsLogged, busy: (clientId: string) => boolean): Correction[] {
    const corrections: Correction[] = [];
    const tell = (event: PresenceEvent, { client_id: from, name }: MemberInfo) =>
      corrections.push({ type: "tell", event, from, name });
    if (this.#quiet) {
      if (!busy("")) tell("quiet", { client_id: "" });
      return corrections;
    }
    for (const [from, own] of this.#members) {
      if (busy(from)) continue;
      const seen = logged.members.get(from);
      const foreign = logged.speakers.get(from)?.node !== this.#node;
      if (own === undefined || foreign && own.away && seen !== undefined) {
        // What it does not take up there it leaves here, when its time is over.
        if (!foreign) continue;
        this.#members.delete(from);
        corrections.push({ type: "taken", from });
      } else if (seen === undefined) {
        tell("join", own);
        if (own.away) tell("away", own);
      } else if (foreign && !seen.away) {
        corrections.push({ type: "disputed", from, name: own.name });
      } else if (own.away !== seen.away) {
        tell(own.away ? "away" : "back", own);
      } else if (own.name !== seen.name) {
        tell("rename", own);
      }
    }
    for (const [from, seen] of logged.members) {
      const ours = logged.speakers.get(from)?.node === this.#node;
      if (ours && !this.#members.has(from) && !busy(from)) tell("leave", seen);
    }
    return corrections;
  }
}
