import type { Oracle } from "../oracle.ts";

/** In a calm world, rooms are not told that somebody comes or goes who stays. */
export function nothingFlickers(): Oracle {
  let isCalm = false;
  return (sight, { people }) => {
    if (sight.type === "mended") isCalm = true;
    if (sight.type === "calm") isCalm = false;
    if (!isCalm || sight.type !== "stored" || !("event" in sight.entry)) return undefined;
    const { event, from } = sight.entry;
    const person = people.find(({ chat, process }) => chat?.clientId === from && process.alive);
    if (person?.chat?.status.type !== "connected") return undefined;
    return `${person.name} is connected in a calm world, and the room is told: ${event}`;
  };
}
