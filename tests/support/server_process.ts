/**
 * The server program as a process of its own.
 *
 * @module
 */

import { bounded } from "./fixtures.ts";

/** The end of a server process. */
export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

const ROOT = new URL("../../", import.meta.url);

function command(args: string[], env: Record<string, string>): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--allow-net",
      "--allow-env=CHAT_PORT,CHAT_HOST,CHAT_STORE,CHAT_SECRET",
      "--allow-read=data",
      "--allow-write=data",
      "server.ts",
      ...args,
    ],
    cwd: ROOT,
    env: { CHAT_PORT: "", CHAT_HOST: "", NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Runs the server to its end: for what ends by itself. */
export async function runServer(
  args: string[],
  env: Record<string, string> = {},
): Promise<Outcome> {
  const { code, stdout, stderr } = await bounded(
    command(args, env).output(),
    () => `the server goes on with ${args.join(" ")}`,
  );
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** A server that runs. */
export class ServerProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  #stdout = "";
  #stderr = "";
  readonly #read: Promise<unknown>;
  #wake: () => void = () => {};
  /** Resolves when its output is read. */
  #reading = Promise.resolve();

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#read = Promise.all([
      this.#collect(child.stdout, (text) => this.#stdout += text),
      this.#collect(child.stderr, (text) => this.#stderr += text),
    ]);
  }

  /** Starts a server on a free port unless told otherwise, and waits until it listens. */
  static async start(
    args: string[] = ["--port", "0"],
    env: Record<string, string> = {},
  ): Promise<ServerProcess> {
    const server = new ServerProcess(command(args, env).spawn());
    await server.printed("listening on");
    return server;
  }

  /** Everything it has printed on stdout. */
  get stdout(): string {
    return this.#stdout;
  }

  /** The address it says that it listens on. */
  get url(): string {
    return this.#stdout.match(/ws:\S+/)?.[0] ?? "";
  }

  /** Waits until stdout or stderr holds `text`. */
  async printed(text: string): Promise<void> {
    while (!this.#stdout.includes(text) && !this.#stderr.includes(text)) {
      const more = new Promise<void>((resolve) => this.#wake = resolve);
      await bounded(more, () => `no ${text} in ${this.#stdout}${this.#stderr}`);
    }
  }

  /** Reads nothing of what it prints any more, until what is returned is called. */
  ignoreOutput(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#reading = promise;
    return resolve;
  }

  /** Sends a signal, unless it has ended already. */
  signal(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }

  /** Waits for its end. */
  async outcome(): Promise<Outcome> {
    const { code } = await bounded(this.#child.status, () => "the server does not end");
    await this.#read;
    return { code, stdout: this.#stdout, stderr: this.#stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal("SIGKILL");
    await this.outcome();
  }

  async #collect(
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    take: (text: string) => void,
  ): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      take(text);
      this.#wake();
      await this.#reading;
    }
  }
}
