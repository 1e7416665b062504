/**
 * Writes the server's frames, in both dialects. An entry goes to many members, and is written once.
 *
 * @module
 */

import { type ChatError, type ErrorCode, wireCodeOf } from "./errors.ts";
import type { Dialect, Draft, Entry, Ref, ServerFrame, SuccessFrame } from "./frames.ts";
import type { ModerationDraft } from "./moderation.ts";

/** Writes a `parley.v1` frame; a `ref` that is undefined is left out. */
export function encodeFrame(frame: ServerFrame, ref?: Ref): string {
  return JSON.stringify(ref === undefined ? frame : { ...frame, ref });
}

/**
 * Writes an entry: a draft with the `seq` that the store gave it.
 *
 * `JSON.stringify` makes one flat string. A template makes a rope of a dozen, which are in no cache
 * any more when the frame is put together (measured with 500 rooms of two: a tenth of the
 * deliveries).
 */
export function encodeEntry(seq: number, draft: Draft): string {
  const { at, from, n, name, sub, bot } = draft;
  if ("body" in draft) {
    const { body, re, data } = draft;
    if (re === undefined && data === undefined) {
      return JSON.stringify({ seq, at, from, n, name, sub, bot, body });
    }
    const text = JSON.stringify({ seq, at, from, n, name, sub, bot, body, re });
    return data === undefined ? text : `${text.slice(0, -1)},"data":${data}}`;
  }
  if ("re" in draft) {
    const { re, edit, redact, reason, react, unreact } = draft;
    const change = { re, edit, redact, reason, react, unreact };
    return JSON.stringify({ seq, at, from, n, name, sub, bot, ...change });
  }
  switch (draft.event) {
    case "kick":
    case "role":
    case "room":
    case "link":
    case "unlink":
    case "use":
      return encodeModeration(seq, draft);
    default:
      return JSON.stringify({ seq, at, name, sub, bot, event: draft.event, from });
  }
}

/** Writes an entry about who may do what, without what it is judged by. */
function encodeModeration(seq: number, draft: ModerationDraft): string {
  const { by: _, n: __, at, from, name, event, ...said } = draft;
  return JSON.stringify({ seq, at, from, name, event, ...said });
}

/** Writes an entry without what it said, for a message that was redacted: it is no longer than before. */
export function encodeRedacted(entry: string): string {
  const { data: _, ...kept } = JSON.parse(entry);
  if ("body" in kept) kept.body = "";
  if ("edit" in kept) kept.edit = "";
  return JSON.stringify(kept);
}

/** Writes the entry in the place of one that its author was not allowed to write: nobody learns more of that. */
export function encodeVoid(seq: number, at: number): string {
  return JSON.stringify({ seq, at, event: "void", from: "" });
}

/** The part of an entry after its `seq`, for stores that keep the two apart. */
export function withoutSeq(entry: string): string {
  return entry.slice(entry.indexOf(",") + 1);
}

/** Joins a `seq` and the part of an entry after it, as {@linkcode withoutSeq} returns it. */
export function withSeq(seq: number, rest: string): string {
  return `{"seq":${seq},${rest}`;
}

/** Writes the frame of `entries`, encoded and joined by commas; `roomId` needs no escaping. */
export function encodeEntries(roomId: string, entries: string): string {
  return `{"event":"entries","room_id":"${roomId}","entries":[${entries}]}`;
}

/** Writes an answer with entries that are encoded already. */
export function encodePage(
  page: Omit<SuccessFrame, "entries" | "ref">,
  entries: readonly string[],
  ref?: Ref,
): string {
  const end = ref === undefined ? "" : `,"ref":${JSON.stringify(ref)}`;
  return `${JSON.stringify(page).slice(0, -1)},"entries":[${entries.join(",")}]${end}}`;
}

/** The time at which an encoded entry was taken, in milliseconds since 1970. */
export function timestampOf(entry: string): number {
  return Number(/"at":(\d+)/.exec(entry)?.[1]);
}

/** The acknowledgement for a plain client: its message is in the log. */
export const PLAIN_SENT = encodePlain({ status: "success", message: "Message sent" });

/**
 * Writes an encoded entry for plain clients, and names its author; `null` for what they have no word
 * for, as presence and reactions. They see no `data`, and a change of a message as another message.
 */
export function encodePlainEntry(entry: string): { from: string; text: string } | null {
  const told: Entry = JSON.parse(entry);
  const { from } = told;
  const body = plainBodyOf(told);
  return body === undefined ? null : { from, text: encodePlain({ from, body }) };
}

function plainBodyOf(entry: Entry): string | undefined {
  if ("body" in entry) return entry.body;
  if (!("re" in entry)) return undefined;
  if (entry.redact) {
    const why = entry.reason ? `: ${entry.reason}` : "";
    return `(has deleted a message${why})`;
  }
  return entry.edit === undefined ? undefined : `(has changed a message) ${entry.edit}`;
}

/** Writes a frame of the plain protocol. */
export function encodePlain(frame: Record<string, string>): string {
  return JSON.stringify(frame);
}

/** The errors whose text the plain protocol fixes; all others say what `parley.v1` says. */
const PLAIN_TEXT: Partial<Record<ErrorCode, string>> = {
  invalid_json: "Invalid JSON format",
  invalid_action: "Invalid action",
};

/** Writes an error reply; `address` is what it repeats of the request. */
export function encodeError(
  dialect: Dialect,
  error: ChatError,
  address: { ref?: Ref; n?: number },
): string {
  const code = wireCodeOf(error);
  if (dialect === "plain") {
    return encodePlain({ status: "error", message: PLAIN_TEXT[code] ?? error.message });
  }
  return encodeFrame({
    status: "error",
    code,
    message: error.message,
    ...address,
    ...(error.retryAfterMs === undefined ? {} : { retry_after_ms: error.retryAfterMs }),
  });
}
