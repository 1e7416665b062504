// This module is pure: no sockets, no clock, no Deno.

/**
 * What the members of a room are told of each other beside messages.
 *
 * @module
 */

import type { Effect, Instant } from "./effects.ts";
import { encodeFrame, encodePresence } from "./encode.ts";
import type { PresenceEvent } from "./protocol.ts";
import type { Member } from "./room.ts";

/** The entry that tells a room what happened to somebody, unless the room is too large for it. */
export function tell(
  event: PresenceEvent,
  { room, person }: Pick<Member, "room" | "person">,
  t: Instant,
): Effect[] {
  if (room.quiet || room.gone) return [];
  const from = event === "quiet" ? "" : person.id;
  const name = event === "quiet" ? undefined : person.name;
  const rest = encodePresence({ at: t.at, event, from, name });
  return [{ type: "append", roomId: room.id, drafts: [{ from, n: 0, rest }] }];
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
  const effects: Effect[] = [];
  for (const member of room.members) {
    const to = member.outlet;
    if (to === undefined || to.plain || !to.ready || member.person === person) continue;
    effects.push({ type: "send", to, text });
  }
  return effects;
}
