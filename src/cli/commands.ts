// This module is pure: no sockets, no clock, no Deno.

/**
 * Reads the lines entered in the terminal chat: messages and commands.
 *
 * @module
 */

/** The meaning of a line. */
export type Command =
  /** An empty line. */
  | { type: "nothing" }
  /** Send this. */
  | { type: "say"; text: string }
  | { type: "join"; roomId: string }
  | { type: "create"; name: string }
  | { type: "nick"; name: string }
  | { type: "leave" | "quit" | "who" | "help" }
  /** Not a command, though it looks like one; nothing is sent. */
  | { type: "wrong"; message: string };

/** The text of `/help`. */
export const COMMAND_HELP = `/join ID      go to another room
/create NAME  make a room and go there
/leave        leave the room (also: leave)
/who          who is here
/nick NAME    be called something else
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
    case "leave":
    case "quit":
    case "who":
    case "help":
      return rest === "" ? { type: name } : wrong(`/${name} stands alone, not with ${quote(rest)}`);
    default:
      return wrong(`Unknown command ${quote(`/${name}`)}: /help lists them, // sends a slash`);
  }
}

function wrong(message: string): Command {
  return { type: "wrong", message };
}

function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
