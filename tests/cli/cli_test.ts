import { assert, assertEquals, assertMatch } from "@std/assert";
import { ChatClient } from "../../client.ts";
import config from "../../deno.json" with { type: "json" };
import type { Shown } from "../../src/cli/words/shown.ts";
import { TestChat } from "../support/fixtures.ts";
import { type CliOptions, CliProcess, HAS_PYTHON } from "./cli_process.ts";
import { Picture } from "./picture.ts";

interface Run {
  code: number;
  stdout: string;
  stderr: string;
  /** The lines of stdout, without the times. */
  lines: string[];
}

/** Runs the terminal chat in a pipe, to its end. */
async function run(args: string[], input = "", options: CliOptions = {}): Promise<Run> {
  await using cli = new CliProcess(args, options);
  // Where it ends before it reads, nobody takes the input.
  await cli.type(input).catch(() => {});
  await cli.endInput().catch(() => {});
  const code = await cli.end();
  const { stdout, stderr } = cli;
  const lines = stdout.trimEnd().split("\n").map((line) => line.replace(/^\d\d:\d\d:\d\d /, ""));
  return { code, stdout, stderr, lines };
}

Deno.test("in a pipe each line of the input is sent as it is, and plain lines come out", async () => {
  await using server = new TestChat();
  const { code, stdout, stderr, lines } = await run(
    ["--url", server.url, "--name", "Ana", "--room-name", "Pipes"],
    "one\n\n//two\r\nquit\n/foo",
  );
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  const id = /Room Pipes: (\S+)/.exec(stdout)?.[1];
  assertEquals(lines, [
    `. Room Pipes: ${id}`,
    `To join it: deno run -N cli.ts --join ${id} --url ws://${server.host}`,
    "+ You joined",
    "> Ana: one",
    "> Ana: ",
    "> Ana: //two",
    "> Ana: quit",
    "> Ana: /foo",
    "- You left Pipes",
  ]);
  assertMatch(stdout, /^\d\d:\d\d:\d\d /);
  assertEquals(stdout.includes("\x1b"), false);
});

Deno.test("--join and --last show what was said, and others see who was there", async () => {
  await using server = new TestChat();
  await using ana = new ChatClient(server.url, { name: "Ana" });
  await ana.connect();
  const room = await ana.createRoom("Lobby");
  await room.send("one");
  await room.send("two");
  const { code, lines } = await run(
    ["--url", server.url, "--name", "Ben", "--join", room.id, "--last", "2"],
    "three\n",
  );
  assertEquals(code, 0);
  assertEquals(lines.slice(2), [
    "  Ana: one",
    "  Ana: two",
    "+ You joined",
    "> Ben: three",
    "- You left Lobby",
  ]);
  const said: string[] = [];
  for await (const event of room.events()) {
    if (event.type === "message") said.push(`${event.name}: ${event.body}`);
    if (event.type === "leave") break;
  }
  assertEquals(said, ["Ana: one", "Ana: two", "Ben: three"]);
});

Deno.test("a joined room begins with what was said last, and a guest says it is one", async () => {
  await using server = new TestChat();
  await using ana = new ChatClient(server.url, { name: "Ana" });
  await ana.connect();
  const room = await ana.createRoom("Lobby");
  for (let i = 0; i < 60; i++) await room.send(`line ${i}`);
  const { stdout, lines } = await run(["--url", server.url, "--join", room.id], "hi\n");
  assertEquals(lines.slice(2, -1), [
    ...Array.from({ length: 50 }, (_, i) => `  Ana: line ${i + 10}`),
    "+ You joined",
    "> guest: hi",
  ]);
  assert(stdout.includes("To join it: deno run -N cli.ts --join"));
  const json = await run(["--url", server.url, "--join", room.id, "--json"]);
  const types = json.lines.map((line) => JSON.parse(line).type);
  assertEquals(types, ["room", "join", "left"]);
});

Deno.test("who has nothing to say in a pipe sees the history all the same", async () => {
  await using server = new TestChat();
  await using ana = new ChatClient(server.url, { name: "Ana" });
  await ana.connect();
  const room = await ana.createRoom("Lobby");
  await room.send("one");
  // The client leaves as soon as it has joined: more than once, as it was chance what came.
  for (let i = 0; i < 5; i++) {
    const { code, lines } = await run(["--url", server.url, "--join", room.id, "--last", "50"]);
    assertEquals([code, lines.includes("  Ana: one")], [0, true], lines.join("\n"));
  }
});

Deno.test("a long input arrives whole and in order, in however many messages", async () => {
  await using server = new TestChat({ rate: 0 });
  const numbers = Array.from({ length: 3_000 }, (_, i) => String(i));
  const { code, lines } = await run(["--url", server.url, "--name", "A"], numbers.join("\n"));
  assertEquals(code, 0);
  assertEquals(lines.slice(3, -1), numbers.map((number) => `> A: ${number}`));
});

