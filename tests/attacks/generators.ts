/**
 * The programs that attack and measure, built from their sources here. In a Deno program what
 * measures would itself be late while it reads for hundreds of others.
 *
 * @module
 */

import { signalIfRunning } from "../support/child.ts";
import { findProgram } from "../support/permissions.ts";
import { tempFolder } from "../support/temp_folder.ts";

/** The compiler; without one, no attack is tried. */
export const COMPILER: string | undefined = findProgram("g++");

const TASKSET = findProgram("taskset");
const FOLDER = new URL(".", import.meta.url).pathname;
const BUILT = tempFolder();

/** The time that a line of a program of this folder may take, in milliseconds. */
const PATIENCE_MS = 60_000;

const built = new Map<string, Promise<string>>();

/** Builds a program of this folder, once, and returns its path. */
function build(name: string): Promise<string> {
  const path = `${BUILT}/${name}`;
  const making = built.get(name) ?? make(`${FOLDER}${name}.cpp`, path);
  built.set(name, making);
  return making;
}

async function make(source: string, path: string): Promise<string> {
  const args = ["-O2", "-std=c++20", "-Wall", "-Wextra", "-Werror", "-o", path, source];
  const { success, stderr } = await new Deno.Command(COMPILER ?? "g++", { args }).output();
  if (!success) throw new Error(`${source} does not compile: ${new TextDecoder().decode(stderr)}`);
  return path;
}

/** A command that runs another one on one core, where the machine has several. */
export function onCore(core: number): string[] {
  const several = TASKSET !== undefined && navigator.hardwareConcurrency > 1;
  return several ? [TASKSET, "-c", String(core)] : [];
}

/** A program of this folder that runs; ended when it is disposed of. */
export class Generator implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: string[] = [];
  readonly #reading: Promise<void>;
  #errors = "";
  #isOver = false;
  #wake: () => void = () => {};

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#input = child.stdin.getWriter();
    this.#reading = Promise.all([this.#readLines(), this.#readErrors()]).then(() => {
      this.#isOver = true;
      this.#wake();
    });
  }

  /** Starts one on the last core; with `nice` all else on that core goes first. */
  static async start(
    name: "pair" | "peers",
    args: string[],
    { nice = 0 } = {},
  ): Promise<Generator> {
    const path = await build(name);
    const command = [...onCore(navigator.hardwareConcurrency - 1), "nice", "-n", `${nice}`, path];
    const child = new Deno.Command(command[0]!, {
      args: [...command.slice(1), ...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    return new Generator(child);
  }

  /** Builds what `start` would start. */
  static async prepare(): Promise<void> {
    await Promise.all([build("pair"), build("peers")]);
  }

  /** Writes text to it. */
  async write(text: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(text));
  }

  /** Its next line; rejects with what it complained of where there is none. */
  async line(): Promise<string> {
    const deadline = setTimeout(() => this.#end(), PATIENCE_MS);
    while (this.#lines.length === 0 && !this.#isOver) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    clearTimeout(deadline);
    const line = this.#lines.shift();
    if (line === undefined) throw new Error(`A generator has ended: ${this.#errors}`);
    return line;
  }

  /** Ends its input, and returns all its lines from here to its end. */
  async finish(): Promise<string[]> {
    await this.#input.close().catch(() => {});
    const deadline = setTimeout(() => this.#end(), PATIENCE_MS);
    await this.#reading;
    clearTimeout(deadline);
    return this.#lines.splice(0);
  }

  /** Ends it and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
    await this.#input.abort().catch(() => {});
    await this.#reading;
    await this.#child.status;
  }

  #end(): void {
    signalIfRunning(this.#child, "SIGKILL");
  }

  async #readLines(): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      this.#lines.push(...lines);
      this.#wake();
    }
  }

  async #readErrors(): Promise<void> {
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      this.#errors += text;
    }
  }
}
