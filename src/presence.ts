// This module is pure: no sockets, no clock, no Deno.

/**
 * What the members of a room are told of each other beside messages.
 *
 * @module
 */

import type { Effect, Instant } from "./effects.ts";
import { encodeFrame } from "./encode.ts";
import type { PresenceEvent } from "./protocol.ts";
import type { Member, Person, Room } from "./room.ts";

/** The entry that tells a room what happened to somebody, unless the room is too large for it. */
export function tell(
  event: PresenceEvent,
  { room, person }: Pick<Member, "room" | "person">,
  t: Instant,
): Effect[] {
  if (room.quiet || room.gone) return [];
  const from = event === "quiet" ? "" : person.id;
  const name = event === "quiet" ? undefined : person.name;
  return [{ type: "append", roomId: room.id, drafts: [{ at: t.at, event, from, name, n: 0 }] }];
}

/** The frames that tell the others in its room, as far as they can take them, that a member is typing. */
export function typing({ room, person }: Member): Effect[] {
  if (room.quiet) return [];
  const text = encodeFrame({
    event: "typing",
    room_id: room.id,
    from: person.id,
    ...(person.name === undefined ? {} : { name: person.name }),
  });
  const effects = passing(room, text, person);
  if (room.shared) effects.push({ type: "relay", roomId: room.id, text });
  return effects;
}

/** The frame of the moment, for those in a room here who can take it; not for whom it is about. */
export function passing({ members }: Room, text: string, about?: Person): Effect[] {
  const effects: Effect[] = [];
  for (const { outlet: to, person } of members) {
    if (to === undefined || to.plain || !to.ready || person === about) continue;
    effects.push({ type: "send", to, text });
  }
  return effects;
}
