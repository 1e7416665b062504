/**
 * Presence: what the members of a room are told of each other, besides messages.
 *
 * @module
 */

import { encodeFrame } from "../../protocol/encode.ts";
import type { Draft, PresenceEvent } from "../../protocol/frames.ts";
import type { Effect } from "./effects.ts";
import type { Member, Person, Room } from "./room.ts";
import type { Session } from "./sessions.ts";
import type { Instant } from "./time.ts";

/** The time in which a member is said once to be typing, in milliseconds. */
const TYPING_MS = 1_000;

/** The person that an entry about the room itself is from. */
const NOBODY: Person = { id: "", name: undefined };

/** The entry that tells a room what happened to somebody, unless the room is too large for it. */
export function presenceEntry(
  event: PresenceEvent,
  { room, person, author }: Pick<Member, "room" | "person"> & Partial<Pick<Member, "author">>,
  t: Instant,
): Effect[] {
  if (room.quiet || room.gone) return [];
  const { id: from, name, sub, bot } = event === "quiet" ? NOBODY : person;
  const proved = sub === undefined ? {} : { sub, ...(bot && { bot }) };
  const by = author && { by: author };
  const draft: Draft = { at: t.at, event, from, name, ...proved, n: 0, ...by };
  return [{ type: "append", roomId: room.id, drafts: [draft] }];
}

/** Tells the others in its room, as far as they can take it, that a member is typing. */
export function typing(member: Member, t: Instant): Effect[] {
  const { room, person } = member;
  if (room.quiet || t.now < member.typedUntil) return [];
  member.typedUntil = t.now + TYPING_MS;
  const text = encodeFrame({
    event: "typing",
    room_id: room.id,
    from: person.id,
    ...(person.name === undefined ? {} : { name: person.name }),
  });
  const effects = ephemeral(room, text, t, person);
  if (room.shared) effects.push({ type: "relay", roomId: room.id, text });
  return effects;
}

/** Takes in a frame of the moment for those in a room here who can take it; not for the one that it is about. */
export function ephemeral(room: Room, text: string, t: Instant, about?: Person): Effect[] {
  return room.pass(text, about, t.now) ? [{ type: "pass", room }] : [];
}

/** Gives a client another name, and tells its rooms. */
export function renaming(session: Session, name: string | undefined, t: Instant): Effect[] {
  if (name === session.name) return [];
  session.name = name;
  return [
    { type: "remember", clientId: session.id, name },
    ...[...session.rooms].flatMap((member) => presenceEntry("rename", member, t)),
  ];
}
