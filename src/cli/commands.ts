// This module is pure: no sockets, no clock, no Deno.

/**
 * Reads the lines entered in the terminal chat: messages and commands.
 *
 * @module
 */

/** The message that a command is about: one counted from the end, or the one at a place of the log. */
export type MessagePlace = { back: number } | { seq: number };

/** The meaning of a line. */
export type Command =
  /** An empty line. */
  | { type: "nothing" }
  /** Send this. */
  | { type: "say"; text: string }
  | { type: "join"; roomId: string }
  | { type: "create"; name: string }
  | { type: "nick"; name: string }
  /** Answer, change or redact a message, or react to it; the newest one unless a place is given. */
  | { type: "reply" | "edit" | "delete" | "react" | "unreact"; place?: MessagePlace; text: string }
  | { type: "leave" | "quit" | "who" | "help" }
  /** Not a command, though it looks like one; nothing is sent. */
  | { type: "wrong"; message: string };

/** The text of `/help`. */
export const COMMAND_HELP = `/join ID      go to another room
/create NAME  make a room and go there
/leave        leave the room (also: leave)
/who          who is here
/nick NAME    be called something else
/reply TEXT   answer the last message of others
/edit TEXT    give your last message another text
/delete       take it back; what you write behind it is the reason
/react EMOJI  react to the last message; /unreact takes that back
With ^3 before the rest, these are about the third message from the end, with #37 about message 37.
/quit         leave and end (also: quit, Ctrl-C, Ctrl-D)
//text        send /text
To send the word leave or quit, put a space before it.
What is pasted is sent as it is, with Enter; Esc drops what was written.
Alt-Enter begins a new line, Ctrl-R tries to connect at once, Ctrl-Z suspends.`;

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
    case "leave":
    case "quit":
    case "who":
    case "help":
      return rest === "" ? { type: name } : wrong(`/${name} stands alone, not with ${quote(rest)}`);
    default:
      return wrong(`Unknown command ${quote(`/${name}`)}: /help lists them, // sends a slash`);
  }
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
