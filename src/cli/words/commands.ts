// This module is pure: no sockets, no clock, no Deno.

/**
 * Reads the lines entered in the terminal chat: messages and commands.
 *
 * @module
 */

import { readTime } from "./people.ts";

/** The message that a command is about: one counted from the end, or the one at a place of the log. */
export type MessagePlace = { back: number } | { seq: number };

/** Things that owners and moderators do to people. */
export type ModerationAct = "kick" | "ban" | "unban" | "mute" | "unmute" | "op" | "deop";

/** A role that a link can give. */
export type InvitedRole = "reader" | "member" | "moderator" | "owner";

/** The meaning of a line. */
export type Command =
  /** An empty line. */
  | { type: "nothing" }
  /** Send this. */
  | { type: "say"; text: string }
  | { type: "join"; roomId: string }
  | { type: "create"; name: string }
  | { type: "nick"; name: string }
  /** Go to another of one's rooms: the text is its number, or how its name begins. */
  | { type: "room"; text: string }
  /** Answer, change or redact a message, or react to it; the newest one unless a place is given. */
  | { type: "reply" | "edit" | "delete" | "react" | "unreact"; place?: MessagePlace; text: string }
  /** Show entries that came before, in this number. */
  | { type: "history"; count: number }
  /** Find messages by their words. */
  | { type: "search"; text: string }
  /** Do something to the person that the text begins with. */
  | { type: "moderate"; act: ModerationAct; text: string }
  /** Make a link that lets people in: on these terms. */
  | { type: "invite"; role: InvitedRole; forMs?: number; uses?: number }
  /** End the link with that id. */
  | { type: "unlink"; id: string }
  /** Show the topic; with a text, set it. */
  | { type: "topic"; text?: string }
  | { type: "links" }
  | { type: "leave" | "quit" | "members" | "rooms" | "read" | "help" }
  /** Not a command, though it looks like one; nothing is sent. */
  | { type: "wrong"; message: string };

/** A command about a message. */
export type AboutMessage = Extract<Command, { place?: MessagePlace }>;

/** The text of `/help`. */
export const COMMAND_HELP = `/join ID      go to another room, and stay in this one
/create NAME  make a room and go there
/room N       go to one of your rooms, by number or name (also: Alt-1 to Alt-9)
/rooms        your rooms, and what is unread there
/leave        leave the room (also: leave)
/members      who is here, with their roles (also: /who)
/nick NAME    be called something else
/reply TEXT   answer the last message of others
/edit TEXT    give your last message another text
/delete       take it back; what you write behind it is the reason
/react EMOJI  react to the last message; /unreact takes that back
With ^3 before the rest, these are about the third message from the end, with #37 about message 37.
/history N    what was said before that, N entries (50)
/search WORDS the newest messages with all these words
/read         say that you have read all of this room
/topic TEXT   what the room is about; -delete takes it away
For moderators, with a reason behind it where there is one:
/kick NAME    have somebody leave, who may come back
/ban NAME 2h  for good, or for a time (30s, 10m, 2h, 7d); /unban NAME
/mute NAME 2h let somebody read and not write; /unmute NAME
/op NAME      make somebody a moderator; /deop NAME
/invite 2h 5  a link that lets 5 people in within 2 hours; a role may stand there too
/links        the links into the room; /unlink ID ends one
/quit         leave and end (also: quit, Ctrl-C, Ctrl-D)
//text        send the text with one slash before it
To send the word leave or quit, put a space before it.
What is pasted is sent as it is, with Enter; Esc drops what was written.
Page Up reads back, End returns. Tab completes commands and names.
Alt-Enter begins a new line, Ctrl-R tries to connect at once, Ctrl-Z suspends.`;

/** The names of the commands, in the order of the alphabet. */
export const COMMAND_NAMES: readonly string[] = [
  ...new Set(COMMAND_HELP.match(/(?<![^\s])\/[a-z]+/g)?.map((word) => word.slice(1))),
  "help",
].toSorted();

/** The entries that `/history` shows unless told otherwise, and the most of them. */
const HISTORY = { usual: 50, most: 256 } as const;

