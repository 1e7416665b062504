/**
 * Entries of the tests that have no place in a log yet.
 *
 * @module
 */

import type { MessageDraft, PresenceDraft, PresenceEvent } from "../../protocol/frames.ts";
import type { ModerationDraft } from "../../protocol/moderation.ts";
import type { Role } from "../../protocol/roles.ts";

/** A message without a name. */
export function messageDraft(from: string, n: number, body = "x", at = 1): MessageDraft {
  return { at, from, n, name: undefined, body };
}

/** Gives somebody a role. */
export function roleDraft(from: string, to: string, role: Role): ModerationDraft {
  return { at: 1, from, n: 0, name: undefined, by: { sub: from }, event: "role", to, role };
}

/** Makes a link into the room. */
export function linkDraft(from: string, id: string, role: Role, uses?: number): ModerationDraft {
  const counted = uses === undefined ? {} : { uses };
  return {
    at: 1,
    from,
    n: 0,
    name: undefined,
    by: { sub: from },
    event: "link",
    id,
    role,
    ...counted,
  };
}

/** Comes in by a link, as a moderator. */
export function useDraft(
  from: string,
  id: string,
  counts: Record<string, number>,
): ModerationDraft {
  const by = { sub: from };
  return { at: 1, from, n: 0, name: undefined, by, event: "use", id, role: "moderator", counts };
}

/** Makes the draft of what happened to somebody. */
export function presenceDraft(event: PresenceEvent, from: string, name?: string): PresenceDraft {
  return { at: 1, from, n: 0, name, event };
}
