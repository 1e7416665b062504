// This module runs in browsers: it needs no Deno.

/**
 * Everything that the terminal chat shows, as data.
 *
 * @module
 */

import type {
  Acknowledgement,
  Kick,
  Message,
  MessageChange,
  PresenceChange,
  Role,
  RoleChange,
  RoomEvent,
  RoomMember,
  SettingsChange,
  Status,
} from "../../../client.ts";
import type { PresentMessage } from "../../client/conversation/conversation.ts";
import type { LinkInfo } from "../../client/conversation/links.ts";
import type { ModeratedPerson } from "./moderation_words.ts";

/** A message that an event is about, as it was before that. */
export type About = Pick<PresentMessage, "from" | "name" | "own" | "body">;

/** Everything that is shown. */
export type Shown =
  | Exclude<RoomEvent, SettingsChange>
  /** Other settings of the room: `room` is something else here. */
  | Omit<SettingsChange, "type"> & { type: "settings" }
  /** Moderation, with the person that it is about. */
  | (RoleChange | Kick) & { target?: ModeratedPerson }
  /**
   * A message or a change, with the message that it is about; `mention` where it calls this person by
   * name, `numbered` where it is shown with its place in the log.
   */
  | (Message | MessageChange) & { about?: About; mention?: true; numbered?: true }
  /** A change with the name that somebody had before. */
  | PresenceChange & { formerly?: string }
  /** The end of a room, with its name and who removed this person, where that is so. */
  | Extract<RoomEvent, { type: "closed" }> & { name?: string; by?: string }
  /** This person entered a room; `command` is how others join it. */
  | { type: "room"; roomId: string; name: string; command: string }
  /** This person left a room. */
  | { type: "left"; name: string }
  /** The members of the room, `own` is the id of this person; and people with a role who are not there. */
  | {
    type: "members";
    members: (RoomMember & { role?: Role })[];
    presence: boolean;
    own: string;
    absent?: { to: string; role: Role; label?: string }[];
  }
  /** The topic of the room; empty for none. */
  | { type: "topic"; topic: string }
  /** The rooms of this person. */
  | { type: "rooms"; rooms: ListedRoom[] }
  /** A link that was made, with the command and the address by which people come in. */
  | { type: "invitation"; roomId: string; id: string; link: string; command: string; url: string }
  /** The links into a room. */
  | { type: "links"; roomId: string; links: LinkInfo[] }
  /** This person went to another of its rooms. */
  | { type: "current"; roomId: string; name: string; number: number }
  /** Older events follow, in this number; `more` where there are still older ones. */
  | { type: "history"; events: number; more: boolean }
  /** Messages that have all these words follow, in this number; `more` where there may be older ones. */
  | { type: "search"; text: string; found: number; more: boolean }
  /** Nobody has seen what follows. */
  | { type: "unread" }
  /** Something for people. */
  | { type: "note"; text: string }
  /** The state of the connection; `lost` where it has just broken. */
  | { type: "status"; status: Status; lost?: boolean }
  | { type: "help"; text: string }
  /** A message that was perhaps not sent is in the log. */
  | Acknowledgement & { type: "sent"; body: string }
  /** A failure; `body` is the message that was not sent because of it. */
  | { type: "error"; message: string; body?: string };

/** A room of this person, and what is unread there. */
export interface ListedRoom {
  /** Its number, from 1. */
  number: number;
  roomId: string;
  name: string;
  /** The messages that nobody has seen here, and those among them that call this person by name. */
  unread: number;
  mentions: number;
  /** Set for the one where this person is. */
  current?: true;
}
