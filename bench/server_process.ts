/**
 * A server under test, in a process of its own.
 *
 * @module
 */

import { reasonOf } from "../src/protocol/errors.ts";

/** The command that starts a server: it must print a line that ends in its port, or in its URL with the port. */
export interface ServerCommand {
  command: string;
  args: string[];
  /** Run it on this core only, where the system can do that. */
  core?: number;
}

/** The time that a server may take to say where it listens, in milliseconds. */
const START_MS = 20_000;

/** The time that a server may take to end by itself, in milliseconds. */
const STOP_MS = 3_000;

/** Parley itself, on a free port, without the limit on how fast a client may speak. */
export function parley(core?: number, flags: readonly string[] = []): ServerCommand {
  const server = new URL("../server.ts", import.meta.url);
  return {
    command: Deno.execPath(),
    args: ["run", "-A", "--quiet", server.href, "--port", "0", "--rate", "0", ...flags],
    ...(core === undefined ? {} : { core }),
  };
}

/** The flags that give Parley a store; none where it shall have its default. */
export function storeFlags(store: string | undefined): string[] {
  return store === undefined ? [] : ["--store", store];
}

/** A server that runs until it is disposed. */
export class ServerProcess implements AsyncDisposable {
  /** The number of its process. */
  readonly pid: number;
  /** Where it listens. */
  readonly port: number;
  readonly #child: Deno.ChildProcess;

  /** Starts a server and waits until it listens; rejects with one line that says why it does not. */
  static async start({ command, args, core }: ServerCommand): Promise<ServerProcess> {
    const [program, all] = manyFiles(
      ...(core === undefined ? [command, args] as const : pinned(core, command, args)),
    );
    let child: Deno.ChildProcess;
    try {
      child = new Deno.Command(program, { args: all, stdout: "piped", stderr: "null" }).spawn();
    } catch (cause) {
      throw new Error(`Cannot start ${command}: ${reasonOf(cause)}`, { cause });
    }
    const timer = setTimeout(() => child.kill("SIGKILL"), START_MS);
    const port = await readPort(child.stdout);
    clearTimeout(timer);
    if (port !== undefined) return new ServerProcess(child, port);
    const { code } = await child.status;
    throw new Error(`Cannot start ${command} ${args.join(" ")}: it ended with ${code}`);
  }

  private constructor(child: Deno.ChildProcess, port: number) {
    this.#child = child;
    this.pid = child.pid;
    this.port = port;
  }

  /** The same as `ws://127.0.0.1` and the port. */
  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  /** Ends it, by force where it does not end by itself. */
  async [Symbol.asyncDispose](): Promise<void> {
    const timer = setTimeout(() => signal(this.#child, "SIGKILL"), STOP_MS);
    signal(this.#child, "SIGTERM");
    await this.#child.status;
    clearTimeout(timer);
  }
}

/** A command line that keeps a program on one core; as it was where there is no `taskset`. */
export function pinned(core: number, command: string, args: string[]): [string, string[]] {
  return canPin() ? ["taskset", ["-c", String(core), command, ...args]] : [command, args];
}

/** A command line that lets a program open as many files as the system ever allows it. */
export function manyFiles(command: string, args: string[]): [string, string[]] {
  if (Deno.build.os === "windows") return [command, args];
  const script = 'ulimit -n "$(ulimit -Hn)"; exec "$0" "$@"';
  return ["sh", ["-c", script, command, ...args]];
}

let taskset: boolean | undefined;

/** Says whether programs can be kept on cores of their own here: `taskset` is there, and a second core. */
export function canPin(): boolean {
  return taskset ??= navigator.hardwareConcurrency > 1 &&
    succeeds("taskset", ["-c", "0,1", "true"]);
}

/** Says whether a program is there and ends with 0. */
export function succeeds(command: string, args: string[]): boolean {
  try {
    return new Deno.Command(command, { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

/** Reads up to the line with the port; undefined if the output ends before. */
async function readPort(output: ReadableStream<Uint8Array>): Promise<number | undefined> {
  const reader = output.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return undefined;
    text += value;
    const port = /listening on .*?(\d+)\s*\n/.exec(text)?.[1];
    if (port === undefined) continue;
    // The rest is read too: a server must not stop because nobody reads its log.
    (async () => {
      while (!(await reader.read()).done);
    })().catch(() => {});
    return Number(port);
  }
}

function signal(child: Deno.ChildProcess, name: Deno.Signal): void {
  try {
    child.kill(name);
  } catch {
    // It has ended already.
  }
}
