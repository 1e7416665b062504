#!/usr/bin/env -S deno run -N --v8-flags=--optimize-for-size
// deno-lint-ignore-file no-console -- a program that talks to its user
/**
 * The terminal chat, a program: `deno run -N cli.ts` makes a room, with `--join ID` it
 * joins one; `--help` lists the rest.
 *
 * @module
 */

import { ChatClient, type ChatRoom } from "./client.ts";
import config from "./deno.json" with { type: "json" };
import {
  CLI_HELP,
  type CliSettings,
  joinCommand,
  pageOf,
  parseCliFlags,
  serverCommand,
} from "./src/cli/flags.ts";
import { joinInvited } from "./src/cli/invite.ts";
import { problemOf } from "./src/cli/problem.ts";
import { clock } from "./src/cli/words/render.ts";
import { TerminalSession } from "./src/cli/session.ts";
import { openScreen } from "./src/cli/screen/terminal.ts";
import { PROGRAMS } from "./src/program.ts";

/** Exit code of who was cut off by a second Ctrl-C, or by one too early: 128 and the number of the signal. */
const INTERRUPTED = 130;

/** Signals after which it leaves. */
const ENDING: Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT"]
  : ["SIGINT", "SIGTERM", "SIGHUP"];

async function main(): Promise<number> {
  let settings: CliSettings | "help" | "version";
  try {
    settings = parseCliFlags(Deno.args);
  } catch (error) {
    console.error(problemOf(error));
    return 2;
  }
  if (settings === "help" || settings === "version") {
    console.log(settings === "help" ? CLI_HELP.trimEnd() : config.version);
    return 0;
  }
  const host = hostOf(settings.url);
  if (!await mayConnect(host)) {
    const command = `deno run -N=${host} ${PROGRAMS.cli}`;
    console.error(`No permission to connect to ${host}: start with ${command}`);
    return 2;
  }
  return await chatAt(settings);
}

async function mayConnect(host: string): Promise<boolean> {
  const { state } = await Deno.permissions.request({ name: "net", host });
  return state === "granted";
}

function hostOf({ hostname, port, protocol }: URL): string {
  return `${hostname}:${port || (protocol === "wss:" ? 443 : 80)}`;
}

/** Takes the terminal, connects, talks, gives it back, and returns the exit code. */
async function chatAt(settings: CliSettings): Promise<number> {
  const { url, name, last, json, plain, bell } = settings;
  await using chat = new ChatClient(url, { name });
  let session: TerminalSession | undefined;
  let interrupted = false;
  function interrupt(): void {
    if (interrupted) screen.close().finally(() => Deno.exit(INTERRUPTED));
    interrupted = true;
    if (session === undefined) chat.close();
    else session.stop();
  }
  const screen = openScreen({
    mode: json ? "program" : plain ? "lines" : "keys",
    onInterrupt: interrupt,
    onRetry: () => {
      if (chat.status.type !== "connected") chat.retryNow();
    },
    onPage: (move) => session?.page(move),
    onRoom: (number) => session?.goTo(number),
    complete: (before) => session?.complete(before),
  });
  for (const signal of ENDING) {
    // In a pipe, nohup may have a program live on when its terminal is closed.
    if (signal !== "SIGHUP" || screen.interactive) Deno.addSignalListener(signal, interrupt);
  }
  try {
    await screen.setStatus(`Connecting to ${url.host}`);
    await chat.connect();
    const room = await openRoom(chat, settings);
    await screen.setStatus("");
    const colour = screen.interactive && !plain && !Deno.noColor;
    session = new TerminalSession(chat, screen, {
      last,
      bell,
      joinCommand: (roomId) => joinCommand(roomId, url, PROGRAMS),
      page: pageOf(url),
      ...(json ? {} : { look: { colour, time: clock() } }),
      ...(screen.interactive || json ? {} : { complain: (line) => console.error(line) }),
    });
    return await session.run(room);
  } catch (error) {
    await screen.close();
    if (interrupted && session === undefined) return INTERRUPTED;
    // Whoever read the output has gone, and there is nobody to tell.
    if (!(error instanceof Deno.errors.BrokenPipe)) {
      const command = serverCommand(url, PROGRAMS);
      console.error(problemOf(error, {
        // The last column is left free, as in the chat.
        columns: screen.columns - 1,
        ...(command === undefined ? {} : { serverCommand: command }),
      }));
    }
    return 1;
  } finally {
    await screen.close();
  }
}

function openRoom(chat: ChatClient, { join, last, roomName }: CliSettings): Promise<ChatRoom> {
  return join === undefined ? chat.createRoom(roomName) : joinInvited(chat, join, { last });
}

if (import.meta.main) Deno.exit(await main());
