import type { Oracle } from "../oracle.ts";

/** Who moves from one node to another has not left, while nothing happens to nodes. */
export function movesAreNoDepartures(): Oracle {
  const connectedAt = new Map<string, number>();
  return (sight, world) => {
    const { now } = world.timeline;
    if (sight.type === "status" && sight.status.type === "connected") {
      connectedAt.set(sight.person, now);
    }
    if (sight.type !== "stored" || !("event" in sight.entry)) return undefined;
    const { graceMs, maxAway, presenceLimit } = world.nodes[0]!.settings;
    if (sight.entry.event !== "leave" || world.isTroubled) return undefined;
    if (!world.chronicle.isShared || maxAway < 100 || presenceLimit < 100) return undefined;
    const { from } = sight.entry;
    if (sight.book.removed.has(from)) return undefined;
    const person = world.people.find(({ chat, process }) =>
      process.alive && chat?.clientId === from && chat.rooms.has(sight.book.roomId)
    );
    if (person === undefined || now - person.leftAt < 2 * graceMs) return undefined;
    const ms = now - (connectedAt.get(person.name) ?? now);
    if (person.chat?.status.type === "closed" || ms >= graceMs - 1_000) return undefined;
    return `${person.name} has left, ${Math.round(ms)} ms behind its last connection`;
  };
}
