import { assert, assertEquals } from "@std/assert";
import { TestChat } from "../support/fixtures.ts";
import { CliProcess } from "./cli_process.ts";
import { atTerminal, Scene } from "./scene.ts";

atTerminal(
  "Page Up reads back on another screen, and all that came meanwhile is there at the end",
  async () => {
    await using scene = await Scene.open();
    const { ana, ben } = scene;
    for (let i = 0; i < 40; i++) await ben.sendMessage(`line ${i}`);
    await ana.printed("line 39");
    await ana.type("half");
    await ana.lastRow("> half|");
    const before = ana.seen;
    await ana.type("\x1b[5~");
    await ana.until(({ isOther, seen }) => isOther && seen.at(-3) === "  Ben: line 19", "a page");
    await ana.until(({ seen }) => seen.at(-2)?.startsWith("Reading back"), "a status");
    assertEquals(ana.seen.length, 24);
    await ana.type("\x1b[5~\x1b[5~");
    await ana.until(({ seen }) => seen.at(-2)?.includes("beginning"), "the beginning");
    const drawn = ana.stdout.length;
    ana.narrow();
    await ana.until(({ stdout }) => stdout.slice(drawn).includes("\x1b[H"), "a narrow page");
    assert(ana.isOther);
    await ben.sendMessage("so \x1b[?1049l\x07");
    await ana.type("\x1b[6~\x1b[6~\x1b[6~\x1b[6~\x1b[6~");
    await ana.until(({ isOther }) => !isOther, "the usual screen");
    await ana.until(({ seen }) => seen.at(-2)?.includes("u001b"), "what was said meanwhile");
    await ana.lastRow("> half|");
    assertEquals(ana.seen, [
      ...before.slice(0, -1),
      "  Ben: so \\u001b[?1049l\\u0007",
      "> half|",
    ]);
  },
);

atTerminal("Tab completes a name, Alt-2 goes to another room, and a mention rings", async () => {
  await using scene = await Scene.open();
  const { ana, ben } = scene;
  await ana.type("b");
  await ana.lastRow("> b|");
  await ana.type("\t");
  await ana.lastRow("> Ben: |");
  await ana.type("hi\r");
  await ana.until(({ seen }) => seen.at(-2) === "> Ana: Ben: hi", "the line");
  await ana.type("/create Kitchen\r");
  await ana.until(({ status }) => status?.startsWith("1:Lobby [2:Kitchen]"), "a status");
  assertEquals(ana.bells, 0);
  await ben.sendMessage("Ana?\x07");
  await ana.until(({ status }) => status?.startsWith("1:Lobby(1!) [2:Kitchen]"), "unread");
  assertEquals(ana.bells, 1);
  await ana.type("\x1b1");
  await ana.until(({ seen }) => seen.at(-2) === "* Ben: Ana?\\u0007", "the line");
  await ana.type("\x03");
  assertEquals(await ana.end(), 0);
});

atTerminal(
  "--plain reads and writes lines: nothing is drawn, and a paste is no command",
  async () => {
    await using server = new TestChat();
    await using ana = new CliProcess(["--url", server.url, "--name", "Ana", "--plain"], {
      terminal: true,
      raw: true,
      env: { NO_COLOR: "" },
    });
    await ana.printed("You joined");
    await ana.type("/topic Cats\n");
    await ana.printed("You set the topic: Cats");
    await ana.type("one\n/quit\ntwo\n");
    await ana.printed("           two");
    await ana.type("/quit\n");
    assertEquals(await ana.end(), 0);
    // deno-lint-ignore no-control-regex
    assertEquals(ana.stdout.match(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g), null);
  },
);
