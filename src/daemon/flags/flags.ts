/**
 * The server's command line: arguments and environment in, settings out.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { joinEmptyValues } from "../../arguments.ts";
import { checkedNumber, type Range } from "../../core/state/option_checks.ts";
import {
  DEFAULTS,
  type EngineNumbers,
  type EngineOptions,
  RANGES,
} from "../../core/state/options.ts";
import { PROGRAMS } from "../../program.ts";
import {
  checkedNetwork,
  checkedPath,
  checkedRoomName,
  checkedSecret,
  THIS_MACHINE,
} from "../../server/chat_options.ts";
import {
  LOG_FORMATS,
  LOG_LEVELS,
  type LogFormat,
  type LogLevel,
} from "../../server/logging/logger.ts";
import { usualMemory } from "../../server/admission/machine.ts";
import {
  checkedFrameAncestor,
  checkedOrigin,
  checkedPublicUrl,
} from "../../server/admission/origins.ts";
import { checkedTokens, TOKEN_FLAGS, TOKEN_HELP, type TokenSettings } from "./token_flags.ts";
import { NATS_DEFAULTS, NATS_RANGES, type NatsNumbers } from "../../store/jetstream/options.ts";
import {
  checkedWebhooks,
  WEBHOOK_FLAG,
  WEBHOOK_HELP,
  WEBHOOK_LISTS,
  type WebhookSettings,
} from "./webhook_flags.ts";

/** The settings of the server program, from its command line. */
export interface ServerSettings {
  port: number;
  hostname: string;
  path: string;
  /** The place of the port for operators; undefined for none. */
  ops: OpsPlace | undefined;
  logLevel: LogLevel;
  logFormat: LogFormat;
  /** The name of a store, for `chooseStore`. */
  store: string;
  /** The file that the secret of the session tokens is in; it beats the one of the environment. */
  secretFile: string | undefined;
  /** The file that the token of the HTTP API is in; without one there is no API. */
  apiTokenFile: string | undefined;
  /** The files of the certificate and its key, where the server speaks TLS. */
  certFile: string | undefined;
  keyFile: string | undefined;
  engine: EngineOptions;
  /** The tokens that people prove with who they are. */
  tokens: TokenSettings;
  /** The receivers of webhooks. */
  webhooks: WebhookSettings;
  /** The names of rooms that there always are. */
  rooms: string[];
  /** Origins of pages that may connect besides the server's own. */
  allowOrigins: string[];
  /** The address that people use, where a request does not name it. */
  publicUrl: string | undefined;
  /** The pages that may show the chat's page in a frame. */
  frameAncestors: string[];
  /** Addresses and networks of the proxies in front. */
  trustedProxies: string[];
  /** Addresses and networks without limits of their own. */
  exempt: readonly string[];
  /** The settings of NATS, for `chooseStore`. */
  nats: NatsNumbers;
}

/** The place of the port for operators. */
export interface OpsPlace {
  hostname: string;
  port: number;
  /** `true` where nobody has asked for it: then another program may have it. */
  isDefault: boolean;
}

/** The variables of the environment that are looked at. */
export const VARIABLES = ["CHAT_PORT", "CHAT_HOST", "CHAT_STORE", "CHAT_SECRET"] as const;

/** A flag that takes a whole number. */
interface NumberFlag {
  option: Exclude<keyof EngineNumbers, "memoryBytes"> | keyof NatsNumbers;
  /** The number of the option's units that one of the flag's is. */
  unit: number;
  help: string;
}

const SECOND = 1_000;

/** The place of the port for operators where none is given. */
export const OPS_DEFAULT = "127.0.0.1:9765";

const PORTS: Range = [0, 65_535];

