import { assert, assertEquals, assertRejects } from "@std/assert";
import { ChatClient, ChatError } from "../../../client.ts";
import { TestChat } from "../../support/fixtures.ts";
import { ScriptedServer } from "../../support/scripted_server.ts";
import { CliProcess } from "../cli_process.ts";
import { atTerminal, Scene } from "../scene.ts";

atTerminal("what arrives stands above the line being typed, which stays as it is", async () => {
  await using scene = await Scene.open();
  const { ana, ben } = scene;
  await ana.type("half a li\x1b[D");
  await ana.lastRow("> half a l|i");
  await ben.sendMessage("hello");
  await ben.sendMessage("x".repeat(100));
  await ana.until(({ seen }) => seen.at(-2) === `${" ".repeat(11)}xxxxxxxxx`, "three rows of x");
  await ana.lastRow("> half a l|i");
  await ana.type("\x05ne\r");
  await ana.until(({ seen }) => seen.includes("> Ana: half a line"), "the line");
  await ana.lastRow("> |");
  assertEquals(ana.seen.slice(-6), [
    "  Ben: hello",
    `  Ben: ${"x".repeat(43)}`,
    `${" ".repeat(11)}${"x".repeat(48)}`,
    `${" ".repeat(11)}xxxxxxxxx`,
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
  await ana.lastRow(`> ${line.slice(-56)}|`);
  await ana.type("\x01");
  await ana.lastRow(`> |${line.slice(0, 56)}`);
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
    await ana.until(({ seen }) => seen.at(-2)?.startsWith("Offline, trying"), "the status");
    await ana.type("ne");
    await ana.lastRow("> half a line|");
    assert(ana.seen.some((row) => row.startsWith(". Connection lost")));
    await ana.type("\r");
    await ana.lastRow("1 unsent > |");
    await ana.type("\x03");
    assertEquals(await ana.end(), 1);
  },
);

/** A paste that must do nothing: 5,000 lines, 60 KB. */
const PASTED = Array.from({ length: 5_000 }, (_, i) =>
  [
    "quit",
    "/leave",
    "echo executed",
    "\x1b[2Jx\x1b]0;t\x07",
    "\tcode();",
    "",
    "\x03\x04\x1a",
    "/nick Eva",
  ][i % 8]).join("\n");

/** The next messages of others in the room of a client. */
async function heard(client: ChatClient, count: number): Promise<string[]> {
  const bodies: string[] = [];
  for await (const { body } of client.readMessages()) if (bodies.push(body) === count) break;
  return bodies;
}

atTerminal("a paste of 5,000 lines is one message, that is shown before it goes", async () => {
  await using scene = await Scene.open();
  const { ana, ben } = scene;
  assert(ana.marksPastes);
  await ana.paste(`${PASTED}\n`);
  const bytes = new TextEncoder().encode(PASTED).length + 1;
  await ana.printed(`5000 lines, ${bytes} bytes: Enter sends, Esc drops`);
  await ana.lastRow("  |");
  await ana.type("\r");
  await ana.lastRow("> |");
  await ana.type("and one that is typed\r");
  assertEquals(await heard(ben, 2), [`${PASTED}\n`, "and one that is typed"]);
  assertEquals(ana.stdout.includes("executed: command not found"), false);
});

atTerminal("a paste is dropped with Esc, and edited before it goes", async () => {
  await using scene = await Scene.open();
  const { ana, ben } = scene;
  await ana.paste("quit\n\n\tone");
  await ana.lastRow("          one|");
  assertEquals(ana.seen.slice(-3), ["> quit", "", "          one|"]);
  await ana.type("\x1b");
  await ana.lastRow("> |");
  await ana.paste("quit");
  await ana.type("\r/quitting\x01/\r");
  assertEquals(await heard(ben, 2), ["quit", "/quitting"]);
});

atTerminal("a paste that is too long for a message is told, and kept", async () => {
  await using scene = await Scene.open();
  const { ana, ben } = scene;
  await ana.paste(`${"x".repeat(65_536)}y`);
  await ana.type("\r");
  await ana.printed("! Not sent: 65537 bytes, the most are 65536");
  await ana.type("\x7f\r");
  assertEquals(await heard(ben, 1), ["x".repeat(65_536)]);
});

atTerminal("a paste that a terminal does not mark is taken line by line", async () => {
  await using scene = await Scene.open();
  const { ana, ben } = scene;
  await ana.type(`one\rtwo\r\nthree\r${"x".repeat(20_000)}\r`);
  assertEquals(await heard(ben, 4), ["one", "two", "three", "x".repeat(20_000)]);
});

/** A shell that has started Ana's terminal chat. */
async function openInShell(server: TestChat): Promise<CliProcess> {
  const ana = new CliProcess(["--url", server.url, "--name", "Ana"], { shell: true });
  await ana.printed("You joined");
  return ana;
}

atTerminal("nothing that was pasted or typed too late comes to the shell", async () => {
  await using server = new TestChat();
  for (const mark of [true, false]) {
    await using ana = await openInShell(server);
    // The shell would show what it executes with another number.
    const commands = `quit\n${"echo executed $((40 + 2))\n".repeat(2_000)}`;
    if (mark) {
      await ana.paste(commands);
      await ana.printed("Enter sends");
      await ana.type("\x03");
      await ana.paste(commands);
    } else {
      await ana.type(commands.replaceAll("\n", "\r"));
    }
    await ana.printed("You left");
    await ana.type("echo back $((1 + 1))\n");
    // What comes in too early is dropped as well.
    await ana.until(({ stdout }) => {
      if (!stdout.includes("back 2")) ana.type("echo back $((1 + 1))\n");
      return stdout.includes("back 2");
    }, "the shell");
    assertEquals(ana.stdout.includes("executed 42"), false);
    await ana.type("exit\n");
    assertEquals(await ana.end(), 0);
  }
});

atTerminal("Ctrl-Z gives the terminal to the shell, and fg brings the chat back", async () => {
  await using server = new TestChat();
  await using ana = await openInShell(server);
  await using ben = new ChatClient(server.url);
  await ben.connect();
  await ben.joinRoom(ana.roomId);
  await ana.type("half a li\x1a");
  await ana.printed("Stopped");
  const before = ana.stdout;
  assert(before.lastIndexOf("\x1b[?2004l") > before.lastIndexOf("\x1b[?2004h"));
  await ana.type("echo flags=$(stty -a | tr ' ' '\\n' | grep -xc 'icanon\\|echo\\|isig')\n");
  await ana.printed("flags=3");
  await ana.type("fg\n");
  await ana.until(
    ({ stdout }) => stdout.slice(before.length).includes("> half a li"),
    "the line being typed",
  );
  assert(ana.stdout.lastIndexOf("\x1b[?2004h") > before.length);
  await ana.type("ne\r");
  assertEquals(await heard(ben, 1), ["half a line"]);
  await ana.type("\x03");
  await ana.printed("You left");
});

atTerminal("Ctrl-Z where there is no shell changes nothing", async () => {
  await using scene = await Scene.open();
  const { ana, ben } = scene;
  await ana.type("half a li\x1ane\r");
  assertEquals(await heard(ben, 1), ["half a line"]);
});

atTerminal("a terminal that others have stopped and changed is taken again", async () => {
  await using server = new TestChat();
  await using ana = await openInShell(server);
  await ana.type("half a li");
  await ana.printed("half a li");
  const before = ana.stdout.length;
  await ana.type("\x1a");
  await ana.printed("Stopped");
  await ana.type("stty sane; kill -STOP %1; fg\n");
  await ana.until(({ stdout }) => stdout.slice(before).includes("> half a li"), "the line");
  await ana.type("\x03");
  await ana.printed("You left");
});

for (const breaks of [true, false]) {
  const kind = breaks ? "breaks" : "cuts off";
  atTerminal(`narrowing leaves no ghost of the prompt where it ${kind} rows`, async () => {
    await using scene = await Scene.open({}, { breaks });
    const { ana, ben } = scene;
    await ben.sendMessage("hello");
    await ana.printed("hello");
    await ana.type("0123456789".repeat(5));
    await ana.lastRow(`> ${"0123456789".repeat(5)}|`);
    ana.narrow();
    await ana.lastRow(`> ${"0123456789".repeat(5).slice(-36)}|`);
    assertEquals(ana.seen.slice(-2), ["  Ben: hello", `> ${"0123456789".repeat(5).slice(-36)}|`]);
    await ben.sendMessage("x".repeat(40));
    await ana.until(({ seen }) => seen.at(-2)?.endsWith(" xxxxxxxxxxxxxxxxx"), "two rows");
  });

  atTerminal(`narrowing leaves no ghost of several lines where it ${kind} rows`, async () => {
    await using scene = await Scene.open({}, { breaks });
    const { ana } = scene;
    await ana.paste(`${"x".repeat(50)}\n${"y".repeat(50)}\nz`);
    await ana.lastRow("  z|");
    ana.narrow();
    await ana.until(({ seen }) => seen.at(-2) === `  ${"y".repeat(36)}`, "shorter rows");
    assertEquals(ana.seen.slice(-4, -1), [
      "+ Ben joined",
      `> ${"x".repeat(36)}`,
      `  ${"y".repeat(36)}`,
    ]);
  });
}

atTerminal("the cursor is where one types, whatever the terminal takes an emoji for", async () => {
  for (const width of [1, 2, 6]) {
    const widthOf = (character: string) => /\p{Emoji_Presentation}/u.test(character) ? width : 1;
    await using scene = await Scene.open({}, { widthOf });
    await scene.ana.type("a👩‍👩‍👧b👍🏽cd\x1b[D");
    await scene.ana.lastRow("> a👩‍👩‍👧b👍🏽c|d");
  }
});

atTerminal("Enter on an empty line, and Ctrl-R, connect again at once", async () => {
  const { promise: isCut, resolve: cut } = Promise.withResolvers<void>();
  await using server = new ScriptedServer(async (peer, turn) => {
    await peer.welcome({ resumed: turn > 0 });
    await peer.admit({ recovered: true });
    if (turn > 1) return;
    if (turn === 0) await isCut;
    peer.send({ event: "goodbye", code: 1001, reason: "Restart", retry_after_ms: 90_000 });
    peer.close(1001);
  });
  await using ana = new CliProcess(["--url", server.url], { terminal: true });
  await ana.lastRow("> |");
  cut();
  await ana.until(({ seen }) => /^Offline, trying in \d\d s/.test(seen.at(-2) ?? ""), "a status");
  const rows = ana.seen.length;
  await ana.type("\r");
  await server.attempted(2);
  await ana.until(({ stdout }) => stdout.split("Connection lost").length === 3, "a second loss");
  await ana.until(({ seen }) => /^Offline, trying in \d\d s/.test(seen.at(-2) ?? ""), "a status");
  // Connected again, and the loss of that connection: nothing else has a line of its own.
  assertEquals(ana.seen.length, rows + 2);
  await ana.type("\x12");
  await server.attempted(3);
  await ana.until(({ seen }) => seen.at(-2)?.endsWith("Connected again"), "no status");
});

atTerminal("Ctrl-C ends it also where a server does not answer", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  await using ana = new CliProcess(["--url", `ws://127.0.0.1:${port}`], { terminal: true });
  using _connection = await listener.accept();
  await ana.until(({ seen }) => seen[0] === `Connecting to 127.0.0.1:${port}`, "a status");
  await ana.type("typed too early\r\x03");
  assertEquals(await ana.end(), 130);
  assertEquals([ana.seen, ana.marksPastes], [["|"], false]);
});

atTerminal("a second Ctrl-C does not wait for what is not sent", async () => {
  await using server = new ScriptedServer(async (peer) => {
    await peer.welcome();
    await peer.admit();
  });
  await using ana = new CliProcess(["--url", server.url], { terminal: true });
  await ana.lastRow("> |");
  await ana.type("never answered\r");
  await ana.lastRow("1 unsent > |");
  await ana.type("\x03");
  await ana.lastRow("|");
  await ana.type("\x03");
  assertEquals(await ana.end(), 130);
  assertEquals(ana.marksPastes, false);
});

atTerminal("whoever is told to end at a terminal gives it back", async () => {
  await using server = new TestChat();
  await using ana = await openInShell(server);
  await ana.type("half a li\x1a");
  await ana.printed("Stopped");
  await ana.type("kill -TERM %1; fg\n");
  await ana.printed("You left");
  await ana.until(({ stdout }) => {
    return stdout.lastIndexOf("\x1b[?2004l") > stdout.lastIndexOf("\x1b[?2004h");
  }, "a terminal that does not mark pastes");
});

atTerminal("who closes the window of the terminal has left at once", async () => {
  await using scene = await Scene.open();
  const { ana, ben } = scene;
  ana.signal("SIGKILL");
  for await (const event of ben.room!.events()) {
    assert(event.type !== "away");
    if (event.type === "leave") break;
  }
});

atTerminal("where no server answers, the terminal is given back, with a hint", async () => {
  await using ana = new CliProcess(["--url", "ws://127.0.0.1:1"], { terminal: true });
  assertEquals(await ana.end(), 1);
  assertEquals(ana.seen, [
    "Cannot connect to ws://127.0.0.1:1: no server answers there",
    "To start one: deno task server --port 1",
    "|",
  ]);
  assertEquals(ana.marksPastes, false);
});

atTerminal("two people with one name are told apart in every line", async () => {
  await using scene = await Scene.open();
  const { ana, ben } = scene;
  const end = ben.clientId.slice(-4);
  await ben.rename("ANA");
  await ben.sendMessage("I am Ana\n10:00:00   Ana: and resign");
  await ana.printed("and resign");
  await ana.type("/who\r");
  await ana.until(({ seen }) => seen.at(-2)?.includes(" here: "), "who is here");
  const [rename, message, rest, members] = ana.seen.slice(-5, -1);
  assertEquals(rename, `~ Ben is ANA#${end} now`);
  assertEquals([message, rest], [
    `* ANA#${end}: I am Ana`,
    "           10:00:00   Ana: and resign",
  ]);
  assert(/^\. 2 here: Ana#\w{4} \(you, owner\), ANA#\w{4}$/.test(members ?? ""), members);
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
    // Names of earlier servers are played by those of row X6.
    await assertRejects(() => ben.rename(`n${attack}`), ChatError);
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
