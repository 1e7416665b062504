import type { Oracle } from "../oracle.ts";

/** Acknowledged is what is stored, at the place that was named. */
export function acknowledgedIsStored(): Oracle {
  return (sight, { chronicle }) => {
    if (sight.type !== "acknowledged") return undefined;
    const { person, mark, seq } = sight;
    const places = chronicle.places.get(mark) ?? [];
    if (places.length === 0) return `${mark} of ${person} is acknowledged, and in no log`;
    if (seq === undefined || places.some((place) => place.seq === seq)) return undefined;
    return `${mark} of ${person} is acknowledged at ${seq}, and is at ${places[0]!.seq}`;
  };
}
