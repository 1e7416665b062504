/**
 * Makes `docs/chat.svg` from a real run: two people chat, the server is killed in the middle of
 * it, one of them goes on talking, and nothing is lost. It needs `script` of util-linux, which
 * lends pseudo-terminals, and port 8765.
 *
 * @module
 */

import { Picture } from "../tests/cli/picture.ts";
import { until } from "../tests/support/waiting.ts";
import { type Terminal, terminalSvg } from "./terminal_svg.ts";

const ROOT = new URL("../", import.meta.url);
const TARGET = new URL("docs/chat.svg", ROOT);

/** Needed from here in the folder of the run; `vendor` is not there where JSR answers. */
const LINKED = ["deno.json", "vendor", "src", "server.ts", "client.ts", "cli.ts"];

const SERVER = "deno run -A server.ts --store sqlite:chat.db";
const SHELL = "env PS1='$ ' bash --norc --noprofile --noediting -i";
const CHAT = "deno run -N cli.ts --name";

/** The width of a person's terminal. */
const COLUMNS = 57;

/** Ctrl-R: try again now. */
const RETRY = "\x12";

/** Written by Deno before a program begins, to clear a line that shows progress. */
const CLEARED = "\x1b[0G\x1b[2K\x1b[J";

/** Somebody's terminal, with a program in it. */
class Pane implements AsyncDisposable {
  readonly picture: Picture;
  readonly #columns: number;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #read: Promise<void>;

  constructor(folder: string, command: string, columns: number) {
    this.picture = new Picture(columns);
    this.#columns = columns;
    const path = `${new URL(".", `file://${Deno.execPath()}`).pathname}:${Deno.env.get("PATH")}`;
    this.#child = new Deno.Command("script", {
      args: ["-qfec", `stty rows 24 cols ${columns}; exec ${command}`, "/dev/null"],
      cwd: folder,
      env: { PATH: path, NO_COLOR: "", TERM: "xterm-256color" },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#read = this.#draw();
  }

  /** The process that lends the terminal. */
  get pid(): number {
    return this.#child.pid;
  }

  /** All that it shows. */
  get text(): string {
    return this.picture.rows.join("\n");
  }

  async type(text: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(text));
  }

  /** The terminal as it is drawn, down to the last row in which something stands. */
  terminal(title: string): Terminal {
    const last = this.picture.rows.findLastIndex((row) => /[^|]/.test(row));
    return { title, columns: this.#columns, rows: this.picture.runs.slice(0, last + 1) };
  }

  /** Waits until it shows a text, so many times. */
  async shows(text: string, times = 1): Promise<void> {
    await until(() => this.text.split(text).length > times, () => `no ${text} in\n${this.text}`);
  }

  async #draw(): Promise<void> {
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      this.picture.write(text.replaceAll(CLEARED, ""));
      const { answers } = this.picture;
      this.picture.answers = "";
      if (answers !== "") await this.type(answers);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Its side of the terminal goes with it, which hangs up what runs there.
    this.#child.kill("SIGKILL");
    await this.#child.status;
    await this.#input.abort().catch(() => {});
    await this.#read;
  }
}

/** The last of the processes that descend from one: here the program that a shell runs. */
async function youngest(pid: number): Promise<number> {
  const children = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`);
  const [child] = children.split(" ").filter((text) => text !== "").map(Number);
  return child === undefined ? pid : await youngest(child);
}

/** Two people talk while the server dies and comes back; the picture of it. */
async function play(folder: string): Promise<string> {
  await using server = new Pane(folder, SHELL, 2 * COLUMNS);
  await server.shows("$");
  await server.type(`${SERVER}\n`);
  await server.shows("listening on");
  await using ana = new Pane(folder, `${CHAT} Ana`, COLUMNS);
  await ana.shows("--join ");
  const roomId = /Room Lobby: (\S+)/.exec(ana.text)?.[1];
  await using ben = new Pane(folder, `${CHAT} Ben --join ${roomId}`, COLUMNS);
  await ana.shows("Ben joined");
  await ana.type("Lunch at twelve?\r");
  await ben.shows("Lunch at twelve?");
  await ben.type("Yes! Where?\r");
  await ana.shows("Yes! Where?");
  Deno.kill(await youngest(server.pid), "SIGKILL");
  await server.shows("Killed");
  await Promise.all([ana.shows("Offline"), ben.shows("Offline")]);
  await ana.type("At Luigi's. I book a table\r");
  await server.type(`${SERVER}\n`);
  await server.shows("listening on", 2);
  for (const person of [ana, ben]) await person.type(RETRY);
  await ben.shows("I book a table");
  await ben.type("See you there\r");
  await ana.shows("See you there");
  await ben.shows("> Ben: See you there");
  const people = [ana.terminal(`${CHAT} Ana`), ben.terminal(`${CHAT} Ben --join ${roomId}`)];
  const lines = [people, [server.terminal("The server: killed with kill -9, and started again")]];
  const description = "Ana and Ben chat in their terminals. The server is killed, and started " +
    "again. What Ana said meanwhile comes, once, and they go on.";
  return terminalSvg(lines, description);
}

if (import.meta.main) {
  const folder = await Deno.makeTempDir();
  try {
    const here = new Set([...Deno.readDirSync(ROOT)].map(({ name }) => name));
    for (const name of LINKED.filter((name) => here.has(name))) {
      await Deno.symlink(new URL(name, ROOT), `${folder}/${name}`);
    }
    await Deno.writeTextFile(TARGET, await play(folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
