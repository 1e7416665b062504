/**
 * A server as a process of its own, which can be measured, stopped and killed.
 *
 * @module
 */

import { reasonOf } from "../src/protocol/errors.ts";
import { cpuSecondsOf, rssOf } from "./usage.ts";

/** The command that starts a server. */
export interface ServerCommand {
  /** The program, where it is not Parley: it must print a line that ends in its port. */
  command?: string;
  /** Its arguments; Parley gets a free port, and none for operators, unless they name one. */
  args?: string[];
  /** Added to the environment. */
  env?: Record<string, string>;
  /** A command that runs the server, like `ip netns exec name`. */
  within?: string[];
}

const SERVER = new URL("../server.ts", import.meta.url).href;

/** The time that a server may take to say where it listens, in milliseconds. */
const START_MS = 20_000;

/** The time that a server may take to end by itself, in milliseconds. */
const STOP_MS = 3_000;

/** The most characters that are kept of what a server prints. */
const MAX_OUTPUT = 16_777_216;

/** A line with the URL of a server, or with its port alone. */
const LISTENING = /listening on (?:(wss?:\S+)|(\d+))\s*\n/;

/** Parley as it is measured: without the limit on how fast a client may speak. */
export function parley(core?: number, flags: readonly string[] = []): ServerCommand {
  return { args: ["--rate", "0", ...flags], within: forMeasuring(core) };
}

/** The flags that give Parley a store; none where it shall have its default. */
export function storeFlags(store: string | undefined): string[] {
  return store === undefined ? [] : ["--store", store];
}

/** A server that runs until it is disposed. */
export class ServerProcess implements AsyncDisposable {
  /** Everything it has printed on stdout. */
  stdout = "";
  /** Everything it has printed on stderr. */
  stderr = "";
  /** Both, in the order in which they came. */
  output = "";
  /** Resolves when the process has ended. */
  readonly ended: Promise<Deno.CommandStatus>;
  /** Resolves when the process has ended and all that it printed is read. */
  readonly read: Promise<unknown>;
  readonly #child: Deno.ChildProcess;
  /** Resolved while its output is read. */
  #reading = Promise.withResolvers<void>();
  #arrived = Promise.withResolvers<void>();

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#reading.resolve();
    this.ended = child.status;
    const reading = [
      this.#collect(child.stdout, (text) => this.stdout += text),
      this.#collect(child.stderr, (text) => this.stderr += text),
    ];
    this.read = Promise.all([this.ended, ...reading]).finally(() => this.#arrived.resolve());
  }

  /** Starts a server and waits until it listens; rejects with one line that says why it does not. */
  static async start(how: ServerCommand = {}): Promise<ServerProcess> {
    const [program = "", ...args] = commandLine(how);
    const cannot = `Cannot start ${how.command ?? "Parley"}`;
    let child: Deno.ChildProcess;
    try {
      child = new Deno.Command(program, {
        args,
        env: { CHAT_PORT: "", CHAT_HOST: "", NO_COLOR: "1", ...how.env },
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
    } catch (cause) {
      throw new Error(`${cannot}: ${reasonOf(cause)}`, { cause });
    }
    const server = new ServerProcess(child);
    const timer = setTimeout(() => server.kill("SIGKILL"), START_MS);
    const listens = await server.#listens();
    clearTimeout(timer);
    if (listens) return server;
    const { code } = await server.ended;
    const last = JSON.stringify(server.output.slice(-500));
    throw new Error(`${cannot}: it ended with ${code} and said ${last}`);
  }

  /** The number of the process. */
  get pid(): number {
    return this.#child.pid;
  }

  /** The URL of its WebSocket; empty before it listens. */
  get url(): string {
    const [, url, port] = LISTENING.exec(this.output) ?? [];
    return url ?? (port === undefined ? "" : `ws://127.0.0.1:${port}`);
  }

  /** Where it listens, like `127.0.0.1:8765`. */
  get host(): string {
    return new URL(this.url).host;
  }

  /** The port it listens on. */
  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** The resident memory of the process, in bytes. */
  get rss(): number {
    return rssOf(this.pid) ?? NaN;
  }

  /** The processor time that it has used, in seconds. */
  get cpuSeconds(): number {
    return cpuSecondsOf(this.pid) ?? NaN;
  }

  /** The number of file descriptors that the process has open. */
  get descriptors(): number {
    return [...Deno.readDirSync(`/proc/${this.pid}/fd`)].length;
  }

  /** Reads nothing of what it prints any more, until `readOutput` or its end. */
  ignoreOutput(): void {
    this.#reading = Promise.withResolvers();
  }

  /** Reads what it prints again. */
  readOutput(): void {
    this.#reading.resolve();
  }

  /** Sends it a signal; nothing happens where it has ended. */
  kill(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }

  /** Ends it, by force where it does not end by itself. */
  async [Symbol.asyncDispose](): Promise<void> {
    const timer = setTimeout(() => this.kill("SIGKILL"), STOP_MS);
    this.readOutput();
    this.kill("SIGCONT");
    this.kill("SIGTERM");
    await this.read;
    clearTimeout(timer);
  }

  /** Waits until it says where it listens; resolves with `false` if it ends before. */
  async #listens(): Promise<boolean> {
    let over = false;
    this.read.then(() => over = true);
    while (this.url === "" && !over) await this.#arrived.promise;
    return this.url !== "";
  }

  async #collect(
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    keep: (text: string) => void,
  ): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      if (this.output.length < MAX_OUTPUT) {
        this.output += text;
        keep(text);
      }
      this.#arrived.resolve();
      this.#arrived = Promise.withResolvers();
      await this.#reading.promise;
    }
  }
}

function commandLine({ command, args = [], within = [] }: ServerCommand): string[] {
  if (command !== undefined) return [...within, command, ...args];
  const port = args.includes("--port") ? [] : ["--port", "0"];
  const ops = args.includes("--ops") ? [] : ["--ops", "off"];
  return [...within, Deno.execPath(), "run", "-A", "--quiet", SERVER, ...port, ...ops, ...args];
}

/**
 * A command that runs a program with as many files as the system ever allows it, and on one core
 * only where one is given.
 */
export function forMeasuring(core?: number): string[] {
  const files = ["sh", "-c", 'ulimit -n "$(ulimit -Hn)"; exec "$@"', "sh"];
  return [
    ...(Deno.build.os === "windows" ? [] : files),
    ...(core !== undefined && canPin() ? ["taskset", "-c", String(core)] : []),
  ];
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
