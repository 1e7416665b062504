// This module runs in browsers.

/// <reference lib="dom" />
/**
 * The words for moderation in the list: who has changed the room, or what somebody may do in it.
 *
 * @module
 */

import type { Kick, RoleChange, SettingsChange } from "../client.ts";
import { nameOf } from "./dom.ts";
import { exact } from "./words.ts";

/** Moderation, as it stands in the list. */
export type ModerationEvent = RoleChange | Kick | SettingsChange;

/** Words for roles; a later server may have more of them. */
const ROLE_WORDS: Record<string, [before: string, behind: string]> = {
  none: ["banned ", ""],
  reader: ["muted ", ""],
  member: ["made ", " a member"],
  moderator: ["made ", " a moderator"],
  owner: ["made ", " an owner"],
};

/** Makes the words for an event; `nameFor` finds the name for a client id or a `sub`. */
export function moderationWords(
  event: ModerationEvent,
  nameFor: (id: string) => string | undefined,
): (Node | string)[] {
  const { from, name = nameFor(from) } = event;
  const actor = name === undefined ? "The server" : nameOf(name);
  if (event.type === "room") {
    const deeds = settingsWords(event);
    return deeds.length === 0 ? [] : [actor, ` ${deeds.join("; ")}`];
  }
  const person = event.to === from ? "themselves" : nameOf(nameFor(event.to) ?? event.to);
  const reason = event.reason ? `: ${event.reason}` : "";
  if (event.type === "kick") return [actor, " removed ", person, reason];
  const [before, behind] = ROLE_WORDS[event.role] ?? ["made ", ` ${event.role}`];
  const until = event.until === undefined ? "" : ` until ${exact(event.until)}`;
  return [actor, ` ${before}`, person, behind + until + reason];
}

function settingsWords({ topic, join, default: role, slow_ms: slowMs, history }: SettingsChange) {
  const deeds = [
    topic === "" ? "took the topic away" : topic && `set the topic: ${topic}`,
    join === "open"
      ? "opened the room to all who have its link"
      : join && "closed the room to newcomers",
    role && `made newcomers ${role}s`,
    slowMs === 0
      ? "lets everybody write as often as they like"
      : slowMs && `allows a message every ${Math.ceil(slowMs / 1_000)} seconds`,
    history === "all"
      ? "lets members read all that was said"
      : history && "lets members read only what is said once they are here",
  ];
  return deeds.filter(Boolean);
}
