import type { Oracle } from "../oracle.ts";

/** A page of history is a part of the log without a hole, where it was asked for. */
export function pagesAreTheLog(): Oracle {
  return (sight, { chronicle }) => {
    if (sight.type !== "page") return undefined;
    const { person, query, asked, page: { epoch, events, recovered } } = sight;
    const book = chronicle.books.get(epoch);
    if (book === undefined || book.isPartial) return undefined;
    const where = `${person} reads a page ${JSON.stringify(query)}`;
    let last: number | undefined;
    for (const event of events) {
      const wrong = book.differenceFrom(event);
      if (wrong !== undefined) return `${where} with ${wrong}`;
      if (last !== undefined && book.hasBetween(last, event.seq)) {
        return `${where} that lacks what is behind ${last}`;
      }
      last = event.seq;
    }
    // In another life the numbers mean other entries, and may lie ahead of all there are.
    if (asked !== epoch) return undefined;
    const { before, after } = query;
    if (last !== undefined && before !== undefined && book.hasBetween(last, before)) {
      return `${where} that ends at ${last}`;
    }
    const [first] = events;
    if (first === undefined || after === undefined || recovered !== true) return undefined;
    if (first.seq > after && !book.hasBetween(after, first.seq)) return undefined;
    return `${where} that begins at ${first.seq}, and nothing is said to be missing`;
  };
}
