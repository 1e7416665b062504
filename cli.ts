// deno-lint-ignore-file no-console -- a program that talks to its user
/**
 * The terminal chat, a program: `deno run -N cli.ts` makes a room, with `--join ID` it
 * joins one; `--help` lists the rest.
 *
 * @module
 */

import { ChatClient, type ChatRoom } from "./client.ts";
import config from "./deno.json" with { type: "json" };
import { CLI_HELP, type CliSettings, parseCliFlags } from "./src/cli_flags.ts";
import { clock } from "./src/cli_render.ts";
import { Session } from "./src/cli_session.ts";
import { reasonOf } from "./src/errors.ts";
import { openScreen } from "./src/terminal.ts";
import { visible } from "./src/visible.ts";

/** Exit code of who was cut off by a second Ctrl-C: 128 and the number of the signal. */
const INTERRUPTED = 130;

async function main(): Promise<number> {
  let settings: CliSettings | "help" | "version";
  try {
    settings = parseCliFlags(Deno.args);
  } catch (error) {
    console.error(messageOf(error));
    return 2;
  }
  if (settings === "help" || settings === "version") {
    console.log(settings === "help" ? CLI_HELP.trimEnd() : config.version);
    return 0;
  }
  const host = hostOf(settings.url);
  if (!await mayConnect(host)) {
    console.error(`No permission to connect to ${host}: start with deno run -N=${host} cli.ts`);
    return 2;
  }
  const { url, name } = settings;
  await using chat = new ChatClient(url, name === undefined ? {} : { name });
  let room: ChatRoom;
  try {
    await chat.connect();
    room = await openRoom(chat, settings);
  } catch (error) {
    console.error(messageOf(error));
    return 1;
  }
  return await converse(chat, room, settings);
}

async function mayConnect(host: string): Promise<boolean> {
  const { state } = await Deno.permissions.request({ name: "net", host });
  return state === "granted";
}

function hostOf({ hostname, port, protocol }: URL): string {
  return `${hostname}:${port || (protocol === "wss:" ? 443 : 80)}`;
}

function openRoom(chat: ChatClient, { join, last, roomName }: CliSettings): Promise<ChatRoom> {
  return join === undefined ? chat.createRoom(roomName) : chat.joinRoom(join, { last });
}

async function converse(
  chat: ChatClient,
  room: ChatRoom,
  { url, last, json }: CliSettings,
): Promise<number> {
  let interrupted = false;
  function interrupt(): void {
    if (interrupted) Deno.exit(INTERRUPTED);
    interrupted = true;
    session.stop();
  }
  const screen = openScreen({ plain: json, onInterrupt: interrupt });
  const colour = screen.interactive && !Deno.noColor;
  const session = new Session(chat, screen, {
    url,
    last,
    ...(json ? {} : { look: { colour, time: clock() } }),
    ...(screen.interactive || json
      ? {}
      : { verbatim: true, complain: (line) => console.error(line) }),
  });
  Deno.addSignalListener("SIGINT", interrupt);
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", interrupt);
  try {
    return await session.run(room);
  } catch (error) {
    // Whoever read the output has gone, and there is nobody to tell.
    if (!(error instanceof Deno.errors.BrokenPipe)) console.error(messageOf(error));
    return 1;
  } finally {
    await screen.close();
  }
}

/** An error in one line; what a server said in it can do nothing to the terminal. */
function messageOf(error: unknown): string {
  return visible(reasonOf(error));
}

if (import.meta.main) Deno.exit(await main());
