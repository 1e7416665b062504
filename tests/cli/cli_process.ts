/**
 * The terminal chat as a process: in a pipe, or in a pseudo-terminal with somebody who types.
 *
 * @module
 */

import { signalIfRunning } from "../support/child.ts";
import { findProgram } from "../support/permissions.ts";
import { bounded, until } from "../support/waiting.ts";
import { type Habits, Picture } from "./picture.ts";

const ROOT = new URL("../../", import.meta.url);

/** The width of the pseudo-terminal, in columns, and the one after a resize. */
const COLUMNS = 60;
const FEWER_COLUMNS = 40;

/** Deno has no pseudo-terminals, so that Python lends its own. */
export const HAS_PYTHON: boolean = findProgram("python3") !== undefined;

/** The beginning of a status that tells the rooms: the tests have rooms called Lobby and Kitchen. */
const ROOMS_STATUS = /^\[?(?:\d:)?(?:Lobby|Kitchen)\b/;

/** Options of a process. */
export interface CliOptions {
  /** `true`: it gets a terminal instead of pipes. */
  terminal?: boolean;
  /** `true`: no picture is made of what the terminal gets: Deno's own questions use more of it. */
  raw?: boolean;
  /** Permissions, as flags of Deno. */
  permissions?: string[];
  env?: Record<string, string>;
  /** `true`: it is started by a shell, which the terminal belongs to. */
  shell?: boolean;
  /** Habits of the terminal that others do not have. */
  habits?: Habits;
}

/** A terminal chat that runs. */
export class CliProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #read: Promise<unknown>;
  readonly #picture: Picture;
  /** All it has written, as it came. */
  stdout = "";
  stderr = "";
  #ended = false;

  constructor(args: string[], options: CliOptions = {}) {
    const { shell = false, terminal = shell, raw = shell || !terminal } = options;
    const { permissions = ["--allow-net"], env = {}, habits = {} } = options;
    const chat = [Deno.execPath(), "run", "--quiet", ...permissions, "cli.ts", ...args];
    const command = shell ? ["bash", "--norc", "--noprofile", "--noediting", "-i"] : chat;
    const widths = `${COLUMNS},${FEWER_COLUMNS}`;
    const [program = "", ...rest] = terminal
      ? ["python3", "tests/testdata/pseudo_terminal.py", widths, ...command]
      : command;
    this.#picture = new Picture(COLUMNS, habits);
    this.#child = new Deno.Command(program, {
      args: rest,
      cwd: ROOT,
      env: { NO_COLOR: "", TZ: "UTC", ...env },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    // The space keeps the command out of the history of the shell.
    if (shell) this.type(` ${chat.join(" ")}\n`);
    this.#read = Promise.all([
      this.#collect(this.#child.stdout, (text) => {
        this.stdout += text;
        if (!raw) this.#draw(text);
      }),
      this.#collect(this.#child.stderr, (text) => this.stderr += text),
    ]).then(() => {
      this.#ended = true;
    });
  }

  /** The id of what was started: the chat, or in a terminal what lends it. */
  get pid(): number {
    return this.#child.pid;
  }

  /** The id of the room it has made. */
  get roomId(): string {
    return /--join (\S+)/.exec(this.stdout)?.[1] ?? "";
  }

  /** The picture on the terminal: its rows, without the times and the status, and `|` for the cursor. */
  get seen(): string[] {
    const { rows } = this.#picture;
    // One of them: whatever else looks like it is a ghost.
    const status = rows.findLastIndex((row) => ROOMS_STATUS.test(row));
    return rows.filter((_, i) => i !== status).map((row) => row.replace(/^\d\d:\d\d:\d\d /, ""));
  }

  /** The row above the line being typed, where it tells the rooms. */
  get status(): string | undefined {
    return this.#picture.rows.findLast((row) => ROOMS_STATUS.test(row));
  }

  /** Types, or writes to the pipe. */
  async type(text: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(text));
  }

  /** Pastes, as terminals do. */
  async paste(text: string): Promise<void> {
    await this.type(`\x1b[200~${text.replaceAll("\n", "\r")}\x1b[201~`);
  }

  /** Makes the terminal narrower. */
  narrow(): void {
    this.#picture.resize(FEWER_COLUMNS);
    this.signal("SIGUSR1");
  }

  /** `true` while the terminal shows its other screen. */
  get isOther(): boolean {
    return this.#picture.isOther;
  }

  /** The number of times that the bell of the terminal was rung. */
  get bells(): number {
    return this.#picture.bells;
  }

  /** `true` where the terminal marks pastes. */
  get marksPastes(): boolean {
    return this.#picture.marksPastes;
  }

  /** Ends the input. */
  async endInput(): Promise<void> {
    await this.#input.close();
  }

  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Waits until `found` says yes to what has come. */
  async until(found: (process: this) => boolean | undefined, what: string): Promise<void> {
    await until(() => {
      if (found(this)) return true;
      if (this.#ended) throw new Error(`Ended: no ${what} in ${this.stdout}${this.stderr}`);
      return false;
    }, () => `no ${what} in ${JSON.stringify(this.stdout)} ${this.stderr}`);
  }

  /** Waits until `text` was printed. */
  async printed(text: string): Promise<void> {
    await this.until(({ stdout }) => stdout.includes(text), text);
  }

  /** Waits until the last row of the terminal is that. */
  async lastRow(row: string): Promise<void> {
    await this.until(({ seen }) => seen.at(-1) === row, row);
  }

  /** Waits for the end, and returns the exit code. */
  async end(): Promise<number> {
    const { code } = await bounded(
      this.#child.status,
      () => `no end after ${JSON.stringify(this.stdout)} ${this.stderr}`,
    );
    await this.#read;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    signalIfRunning(this.#child, "SIGKILL");
    await this.end();
    await this.#input.abort().catch(() => {});
  }

  /** Draws what the terminal gets, and types its answers. */
  #draw(text: string): void {
    this.#picture.write(text);
    const { answers } = this.#picture;
    this.#picture.answers = "";
    if (answers !== "") this.type(answers);
  }

  async #collect(
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    take: (text: string) => void,
  ): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      take(text);
    }
  }
}
