/**
 * The server as people start it: a process of its own, that can be killed, stopped and
 * signalled.
 *
 * @module
 */

import { cpuSecondsOf, rssOf } from "../../bench/usage.ts";
import { bounded } from "../support/fixtures.ts";
import { until } from "./setting.ts";

const SERVER = new URL("../../server.ts", import.meta.url).pathname;

/** Options of a server process. */
export interface ProcessOptions {
  /** Flags of the server; the port is a free one unless given. */
  args?: string[];
  /** Added to the environment. */
  env?: Record<string, string>;
  /** A command that runs the server, like `ip netns exec name`. */
  within?: string[];
}

/** A running `server.ts`; ended, if need be by force, when it is disposed of. */
export class ServerProcess implements AsyncDisposable {
  /** The text that it printed, errors included. */
  output = "";
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<void[]>;
  #over = false;
  /** Resolves when the process has ended. */
  readonly ended: Promise<Deno.CommandStatus>;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#reading = Promise.all([child.stdout, child.stderr].map((stream) => this.#read(stream)));
    this.ended = child.status.then((status) => {
      this.#over = true;
      return status;
    });
  }

  /** Starts a server and waits until it listens. */
  static async start({ args = [], env = {}, within = [] }: ProcessOptions = {}) {
    const port = args.includes("--port") ? [] : ["--port", "0"];
    const command = [...within, Deno.execPath(), "run", "--quiet", "-A", SERVER, ...port, ...args];
    const child = new Deno.Command(command[0]!, {
      args: command.slice(1),
      env: { NO_COLOR: "1", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const server = new ServerProcess(child);
    try {
      await until(() => server.#over || server.#address !== undefined, "the server does not start");
      if (server.#over) throw new Error(`The server has ended: ${server.output}`);
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Its process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Where it listens, like `127.0.0.1:8765`. */
  get host(): string {
    return this.#address ?? "";
  }

  /** The URL of its WebSocket. */
  get url(): string {
    return `ws://${this.host}/`;
  }

  /** Sends it a signal; nothing happens where it has ended. */
  kill(signal: Deno.Signal): void {
    if (!this.#over) this.#child.kill(signal);
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

  /** Ends the process and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGCONT");
    this.kill("SIGKILL");
    await bounded(this.ended, () => "the server does not end");
    await this.#reading;
  }

  get #address(): string | undefined {
    return /listening on ws:\/\/([^\s/]+)/.exec(this.output)?.[1];
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) this.output += text;
  }
}
