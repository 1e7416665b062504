/**
 * Proves that the pages are right: what they tell people to type and to write works.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { parseCliFlags } from "../src/cli/flags.ts";
import { takeTopOrder, TOP_COMMAND } from "../src/daemon/top_command.ts";
import { ARCHIVE_COMMANDS, takeArchiveOrder } from "../src/daemon/archive_command.ts";
import { takeConfigFlag } from "../src/daemon/flags/config_file.ts";
import { parseServerFlags } from "../src/daemon/flags/flags.ts";
import { TestChat } from "./support/fixtures.ts";
import { PERMITTED } from "./support/permissions.ts";
import { bounded } from "./support/waiting.ts";

const ROOT = new URL("../", import.meta.url);

const PAGES = PERMITTED
  ? ["", "docs/", "bench/"].flatMap((folder) =>
    [...Deno.readDirSync(new URL(folder, ROOT))].map(({ name }) => `${folder}${name}`)
  ).filter((path) => path.endsWith(".md"))
  : [];

/** The code of a page that is marked as being in some language. */
function codeIn(path: string, language: string): string[] {
  const text = Deno.readTextFileSync(new URL(path, ROOT));
  const blocks = text.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm);
  return [...blocks].filter(([, mark]) => mark === language).map(([, , code = ""]) => code);
}

/** Finds the arguments that a program is started with in the commands of all pages. */
function started(program: RegExp): string[][] {
  const lines = PAGES.flatMap((path) => codeIn(path, "sh")).join("\n")
    .replaceAll("\\\n", " ").replaceAll(/\$\((\w+)\)/g, "$1").split("\n");
  return lines.map((line) => line.replace(/ ([#&|]|2?>) .*| &$/, "").split(program)[1])
    .filter((rest) => rest !== undefined)
    .map((rest) => rest.split(" ").filter((argument) => argument !== ""));
}

Deno.test("each task that a page names exists", () => {
  const names = new Set(PAGES.flatMap((path) => {
    const text = Deno.readTextFileSync(new URL(path, ROOT));
    return [...text.matchAll(/\bdeno(?:@[\d.]+)? task ([\w:]+)/g)].map(([, name = ""]) => name);
  }));
  assert(names.size > 5, [...names].join());
  assertEquals([...names].filter((name) => !(name in config.tasks)), []);
});

Deno.test("each command of a page has flags that there are", () => {
  const chats = started(/(?:cli\.ts|chat\/cli)\b/);
  assert(chats.length > 5, `${chats.length} chats`);
  for (const args of chats) parseCliFlags(args.map((argument) => argument.replace(/[<>]/g, "")));
  const servers = started(/(?:task server|server\.ts|chat\/server)\b/);
  assert(servers.length > 5, `${servers.length} servers`);
  for (const args of servers) {
    // These sign a token or a link, and start nothing.
    if (args[0] === "token" || args[0] === "link") continue;
    if (args[0] === TOP_COMMAND) {
      takeTopOrder(args.slice(1));
      continue;
    }
    const archive = ARCHIVE_COMMANDS.includes(args[0] ?? "") ? takeArchiveOrder(args) : undefined;
    if (archive === "help") continue;
    const flags = archive?.rest ?? (args[0] === "check" ? args.slice(1) : args);
    const { rest } = takeConfigFlag(flags.map((argument) => argument.replace("$i", "1")));
    parseServerFlags(rest, {});
  }
});

Deno.test("the programs of all pages compile, and those in the comments of all entries", async () => {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", "--doc-only", ...PAGES, ...Object.values(config.exports)],
    cwd: ROOT,
  }).output();
  assert(success, new TextDecoder().decode(stderr));
});

Deno.test("the first program of README.md prints what it sends", async () => {
  const [program = ""] = codeIn("README.md", "ts");
  assert(program.includes("ws://localhost:8765"), program);
  await using server = new TestChat();
  const here = program.replace("ws://localhost:8765", server.url)
    .replace("jsr:@parley/chat/client", new URL("client.ts", ROOT).href);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-net", "-"],
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  try {
    const input = new Blob([here]).stream().pipeTo(child.stdin);
    const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const { value } = await bounded(output.read(), () => "it prints nothing");
    assertEquals(value, "Ana hello\n");
    await input;
    await output.cancel();
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
});
