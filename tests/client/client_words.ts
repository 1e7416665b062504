/**
 * Reports of the client to an app, in the words of the files in `testdata/`.
 *
 * @module
 */

import type { ChatClient, RoomEvent, Status } from "../../client.ts";
import { described } from "../../src/protocol/roster.ts";
import type { Meaning } from "../support/golden_frames.ts";

/** An event of a room. */
export function wordsOf(event: RoomEvent): Meaning {
  switch (event.type) {
    case "message": {
      const { seq, type, from, body, re } = event;
      return {
        seq,
        type,
        from,
        ...described(event),
        body,
        ...(re === undefined ? {} : { re }),
        ...("data" in event ? { data: event.data } : {}),
      };
    }
    case "change": {
      const { seq, type, from, re, edit, redact, reason, react, unreact } = event;
      const change = { re, edit, redact, reason, react, unreact };
      return { seq, type, from, ...described(event), ...defined(change) };
    }
    case "gap":
      return { type: "gap", from_seq: event.fromSeq, to_seq: event.toSeq };
    case "typing":
    case "recovered":
      return { ...event };
    case "closed":
      return { type: "closed" };
    default: {
      const { seq, type, from } = event;
      return { seq, type, from, ...described(event) };
    }
  }
}

/** The fields that have a value. */
function defined(fields: Meaning): Meaning {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Waits for the word of the client that its connection has ended; with `forGood` that it will not come back. */
export async function ending(chat: ChatClient, forGood = false): Promise<Status | undefined> {
  for await (const status of chat.statuses()) {
    if (status.type === "closed" || status.type === "reconnecting" && !forGood) return status;
  }
}
