/**
 * Judges drafts at the place where they get their `seq`. A store asks just before it stores one, with
 * the charter of the room at that position, so that nothing stands behind a ban that the ban forbids.
 *
 * @module
 */

import { type ChatError, stacklessError } from "../../protocol/errors.ts";
import type { Draft } from "../../protocol/frames.ts";
import { MAX_LINKS } from "../../protocol/links.ts";
import type { Author, ModerationDraft } from "../../protocol/moderation.ts";
import { rankOf, type Role } from "../../protocol/roles.ts";
import {
  type Action,
  forbidden,
  may,
  mayActOn,
  mayGive,
  notFound,
  refusalOf,
  roleOf,
} from "./authority.ts";
import { type Charter, MAX_ROLES, settingsIn } from "./charter.ts";
import { changeDenial, isChange, personOf, type Target } from "../log/message_states.ts";

/**
 * Refuses a draft that its author may not write in a room with that charter; undefined where it may.
 * It depends on nothing else, so that every node says the same. A change of a message needs that one
 * as `target`, as it is at that place; without it, the log has none. A message in a room without
 * moderation costs the first line.
 */
export function denial(
  charter: Charter,
  draft: Draft,
  roomId: string,
  target?: Target,
): ChatError | undefined {
  if (!charter.strict && draft.by === undefined && !("re" in draft)) return undefined;
  const { at, from, by = { sub: from } } = draft;
  const role = roleOf(by, charter, at);
  const lacks = (action: Action) => may(role, action) ? undefined : refusalOf(role, action, roomId);
  if (isChange(draft)) {
    const what = draft.edit !== undefined ? "edit" : draft.redact ? "redact" : "react";
    const isOwn = target?.person === personOf(draft);
    return lacks(what) ?? changeDenial(draft, target, roomId) ??
      (what === "redact" && !isOwn ? lacks("redact_others") : undefined);
  }
  if (!("event" in draft)) return lacks("send");
  switch (draft.event) {
    case "join":
    case "back":
    case "rename":
      return lacks("read");
    case "away":
    case "leave":
    case "quiet":
      return undefined;
    case "kick":
      return lacks("kick") ?? actDenial(charter, draft, role);
    case "role":
      return lacks("give") ?? roleDenial(charter, draft, by.sub, role);
    case "room":
      return denialOf(Object.keys(settingsIn(draft)) as (keyof typeof draft & Action)[], lacks);
    case "link":
      return lacks(linkAction(draft.role)) ?? linkDenial(charter, draft);
    case "unlink": {
      const given = charter.links.roleOfLink(draft.id);
      return lacks(linkAction(given ?? "none")) ??
        (given === undefined ? ended("The room has no such link") : undefined);
    }
    case "use":
      return useDenial(charter, draft, roomId);
    default:
      return draft satisfies never;
  }
}

/** Says whether a draft is about who may do what. */
export function isModeration(draft: Draft): draft is ModerationDraft {
  return "event" in draft && draft.event in MODERATION;
}

const MODERATION = {
  kick: true,
  role: true,
  room: true,
  link: true,
  unlink: true,
  use: true,
} satisfies Record<ModerationDraft["event"], true>;

type Given = Extract<ModerationDraft, { event: "role" }>;

function denialOf(
  actions: readonly Action[],
  lacks: (action: Action) => ChatError | undefined,
): ChatError | undefined {
  for (const action of actions) {
    const refusal = lacks(action);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** Refuses to act on somebody whose role is not strictly lower. */
function actDenial(
  charter: Charter,
  { to, at }: Pick<Given, "to" | "at">,
  role: Author["given"] & string,
): ChatError | undefined {
  const other = roleOf({ sub: to }, charter, at);
  if (mayActOn(role, other)) return undefined;
  return forbidden(`A ${role} may not act on ${to}, who is ${other} here`);
}

/** The action that it takes to make a link for a role, or to end it. */
export function linkAction(role: Role): Action {
  return rankOf(role) > rankOf("member") ? "link_any" : "link";
}

function linkDenial({ links }: Charter, { id }: { id: string }): ChatError | undefined {
  if (!links.hasPlace) return forbidden(`A room has ${MAX_LINKS} links at most`);
  return links.roleOfLink(id) && forbidden(`The room has a link ${id} already`);
}

/** Refuses to let somebody in by a link that lets nobody in any more. */
function useDenial(
  charter: Charter,
  draft: Extract<ModerationDraft, { event: "use" }>,
  roomId: string,
): ChatError | undefined {
  const { at, from, sub = from } = draft;
  if (charter.roleOf(sub, at) === "none") return notFound(roomId);
  if (charter.links.roleBy(draft, at) === undefined) return ended("The link has ended");
  if (!charter.links.isUsedUp(sub, draft)) return undefined;
  return stacklessError("link_used_up", "As many people as may have come in by this link");
}

function ended(message: string): ChatError {
  return stacklessError("link_ended", message);
}

function roleDenial(
  charter: Charter,
  draft: Given,
  author: string,
  role: Author["given"] & string,
): ChatError | undefined {
  const { to, at, role: given } = draft;
  if (given === "owner" && draft.until !== undefined) return forbidden("An owner is one for good");
  if (!charter.hasPlaceFor(to, at)) return forbidden(`A room gives ${MAX_ROLES} roles at most`);
  // Nobody keeps by name what only a token gives it: of one's own roles one may give a lower one.
  if (to !== author) {
    if (mayGive(role, given)) return actDenial(charter, draft, role);
    return forbidden(`A ${role} may not make anybody ${given}`);
  }
  if (mayActOn(role, given)) {
    const isLast = charter.roleOf(to, at) === "owner" && charter.owners === 1;
    return isLast ? forbidden(`${to} is the last owner of the room`) : undefined;
  }
  return forbidden(`A ${role} may not make itself ${given}`);
}
