/**
 * Two people in a room, one of them at a terminal.
 *
 * @module
 */

import { ChatClient } from "../../client.ts";
import { TestChat } from "../support/fixtures.ts";
import { CliProcess, HAS_PYTHON } from "./cli_process.ts";
import type { Habits } from "./picture.ts";

/** Ana at a terminal, in a room that she has made, with Ben in it. */
export class Scene implements AsyncDisposable {
  private constructor(
    readonly server: TestChat,
    readonly ana: CliProcess,
    readonly ben: ChatClient,
  ) {}

  static async open(env: Record<string, string> = {}, habits: Habits = {}): Promise<Scene> {
    const server = new TestChat();
    const args = ["--url", server.url, "--name", "Ana"];
    const ana = new CliProcess(args, { terminal: true, env, habits });
    await ana.lastRow("> |");
    await ana.printed("joined");
    const ben = new ChatClient(server.url, { name: "Ben" });
    await ben.connect();
    await ben.joinRoom(ana.roomId);
    await ana.printed("Ben joined");
    return new Scene(server, ana, ben);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ana[Symbol.asyncDispose]();
    await this.ben.close();
    await this.server[Symbol.asyncDispose]();
  }
}

/** Defines a test that needs a terminal. */
export function atTerminal(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: !HAS_PYTHON, fn });
}
