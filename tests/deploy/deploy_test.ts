/**
 * The parts of docs/deploy.md that people are told to copy.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { SERVER_HELP } from "../../src/daemon/flags/flags.ts";
import { chooseStore } from "../../src/daemon/open_store.ts";
import { signalIfRunning } from "../support/child.ts";
import { type RawSocket, TestChat } from "../support/fixtures.ts";
import { findProgram, PERMITTED } from "../support/permissions.ts";
import { bounded } from "../support/waiting.ts";

const TEXT = PERMITTED
  ? await Deno.readTextFile(new URL("../../docs/deploy.md", import.meta.url))
  : "";
const SQLITE3 = findProgram("sqlite3");
const SYSTEMD = findProgram("systemd-analyze");

/** Runs what the page says about backups, in a folder: `replaced` says what stands for what. */
async function runAsWritten(nth: number, replaced: [string | RegExp, string][]): Promise<void> {
  const [, backups = ""] = TEXT.split("## Backup and restore");
  let script = [...backups.matchAll(/```sh\n([\s\S]*?)```/g)][nth]?.[1] ?? "";
  for (const [from, to] of replaced) {
    assert(script.search(from) >= 0, `${from} is not on the page`);
    script = script.replaceAll(new RegExp(from, "g"), to);
  }
  const command = new Deno.Command("sh", { args: ["-euc", script], stderr: "piped" });
  const { success, stderr } = await command.output();
  assert(success, new TextDecoder().decode(stderr));
}

Deno.test("a backup can be put back, again and again: nobody goes on as if nothing were", {
  ignore: SQLITE3 === undefined,
}, async () => {
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(`${folder}/backup`);
  const path = `${folder}/chat.db`;
  const store = `sqlite:${path}`;
  const start = async () => new TestChat({ store: await chooseStore(store), presenceLimit: 0 });
  let server = await start();
  const { host, roomId, made } = await server.host1();
  let { epoch } = made;
  const say = async (socket: RawSocket, body: string) => {
    socket.send({ action: "message", room_id: roomId, body });
    await socket.until(({ entries }) => JSON.stringify(entries ?? "").includes(body));
  };
  await say(host, "kept");
  await runAsWritten(0, [["/var/lib/parley", folder], ["/backup", `${folder}/backup`]]);
  const [backup, ...others] = await Array.fromAsync(
    Deno.readDir(`${folder}/backup`),
    ({ name }) => name,
  );
  assertEquals(others, []);
  assertMatch(backup ?? "", /^chat-\d{4}-\d\d-\d\d\.db$/);
  assertEquals((await Deno.stat(`${folder}/backup/${backup}`)).mode! & 0o777, 0o600);
  let cursor = 0;
  for (let time = 1; time <= 2; time++) {
    // Who comes with a cursor from before the copy misses something too.
    await using talker = await server.v1();
    await talker.ask({ action: "join", body: { room_id: roomId, last: 10 } });
    for (let i = 0; i < 5; i++) await say(talker, `lost ${time} ${i}`);
    await server[Symbol.asyncDispose]();
    await runAsWritten(1, [
      [/systemctl \w+ parley/, ":"],
      ["/var/lib/parley", folder],
      [/\/backup\/chat-2026-01-31.db/, `${folder}/backup/${backup}`],
    ]);
    assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
    server = await start();
    for (const after of [1, 2, cursor, 7]) {
      await using back = await server.v1({ session: String(host.welcome.session) });
      assertEquals(back.welcome.resumed, false);
      const body = { room_id: roomId, epoch, after };
      const joined = await back.ask({ action: "join", body });
      assertEquals([joined.room_name, joined.recovered], ["Lobby", false]);
      cursor = Number(joined.seq);
    }
    await using reader = await server.v1();
    const joined = await reader.ask({ action: "join", body: { room_id: roomId, last: 10 } });
    const entries = await reader.entries(Number(joined.seq) - Number(joined.after));
    assertEquals(entries.flatMap((entry) => "body" in entry ? [entry.body] : []), ["kept"]);
    epoch = joined.epoch;
  }
  await host.close().catch(() => {});
  await server[Symbol.asyncDispose]();
  await Deno.remove(folder, { recursive: true });
});

/** Commands of the page that start a server, with the variables that stand beside them. */
const COMMANDS: Record<string, () => { command: string[]; env: Record<string, string> }> = {
  systemd: () => ({
    command: (/^ExecStart=(.*)$/m.exec(TEXT)?.[1] ?? "").split(" "),
    env: variablesIn(TEXT.matchAll(/^Environment=(CHAT_\w+)=(.*)$/gm)),
  }),
  Docker: () => ({
    command: JSON.parse(/^ENTRYPOINT (.*)$/m.exec(TEXT)?.[1] ?? "[]"),
    env: variablesIn((/^ENV (.*)$/m.exec(TEXT)?.[1] ?? "").matchAll(/(\w+)=(\S+)/g)),
  }),
};

function variablesIn(found: Iterable<RegExpMatchArray>): Record<string, string> {
  return Object.fromEntries([...found].map(([, name, value]) => [name!, value!]));
}

for (const [kind, read] of Object.entries(COMMANDS)) {
  Deno.test(`the command for ${kind} starts a server that keeps its file, and ends at SIGTERM`, {
    ignore: !PERMITTED,
  }, async () => {
    const folder = await Deno.makeTempDir();
    const placed = (text: string) => text.replace(/\/var\/lib\/parley|(?<![\w.])\/data/g, folder);
    const { command: [program = "", ...args], env } = read();
    assertMatch(program, /\bdeno$/);
    const child = new Deno.Command(Deno.execPath(), {
      args: [...args.map(placed), "--port", "0", "--ops", "127.0.0.1:0", "--hostname", "127.0.0.1"],
      cwd: new URL("../..", import.meta.url),
      env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, placed(value)])),
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const errors = new Response(child.stderr).text();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    try {
      const { value = "" } = await bounded(reader.read(), () => "it does not start");
      assert(value.includes("listening"), value || await errors);
      assert((await Deno.stat(`${folder}/chat.db`)).isFile);
      child.kill("SIGTERM");
      assertEquals((await bounded(child.status, () => "it does not end")).code, 0);
      await reader.cancel();
      assertEquals(await errors, "");
    } finally {
      signalIfRunning(child, "SIGKILL");
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("systemd takes the unit", { ignore: SYSTEMD === undefined }, async () => {
  const folder = await Deno.makeTempDir();
  const unit = `${folder}/parley.service`;
  const [, text = ""] = /```ini\n([\s\S]*?)```/.exec(TEXT) ?? [];
  assert(text.includes("[Service]"));
  await Deno.writeTextFile(unit, text.replace("/usr/local/bin/deno", Deno.execPath()));
  const command = new Deno.Command(SYSTEMD!, { args: ["verify", unit], stderr: "piped" });
  const { code, stderr } = await command.output();
  const said = new TextDecoder().decode(stderr).split("\n").filter((line) =>
    line.includes("parley")
  );
  assertEquals([code, said], [0, []]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("every flag and variable on the page is one of the server's", () => {
  const variables = TEXT.match(/\bCHAT_\w+/g) ?? [];
  assert(variables.length > 5);
  const config = ["CHAT_SECRET", ...SERVER_HELP.match(/CHAT_\w+/g) ?? []];
  assertEquals(variables.filter((name) => !config.includes(name)), []);
  for (const [flag] of TEXT.matchAll(/--(?:log|store|host|grace)[\w-]*/g)) {
    assert(SERVER_HELP.includes(flag), flag);
  }
});