const NUMBER_FLAGS: Record<string, NumberFlag> = {
  "log-entries": flag("logEntries", 1, "entries a room's log keeps"),
  "log-bytes": flag("logBytes", 1, "bytes a room's log keeps"),
  "history-entries": flag("historyEntries", 1, "entries of a room that SQLite keeps"),
  "history-bytes": flag("historyBytes", 1, "bytes of a room that SQLite keeps"),
  "log-age": flag("logAgeMs", SECOND, "seconds a room's log keeps an entry"),
  "empty-room": flag("emptyRoomMs", SECOND, "seconds an empty room can be rejoined"),
  "grace": flag("graceMs", SECOND, "seconds a cut-off client keeps its place"),
  "pause": flag("pauseMs", SECOND, "seconds a client that has paused keeps its place"),
  "session": flag("sessionMs", SECOND, "seconds a client without a place is remembered"),
  "heartbeat": flag(
    "heartbeatMs",
    SECOND,
    "seconds until a silent client is asked for a sign of life",
  ),
  "rate": flag("rate", 1, "frames a second one client may send; 0: any"),
  "presence-limit": flag("presenceLimit", 1, "members up to which presence is logged"),
  "address-connections": flag("addressConnections", 1, "connections of one address; 0: any"),
  "address-handshakes": flag("addressHandshakes", 1, "handshakes of one address a minute; 0: any"),
  "address-rate": flag("addressRate", 1, "frames a second from one address; 0: any"),
  "address-rooms": flag("addressRooms", 1, "rooms made from one address a minute; 0: any"),
  "address-failed-joins": flag(
    "addressFailedJoins",
    1,
    "joins from one address a minute that find no room; 0: any",
  ),
  "address-failed-tokens": flag(
    "addressFailedTokens",
    1,
    "wrong tokens from one address a minute; 0: any",
  ),
  "max-connections": flag("maxConnections", 1, "connections at once"),
  "max-rooms": flag("maxRooms", 1, "rooms at once"),
  "max-members": flag("maxMembers", 1, "members of one room"),
  "max-away": flag("maxAway", 1, "clients without a connection that are remembered"),
  "rooms-per-client": flag("maxRoomsPerClient", 1, "rooms one client may be in"),
  "high-water": flag("highWaterBytes", 1, "bytes that may wait for a slow reader"),
  "stuck": flag("stuckMs", 1, "milliseconds until a reader that takes nothing is evicted"),
  "nats-replicas": flag("replicas", 1, "NATS servers that keep each entry, 1 to 5"),
  "nats-probe": flag("probeMs", 1, "milliseconds between looks whether NATS is reached"),
  "nats-lease": flag("leaseMs", SECOND, "seconds the members of a dead node stay"),
  "hello": flag("helloMs", SECOND, "seconds a connection may take to say hello"),
  "resume-rate": flag("resumesPerSecond", 1, "clients a second to come back on a restart"),
};

function flag(option: NumberFlag["option"], unit: number, help: string): NumberFlag {
  return { option, unit, help };
}

const ALL_DEFAULTS = { ...DEFAULTS, ...NATS_DEFAULTS };

/** The values of a flag, in its own units. */
function rangeOf({ option, unit }: NumberFlag): Range {
  const [least, most] = { ...RANGES, ...NATS_RANGES }[option];
  return [Math.ceil(least / unit), Math.floor(most / unit)];
}

/** The text of `--help`. */
export const SERVER_HELP: string =
  `Usage: ${PROGRAMS.server} [check | export FILE | import FILE | token | link] [flags]

  check               says who can reach what with these flags, and starts nothing
  export, import      carry rooms from one store to another: see export --help
  token, link         sign a token, read and narrow an invitation: see token --help, link --help
  --config PATH       a file with what flags take, as JSON: {"port": 8080}; a flag beats the
                      environment, which beats the file
  --port N            port; 0 takes a free one (CHAT_PORT, default 8765)
  --hostname NAME     address to listen on, also --host (CHAT_HOST, default 127.0.0.1)
  --path PATH         where the chat is (default /)
  --ops HOST:PORT     port for operators: health, metrics, API; off for none
                      (default ${OPS_DEFAULT})
  --store STORE       memory, sqlite:PATH or nats://HOST:PORT,… (CHAT_STORE, default memory)
  --cert PATH         certificate in PEM, with those between it and its issuer: wss:// then
  --key PATH          its private key in PEM
  --secret-file PATH  what session tokens are signed with (or CHAT_SECRET; needed with nats)
  --api-token-file PATH  the token of the HTTP API, which is on the port for operators
${TOKEN_HELP}
${WEBHOOK_HELP}
  --rooms NAMES       rooms that there always are, like lobby,help: #lobby to whoever joins it
  --allow-origin PAGE pages that may connect besides those of this host, like
                      https://app.example.org; * for all; may be given several times
  --public-url URL    the address that people use, where requests do not name it
  --frame-ancestor P  pages that may show the chat's page in a frame, like
                      https://app.example.org; may be given several times
  --trusted-proxy NET addresses of proxies whose X-Forwarded-For or Forwarded is believed, like
                      10.0.0.0/8; may be given several times
  --exempt NET        addresses that the limits of addresses do not hold for (default this
                      machine: 127.0.0.0/8 and ::1), or none; may be given several times
  --memory SIZE       bytes that all logs may take together, like 512M or 2G (default 1G, or
                      less where the machine has less than 8G)
  --log-level LEVEL   ${LOG_LEVELS.join(", ")} (default info)
  --log-format FORM   ${LOG_FORMATS.join(", ")} (default pretty)
${
    Object.entries(NUMBER_FLAGS).map(([name, { option, unit, help }]) =>
      `  ${`--${name} N`.padEnd(19)} ${help} (default ${ALL_DEFAULTS[option] / unit})`
    ).join("\n")
  }
  -h, --help, --version
`;

