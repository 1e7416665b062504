import { assert, assertEquals } from "@std/assert";
import { ChatClient } from "../client.ts";
import { CliProcess, HAS_PYTHON } from "./cli_process.ts";
import { TestChat } from "./fixtures.ts";
import { ScriptedServer } from "./scripted_server.ts";

/** Ana at a terminal, in a room that she has made, with Ben in it. */
class Scene implements AsyncDisposable {
  private constructor(
    readonly server: TestChat,
    readonly ana: CliProcess,
    readonly ben: ChatClient,
  ) {}

  static async open(env: Record<string, string> = {}): Promise<Scene> {
    const server = new TestChat();
    const ana = new CliProcess(["--url", server.url, "--name", "Ana"], { terminal: true, env });
    await ana.lastRow("> |");
    await ana.printed("joined");
    const ben = new ChatClient(server.url, { name: "Ben" });
    await ben.connect();
    await ben.joinRoom(ana.roomId);
    await ana.printed("Ben joined");
    return new Scene(server, ana, ben);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ana[Symbol.asyncDispose]();
    await this.ben.close();
    await this.server[Symbol.asyncDispose]();
  }
}

function atTerminal(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: !HAS_PYTHON, fn });
}

atTerminal("what arrives stands above the line being typed, which stays as it is", async () => {
  await using scene = await Scene.open();
  const { ana, ben } = scene;
  await ana.type("half a li\x1b[D");
  await ana.lastRow("> half a l|i");
  await ben.sendMessage("hello");
  await ben.sendMessage("x".repeat(100));
  await ana.until(({ seen }) => seen.some((row) => row.startsWith("xxx")), "two rows of x");
  await ana.lastRow("> half a l|i");
  await ana.type("\x05ne\r");
  await ana.until(({ seen }) => seen.includes("> Ana: half a line"), "the line");
  await ana.lastRow("> |");
  assertEquals(ana.seen.slice(-5), [
    "  Ben: hello",
    `  Ben: ${"x".repeat(44)}`,
    "x".repeat(56),
    "> Ana: half a line",
    "> |",
  ]);
});

atTerminal("a line longer than the terminal is seen around the cursor, in one row", async () => {
  await using scene = await Scene.open();
  const { ana } = scene;
  const rows = ana.seen.length;
  const line = "0123456789".repeat(20);
  await ana.type(line);
  await ana.lastRow(`> ${line.slice(-57)}|`);
  await ana.type("\x01");
  await ana.lastRow(`> |${line.slice(0, 57)}`);
  assertEquals(ana.seen.length, rows);
});

atTerminal("Ctrl-C in the middle of a line leaves, and gives the terminal back", async () => {
  await using scene = await Scene.open();
  const { ana, ben } = scene;
  await ana.type("half a li\x03");
  assertEquals(await ana.end(), 0);
  assertEquals(ana.seen.slice(-2), ["- You left Lobby", "|"]);
  for await (const event of ben.room!.events()) if (event.type === "leave") break;
});

atTerminal("Ctrl-D leaves from an empty line", async () => {
  await using scene = await Scene.open();
  const { ana } = scene;
  await ana.type("x\x01\x04\x04");
  assertEquals(await ana.end(), 0);
  assertEquals(ana.seen.slice(-2), ["- You left Lobby", "|"]);
});

atTerminal(
  "a server that ends is told in a line of its own, and the terminal works on",
  async () => {
    await using scene = await Scene.open();
    const { ana, server } = scene;
    await ana.type("half a li");
    await server.chat.close();
    await ana.printed("Reconnecting in");
    await ana.type("ne");
    await ana.lastRow("> half a line|");
    assert(ana.seen.some((row) => row.startsWith(". Connection lost")));
    await ana.type("\r");
    await ana.lastRow("1 unsent > |");
    await ana.type("\x03");
    assertEquals(await ana.end(), 1);
  },
);

atTerminal("a paste of many lines sends each of them, and a large one takes no time", async () => {
  await using scene = await Scene.open();
  const { ana, ben } = scene;
  await ana.type(`one\rtwo\r\nthree\r${"x".repeat(20_000)}\r`);
  const bodies: string[] = [];
  for await (const message of ben.readMessages()) {
    if (bodies.push(message.body) === 4) break;
  }
  assertEquals(bodies, ["one", "two", "three", "x".repeat(20_000)]);
});

atTerminal(
  "of a paste that is more than can wait, whole lines are not taken, and that is told",
  async () => {
    await using server = new ScriptedServer(async (peer) => {
      await peer.welcome();
      await peer.admit();
    });
    await using ana = new CliProcess(["--url", server.url], { terminal: true });
    await ana.lastRow("> |");
    // The server never answers, so that everything behind the first line waits.
    await ana.type(`/nick Ana\r${"line\r".repeat(1_000)}one\rtwo`);
    await ana.printed("! Lines not taken, because 1000 are waiting: 1");
    await ana.lastRow("> two|");
    await ana.type("\x03");
    assertEquals(await ana.end(), 0);
  },
);

atTerminal("lines are coloured, unless NO_COLOR says not to", async () => {
  await using scene = await Scene.open();
  assert(scene.ana.stdout.includes("\x1b[0m"));
  await using plain = await Scene.open({ NO_COLOR: "1" });
  assertEquals(plain.ana.stdout.includes("\x1b[0m"), false);
});

atTerminal("nothing that others send reaches the terminal as a control sequence", async () => {
  await using scene = await Scene.open();
  const { ana, ben } = scene;
  // The picture throws at whatever it does not know, like these.
  const attacks = [
    "\x1b[2J\x1b[H",
    "\x1b[3A\x1b[31mred",
    "\x1b]0;title\x07",
    "\x1b]8;;http://evil.example\x1b\\click",
    "\x1b]52;c;cm0gLXJm\x07",
    "\x9b2J\x9d0;t\x9c",
    "a\r\nb\x08\x7f\t",
    "\u202egnp.exe\u2066",
  ];
  for (const attack of attacks) {
    await ben.rename(`n${attack}`);
    await ben.sendMessage(`b${attack}`);
  }
  await ben.sendMessage("the end");
  await ana.printed("the end");
  await ana.lastRow("> |");
  const seen = ana.seen.join("");
  assertEquals(seen.match(/\p{Cc}|\p{Bidi_Control}/gu), null);
  for (const shown of ["\\u001b]0;title\\u0007", "\\u009b2J", "\\u202egnp.exe"]) {
    assert(seen.includes(`b${shown}`), shown);
  }
});
