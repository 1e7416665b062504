/**
 * Moderation: requests that only some roles may make, and what becomes of people when one is in the
 * log. The store judges them, at the place where they get their `seq`.
 *
 * @module
 */

import { encodeError, encodeFrame, encodePlain } from "../protocol/encode.ts";
import { type ChatError, stacklessError } from "../protocol/errors.ts";
import type { Ref } from "../protocol/frames.ts";
import type { Author, ModerationDraft, ModerationFrame } from "../protocol/moderation.ts";
import { DEFAULT_SETTINGS } from "../protocol/roles.ts";
import { type Action, authorIn, demand, forbidden, may, mayActOn, roleOf } from "./authority.ts";
import type { Charter } from "./charter.ts";
import type { Departures } from "./departures.ts";
import type { Effect } from "./effects.ts";
import { success } from "./replies.ts";
import type { Member, Room } from "./room.ts";
import type { Peer, Session, Sessions } from "./sessions.ts";
import type { Instant } from "./time.ts";

/** The connection that waits for an answer. */
interface Asker {
  readonly peer: Peer;
  readonly ref: Ref | undefined;
}

/** Takes moderation, and removes people from rooms. */
export class Moderation {
  readonly #sessions: Sessions;
  readonly #departures: Departures;
  readonly #rooms: ReadonlyMap<string, Room>;
  /** Who waits for the answer about a draft. */
  readonly #asked = new WeakMap<ModerationDraft, Asker>();

  /** Works on the clients and the open rooms of a hub. */
  constructor(sessions: Sessions, departures: Departures, rooms: ReadonlyMap<string, Room>) {
    this.#sessions = sessions;
    this.#departures = departures;
    this.#rooms = rooms;
  }

  /**
   * Takes a request of a member. It is answered when the store has judged it.
   *
   * @throws {ChatError} where it is refused at once, with nothing changed.
   */
  take(session: Session, member: Member, peer: Peer, frame: ModerationFrame, t: Instant): Effect[] {
    const { room } = member;
    const charter = charterOf(room);
    if (frame.action === "delete") {
      demand(roleOf(authorOf(member), charter, t.at), "delete", room.id);
      return [
        success(peer, { message: "Room deleted", room_id: room.id }, frame.ref),
        { type: "delete", roomId: room.id },
      ];
    }
    if (frame.action === "room" && Object.keys(frame.settings).length === 0) {
      const names = Object.keys(DEFAULT_SETTINGS).join(", ");
      throw stacklessError("invalid_frame", `"body" of room must have one of ${names}`);
    }
    const draft = draftOf(member, session, frame, t);
    if (draft.event !== "room") checkPresent(room, charter, draft, draft.to);
    this.#asked.set(draft, { peer, ref: frame.ref });
    return [{ type: "append", roomId: room.id, drafts: [draft] }];
  }

  /**
   * Answers the author of moderation that is in the log as `seq`. Removes who leaves by it: who was
   * kicked, and who has no role any more, as it was banned, its token has ended, or a ban was missed.
   * Each is delivered first what it has not been sent.
   */
  enacted(
    roomId: string,
    draft: ModerationDraft,
    seq: number,
    t: Instant,
    pump: { deliver(member: Member): void },
  ): Effect[] {
    const effects = this.#answered(
      draft,
      (peer, ref) => success(peer, { message: DONE[draft.event], room_id: roomId, seq }, ref),
    );
    for (const member of leaving(this.#rooms.get(roomId), draft, t.at)) {
      pump.deliver(member);
      const isMeant = draft.event !== "room" && authorOf(member).sub === draft.to;
      effects.push(...this.#remove(member, seq, isMeant ? draft.reason : undefined, t));
    }
    return effects;
  }

  /** Takes in that a client may do other things by its new proof, and removes it from where it may not read. */
  reviewed(session: Session, t: Instant): Effect[] {
    return [...session.rooms].flatMap((member) => {
      const { room } = member;
      member.author = session.principal && authorIn(session.principal, room.id, session.id);
      const mayStay = room.charter === undefined ||
        may(roleOf(authorOf(member), room.charter, t.at), "read");
      return mayStay ? [] : this.#remove(member, room.log.head, "The new token", t);
    });
  }

  /** Tells the author of moderation why it is not in the log. */
  refused(draft: ModerationDraft, error: ChatError): Effect[] {
    return this.#answered(draft, (to, ref) => ({
      type: "send",
      to,
      text: encodeError("v1", error, ref === undefined ? {} : { ref }),
    }));
  }

  #answered(draft: ModerationDraft, answer: (peer: Peer, ref?: Ref) => Effect): Effect[] {
    const asked = this.#asked.get(draft);
    this.#asked.delete(draft);
    return asked?.peer.session === undefined ? [] : [answer(asked.peer, asked.ref)];
  }

  /** Takes a place away, and tells whoever has a connection. */
  #remove(member: Member, seq: number, reason: string | undefined, t: Instant): Effect[] {
    const { outlet, room, person } = member;
    const session = this.#sessions.get(person.id);
    if (session === undefined) return [];
    const effects: Effect[] = [];
    if (outlet !== undefined) {
      const why = reason === undefined || reason === "" ? {} : { reason };
      const text = outlet.plain
        ? encodePlain({ status: "error", message: `You were removed from the room${because(why)}` })
        : encodeFrame({ event: "removed", room_id: room.id, seq, ...why });
      effects.push({ type: "send", to: outlet, text });
    }
    return [...effects, ...this.#departures.leave(session, member, t)];
  }
}