const TEXT_FLAGS = [
  "port",
  "hostname",
  "host",
  "path",
  "ops",
  "store",
  "secret-file",
  "api-token-file",
  "cert",
  "key",
  ...TOKEN_FLAGS,
  WEBHOOK_FLAG,
  ...WEBHOOK_LISTS,
  "rooms",
  "allow-origin",
  "public-url",
  "frame-ancestor",
  "trusted-proxy",
  "exempt",
  "memory",
  "log-level",
  "log-format",
] as const;

/** All flags that take a value. */
export const VALUE_FLAGS: readonly string[] = [...TEXT_FLAGS, ...Object.keys(NUMBER_FLAGS)];

/** Those that may be given several times. */
export const LISTS = [
  "allow-origin",
  "frame-ancestor",
  "trusted-proxy",
  "exempt",
  ...WEBHOOK_LISTS,
] as const;

/**
 * Reads the command line; a flag beats the environment, which beats the default.
 *
 * @throws {RangeError} with one line that names the flag and the value that will not do.
 */
export function parseServerFlags(
  args: string[],
  env: { [Name in typeof VARIABLES[number]]?: string | undefined },
): ServerSettings | "help" | "version" {
  const unknown = (argument: unknown): never => {
    throw new RangeError(`Unknown argument ${JSON.stringify(argument)}: see --help`);
  };
  const flags = parseArgs(joinEmptyValues(args, VALUE_FLAGS), {
    string: [...VALUE_FLAGS],
    boolean: ["help", "version"],
    collect: [...LISTS],
    alias: { help: "h" },
    unknown,
  });
  // What stands behind "--" is never called unknown.
  if (flags._.length > 0) unknown(flags._[0]);
  if (flags.help) return "help";
  if (flags.version) return "version";
  const text = (name: string): string | undefined => {
    const value: unknown = flags[name];
    if (value === undefined) return undefined;
    if (typeof value === "string" && value !== "") return value;
    throw new RangeError(`--${name} needs one value`);
  };
  const list = (name: typeof LISTS[number]): string[] => {
    const values: string[] = flags[name] ?? [];
    if (!values.includes("")) return values;
    throw new RangeError(`--${name} needs a value`);
  };
  const memory = text("memory");
  const memoryBytes = memory === undefined ? usualMemory() : checkedSize("--memory", memory);
  const engine: EngineOptions = { ...DEFAULTS, memoryBytes };
  if (env.CHAT_SECRET) engine.secret = checkedSecret("CHAT_SECRET", env.CHAT_SECRET);
  const nats: NatsNumbers = { ...NATS_DEFAULTS };
  for (const [name, flag] of Object.entries(NUMBER_FLAGS)) {
    const value = text(name);
    if (value === undefined) continue;
    const number = wholeNumber(`--${name}`, value, rangeOf(flag)) * flag.unit;
    if (isForNats(flag.option)) nats[flag.option] = number;
    else engine[flag.option] = number;
  }
  const port = text("port");
  const store = text("store") ?? (env.CHAT_STORE || "memory");
  const publicUrl = text("public-url");
  if (publicUrl !== undefined) checkedPublicUrl("--public-url", publicUrl);
  return {
    port: port !== undefined
      ? wholeNumber("--port", port, PORTS)
      : wholeNumber("CHAT_PORT", env.CHAT_PORT || "8765", PORTS),
    hostname: text("hostname") ?? text("host") ?? (env.CHAT_HOST || "127.0.0.1"),
    path: checkedPath("--path", text("path") ?? "/"),
    ops: opsPlace(text("ops")),
    secretFile: text("secret-file"),
    apiTokenFile: text("api-token-file"),
    certFile: text("cert"),
    keyFile: text("key"),
    store,
    logLevel: oneOf("--log-level", text("log-level") ?? "info", LOG_LEVELS),
    logFormat: oneOf("--log-format", text("log-format") ?? "pretty", LOG_FORMATS),
    rooms: (text("rooms")?.split(",") ?? []).map((name) => checkedRoomName("--rooms", name)[1]),
    allowOrigins: list("allow-origin").map((origin) => checkedOrigin("--allow-origin", origin)),
    publicUrl,
    frameAncestors: list("frame-ancestor").map((origin) =>
      checkedFrameAncestor("--frame-ancestor", origin)
    ),
    trustedProxies: networks("--trusted-proxy", list("trusted-proxy")),
    exempt: exemptOf(list("exempt")),
    tokens: checkedTokens(text),
    webhooks: checkedWebhooks(text(WEBHOOK_FLAG), list, store),
    engine,
    nats,
  };
}

