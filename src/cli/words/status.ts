// This module runs in browsers: it needs no Deno.

/**
 * The row above the line being typed: the connection while there is none, and otherwise the rooms.
 *
 * @module
 */

import type { Role, Status } from "../../../client.ts";
import { escapeText } from "../../protocol/escape.ts";
import { shownName } from "../../protocol/names.ts";
import type { ListedRoom } from "./shown.ts";

/** The room where somebody is, as the status tells it. */
export interface CurrentRoom {
  /** The role of this person there. */
  role: Role | undefined;
  /** The topic; empty for none. */
  topic: string;
  /** The number of people; undefined where it is too large to tell. */
  members: number | undefined;
}

/** The most characters of the name of a room in the status. */
const NAME_CHARS = 20;

/** The line while there is no connection; empty otherwise. */
export function offlineLine(status: Status, waitedMs: number): string {
  switch (status.type) {
    case "connecting":
      return "Offline, trying now";
    case "reconnecting": {
      const seconds = Math.max(Math.ceil((status.delayMs - waitedMs) / 1_000), 0);
      return `Offline, trying in ${seconds} s (Enter: now)`;
    }
    default:
      return "";
  }
}

/** The line for rooms: what is unread in each, and more about the current one. */
export function roomsLine(
  rooms: readonly ListedRoom[],
  current: CurrentRoom | undefined,
): string {
  const labels = rooms.map((room) => labelOf(room, rooms.length));
  if (current === undefined) return labels.join(" ");
  const { role, topic, members } = current;
  return [
    labels.join(" "),
    members === undefined ? "" : `${members} here`,
    role === undefined || role === "member" ? "" : role === "reader" ? "read only" : role,
    escapeText(topic),
  ].filter(Boolean).join(" | ");
}

function labelOf({ number, name, unread, mentions, current }: ListedRoom, rooms: number): string {
  const characters = [...shownName(name)];
  const cut = characters.length > NAME_CHARS
    ? `${characters.slice(0, NAME_CHARS - 1).join("")}…`
    : characters.join("");
  if (rooms === 1) return current ? cut : `${number}:${cut}`;
  const news = unread === 0 ? "" : `(${unread}${mentions === 0 ? "" : "!"})`;
  return current ? `[${number}:${cut}]` : `${number}:${cut}${news}`;
}