Deno.test("--json writes one object a line, errors too, whatever others are called", async () => {
  await using server = new TestChat();
  const evil = "\x1b]0;x\x07\u009b2J\u202e";
  const name = `Ana "\\u001b`;
  const { code, stdout, stderr } = await run(
    ["--url", server.url, "--name", name, "--json"],
    `${evil}\n/who\n/foo\nquit\nnot sent\n`,
  );
  assertEquals({ code, stderr }, { code: 1, stderr: "" });
  assertEquals(/[^\P{Cc}\n]|\p{Bidi_Control}/u.test(stdout), false);
  const told = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  // The answer to /who may come before the message is in the log.
  assertEquals(told.map(({ type }) => type).toSorted(), [
    "error",
    "join",
    "left",
    "members",
    "message",
    "room",
  ]);
  const message = told.find(({ type }) => type === "message");
  assertEquals([message.name, message.body, message.own], [name, evil, true]);
  assertEquals(message.roomId, told[0].roomId);
});

/** Reads docs/terminal.md for the fields of each kind of line, by `type`. */
function documentedFields(): Map<string, Set<string>> {
  const page = Deno.readTextFileSync(new URL("../../docs/terminal.md", import.meta.url));
  const [, table = ""] = page.split("## For programs");
  const documented = new Map<string, Set<string>>();
  for (const [, types = "", fields = ""] of table.matchAll(/^\| (`.*?) *\| (`.*?) *\|/gm)) {
    const names = (text: string) => [...text.matchAll(/`(\w+)`/g)].map(([, name]) => name!);
    for (const type of names(types)) {
      // What stands in brackets is inside of a field.
      documented.set(type, new Set(["type", ...names(fields.replace(/\(.*?\)/g, ""))]));
    }
  }
  documented.delete("type");
  return documented;
}

/** Every kind of line there is: the compiler asks for one that is missing. */
const KINDS = {
  room: true,
  message: true,
  change: true,
  join: true,
  leave: true,
  away: true,
  back: true,
  rename: true,
  quiet: true,
  typing: true,
  role: true,
  kick: true,
  settings: true,
  topic: true,
  rooms: true,
  current: true,
  invitation: true,
  links: true,
  history: true,
  search: true,
  unread: true,
  note: true,
  gap: true,
  recovered: true,
  closed: true,
  left: true,
  members: true,
  status: true,
  help: true,
  sent: true,
  error: true,
} satisfies Record<Shown["type"], true>;

Deno.test("docs/terminal.md lists every line of --json, with all its fields", async () => {
  const documented = documentedFields();
  assertEquals([...documented.keys()].toSorted(), Object.keys(KINDS).toSorted());
  await using server = new TestChat();
  const { lines } = await run(
    ["--url", server.url, "--name", "Ana", "--json"],
    "one\n/nick Eva\n/who\n/help\n/foo\nleave\ntwo\n",
  );
  const told = lines.map((line) => JSON.parse(line));
  for (const line of told) {
    for (const field of Object.keys(line)) {
      assert(documented.get(line.type)?.has(field), `${line.type} has ${field}`);
    }
  }
  assertEquals(new Set(told.map(({ type }) => type)).size, 8);
});

Deno.test("what cannot be sent is told on stderr, and ends with 1", async () => {
  await using server = new TestChat();
  const long = "x".repeat(65_537);
  const { code, stderr, lines } = await run(["--url", server.url], `${long}\nok\n`);
  assertEquals(code, 1);
  assertEquals(stderr.trimEnd().split("\n").map((line) => line.slice(9)), [
    `! Not sent: the line is longer than 65536 bytes: ${"x".repeat(60)}…`,
  ]);
  assert(lines.some((line) => line.endsWith(": ok")));
});

Deno.test("SIGINT and SIGTERM leave the room and end with 0", async () => {
  await using server = new TestChat();
  await using ana = new ChatClient(server.url);
  await ana.connect();
  const room = await ana.createRoom("Lobby");
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    await using cli = new CliProcess(["--url", server.url, "--join", room.id]);
    await cli.printed("You joined");
    cli.signal(signal);
    assertEquals(await cli.end(), 0);
    for await (const event of room.events()) if (event.type === "leave") break;
  }
});

Deno.test("when nobody reads the output any more, it ends", async () => {
  await using server = new TestChat();
  const command = `"$0" run --quiet --allow-net cli.ts --url ${server.url} | head -n 1`;
  const child = new Deno.Command("bash", {
    args: ["-c", `yes | ${command}`, Deno.execPath()],
    cwd: new URL("../../", import.meta.url),
    stderr: "piped",
  });
  const { stdout, stderr } = await child.output();
  assertMatch(new TextDecoder().decode(stdout), /^\d\d:\d\d:\d\d \. Room Lobby: \S+\n$/);
  // What it has taken from the pipe and could not send in time is told all the same.
  assertMatch(new TextDecoder().decode(stderr), /^([\d:]+ ! (Perhaps not|Not) sent: .*: y\n)*$/);
});

