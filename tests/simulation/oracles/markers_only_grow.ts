import type { Oracle } from "../oracle.ts";

/** A read marker is where its person said, or further on, and never behind what the person was told before. */
export function markersOnlyGrow(): Oracle {
  return (sight, { nats, chronicle }) => {
    // A stream that was wiped has no markers any more.
    if (sight.type !== "read" || nats !== undefined && !chronicle.isDurable) return undefined;
    const { person, room, least, seq } = sight;
    return seq < least ? `${person} has read ${room} up to ${seq}, and was at ${least}` : undefined;
  };
}
