import { assert, assertEquals } from "@std/assert";
import { type Command, COMMAND_HELP, parseCommand } from "../../src/cli/commands.ts";
import { pure } from "../support/pure.ts";

pure("parseCommand() understands words and commands", () => {
  const cases: [line: string, command: Command][] = [
    ["", { type: "nothing" }],
    [" \t ", { type: "nothing" }],
    ["hello", { type: "say", text: "hello" }],
    ["leave", { type: "leave" }],
    ["quit ", { type: "quit" }],
    ["/leave", { type: "leave" }],
    ["/quit", { type: "quit" }],
    ["/who", { type: "who" }],
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
  ];
  for (const [line, message] of cases) {
    assertEquals(parseCommand(line), { type: "wrong", message }, line);
  }
  const long = parseCommand(`/${"x".repeat(60_000)}`);
  assert(long.type === "wrong" && long.message.length < 200);
});

pure("the help names every command", () => {
  for (const name of ["join", "create", "leave", "who", "nick", "quit"]) {
    assert(COMMAND_HELP.includes(`/${name}`), name);
  }
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
