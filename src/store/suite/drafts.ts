/**
 * Entries of the tests that have no place in a log yet.
 *
 * @module
 */

import type { MessageDraft, PresenceDraft, PresenceEvent } from "../../protocol/frames.ts";

/** A message without a name. */
export function messageDraft(from: string, n: number, body = "x", at = 1): MessageDraft {
  return { at, from, n, name: undefined, body };
}

/** Makes the draft of what happened to somebody. */
export function presenceDraft(event: PresenceEvent, from: string, name?: string): PresenceDraft {
  return { at: 1, from, n: 0, name, event };
}
