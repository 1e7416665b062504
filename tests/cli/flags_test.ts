import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  CLI_HELP,
  type CliSettings,
  joinCommand,
  parseCliFlags,
  serverCommand,
} from "../../src/cli/flags.ts";
import { programsOf } from "../../src/program.ts";
import { pure } from "../support/pure.ts";

const CLONE = programsOf("file:///home/ana/chat/src/program.ts");
const PACKAGE = programsOf("https://jsr.io/@parley/chat/0.1.0/src/program.ts");

function settings(...args: string[]): CliSettings {
  const parsed = parseCliFlags(args);
  assert(typeof parsed !== "string");
  return parsed;
}

function refusal(...args: string[]): string {
  const { message } = assertThrows(() => parseCliFlags(args), RangeError);
  assertEquals(message.includes("\n"), false);
  return message;
}

pure("parseCliFlags() of nothing makes a room on this machine", () => {
  assertEquals(settings(), {
    url: new URL("ws://localhost:8765"),
    name: "guest",
    roomName: "Lobby",
    last: 50,
    json: false,
    plain: false,
    bell: true,
  });
});

pure("parseCliFlags() takes every flag", () => {
  const url = "wss://chat.example/path?a=b";
  assertEquals(
    settings("--url", url, "--name=Ana", "--join", "abcd", "--last=50", "--json"),
    {
      url: new URL(url),
      name: "Ana",
      join: "abcd",
      roomName: "Lobby",
      last: 50,
      json: true,
      plain: false,
      bell: true,
    },
  );
  const { plain, bell } = settings("--plain", "--no-bell");
  assertEquals([plain, bell], [true, false]);
  assertEquals(refusal("--json", "--plain"), "--json does not go with --plain");
  assertEquals(settings("--room-name", "A room").roomName, "A room");
  assertEquals(parseCliFlags(["--help"]), "help");
  assertEquals(parseCliFlags(["-h"]), "help");
  assertEquals(parseCliFlags(["--version"]), "version");
});

pure("parseCliFlags() gives people some history to begin with, and programs none", () => {
  assertEquals(settings("--join", "x").last, 50);
  assertEquals(settings("--join", "x", "--json").last, 0);
  assertEquals(settings("--join", "x", "--json", "--last", "7").last, 7);
  assertEquals(settings("--join", "x", "--last", "0").last, 0);
});

pure("parseCliFlags() says in one line which argument will not do", () => {
  assertEquals(refusal("--jion", "x"), 'Unknown argument "--jion": see --help');
  assertEquals(refusal("x"), 'Unknown argument "x": see --help');
  assertEquals(refusal("--", "x"), 'Unknown argument "x": see --help');
  assertEquals(refusal("a\nb"), 'Unknown argument "a\\nb": see --help');
  for (const flag of ["--join", "--url", "--name", "--room-name", "--last"]) {
    const message = `${flag} needs a value that is not empty`;
    assertEquals(refusal(flag), message);
    assertEquals(refusal(flag, ""), message);
    assertEquals(refusal(`${flag}=`, "--json"), message);
    assertEquals(refusal(flag, " "), message);
  }
  assertEquals(refusal(""), 'Unknown argument "": see --help');
  assertEquals(refusal("--name", "x", ""), 'Unknown argument "": see --help');
  assertEquals(
    refusal("--last=-1"),
    '--last must be a whole number from 0 to 10000, not "-1"',
  );
  assertEquals(
    refusal("--last=1e3"),
    '--last must be a whole number from 0 to 10000, not "1e3"',
  );
  assertEquals(
    refusal("--name", "x".repeat(129)),
    "--name: A name must have at most 128 bytes, not 129",
  );
  assertEquals(
    refusal("--join", "x", "--room-name", "y"),
    "--room-name is for a new room: it does not go with --join",
  );
  for (const url of ["localhost:8765", "http://localhost", "ws://", "ws://a/#b"]) {
    assertEquals(
      refusal("--url", url),
      `--url must be an address like ws://localhost:8765, not "${url}"`,
    );
  }
});

pure("joinCommand() names the server only where it is another than usual", () => {
  const command = (url: string) => joinCommand("ab-cd", new URL(url), CLONE);
  assertEquals(command("ws://localhost:8765"), "deno run -N cli.ts --join ab-cd");
  assertEquals(
    command("ws://localhost:9000"),
    "deno run -N cli.ts --join ab-cd --url ws://localhost:9000",
  );
});

pure("joinCommand() tells nobody who logs in to the server, and with what", () => {
  const command = (url: string) => joinCommand("ab-cd", new URL(url), CLONE);
  assertEquals(command("ws://ana:secret@localhost:8765"), "deno run -N cli.ts --join ab-cd");
  assertEquals(
    command("wss://secret@chat.example/a?b=c"),
    "deno run -N cli.ts --join ab-cd --url 'wss://chat.example/a?b=c'",
  );
});

pure("joinCommand() names the package where there is no clone with a file", () => {
  assertEquals(
    joinCommand("ab-cd", new URL("ws://localhost:8765"), PACKAGE),
    "deno run -N jsr:@parley/chat@0.1.0/cli --join ab-cd",
  );
});

pure("serverCommand() starts a server where the chat was to be, on this machine", () => {
  const command = (url: string, from = CLONE) => serverCommand(new URL(url), from);
  assertEquals(command("ws://localhost:8765"), "deno task server");
  assertEquals(command("ws://127.0.0.1:9000/a b"), "deno task server --port 9000 --path /a%20b");
  assertEquals(command("ws://localhost"), "deno task server --port 80");
  assertEquals(
    command("ws://localhost:8765", PACKAGE),
    "deno run -NE jsr:@parley/chat@0.1.0/server",
  );
  assertEquals(command("ws://chat.example"), undefined);
  assertEquals(command("wss://localhost:8765"), undefined);
});

pure("joinCommand() is safe to paste into a shell, whatever a server calls its rooms", () => {
  assertEquals(
    joinCommand("$(reboot)'", new URL("ws://[::1]:9/a?b=c&d=e"), CLONE),
    "deno run -N cli.ts --join '$(reboot)'\\''' --url 'ws://[::1]:9/a?b=c&d=e'",
  );
});

pure("the help names every flag in lines that fit a terminal", () => {
  for (const flag of ["join", "url", "name", "room-name", "last", "json", "help", "version"]) {
    assert(CLI_HELP.includes(`--${flag}`), flag);
  }
  assert(CLI_HELP.split("\n").every((line) => line.length <= 79));
});
