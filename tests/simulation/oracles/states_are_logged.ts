import type { PresentMessage } from "../../../src/client/conversation/conversation.ts";
import type { MessageNow } from "../../../src/protocol/frames.ts";
import type { LogBook } from "../log_book.ts";
import type { Oracle } from "../oracle.ts";

/** A message is, at each client and in each page, what the log makes of it. */
export function statesAreLogged(): Oracle {
  return (sight, { chronicle }) => {
    if (sight.type === "seen") {
      const { reader: { person, room }, event, message } = sight;
      if (message === undefined || message.stale || !("seq" in event)) return undefined;
      const book = chronicle.books.get(event.epoch);
      // A message that is late may come with all that was said about it since.
      const upTo = event.type === "message" ? event.now?.seq ?? event.seq : event.seq;
      const wrong = book && heldDifference(book, message, upTo);
      return wrong && `${person} at ${event.seq} of ${room.name} has ${wrong}`;
    }
    if (sight.type !== "page" || sight.asked !== sight.page.epoch) return undefined;
    const { person, page: { epoch, events }, cursor } = sight;
    const book = chronicle.books.get(epoch);
    if (book === undefined || book.isPartial) return undefined;
    for (const event of events) {
      if (event.type !== "message") continue;
      const wrong = pageDifference(book, event, cursor);
      if (wrong !== undefined) return `${person}, at ${cursor}, reads a page with ${wrong}`;
    }
    return undefined;
  };
}

function heldDifference(book: LogBook, message: PresentMessage, upTo: number): string | undefined {
  const state = book.stateOf(message.seq, upTo);
  if (state === undefined) return undefined;
  const { seq, body, redacted, reactions, replies } = message;
  // What is redacted later has no text any more when it comes late.
  const isBare = body === "" && book.redactedAt(seq) !== undefined;
  const counts = [...reactions].map(([reaction, { count }]) => [reaction, count] as const);
  const held = textOf(isBare ? state.body : body, redacted, counts, replies);
  const { reactions: people } = state;
  const logged = textOf(state.body, state.redacted, countsOf(people), state.replies);
  return held === logged ? undefined : `message ${seq} as ${held}, and the log ${logged}`;
}

function pageDifference(
  book: LogBook,
  { seq, body, now }: { seq: number; body: string; now?: MessageNow },
  cursor: number,
): string | undefined {
  const known = book.stateOf(seq, cursor);
  if (known === undefined) return undefined;
  if ((now?.seq ?? 0) < known.last) return `message ${seq} without ${known.last} about it`;
  if (now === undefined) return undefined;
  const state = book.stateOf(seq, now.seq)!;
  const { body: edited = body, redacted = false, reactions = {}, replies = 0 } = now;
  const told = textOf(edited, redacted, Object.entries(reactions), replies);
  const logged = textOf(state.body, state.redacted, countsOf(state.reactions), state.replies);
  return told === logged ? undefined : `message ${seq} as ${told}, and the log ${logged}`;
}

function countsOf(reactions: ReadonlyMap<string, ReadonlySet<string>>): [string, number][] {
  return [...reactions].map(([reaction, people]) => [reaction, people.size]);
}

function textOf(
  body: string,
  redacted: boolean,
  counts: readonly (readonly [reaction: string, count: number])[],
  replies: number,
): string {
  const some = counts.filter(([, count]) => count > 0).map(([name, count]) => `${name} ${count}`);
  const reactions = some.toSorted().join(", ");
  return `${JSON.stringify(body.slice(0, 20))}${
    redacted ? " redacted" : ""
  } (${reactions}) ${replies}`;
}
