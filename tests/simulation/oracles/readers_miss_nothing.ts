import { isTold } from "../log_book.ts";
import type { Oracle } from "../oracle.ts";
import type { Reader } from "../observation.ts";

/** Each reader gets every entry of the log from where it begins, once, in its order, or is told of a gap. */
export function readersMissNothing(): Oracle {
  interface Position {
    epoch: string;
    seq: number;
    isSure: boolean;
  }
  const positions = new Map<Reader, Position>();
  const place = (reader: Reader, epoch: string, seq: number, isSure: boolean) => {
    positions.set(reader, { epoch, seq, isSure });
    return undefined;
  };
  return (sight, { chronicle }) => {
    if (sight.type === "entered") {
      return place(sight.reader, sight.reader.epoch, sight.reader.after, true);
    }
    if (sight.type !== "seen") return undefined;
    const { reader, event } = sight;
    const { epoch, seq, isSure } = positions.get(reader)!;
    const who = `${reader.person} in ${reader.room.name}`;
    switch (event.type) {
      case "typing":
      case "closed":
        return undefined;
      case "recovered":
        return event.recovered ? undefined : place(reader, "", 0, false);
      case "gap": {
        const { fromSeq, toSeq } = event;
        if (isSure && fromSeq > seq + 1 && chronicle.books.get(epoch)?.hasBetween(seq, fromSeq)) {
          return `${who} was at ${seq}, and is told of a gap from ${fromSeq} to ${toSeq}`;
        }
        return place(reader, epoch, Math.max(seq, toSeq), isSure);
      }
      default: {
        const book = chronicle.books.get(event.epoch);
        if (book === undefined) return `${who} sees ${event.epoch}, which is no log`;
        const wrong = book.differenceFrom(event);
        if (wrong !== undefined) return `${who} sees at ${event.seq} ${wrong}`;
        place(reader, event.epoch, event.seq, true);
        if (!isSure) return undefined;
        if (epoch !== event.epoch) {
          return `${who} comes from epoch ${epoch} to ${event.epoch} without a word`;
        }
        if (event.seq <= seq) return `${who} sees ${event.seq} behind ${seq}`;
        let before = book.before.get(event.seq)!;
        while (before > seq && !isTold(book.entries.get(before))) {
          before = book.before.get(before)!;
        }
        if (before > seq) return `${who} sees ${event.seq} behind ${seq}: ${before} is missing`;
        return undefined;
      }
    }
  };
}
