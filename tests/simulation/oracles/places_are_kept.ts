import type { Oracle } from "../oracle.ts";

/** Who was cut off keeps its places for the grace period. */
export function placesAreKept(): Oracle {
  const away = new Map<string, number>();
  return (sight, { people, nodes, chronicle }) => {
    if (sight.type !== "stored" || !("event" in sight.entry)) return undefined;
    // Where NATS was not reached, an entry that somebody is away is older than it says.
    if (chronicle.isShared) return undefined;
    const { event, from, at } = sight.entry;
    const key = `${from} ${sight.book.epoch}`;
    const since = away.get(key);
    if (event === "away") away.set(key, at);
    else if (event !== "rename") away.delete(key);
    if (event !== "leave" || since === undefined) return undefined;
    if (sight.book.removed.has(from)) return undefined;
    const { graceMs, maxAway, presenceLimit } = nodes[0]!.settings;
    const person = people.find(({ chat }) => chat?.clientId === from);
    // Whoever is back may have left; where many are away, some have to go sooner.
    const isCutOff = person !== undefined &&
      (!person.process.alive || person.chat?.status.type === "reconnecting");
    if (!isCutOff || maxAway < 100 || presenceLimit < 100) return undefined;
    const isSkewed = nodes.some((node) => node.isSkewed);
    if (isSkewed || at - since >= graceMs - 600) return undefined;
    return `${person.name} is away for ${at - since} ms, and has lost its place`;
  };
}
