import { assert, assertEquals } from "@std/assert";
import {
  type Command,
  COMMAND_HELP,
  COMMAND_NAMES,
  parseCommand,
} from "../../../src/cli/words/commands.ts";
import { pure } from "../../support/pure.ts";

pure("parseCommand() understands words and commands", () => {
  const cases: [line: string, command: Command][] = [
    ["", { type: "nothing" }],
    [" \t ", { type: "nothing" }],
    ["hello", { type: "say", text: "hello" }],
    ["leave", { type: "leave" }],
    ["quit ", { type: "quit" }],
    ["/leave", { type: "leave" }],
    ["/quit", { type: "quit" }],
    ["/members", { type: "members" }],
    ["/rooms", { type: "rooms" }],
    ["/read", { type: "read" }],
    ["/room 2", { type: "room", text: "2" }],
    ["/history", { type: "history", count: 50 }],
    ["/history 7", { type: "history", count: 7 }],
    ["/search two words", { type: "search", text: "two words" }],
    ["/links", { type: "links" }],
    ["/unlink 4x", { type: "unlink", id: "4x" }],
    ["/invite", { type: "invite", role: "member" }],
    ["/invite 5 reader 2h", { type: "invite", role: "reader", forMs: 7_200_000, uses: 5 }],
    ["/topic", { type: "topic" }],
    ["/topic Cats, mostly", { type: "topic", text: "Cats, mostly" }],
    ["/topic -delete", { type: "topic", text: "" }],
    ["/kick Ben off topic", { type: "moderate", act: "kick", text: "Ben off topic" }],
    ["/mute Ben 10m", { type: "moderate", act: "mute", text: "Ben 10m" }],
    ["/unban #9gm3", { type: "moderate", act: "unban", text: "#9gm3" }],
    ["/who", { type: "members" }],
    ["/help  ", { type: "help" }],
    ["/join k7q2-m9xd", { type: "join", roomId: "k7q2-m9xd" }],
    ["/join  k7q2 m9xd ", { type: "join", roomId: "k7q2 m9xd" }],
    ["/create Tea room", { type: "create", name: "Tea room" }],
    ["/nick Ana Lee", { type: "nick", name: "Ana Lee" }],
  ];
  for (const [line, command] of cases) assertEquals(parseCommand(line), command, line);
});

pure("parseCommand() sends what only looks like a command, as it is", () => {
  const cases: [line: string, text: string][] = [
    ["//join me", "/join me"],
    ["///", "//"],
    [" leave", " leave"],
    [" /who", " /who"],
    ["leave now", "leave now"],
    ["Quit", "Quit"],
    ["  indented  ", "  indented  "],
    ["quit\n", "quit\n"],
    ["\n/quit", "\n/quit"],
    ["//one\ntwo", "/one\ntwo"],
  ];
  for (const [line, text] of cases) assertEquals(parseCommand(line), { type: "say", text }, line);
});

pure("parseCommand() refuses what is no command, so that a typing error is not sent", () => {
  const cases: [line: string, message: string][] = [
    ["/foo", 'Unknown command "/foo": /help lists them, // sends a slash'],
    ["/", 'Unknown command "/": /help lists them, // sends a slash'],
    ["/ who", 'Unknown command "/": /help lists them, // sends a slash'],
    ["/WHO", 'Unknown command "/WHO": /help lists them, // sends a slash'],
    ["/toString", 'Unknown command "/toString": /help lists them, // sends a slash'],
    ["/join", "/join needs the id of a room"],
    ["/create ", "/create needs a name"],
    ["/nick", "/nick needs a name"],
    ["/nick one\ntwo", 'A command is one line, not "/nick one\\ntwo": // sends a slash'],
    ["/quit now", '/quit stands alone, not with "now"'],
    ["/who x", '/who stands alone, not with "x"'],
    ["/kick", "/kick needs the name of somebody"],
    ["/room", "/room needs the number of a room"],
    ["/invite all", '/invite takes a role, a time and a number of people, not "all"'],
    ["/invite 0", '/invite takes a role, a time and a number of people, not "0"'],
    ["/unlink", "/unlink needs the id of a link"],
    ["/search  ", "/search needs words"],
    ["/history 0", '/history takes a number from 1 to 256, not "0"'],
    ["/history all", '/history takes a number from 1 to 256, not "all"'],
  ];
  for (const [line, message] of cases) {
    assertEquals(parseCommand(line), { type: "wrong", message }, line);
  }
  const long = parseCommand(`/${"x".repeat(60_000)}`);
  assert(long.type === "wrong" && long.message.length < 200);
});

pure("the help names every command, and no other", () => {
  for (const name of COMMAND_NAMES) {
    const command = parseCommand(`/${name}`);
    assert(command.type !== "wrong" || !command.message.startsWith("Unknown"), name);
  }
  for (const name of ["join", "create", "leave", "who", "nick", "quit", "unban", "help"]) {
    assert(COMMAND_NAMES.includes(name), name);
  }
  assert(COMMAND_HELP.split("\n").every((line) => line.length <= 100));
});

pure("commands about a message name it by its place from the end, or in the log", () => {
  const cases: [string, unknown][] = [
    ["/edit new text", { type: "edit", text: "new text" }],
    ["/edit ^2 new text", { type: "edit", text: "new text", place: { back: 2 } }],
    ["/reply #37 yes", { type: "reply", text: "yes", place: { seq: 37 } }],
    ["/reply #hashtag", { type: "reply", text: "#hashtag" }],
    ["/delete", { type: "delete", text: "" }],
    ["/delete ^3", { type: "delete", text: "", place: { back: 3 } }],
    ["/delete said twice", { type: "delete", text: "said twice" }],
    ["/react ^1 👍", { type: "react", text: "👍", place: { back: 1 } }],
    ["/unreact 👍", { type: "unreact", text: "👍" }],
  ];
  for (const [line, command] of cases) assertEquals<unknown>(parseCommand(line), command, line);
  for (const line of ["/edit", "/edit ^2", "/react", "/reply #5", "/delete ^0"]) {
    assertEquals(parseCommand(line).type, "wrong", line);
  }
});