/**
 * Reads the place of the port for operators; undefined for `off`.
 *
 * @throws {RangeError} where it is none.
 */
export function opsPlace(given: string | undefined): OpsPlace | undefined {
  if (given === "off") return undefined;
  const [, bracketed, host, port = ""] =
    /^(?:(?:\[([\da-fA-F:.]+)\]|([^\s:/[\]]+)):)?(\d+)$/.exec(given ?? OPS_DEFAULT) ?? [];
  if (port === "") {
    throw new RangeError(`--ops must be HOST:PORT or off, not ${JSON.stringify(given)}`);
  }
  return {
    hostname: bracketed ?? host ?? "127.0.0.1",
    port: wholeNumber("--ops", port, PORTS),
    isDefault: given === undefined,
  };
}

function networks(name: string, list: string[]): string[] {
  list.forEach((network) => checkedNetwork(name, network));
  return list;
}

/** The addresses without limits: this machine's unless some are given, or `none`. */
function exemptOf(list: string[]): readonly string[] {
  if (list.length === 0) return THIS_MACHINE;
  return list.length === 1 && list[0] === "none" ? [] : networks("--exempt", list);
}

/** The bytes that the letters behind a size stand for. */
const UNITS = { "": 1, K: 1_024, M: 1_048_576, G: 1_073_741_824 };

const [LEAST_MEMORY, MOST_MEMORY] = RANGES.memoryBytes;

function checkedSize(name: string, text: string): number {
  const [, digits, letter = ""] = /^(\d{1,12})([KMG]?)$/i.exec(text) ?? [];
  const bytes = Number(digits) * UNITS[letter.toUpperCase() as keyof typeof UNITS];
  if (bytes >= LEAST_MEMORY) return Math.min(bytes, MOST_MEMORY);
  throw new RangeError(
    `${name} must be 1M or more, like 512M or 2G, not ${JSON.stringify(text)}`,
  );
}

function wholeNumber(name: string, text: string, range: Range): number {
  return checkedNumber(name, /^\d+$/.test(text) ? Number(text) : NaN, range, text);
}

function isForNats(option: string): option is keyof NatsNumbers {
  return Object.hasOwn(NATS_DEFAULTS, option);
}

function oneOf<Choice extends string>(
  name: string,
  text: string,
  choices: readonly Choice[],
): Choice {
  const choice = choices.find((candidate) => candidate === text);
  if (choice !== undefined) return choice;
  throw new RangeError(
    `${name} must be one of ${choices.join(", ")}, not ${JSON.stringify(text)}`,
  );
}
