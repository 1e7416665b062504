import { markOf } from "../log_book.ts";
import type { Oracle } from "../oracle.ts";

/** A message is stored once, as it was said by who said it, and each author's in the order they were said. */
export function storedOnce(): Oracle {
  const said = new Map<string, { clientId: string; index: number; person: string }>();
  const last = new Map<string, number>();
  return (sight, { chronicle }) => {
    if (sight.type === "said") {
      const { mark, clientId, person } = sight;
      said.set(mark, { clientId, person, index: said.size });
    } else if (sight.type === "stored" && "n" in sight.entry) {
      const mark = markOf(sight.entry);
      const { from, n } = sight.entry;
      // A reaction may come again later; what was redacted says nothing any more.
      if (mark === undefined || "react" in sight.entry || "unreact" in sight.entry) {
        return undefined;
      }
      const known = said.get(mark);
      if (known === undefined) return `${mark} of ${from} was never said`;
      // What was lost with its log may be said again.
      const places = chronicle.places.get(mark)!.filter(({ epoch }) =>
        chronicle.books.get(epoch)?.isOver !== true
      );
      if (places.length > 1) {
        return `${mark} of ${known.person} is stored twice`;
      }
      if (known.index < (last.get(from) ?? -1)) {
        return `${mark} of ${known.person} is stored behind what was said later (n ${n})`;
      }
      last.set(from, known.index);
    }
    return undefined;
  };
}
