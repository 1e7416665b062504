/**
 * Moderation: requests that only some roles may make, and what becomes of people when one is in the
 * log. The store judges them, at the place where they get their `seq`.
 *
 * @module
 */

import { encodeError, encodeFrame, encodePlain } from "../protocol/encode.ts";
import { type ChatError, stacklessError } from "../protocol/errors.ts";
import type { Ref } from "../protocol/frames.ts";
import type { LinkFrame } from "../protocol/link_frames.ts";
import type { Author, ModerationDraft, ModerationFrame } from "../protocol/moderation.ts";
import { DEFAULT_SETTINGS } from "../protocol/roles.ts";
import {
  type Action,
  authorIn,
  demand,
  forbidden,
  may,
  mayActOn,
  roleOf,
} from "./authority/authority.ts";
import type { Charter } from "./authority/charter.ts";
import type { Departures } from "./departures.ts";
import type { Effect } from "./state/effects.ts";
import { newLinkId, type RandomBytes } from "./authority/ids.ts";
import type { Links } from "./authority/links.ts";
import { success } from "./state/replies.ts";
import type { Member, Room } from "./state/room.ts";
import type { Peer, Session, Sessions } from "./state/sessions.ts";
import type { Instant } from "./state/time.ts";

/** Somebody who waits for the answer about a draft. */
interface Asker {
  /** Takes that it is in the log, as `seq`. */
  enacted(seq: number): Effect[];
  /** Takes why it is not. */
  refused(error: ChatError): Effect[];
}

/** Parts that links are made with: a signature, and ids of random bytes. */
export interface LinkMaker {
  readonly links: Links;
  readonly random: RandomBytes;
}

/** Takes moderation, and removes people from rooms. */
export class Moderation {
  readonly #sessions: Sessions;
  readonly #departures: Departures;
  readonly #rooms: ReadonlyMap<string, Room>;
  readonly #maker: LinkMaker | undefined;
  /** Who waits for the answer about a draft. */
  readonly #asked = new WeakMap<ModerationDraft, Asker>();

