/**
 * The host of a chat: the program around it, which speaks in rooms without being in them. Each word of
 * it is that of a client that comes, says one thing and goes, with nobody told: so all the rules for
 * messages hold, and a word that is said again is stored once.
 *
 * @module
 */

import * as CLOSE from "../protocol/close_codes.ts";
import { ChatError } from "../protocol/errors.ts";
import type { MessageFrame } from "../protocol/frames.ts";
import type { RevokeFrame } from "../protocol/hello.ts";
import type { ModerationFrame } from "../protocol/moderation.ts";
import type { Effect } from "./state/effects.ts";
import type { Messages } from "./messages.ts";
import type { Moderation } from "./moderation.ts";
import type { Proofs } from "./proofs.ts";
import type { Member, Outlet, Room } from "./state/room.ts";
import type { Peer, Session, Sessions } from "./state/sessions.ts";
import type { Instant } from "./state/time.ts";

/** The client that a word of the host is said by. */
export interface HostClient {
  /** Its id: the same one for the same word. */
  readonly id: string;
  /** The name that others see. */
  readonly name: string | undefined;
  /** `true` where the word may come again, and is to be known then. */
  readonly isKept: boolean;
}

/** The parts of a hub that its host works with. */
export interface HostParts {
  readonly sessions: Sessions;
  /** The rules for messages, and the end of connections. */
  readonly hub: HostHub;
  /** The open rooms, by id. */
  readonly rooms: ReadonlyMap<string, Room>;
  /** `true` where other processes use the store at once. Each of them knows what is stored. */
  readonly isShared: boolean;
}

/** The part of a hub that its host uses. */
export interface HostHub {
  readonly messages: Messages;
  readonly moderation: Pick<Moderation, "take">;
  readonly proofs: Pick<Proofs, "revoke">;
  /** Lets go of a connection and tells it why. */
  dismiss(peer: Peer, code: number, reason: string, t: Instant): Effect[];
  /** Lets go of a connection; its client is remembered unless that is `forGood`. */
  disconnect(peer: Peer, t: Instant, forGood: boolean): Effect[];
}

/** Lets the program around a chat speak. */
export class Host {
  readonly #parts: HostParts;

  /** Works on the parts of a hub. */
  constructor(parts: HostParts) {
    this.#parts = parts;
  }

  /**
   * Says something in an open room, as the first and only word of a client. The answer is sent to
   * `peer`, as to anybody: its own entry, a repeat, or a refusal. Call `leave` then.
   *
   * @throws {ChatError} where it is refused, with nothing changed.
   */
  say(peer: Peer, client: HostClient, frame: MessageFrame, t: Instant): Effect[] {
    const { sessions, hub, rooms, isShared } = this.#parts;
    const { id, name, isKept } = client;
    const room = rooms.get(frame.roomId ?? "");
    if (room === undefined) throw new ChatError("room_gone", "Room no longer exists");
    const known = sessions.get(id);
    if (known?.peer !== undefined) {
      throw new ChatError("already_connected", "Another request with this key is being answered");
    }
    const session = known ?? sessions.restore({ id, name, n: 0 }, t.now);
    session.name = name;
    session.attach(peer, t.now);
    enter(session, room, peer, t);
    const kept: Effect[] = isKept && !isShared ? [{ type: "remember", clientId: id, name }] : [];
    return [...kept, ...hub.messages.take(session, peer, frame, t)];
  }

  /**
   * Moderates an open room, as a client that its room takes for an owner. The answer is sent to `peer`.
   * Call `leave` then.
   *
   * @throws {ChatError} where it is refused, with nothing changed.
   */
  moderate(peer: Peer, client: HostClient, frame: ModerationFrame, t: Instant): Effect[] {
    const { sessions, hub, rooms } = this.#parts;
    const room = rooms.get(frame.roomId);
    if (room === undefined) throw new ChatError("room_gone", "Room no longer exists");
    const session = sessions.restore({ id: client.id, name: client.name, n: 0 }, t.now);
    session.attach(peer, t.now);
    return hub.moderation.take(session, enter(session, room, peer, t), peer, frame, t);
  }

  /**
   * Revokes the tokens of somebody, with the proof of `peer`. The answer is sent to it. Call `leave`
   * then.
   *
   * @throws {ChatError} where it is refused, with nothing changed.
   */
  revoke(peer: Peer, id: string, frame: RevokeFrame, t: Instant): Effect[] {
    const { sessions, hub } = this.#parts;
    const session = sessions.restore({ id, name: undefined, n: 0 }, t.now);
    session.attach(peer, t.now);
    return hub.proofs.revoke(session, peer, frame, t);
  }

  /** Ends the connections here of all clients that are meant, and tells each why. They may come back. */
  dismiss(isMeant: (session: Session) => boolean, reason: string, t: Instant): {
    readonly effects: Effect[];
    readonly count: number;
  } {
    const { sessions, hub } = this.#parts;
    const peers = [...sessions].filter(isMeant).flatMap(({ peer }) => peer ?? []);
    const effects = peers.flatMap((peer) => hub.dismiss(peer, CLOSE.dismissed, reason, t));
    return { effects, count: peers.length };
  }

  /** Says whether the word of a client with this id is known to be stored. */
  knows(id: string): boolean {
    return (this.#parts.sessions.get(id)?.n ?? 0) > 0;
  }

  /** Lets the client of a word go; it is remembered where the word may come again. */
  leave(peer: Peer, isKept: boolean, t: Instant): Effect[] {
    const { session } = peer;
    if (session === undefined) return [];
    for (const { room } of [...session.rooms]) {
      const member = session.rooms.get(room.id);
      if (member !== undefined && !room.gone) room.remove(member, t.now);
      session.leave(room);
    }
    return this.#parts.hub.disconnect(peer, t, !isKept);
  }
}

/** Has a client of the host come into a room. Nobody but the program itself decides what it may do. */
function enter(session: Session, room: Room, peer: Peer & Outlet, t: Instant): Member {
  const member = room.add(session);
  session.enter(member, t.now);
  member.author = { sub: session.id, admin: true };
  room.enter(member, peer, t.now);
  return member;
}