Deno.test({
  name: "in a pipe too, rows are as wide as the terminal that there is",
  ignore: !HAS_PYTHON,
  async fn() {
    await using server = new TestChat();
    await using ben = new ChatClient(server.url, { name: "Ben" });
    await ben.connect();
    const room = await ben.createRoom("Lobby");
    await room.send(`${"x".repeat(60 - "14:05:09   Ben: ".length)}14:05:09 > Ana: I resign`);
    const chat = `"$0" run --quiet -N cli.ts --url ${server.url} --join ${room.id} </dev/null`;
    for (const command of [chat, `${chat} | cat`]) {
      const { stdout } = await new Deno.Command("python3", {
        args: ["tests/testdata/pseudo_terminal.py", "60", "bash", "-c", command, Deno.execPath()],
        cwd: new URL("../../", import.meta.url),
        stdin: "null",
        env: { TZ: "UTC" },
      }).output();
      const picture = new Picture(60);
      picture.write(new TextDecoder().decode(stdout));
      const row = picture.rows.findIndex((row) => row.includes("Ben: xxx"));
      assert(row >= 0 && /^ {11}\S+ > Ana/.test(picture.rows[row + 1]!), picture.rows.join("\n"));
    }
  },
});

Deno.test("bad flags are one line on stderr, and end with 2", async () => {
  const { code, stdout, stderr } = await run(["--last", "many"]);
  assertEquals({ code, stdout }, { code: 2, stdout: "" });
  assertEquals(stderr, '--last must be a whole number from 0 to 10000, not "many"\n');
});

Deno.test("a server or a room that is not there is told on stderr, and ends with 1", async () => {
  await using server = new TestChat();
  const room = await run(["--url", server.url, "--join", "\x1b[2Jno"]);
  assertEquals([room.code, room.stdout], [1, ""]);
  assertEquals(room.stderr, "The server says: Room \\u001b[2Jno does not exist\n");
  const nowhere = await run(["--url", "ws://127.0.0.1:1"]);
  assertEquals([nowhere.code, nowhere.stdout], [1, ""]);
  assertEquals(
    nowhere.stderr,
    "Cannot connect to ws://127.0.0.1:1: no server answers there\n" +
      "To start one: deno task server --port 1\n",
  );
});

Deno.test("without permission and without a terminal it names the flag, and ends with 2", async () => {
  const { code, stderr } = await run([], "", { permissions: [] });
  assertEquals(code, 2);
  assertEquals(
    stderr,
    "No permission to connect to localhost:8765: start with deno run -N=localhost:8765 cli.ts\n",
  );
});

Deno.test("cli.ts starts by itself, with a small heap", {
  ignore: Deno.build.os === "windows",
}, async () => {
  const cwd = new URL("../../", import.meta.url);
  const path = [Deno.execPath().replace(/\/[^/]+$/, ""), "/usr/bin", "/bin"].join(":");
  const command = new Deno.Command("./cli.ts", { args: ["--version"], cwd, env: { PATH: path } });
  const { code, stdout } = await command.output();
  assertEquals([code, new TextDecoder().decode(stdout)], [0, `${config.version}\n`]);
  const [start = ""] = (await Deno.readTextFile(new URL("cli.ts", cwd))).split("\n");
  assertMatch(start, /deno run -N --v8-flags=--optimize-for-size$/);
});

Deno.test("--help and --version need no permission", async () => {
  const help = await run(["--help"], "", { permissions: [] });
  assertEquals([help.code, help.stderr], [0, ""]);
  assert(help.stdout.includes("--join ID"));
  assertEquals((await run(["-h"], "", { permissions: [] })).stdout, help.stdout);
  const version = await run(["--version"], "", { permissions: [] });
  assertEquals([version.code, version.stdout], [0, `${config.version}\n`]);
});

/**
 * Answers a question of Deno's, until it listens: it throws away what was typed before
 * anybody can have read the question.
 */
async function answer(cli: CliProcess, letter: string, result: string): Promise<void> {
  await cli.printed("Allow?");
  const timer = setInterval(() => cli.type(`${letter}\n`).catch(() => {}), 100);
  try {
    await cli.printed(result);
  } finally {
    clearInterval(timer);
  }
}

Deno.test({
  name: "at a terminal it asks once for permission, and nothing else",
  ignore: !HAS_PYTHON,
  async fn() {
    await using server = new TestChat();
    const args = ["--url", server.url, "--name", "Ana"];
    await using cli = new CliProcess(args, { terminal: true, permissions: [], raw: true });
    await answer(cli, "y", "Granted");
    await cli.printed("You joined");
    await cli.type("\x15\x04");
    assertEquals(await cli.end(), 0);
    assertEquals(cli.stdout.split("Allow?").length, 2);
  },
});

Deno.test({
  name: "who says no to the question learns which flag it takes",
  ignore: !HAS_PYTHON,
  async fn() {
    await using cli = new CliProcess([], { terminal: true, permissions: [], raw: true });
    await answer(cli, "n", "Denied");
    await cli.printed("start with deno run -N=localhost:8765 cli.ts");
    assertEquals(await cli.end(), 2);
  },
});
