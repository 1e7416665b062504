import { markOf } from "../log_book.ts";
import type { Oracle } from "../oracle.ts";

/** Refused is what is not stored, and never will be. */
export function refusedIsAbsent(): Oracle {
  const refused = new Map<string, string>();
  return (sight, { chronicle }) => {
    if (sight.type === "refused" && !sight.mayBeStored) {
      const { mark, person, code } = sight;
      refused.set(mark, `${person} was told: ${code || "refused"}`);
      if (chronicle.places.has(mark)) return `${mark} is stored, but ${refused.get(mark)}`;
    } else if (sight.type === "said") {
      refused.delete(sight.mark);
    } else if (sight.type === "stored") {
      const mark = markOf(sight.entry);
      const why = refused.get(mark ?? "");
      if (why !== undefined) return `${mark} is stored, but ${why}`;
    }
    return undefined;
  };
}