/** Reads one line, or a message of several. */
export function parseCommand(line: string): Command {
  const word = line.trimEnd();
  if (word === "") return { type: "nothing" };
  if (line.startsWith("//")) return { type: "say", text: line.slice(1) };
  if (line.includes("\n")) {
    return line.startsWith("/")
      ? wrong(`A command is one line, not ${quote(line)}: // sends a slash`)
      : { type: "say", text: line };
  }
  if (word === "leave" || word === "quit") return { type: word };
  if (!line.startsWith("/")) return { type: "say", text: line };
  const [, name = "", rest = ""] = /^\/(\S*)\s*(.*)$/su.exec(word) ?? [];
  switch (name) {
    case "join":
      return rest === "" ? wrong("/join needs the id of a room") : { type: name, roomId: rest };
    case "create":
    case "nick":
      return rest === "" ? wrong(`/${name} needs a name`) : { type: name, name: rest };
    case "reply":
    case "edit":
    case "delete":
    case "react":
    case "unreact":
      return aboutMessage(name, rest);
    case "kick":
    case "ban":
    case "unban":
    case "mute":
    case "unmute":
    case "op":
    case "deop":
      if (rest === "") return wrong(`/${name} needs the name of somebody`);
      return { type: "moderate", act: name, text: rest };
    case "topic":
      return rest === "" ? { type: name } : { type: name, text: rest === "-delete" ? "" : rest };
    case "room":
      return rest === "" ? wrong("/room needs the number of a room") : { type: name, text: rest };
    case "history":
      return history(rest);
    case "search":
      return rest === "" ? wrong("/search needs words") : { type: name, text: rest };
    case "who":
      return standingAlone("members", name, rest);
    case "leave":
    case "quit":
    case "members":
    case "rooms":
    case "read":
    case "links":
    case "help":
      return standingAlone(name, name, rest);
    case "invite":
      return invite(rest);
    case "unlink":
      return rest === "" ? wrong("/unlink needs the id of a link") : { type: name, id: rest };
    default:
      return wrong(`Unknown command ${quote(`/${name}`)}: /help lists them, // sends a slash`);
  }
}

function standingAlone(
  type: "leave" | "quit" | "members" | "rooms" | "read" | "links" | "help",
  name: string,
  rest: string,
): Command {
  return rest === "" ? { type } : wrong(`/${name} stands alone, not with ${quote(rest)}`);
}

const INVITED_ROLES: readonly string[] = ["reader", "member", "moderator", "owner"];

/** Reads the terms of a link, in any order: a role, a time, a number of people. */
function invite(rest: string): Command {
  let terms: Extract<Command, { type: "invite" }> = { type: "invite", role: "member" };
  for (const word of rest.split(/\s+/).filter((word) => word !== "")) {
    const { forMs } = readTime(word);
    if (INVITED_ROLES.includes(word)) terms = { ...terms, role: word as InvitedRole };
    else if (forMs !== undefined) terms = { ...terms, forMs };
    else if (/^[1-9]\d{0,3}$/.test(word)) terms = { ...terms, uses: Number(word) };
    else return wrong(`/invite takes a role, a time and a number of people, not ${quote(word)}`);
  }
  return terms;
}

function history(rest: string): Command {
  const count = rest === "" ? HISTORY.usual : Number(rest);
  if (Number.isInteger(count) && count > 0 && count <= HISTORY.most) {
    return { type: "history", count };
  }
  return wrong(`/history takes a number from 1 to ${HISTORY.most}, not ${quote(rest)}`);
}

/** Needs of the commands about messages, but for `delete`. */
const NEEDS = { reply: "a text", edit: "a text", react: "an emoji", unreact: "an emoji" } as const;

function aboutMessage(type: keyof typeof NEEDS | "delete", rest: string): Command {
  const [, mark, number = "", behind = rest] = /^([#^])(\d{1,15})(?:\s+(.*))?$/su.exec(rest) ?? [];
  const text = mark === undefined ? rest : behind === rest ? "" : behind;
  if (text === "" && type !== "delete") return wrong(`/${type} needs ${NEEDS[type]}`);
  const count = Number(number);
  if (mark === undefined) return { type, text };
  if (count === 0) return wrong(`There is no message ${mark}0`);
  return { type, text, place: mark === "#" ? { seq: count } : { back: count } };
}

function wrong(message: string): Command {
  return { type: "wrong", message };
}

function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
