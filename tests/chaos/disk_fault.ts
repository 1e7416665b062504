/**
 * Faults of the disk: calls of a server that fail because strace says so.
 *
 * @module
 */

import type { ServerProcess } from "../../bench/server_process.ts";
import { findProgram } from "../support/permissions.ts";
import { until } from "../support/waiting.ts";

/** Options for tests that need `strace`: left out where it is missing. */
export const NEEDS_STRACE: { ignore: boolean } = { ignore: findProgram("strace") === undefined };

/** Makes calls of a server on its database fail until it is disposed of. */
export class DiskFault implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
  }

  /** Begins a fault, as strace is told: `pwrite64:error=ENOSPC`, on the database at `path`. */
  static async on(server: ServerProcess, path: string, inject: string): Promise<DiskFault> {
    const calls = inject.slice(0, inject.indexOf(":"));
    const files = ["", "-wal"].flatMap((part) => ["-P", `${path}${part}`]);
    const child = new Deno.Command("strace", {
      args: [
        ...["-f", "-p", String(server.pid), "-o", "/dev/null", ...files],
        ...["-e", `trace=${calls}`, "-e", `inject=${inject}`],
      ],
      stderr: "piped",
    }).spawn();
    let said = "";
    const reading = (async () => {
      for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) said += text;
    })();
    reading.catch(() => {});
    await until(() => said.includes("attached"), () => `strace does not attach: ${said}`);
    return new DiskFault(child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGINT");
    await this.#child.status;
  }
}
