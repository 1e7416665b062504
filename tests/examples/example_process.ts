/**
 * An example as a process of its own.
 *
 * @module
 */

import { signalIfRunning } from "../support/child.ts";
import { bounded } from "../support/waiting.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** An example that runs. */
export class ExampleProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #read: Promise<unknown>;
  #wake: () => void = () => {};
  /** All that it has printed. */
  output = "";

  /** Starts `examples/NAME`, after the permissions that its first lines name; it is run unless given. */
  constructor(
    name: string,
    permissions: string,
    args: string[] = [],
    { command = "run --quiet", cwd = ROOT }: { command?: string; cwd?: string } = {},
  ) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [...command.split(" "), permissions, `${ROOT}examples/${name}`, ...args],
      cwd,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#read = Promise.all([this.#child.stdout, this.#child.stderr].map(async (stream) => {
      for await (const text of stream.pipeThrough(new TextDecoderStream())) {
        this.output += text;
        this.#wake();
      }
    }));
  }

  /** Waits until it has printed something like that, and returns it. */
  async printed(pattern: RegExp): Promise<string> {
    for (;;) {
      const [found] = pattern.exec(this.output) ?? [];
      if (found !== undefined) return found;
      const more = new Promise<void>((resolve) => this.#wake = resolve);
      await bounded(more, () => `no ${pattern} in ${this.output}`);
    }
  }

  /** Ends it with a signal, and returns its exit code. */
  async end(signal: Deno.Signal): Promise<number> {
    this.#child.kill(signal);
    const { code } = await bounded(this.#child.status, () => `no end after ${this.output}`);
    await this.#read;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    signalIfRunning(this.#child, "SIGKILL");
    await this.#child.status;
    await this.#read;
  }
}