  /** Works on the clients and the open rooms of a hub; without a `maker` there are no links. */
  constructor(
    sessions: Sessions,
    departures: Departures,
    rooms: ReadonlyMap<string, Room>,
    maker?: LinkMaker,
  ) {
    this.#maker = maker;
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
    if (frame.action === "links") {
      const role = roleOf(authorOf(member), charter, t.at);
      demand(role, "link", room.id);
      const links = charter.links.infos(may(role, "link_any") ? "owner" : "member", t.at);
      return [success(peer, { room_id: room.id, links }, frame.ref)];
    }
    if (frame.action === "room" && Object.keys(frame.settings).length === 0) {
      const names = Object.keys(DEFAULT_SETTINGS).join(", ");
      throw stacklessError("invalid_frame", `"body" of room must have one of ${names}`);
    }
    const author = authoredBy(member, session, t);
    const { draft, told } = frame.action === "link"
      ? this.#make(frame, author, room.id)
      : { draft: draftOf(author, room, frame, (id) => this.#sessions.get(id)?.sub), told: {} };
    if (draft.event === "kick" || draft.event === "role") {
      checkPresent(room, charter, draft, draft.to);
    }
    const answer = { message: DONE[draft.event], room_id: room.id, ...told };
    const answered = (effect: () => Effect) => peer.session === undefined ? [] : [effect()];
    this.expect(draft, {
      enacted: (seq) => answered(() => success(peer, { ...answer, seq }, frame.ref)),
      refused: (error) => answered(() => refusalTo(peer, error, frame.ref)),
    });
    return [{ type: "append", roomId: room.id, drafts: [draft] }];
  }

  /** Has somebody hear what comes of a draft that is about to be appended. */
  expect(draft: ModerationDraft, asker: Asker): void {
    this.#asked.set(draft, asker);
  }

  /** Makes a link, which counts when its draft is in the log. */
  #make(
    { role, forMs, uses, to }: LinkFrame,
    author: Authored,
    roomId: string,
  ): { draft: ModerationDraft; told: { id: string; link: string } } {
    if (this.#maker === undefined) {
      throw stacklessError("unsupported", "This server has no links");
    }
    const id = newLinkId(this.#maker.random);
    // Caveats count in seconds.
    const exp = forMs === undefined ? undefined : Math.ceil((author.at + forMs) / 1_000);
    const link = this.#maker.links.make(
      roomId,
      id,
      { role },
      ...(exp === undefined ? [] : [{ exp }]),
      ...(uses === undefined ? [] : [{ uses }]),
      ...(to === undefined ? [] : [{ to }]),
    );
    const draft = {
      ...author,
      ...{ event: "link", id, role } as const,
      ...(exp === undefined ? {} : { until: exp * 1_000 }),
      ...(uses === undefined ? {} : { uses }),
      ...(to === undefined ? {} : { to }),
    };
    return { draft, told: { id, link } };
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
    const asker = this.#asked.get(draft);
    this.#asked.delete(draft);
    const effects = asker?.enacted(seq) ?? [];
    // Nobody leaves by a link.
    if (draft.event === "link" || draft.event === "unlink" || draft.event === "use") return effects;
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
    const asker = this.#asked.get(draft);
    this.#asked.delete(draft);
    return asker?.refused(error) ?? [];
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
function leaving(room: Room | undefined, draft: Removing, at: number): Member[] {
  const { charter } = room ?? {};
  if (room === undefined || charter === undefined) return [];
  return room.members.filter((member) => {
    const author = authorOf(member);
    return draft.event === "kick" && author.sub === draft.to ||
      roleOf(author, charter, at) === "none";
  });
}

/** Moderation by which somebody may have to leave. */
type Removing = Extract<ModerationDraft, { event: "kick" | "role" | "room" }>;

/** The words for an author whose request was carried out. */
const DONE: Record<ModerationDraft["event"], string> = {
  kick: "Removed from the room",
  role: "Role given",
  room: "Settings changed",
  link: "Link made",
  unlink: "Link ended",
  use: "Came in by a link",
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
function checkPresent(room: Room, charter: Charter, { by, at }: Authored, to: string): void {
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

/** The fields that all moderation has. */
type Authored = Pick<ModerationDraft, "at" | "from" | "name" | "n" | "by">;

/** The requests that are entries as they are. */
type Drafted = Exclude<ModerationFrame, { action: "delete" | "links" | "link" }>;

function authoredBy(member: Member, { id, name }: Session, { at }: Instant): Authored {
  return { at, from: id, name, n: 0, by: authorOf(member) };
}

/** The entry that a request is; `subOf` says who a client is that is not in the room. */
function draftOf(
  author: Authored,
  room: Room,
  frame: Drafted,
  subOf: (clientId: string) => string | undefined,
): ModerationDraft {
  if (frame.action === "room") return { ...author, event: "room", ...frame.settings };
  if (frame.action === "unlink") return { ...author, event: "unlink", id: frame.id };
  // Of a client whose `sub` is proved, that is meant: it may be there with others.
  const to = room.roster.members.get(frame.to)?.sub ?? subOf(frame.to) ?? frame.to;
  const why = frame.reason === undefined ? {} : { reason: frame.reason };
  if (frame.action === "kick") return { ...author, event: "kick", to, ...why };
  const { role, forMs } = frame;
  const until = forMs === undefined ? {} : { until: author.at + forMs };
  return { ...author, event: "role", to, role, ...until, ...why };
}

function refusalTo(to: Peer, error: ChatError, ref: Ref | undefined): Effect {
  return { type: "send", to, text: encodeError("v1", error, ref === undefined ? {} : { ref }) };
}

function because({ reason }: { reason?: string }): string {
  return reason === undefined ? "" : `: ${reason}`;
}
