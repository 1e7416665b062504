import type { Oracle } from "../oracle.ts";

/** By a link come in no more people than it is for. */
export function linksAreCounted(): Oracle {
  const most = new Map<string, number>();
  const came = new Map<string, Set<string>>();
  return (sight) => {
    if (sight.type !== "stored" || !("event" in sight.entry)) return undefined;
    const { book: { epoch }, entry } = sight;
    if (entry.event === "link") most.set(`${epoch} ${entry.id}`, entry.uses ?? Infinity);
    if (entry.event !== "use") return undefined;
    const link = `${epoch} ${entry.id}`;
    const people = (came.get(link) ?? new Set()).add(entry.from);
    came.set(link, people);
    const bound = most.get(link) ?? Infinity;
    return people.size > bound ? `${people.size} came by a link for ${bound}` : undefined;
  };
}