/** The members of a room here that leave by moderation that is in its log. */
function leaving(room: Room | undefined, draft: ModerationDraft, at: number): Member[] {
  const { charter } = room ?? {};
  if (room === undefined || charter === undefined) return [];
  return room.members.filter((member) => {
    const author = authorOf(member);
    return draft.event === "kick" && author.sub === draft.to ||
      roleOf(author, charter, at) === "none";
  });
}

/** The words for an author whose request was carried out. */
const DONE: Record<ModerationDraft["event"], string> = {
  kick: "Removed from the room",
  role: "Role given",
  room: "Settings changed",
};

/**
 * Checks that a member may do something.
 *
 * @throws {ChatError} where it may not.
 */
export function demandOf(member: Member, action: Action, at: number): void {
  const { charter, id } = member.room;
  if (charter === undefined || !charter.strict && member.author === undefined) return;
  demand(roleOf(authorOf(member), charter, at), action, id);
}

/** The `seq` behind which a member may read, at a time in milliseconds since 1970; 0 where that is all. */
export function floorOf(member: Member, at: number): number {
  const { charter } = member.room;
  if (charter === undefined || charter.settings.history === "all") return 0;
  return may(roleOf(authorOf(member), charter, at), "read_all") ? 0 : member.joined;
}

/** The author that a member is in its room. */
export function authorOf({ author, person }: Member): Author {
  return author ?? { sub: person.id };
}

/**
 * The charter of a room.
 *
 * @throws {ChatError} where its store knows of none.
 */
function charterOf({ charter, id }: Room): Charter {
  if (charter !== undefined) return charter;
  throw stacklessError("unsupported", `The store of this server has no roles: room ${id} has none`);
}

/**
 * Refuses to act on a client here that has by a token a role that is not strictly lower: the log does
 * not know of that.
 *
 * @throws {ChatError} where there is one.
 */
function checkPresent(room: Room, charter: Charter, { by, at }: ModerationDraft, to: string): void {
  if (by.sub === to) return;
  const role = roleOf(by, charter, at);
  for (const member of room.members) {
    const author = member.author;
    if (author?.sub !== to) continue;
    const other = roleOf(author, charter, at);
    if (!mayActOn(role, other)) {
      throw forbidden(`A ${role} may not act on ${to}, who is ${other} here`);
    }
  }
}

function draftOf(
  member: Member,
  { id, name }: Session,
  frame: Exclude<ModerationFrame, { action: "delete" }>,
  { at }: Instant,
): ModerationDraft {
  const author = { at, from: id, name, n: 0, by: authorOf(member) } as const;
  if (frame.action === "room") return { ...author, event: "room", ...frame.settings };
  // Of a client whose `sub` is proved, that is meant: it may be there with others.
  const to = member.room.roster.members.get(frame.to)?.sub ?? frame.to;
  const why = frame.reason === undefined ? {} : { reason: frame.reason };
  if (frame.action === "kick") return { ...author, event: "kick", to, ...why };
  const { role, forMs } = frame;
  const until = forMs === undefined ? {} : { until: at + forMs };
  return { ...author, event: "role", to, role, ...until, ...why };
}

function because({ reason }: { reason?: string }): string {
  return reason === undefined ? "" : `: ${reason}`;
}
