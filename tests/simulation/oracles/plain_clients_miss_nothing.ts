import type { Oracle } from "../oracle.ts";

/** Plain clients are told every message of others, in the order of the log. */
export function plainClientsMissNothing(): Oracle {
  const positions = new Map<string, { epoch: string; seq: number }>();
  return (sight, world) => {
    if (sight.type === "moved") positions.delete(sight.person);
    // Changes are told in words, and of what was redacted there is no text.
    if (sight.type !== "heard" || !/^m\d/.test(sight.mark)) return undefined;
    const { person, mark } = sight;
    const { chronicle } = world;
    const places = chronicle.places.get(mark);
    if (places === undefined) return `${person} hears ${mark}, which no log has`;
    const { epoch, seq } = places.at(-1)!;
    const last = positions.get(person);
    positions.set(person, { epoch, seq });
    if (last === undefined || last.epoch !== epoch) return undefined;
    if (seq <= last.seq) return `${person} hears ${mark} at ${seq} behind ${last.seq}`;
    const own = world.idOf(person);
    for (const [between, entry] of chronicle.books.get(epoch)!.entries) {
      if (between <= last.seq || between >= seq || !("body" in entry)) continue;
      const isRedacted = chronicle.books.get(epoch)!.redactedAt(between) !== undefined;
      if (entry.from !== own && !isRedacted) {
        return `${person} hears ${seq} behind ${last.seq}: ${between} is missing`;
      }
    }
    return undefined;
  };
}
