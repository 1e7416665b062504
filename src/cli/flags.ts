/**
 * The command line of the terminal chat: arguments in, settings out.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { joinEmptyValues } from "../arguments.ts";
import { PROGRAMS, type Programs } from "../program.ts";
import { messageOf } from "../protocol/errors.ts";
import { MAX_LAST } from "../protocol/frames.ts";
import { readName } from "../protocol/names.ts";
import { NAMELESS } from "./words/names.ts";

/** The address of the chat unless `--url` names another. */
const DEFAULT_URL = "ws://localhost:8765";

/** The hosts of addresses at which a server listens unless told otherwise. */
const LOOPBACK = ["localhost", "127.0.0.1"];

/** The entries of history that a person sees at first. A program gets none: it may know them. */
const USUAL_LAST = 50;

/** The settings of the terminal chat, from its command line. */
export interface CliSettings {
  url: URL;
  /** The name that others see. */
  name: string;
  /** The id of the room to join; without it, a new room is made. */
  join?: string;
  /** The name of a new room. */
  roomName: string;
  /** The number of entries of history that a joined room begins with. */
  last: number;
  /** `true`: writes JSON lines instead of text. */
  json: boolean;
  /** `true`: reads and writes lines, for people who hear them. */
  plain: boolean;
  /** `true`: rings the bell where somebody calls this person by name. */
  bell: boolean;
}

/** The text of `--help`. */
export const CLI_HELP = `Usage: deno run -N ${PROGRAMS.cli} [flags]

Makes a room, or joins one, and talks there: type a line and press Enter.
In a pipe, each line of the input is sent as it is; what happens is printed.

  --join ID         join this room instead of making one; a link does as well
  --url URL         where the chat is (default ${DEFAULT_URL})
  --name NAME       how others see you (default ${NAMELESS})
  --room-name NAME  how a new room is called (default Lobby)
  --last N          begin a joined room with its last N entries
                    (default ${USUAL_LAST}, with --json 0)
  --plain           lines only: nothing is drawn, nothing has a colour
  --no-bell         do not ring where a message has your name
  --json            take commands, write one JSON object a line: for programs
  -h, --help, --version

Ends with 0 when all that was to be sent was acknowledged, 1 when not, 2 for
bad flags or a missing permission, 130 when it was interrupted.
`;

const TEXT_FLAGS = ["join", "url", "name", "room-name", "last"] as const;

/**
 * Reads the command line.
 *
 * @throws {RangeError} with one line that names the flag and the wrong value.
 */
export function parseCliFlags(args: string[]): CliSettings | "help" | "version" {
  const flags = parseArgs(joinEmptyValues(args, TEXT_FLAGS), {
    string: TEXT_FLAGS,
    boolean: ["json", "plain", "no-bell", "help", "version"],
    alias: { help: "h" },
    unknown: (argument) => {
      throw new RangeError(`Unknown argument ${JSON.stringify(argument)}: see --help`);
    },
  });
  if (flags._.length > 0) {
    throw new RangeError(`Unknown argument ${JSON.stringify(flags._[0])}: see --help`);
  }
  if (flags.help) return "help";
  if (flags.version) return "version";
  const text = (flag: typeof TEXT_FLAGS[number]): string | undefined => {
    const value = flags[flag];
    if (value === undefined || value.trim() !== "") return value;
    throw new RangeError(`--${flag} needs a value that is not empty`);
  };
  if (flags.json && flags.plain) throw new RangeError("--json does not go with --plain");
  const join = text("join");
  const name = nameOf("--name", text("name"));
  const roomName = nameOf("--room-name", text("room-name"));
  if (join !== undefined && roomName !== undefined) {
    throw new RangeError("--room-name is for a new room: it does not go with --join");
  }
  return {
    url: urlOf(text("url") ?? DEFAULT_URL),
    name: name ?? NAMELESS,
    ...(join === undefined ? {} : { join }),
    roomName: roomName ?? "Lobby",
    last: lastOf(text("last") ?? String(flags.json ? 0 : USUAL_LAST)),
    json: flags.json,
    plain: flags.plain,
    bell: !flags["no-bell"],
  };
}

/** The command with which others join a room here; user and password of the URL are left out. */
export function joinCommand(roomId: string, url: URL, programs: Programs): string {
  const command = `deno run -N ${programs.cli} --join ${shellWord(roomId)}`;
  const address = new URL(url);
  address.username = address.password = "";
  const known = address.href === new URL(DEFAULT_URL).href;
  return known ? command : `${command} --url ${shellWord(hrefOf(address))}`;
}

/** The page of the chat at this address; user and password are left out. */
export function pageOf(url: URL): string {
  const page = new URL(url);
  page.protocol = url.protocol === "wss:" ? "https:" : "http:";
  page.username = page.password = "";
  return page.href;
}

/** The command that starts a server at this address; undefined for one on another machine. */
export function serverCommand(url: URL, programs: Programs): string | undefined {
  const { protocol, hostname, port, pathname } = url;
  if (protocol !== "ws:" || !LOOPBACK.includes(hostname)) return undefined;
  const usual = new URL(DEFAULT_URL);
  return [
    programs.server,
    ...(port === usual.port ? [] : [`--port ${port || 80}`]),
    ...(pathname === usual.pathname ? [] : [`--path ${shellWord(pathname)}`]),
  ].join(" ");
}

/** Writes a URL as people do: without the slash of an empty path. */
function hrefOf(url: URL): string {
  return url.pathname === "/" && url.search === "" ? url.href.replace(/\/$/, "") : url.href;
}

/** Quotes a word for a shell: people paste the command. */
function shellWord(text: string): string {
  return /^[\w.:/@%+=,\[\]-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function urlOf(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !["ws:", "wss:"].includes(url.protocol) || url.hash !== "") {
    throw new RangeError(
      `--url must be an address like ${DEFAULT_URL}, not ${JSON.stringify(text)}`,
    );
  }
  return url;
}

function nameOf(flag: string, name: string | undefined): string | undefined {
  try {
    return name === undefined ? undefined : readName(name);
  } catch (error) {
    throw new RangeError(`${flag}: ${messageOf(error)}`);
  }
}

function lastOf(text: string): number {
  const last = Number(text);
  if (/^\d+$/.test(text) && last <= MAX_LAST) return last;
  throw new RangeError(
    `--last must be a whole number from 0 to ${MAX_LAST}, not ${JSON.stringify(text)}`,
  );
}
