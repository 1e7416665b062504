/**
 * A server with a port for operators and the HTTP API, which may be killed and comes again.
 *
 * @module
 */

import { ServerProcess } from "../../bench/server_process.ts";
import { until } from "../support/waiting.ts";

/** The token of the API. */
export const API_TOKEN = "known_to_whoever_publishes_in_this_test";

/** An answer of the API. */
export interface ApiAnswer {
  status: number;
  answer: Record<string, unknown>;
}

/** A node, which is down at first. */
export class OperatedNode implements AsyncDisposable {
  readonly #args: string[];
  #server: ServerProcess | undefined;
  #url = "";

  /** Makes a node that is started with these flags. */
  constructor(args: string[]) {
    this.#args = args;
  }

  /** The URL of its WebSocket. */
  get url(): string {
    return this.#server?.url ?? "";
  }

  /** Everything that its last process has printed. */
  get output(): string {
    return this.#server?.output ?? "";
  }

  /** Starts it. */
  async up(): Promise<void> {
    const server = await ServerProcess.start({
      args: [...this.#args, "--ops", "127.0.0.1:0", "--log-level", "debug"],
      env: { CHAT_SECRET: "known to all of the nodes of this test" },
    });
    this.#server = server;
    await until(() => /ops url=/.test(server.stdout), "no port for operators");
    this.#url = /ops url="(\S+)"/.exec(server.stdout)![1]!;
  }

  /** Kills it. */
  async kill(): Promise<void> {
    this.#url = "";
    this.#server!.kill("SIGKILL");
    await this.#server!.ended;
  }

  /** Asks the API; undefined where there is no answer. */
  async ask(
    method: string,
    path: string,
    body?: unknown,
    key?: string,
  ): Promise<ApiAnswer | undefined> {
    if (this.#url === "") return undefined;
    try {
      const response = await fetch(`${this.#url}api/v1${path}`, {
        method,
        headers: {
          "authorization": `Bearer ${API_TOKEN}`,
          "content-type": "application/json",
          ...(key === undefined ? {} : { "idempotency-key": key }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, answer: await response.json() };
    } catch {
      return undefined;
    }
  }

  /** All entries of a room, page after page. */
  async entries(roomId: string): Promise<{ seq: number; [field: string]: unknown }[]> {
    const all: { seq: number }[] = [];
    for (let more = true; more;) {
      const after = all.at(-1)?.seq ?? 0;
      const page = await this.ask("GET", `/rooms/${roomId}/entries?after=${after}&limit=1000`);
      all.push(...page?.answer.entries as { seq: number }[] ?? []);
      more = page?.answer.more === true;
    }
    return all;
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }
}
