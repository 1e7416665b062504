/**
 * Runs what docs/auth.md tells people to copy.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { connect } from "../../client.ts";
import config from "../../deno.json" with { type: "json" };
import { ServerProcess } from "../../bench/server_process.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import { signalIfRunning } from "../support/child.ts";
import "../support/ignore_unpermitted.ts";
import { PERMITTED } from "../support/permissions.ts";
import { permitted } from "../support/server_process.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { bounded, until } from "../support/waiting.ts";

const ROOT = new URL("../../", import.meta.url);
const FOLDER = tempFolder();

/** Finds the code of the page that begins with the name of a file, for this copy of Parley. */
function recipe(name: string, changes: Record<string, string> = {}): string {
  const page = Deno.readTextFileSync(new URL("docs/auth.md", ROOT));
  const blocks = [...page.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code = ""]) => code);
  let code = blocks.find((code) => code.startsWith(`// ${name}\n`)) ?? "";
  for (const [entry, path] of Object.entries(config.exports)) {
    const specifier = `jsr:@parley/chat${entry.slice(1)}"`;
    code = code.replaceAll(specifier, `${new URL(path, ROOT)}"`);
  }
  for (const [from, to] of Object.entries(changes)) {
    if (!code.includes(from)) throw new RangeError(`${name} has no ${from}`);
    code = code.replaceAll(from, to);
  }
  return code;
}

/** A recipe as a process. */
class Program implements AsyncDisposable {
  output = "";
  readonly #child: Deno.ChildProcess;
  readonly #read: Promise<unknown>;

  constructor(name: string, changes: Record<string, string>) {
    const path = `${FOLDER}/${name}`;
    Deno.writeTextFileSync(path, recipe(name, changes));
    const settings = new URL("deno.json", ROOT).pathname;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--config", settings, path],
      cwd: FOLDER,
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#read = Promise.all([this.#child.stdout, this.#child.stderr].map(async (stream) => {
      for await (const text of stream.pipeThrough(new TextDecoderStream())) this.output += text;
    }));
  }

  async printed(pattern: RegExp): Promise<string[]> {
    await until(() => pattern.test(this.output), () => `no ${pattern} in ${this.output}`);
    return [...pattern.exec(this.output)!];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    signalIfRunning(this.#child, "SIGKILL");
    await this.#child.status;
    await this.#read;
  }
}

Deno.test({
  name: "docs/auth.md: people of an app come in with the tokens that it signs, and its page chats",
  ignore: !PERMITTED,
  async fn() {
    Deno.mkdirSync(`${FOLDER}/data`, { recursive: true });
    const secret = crypto.randomUUID() + crypto.randomUUID();
    Deno.writeTextFileSync(`${FOLDER}/data/auth-secret`, `${secret}\n`);
    const file = `${FOLDER}/data/auth-secret`;
    const command = permitted(["--port", "0", "--auth-secret-file", file]);
    command.args = command.args.map((argument) =>
      argument === "--allow-read=data" ? `--allow-read=data,${FOLDER}` : argument
    );
    await using server = await ServerProcess.start(command);
    assertEquals(
      (await assertRejects(() => connect(server.url), ChatError)).code,
      "token_required",
    );
    await using backend = new Program("backend.ts", { "port: 8000": "port: 0" });
    const [, port] = await backend.printed(/localhost:(\d+)|0\.0\.0\.0:(\d+)/);
    const [, , other] = /localhost:(\d+)|0\.0\.0\.0:(\d+)/.exec(backend.output)!;
    await using page = new Program("page.ts", {
      "ws://localhost:8765": server.url,
      "http://localhost:8000": `http://localhost:${port ?? other}`,
    });
    await page.printed(/ana Ana hello/);
    // The command of the page signs such a token too.
    const signed = await new Deno.Command(command.command, {
      ...command,
      args: [
        ...command.args.slice(0, command.args.findIndex((word) => word.endsWith("server.ts")) + 1),
        ...["token", "--auth-secret-file", file, "--sub", "ben", "--name", "Ben"],
      ],
    }).output();
    const token = new TextDecoder().decode(signed.stdout).trim();
    await using ben = await bounded(connect(server.url, { token }), () => "no token");
    assertEquals(ben.name, "Ben");
    assertEquals(server.output.includes(token.split(".")[2]!), false);
  },
});

Deno.test({
  name: "docs/auth.md: an app says who comes, and what they may do",
  ignore: !PERMITTED,
  async fn() {
    await using program = new Program("chat.ts", { "port: 8766": "port: 0" });
    const [found] = await program.printed(/:(\d+)\//);
    const url = `ws://127.0.0.1${found!.slice(0, -1)}`;
    assertEquals((await assertRejects(() => connect(url), ChatError)).code, "token_required");
    await using ana = await connect(url, { token: "open sesame" });
    await using ben = await connect(url, { token: "open barley" });
    const room = await ana.createRoom("Lobby");
    const refused = await assertRejects(() => ben.createRoom("Mine"), ChatError);
    assertEquals(refused.code, "forbidden");
    await (await ben.joinRoom(room.id)).send("hello");
  },
});
