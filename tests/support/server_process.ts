/**
 * The server program as `deno task server` starts it: with no more permissions than it needs.
 *
 * @module
 */

import type { ServerCommand, ServerProcess } from "../../bench/server_process.ts";
import "./ignore_unpermitted.ts";
import { bounded } from "./waiting.ts";

/** The end of a server process. */
export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** The command of the server, with these flags. */
export function permitted(
  flags: string[] = ["--port", "0"],
  env: Record<string, string> = {},
): ServerCommand & { command: string; args: string[] } {
  return {
    command: Deno.execPath(),
    args: [
      "run",
      "--quiet",
      "--allow-net",
      "--allow-env=CHAT_PORT,CHAT_HOST,CHAT_STORE,CHAT_SECRET",
      "--allow-read=data",
      "--allow-write=data",
      new URL("../../server.ts", import.meta.url).href,
      // Many run at once: they must not ask for the same port.
      ...(flags.includes("--ops") ? [] : ["--ops", "off"]),
      ...flags,
    ],
    env: { CHAT_PORT: "", CHAT_HOST: "", NO_COLOR: "1", ...env },
  };
}

/** Runs the server to its end: for what ends by itself. */
export async function runServer(
  flags: string[],
  environment: Record<string, string> = {},
): Promise<Outcome> {
  const { command, ...options } = permitted(flags, environment);
  const { code, stdout, stderr } = await bounded(
    new Deno.Command(command, options).output(),
    () => `the server goes on with ${flags.join(" ")}`,
  );
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Waits for the end of a server. */
export async function outcomeOf(server: ServerProcess): Promise<Outcome> {
  const { code } = await bounded(server.ended, () => "the server does not end");
  await server.read;
  return { code, stdout: server.stdout, stderr: server.stderr };
}
