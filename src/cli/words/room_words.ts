// This module runs in browsers: it needs no Deno.

/**
 * The words for rooms and for the people in them.
 *
 * @module
 */

import type { Role } from "../../../client.ts";
import type { LinkInfo } from "../../client/conversation/links.ts";
import { escapeText } from "../../protocol/escape.ts";
import { shownName } from "../../protocol/names.ts";
import { personOf } from "./moderation_words.ts";
import type { Names } from "./names.ts";
import type { ListedRoom, Shown } from "./shown.ts";

/** The lines for the links into a room. */
export function linkLines(links: readonly LinkInfo[], look: (at: number) => string): string[] {
  if (links.length === 0) return ["No links"];
  return links.map(({ id, role, until, uses, used }) =>
    [
      escapeText(String(id)),
      escapeText(String(role)),
      until === undefined ? "" : `until ${look(until)}`,
      uses === undefined ? "" : `${Number(used ?? 0)} of ${Number(uses)} used`,
    ].filter(Boolean).join(", ")
  );
}

/** The lines for the members of a room, and for people with a role who are not there. */
export function membersOf(
  { members, presence, own, absent = [] }: Extract<Shown, { type: "members" }>,
  names: Names,
): string[] {
  if (!presence) return ["The room is too large to tell who is here"];
  const labels = members.map(({ clientId, name, away, role }) => {
    const marks = [clientId === own && "you", away && "away", role && roleWord(role)];
    const marked = marks.filter(Boolean).join(", ");
    return names.of(clientId, name) + (marked === "" ? "" : ` (${marked})`);
  });
  const here = `${labels.length} here: ${labels.join(", ")}`;
  if (absent.length === 0) return [here];
  const others = absent.map(({ to, role, label }) =>
    `${personOf(to, { own: false, ...(label === undefined ? {} : { label }) })} (${roleWord(role)})`
  );
  return [here, `Not here: ${others.join(", ")}`];
}

/** A role as it is told of people. */
export function roleWord(role: Role): string {
  return role === "reader" ? "muted" : role === "none" ? "banned" : role;
}

/** The line for a room, with what is unread there. */
export function roomLine({ number, name, roomId, unread, mentions, current }: ListedRoom): string {
  const call = mentions === 0 ? "" : `, ${mentions} with your name`;
  const news = current ? "you are here" : unread === 0 ? "nothing new" : `${unread} new${call}`;
  return `${number} ${shownName(name)}: ${news}, ${escapeText(roomId)}`;
}
