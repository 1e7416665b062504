// This module runs in browsers: it needs no Deno.

/**
 * The words for moderation in the terminal chat. Text from others is escaped here.
 *
 * @module
 */

import type { ChangedSettings, Kick, RoleChange } from "../../../client.ts";
import { escapeText } from "../../protocol/escape.ts";
import { shownName } from "../../protocol/names.ts";
import type { Names } from "./names.ts";

/** Somebody that moderation is about, with the name as it is shown where that is known. */
export interface ModeratedPerson {
  label?: string;
  /** `true` where it is this person. */
  own: boolean;
}

/** Units of time, the longest first, in milliseconds. */
const UNITS = [["d", 86_400_000], ["h", 3_600_000], ["min", 60_000], ["s", 1_000]] as const;

/** Writes a time of some milliseconds in the largest unit that it is a whole number of, as `90 min`. */
export function lengthOf(ms: number): string {
  const seconds = Math.max(Math.round(ms / 1_000), 1) * 1_000;
  const [unit, size] = UNITS.find(([, size]) => seconds % size === 0) ?? ["s", 1_000];
  return `${seconds / size} ${unit}`;
}

/** The name to show for somebody; who is not known in the room has an id only. */
export function personOf(to: string, { label, own }: ModeratedPerson): string {
  return own ? "you" : label ?? `#${shownName(to)}`;
}

/** The words for another role. */
export function roleChanged(
  shown: RoleChange & { target?: ModeratedPerson },
  names: Names,
): string {
  const { role, until, sentAt, reason, target = { own: false } } = shown;
  const person = personOf(shown.to, target);
  const time = until === undefined ? "" : ` for ${lengthOf(until - sentAt)}`;
  return `${actorOf(shown, names)} ${deedOf(role, person)}${time}${because(reason)}`;
}

function deedOf(role: RoleChange["role"], person: string): string {
  switch (role) {
    case "none":
      return `banned ${person}`;
    case "reader":
      return `muted ${person}`;
    case "member":
    case "moderator":
      return `made ${person} a ${role}`;
    case "owner":
      return `made ${person} an owner`;
    default:
      // A later server may have more roles.
      return `made ${person} ${escapeText(String(role satisfies never))}`;
  }
}

/** The words for a kick. */
export function kicked(shown: Kick & { target?: ModeratedPerson }, names: Names): string {
  const { target = { own: false }, reason } = shown;
  const person = personOf(shown.to, target);
  return `${actorOf(shown, names)} kicked ${person}${because(reason)}`;
}

/** The words for the end of a room for somebody who was removed from it. */
export function removedFrom(
  { reason, name, by }: { reason: string; name?: string; by?: string },
): string {
  const room = name === undefined ? "the room" : shownName(name);
  const words = by === undefined
    ? `You were removed from ${room}`
    : `${by} removed you from ${room}`;
  return words + because(reason);
}

/** The words for other settings, one for each; none where nobody knows them. */
export function settingsChanged(
  shown: ChangedSettings & { own: boolean; from: string; name?: string },
  names: Names,
): string[] {
  const { topic, join, default: role, slow_ms: slowMs, history } = shown;
  const deeds = [
    topic === "" ? "took the topic away" : topic && `set the topic: ${escapeText(topic)}`,
    join === "open"
      ? "opened the room to all who know its id"
      : join && "closed the room to newcomers",
    role && `made newcomers ${escapeText(String(role))}s`,
    slowMs === 0
      ? "took the slow mode away"
      : slowMs && `allows a message every ${lengthOf(slowMs)}`,
    history === "all"
      ? "lets members read all that was said"
      : history && "lets members read only what is said once they are here",
  ];
  return deeds.filter(Boolean).map((deed) => `${actorOf(shown, names)} ${deed}`);
}

function actorOf(
  { own, from, name }: { own: boolean; from: string; name?: string },
  names: Names,
): string {
  return own ? "You" : names.of(from, name);
}

function because(reason: unknown): string {
  return typeof reason === "string" && reason !== "" ? `: ${escapeText(reason)}` : "";
}
