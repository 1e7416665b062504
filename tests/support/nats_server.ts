/**
 * Real `nats-server` processes with JetStream: one of them, or three that replicate.
 * Each has a free port of this machine and a data folder of its own; all ends with
 * `await using`.
 *
 * @module
 */

import { signalIfRunning } from "./child.ts";
import { bounded } from "./waiting.ts";
import { findProgram } from "./permissions.ts";

/** Options for tests that need `nats-server`: left out where it is missing, unless `CI` is set. */
export const NEEDS_NATS: { ignore: boolean } = { ignore: findProgram("nats-server") === undefined };

/** One `nats-server`, which keeps its ports and its data folder over all its lives. */
export class NatsServer implements AsyncDisposable {
  readonly #folder: string;
  readonly #port: number;
  readonly #args: string[];
  readonly #copies = new Set<string>();
  #child: Deno.ChildProcess | undefined;
  #reading: Promise<void> = Promise.resolve();
  #output = "";

  private constructor(folder: string, port: number, args: string[]) {
    this.#folder = folder;
    this.#port = port;
    this.#args = args;
  }

  /** Starts one that stands alone, with more arguments if need be. */
  static async start(args: string[] = []): Promise<NatsServer> {
    const [port = 0] = freePorts(1);
    const server = new NatsServer(await Deno.makeTempDir({ prefix: "nats-" }), port, args);
    await server.up();
    return server;
  }

  /** Makes three that know each other and are not started yet. */
  static async three(): Promise<NatsServer[]> {
    const [a = 0, b = 0, c = 0, ...routes] = freePorts(6);
    const all = routes.map((port) => `nats://127.0.0.1:${port}`);
    return await Promise.all([a, b, c].map(async (port, i) => {
      const folder = await Deno.makeTempDir({ prefix: "nats-" });
      const cluster = ["--cluster_name", "test", "--cluster", all[i]!, "--routes", all.join(",")];
      return new NatsServer(folder, port, ["--name", `n${i + 1}`, ...cluster]);
    }));
  }

  /** Where clients connect, like `127.0.0.1:4222`. */
  get host(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Its process id. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Starts the process, which must not run, and waits until it takes connections. */
  async up(): Promise<void> {
    const store = ["--jetstream", "--store_dir", this.#folder];
    const where = ["--addr", "127.0.0.1", "--port", `${this.#port}`];
    const child = new Deno.Command("nats-server", {
      args: [...where, ...store, ...this.#args],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#child = child;
    this.#output = "";
    const ready = Promise.withResolvers<void>();
    this.#reading = this.#read(child, () => ready.resolve()).then(() => {
      ready.reject(new Error(`nats-server has ended: ${this.#output}`));
    });
    await bounded(ready.promise, () => `nats-server does not start: ${this.#output}`);
  }

  /** Ends the process and waits for its end: by force unless another signal is named. */
  async down(signal: Deno.Signal = "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    const ran = signalIfRunning(child, "SIGCONT");
    signalIfRunning(child, signal);
    const end = await bounded(child.status, () => "nats-server does not end");
    await this.#reading;
    const how = () => `nats-server had ended by itself (${JSON.stringify(end)}): ${this.#output}`;
    if (!ran) throw new Error(how());
  }

  /** Stops the process where it is, or lets it go on. */
  pause(paused: boolean): void {
    this.#child?.kill(paused ? "SIGSTOP" : "SIGCONT");
  }

  /** The texts of ASCII that the files of its data folder have, of those that are looked for. */
  async holds(texts: readonly string[]): Promise<string[]> {
    const found = new Set<string>();
    for await (const bytes of filesIn(this.#folder)) {
      const all = new TextDecoder("latin1").decode(bytes);
      for (const text of texts) if (all.includes(text)) found.add(text);
    }
    return [...found];
  }

  /** Empties its data folder; the process must not run. */
  async wipe(): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
    await Deno.mkdir(this.#folder);
  }

  /** Keeps a copy of its data folder under a name; the process must not run. */
  async copy(name: string): Promise<void> {
    await copyFolder(this.#folder, this.#copyOf(name));
  }

  /** Puts a copy in the place of its data folder; the process must not run. */
  async putBack(name: string): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
    await copyFolder(this.#copyOf(name), this.#folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
    const folders = [this.#folder, ...[...this.#copies].map((name) => this.#copyOf(name))];
    await Promise.all(folders.map((folder) => Deno.remove(folder, { recursive: true })));
  }

  #copyOf(name: string): string {
    this.#copies.add(name);
    return `${this.#folder}-${name}`;
  }

  async #read(child: Deno.ChildProcess, ready: () => void): Promise<void> {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      this.#output = (this.#output + text).slice(-65_536);
      if (this.#output.includes("Server is ready")) ready();
    }
  }
}

async function* filesIn(folder: string): AsyncGenerator<Uint8Array> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* filesIn(path);
    else yield await Deno.readFile(path);
  }
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyFolder(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

/** Three `nats-server` processes, the data of which can have three replicas. */
export class NatsCluster implements AsyncDisposable {
  readonly servers: readonly NatsServer[];

  private constructor(servers: readonly NatsServer[]) {
    this.servers = servers;
  }

  /** Starts three and returns at once they take connections; they may still be electing. */
  static async start(): Promise<NatsCluster> {
    const cluster = new NatsCluster(await NatsServer.three());
    await Promise.all(cluster.servers.map((server) => server.up()));
    return cluster;
  }

  /** Where clients connect, like `127.0.0.1:4222,127.0.0.1:4223,127.0.0.1:4224`. */
  get hosts(): string {
    return this.servers.map(({ host }) => host).join(",");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.servers.map((server) => server[Symbol.asyncDispose]()));
  }
}

/** Ports that nobody listens on, all different: they were free a moment ago. */
function freePorts(count: number): number[] {
  const held = Array.from(
    { length: count },
    () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  );
  return held.map((listener) => {
    const { port } = listener.addr;
    listener.close();
    return port;
  });
}
