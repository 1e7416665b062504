/**
 * The options of a chat, checked.
 *
 * @module
 */

import type { Authenticate, Authorize } from "../core/authority/authenticate.ts";
import { isRoomName, normalizeRoomId } from "../core/authority/ids.ts";
import { checkedNumbers, checkedOptions, shown } from "../core/state/option_checks.ts";
import { type ChatLimits, DEFAULTS, type EngineOptions, RANGES } from "../core/state/options.ts";
import type { OpenStore } from "../core/store/store.ts";
import { type Network, parseNetwork } from "./admission/addresses.ts";
import type { AdmissionRules } from "./admission/admission.ts";
import { guardedLogger } from "./logging/guarded_logger.ts";
import { createLogger, LOG_LEVELS, type Logger } from "./logging/logger.ts";
import { usualMemory } from "./admission/machine.ts";
import { openMemoryStore } from "./memory_store.ts";
import { checkedFrameAncestor, checkedOrigin, checkedPublicUrl } from "./admission/origins.ts";

/** Options of {@linkcode createChat}: all may be left out. */
export interface ChatOptions extends ChatLimits {
  /**
   * The path of the WebSocket, as it stands in the URL of a request; `/` unless given.
   * `/healthz` is at the root with any.
   */
  path?: string;
  /**
   * Takes the log; unless given, events of level `info` and above go to the console. What it throws
   * or rejects with is reported on the console once, and the chat goes on.
   */
  logger?: Logger;
  /**
   * The store that keeps the rooms: what `sqlite` of `./sqlite` or `nats` of `./nats` returns, or
   * one of your own. Unless given, the memory of this process.
   */
  store?: OpenStore;
  /**
   * The secret that session tokens are signed with, of at least 32 characters without the white space
   * around it. Chats with the same one know each other's: those that share a store must have it.
   * Unless given, it is the store's, and with rooms in memory a new one each time.
   */
  secret?: string;
  /**
   * Says who it is that connects, from the token in `hello`: what `jwt` of `./auth` returns, or a
   * function of your own. Unless given, nobody proves anything.
   */
  authenticate?: Authenticate;
  /**
   * Says whether somebody may do what the rules allow. It is asked for everything that people do in
   * rooms, at once and often: look nothing up in it. Unless given, they may.
   */
  authorize?: Authorize;
  /** Says whether people without a token may come; only with `authenticate`. `deny` unless given. */
  anonymous?: "allow" | "deny";
  /**
   * Names of rooms that there always are, like `["lobby"]`: whoever joins `#lobby` is in that room, and
   * it belongs to nobody. Letters of any script, digits, `-` and `_`, at most 64; none unless given.
   */
  rooms?: readonly string[];
  /**
   * Origins of pages that may connect besides those of the server's own host, as browsers write them:
   * `["https://app.example.org"]`. `"*"` is for all, and `"null"` for pages that have none, as those in
   * files. Programs, which name no origin, may always connect.
   */
  allowOrigins?: readonly string[];
  /**
   * The address that people reach the chat at, like `https://chat.example.org`: its host is the
   * server's own. Unless given, that is the host which a request names.
   */
  publicUrl?: string;
  /**
   * Origins of pages that may show the chat's own page in a frame, as `frame-ancestors` of its
   * Content Security Policy; none unless given. The element `<parley-chat>` needs no frame.
   */
  frameAncestors?: readonly string[];
  /**
   * Addresses and networks of the proxies in front, like `["127.0.0.1", "10.0.0.0/8"]`: a request that
   * one of them hands on comes from the address that it names in `X-Forwarded-For` or `Forwarded`.
   */
  trustedProxies?: readonly string[];
  /**
   * Addresses and networks that the limits of addresses do not hold for; `["127.0.0.0/8", "::1"]`
   * unless given, which is this machine itself.
   */
  exempt?: readonly string[];
}

/** The options of a chat, with what was not given. */
export interface ChatSettings {
  path: string;
  logger: Logger;
  store: OpenStore;
  engine: EngineOptions;
  /** The rules for those who connect. */
  rules: AdmissionRules;
  /** The pages that may show the chat's page in a frame. */
  frameAncestors: readonly string[];
}

/** As many characters as 128 random bits have in hexadecimal. */
const MIN_SECRET_CHARS = 32;

/** The addresses of the machine for itself: whoever comes from there runs the server, or is a proxy of it. */
export const THIS_MACHINE: readonly string[] = ["127.0.0.0/8", "::1"];

const NAMES = [
  "path",
  "logger",
  "store",
  "secret",
  "authenticate",
  "authorize",
  "anonymous",
  "rooms",
  "allowOrigins",
  "publicUrl",
  "frameAncestors",
  "trustedProxies",
  "exempt",
  ...Object.keys(RANGES) as (keyof ChatLimits)[],
] as const;

/**
 * Checks options, and adds the defaults.
 *
 * @throws {RangeError} that names the option that will not do and its value; a secret is not shown.
 */
export function checkedChatOptions(given: ChatOptions = {}): ChatSettings {
  const options = checkedOptions("createChat", given, NAMES);
  const { path = "/", logger, store = openMemoryStore, secret } = options;
  const { allowOrigins = [], publicUrl, frameAncestors = [], rooms = [] } = options;
  const { trustedProxies = [], exempt = THIS_MACHINE } = options;
  return {
    path: checkedPath("path", path),
    logger: logger === undefined ? createLogger("info", "pretty") : checkedLogger(logger),
    store: checkedStore(store),
    engine: {
      ...DEFAULTS,
      memoryBytes: usualMemory(),
      ...checkedNumbers(options, RANGES),
      ...(secret === undefined ? {} : { secret: checkedSecret("secret", secret) }),
      ...checkedAuthentication(options),
      ...(rooms.length === 0
        ? {}
        : { rooms: new Map(checkedList("rooms", rooms, checkedRoomName)) }),
    },
    rules: {
      origins: {
        allowed: new Set(checkedList("allowOrigins", allowOrigins, checkedOrigin)),
        ...(publicUrl === undefined ? {} : { host: checkedPublicUrl("publicUrl", publicUrl) }),
      },
      trustedProxies: checkedList("trustedProxies", trustedProxies, checkedNetwork),
      exempt: checkedList("exempt", exempt, checkedNetwork),
    },
    frameAncestors: checkedList("frameAncestors", frameAncestors, checkedFrameAncestor),
  };
}

function checkedAuthentication(
  { authenticate, authorize, anonymous }: Pick<
    ChatOptions,
    "authenticate" | "authorize" | "anonymous"
  >,
): Pick<EngineOptions, "authenticate" | "authorize" | "anonymous"> {
  for (const [name, value] of Object.entries({ authenticate, authorize })) {
    if (value === undefined || typeof value === "function") continue;
    throw new RangeError(`${name} must be a function, not ${shown(value)}`);
  }
  if (anonymous !== undefined && anonymous !== "allow" && anonymous !== "deny") {
    throw new RangeError(`anonymous must be allow or deny, not ${shown(anonymous)}`);
  }
  if (authenticate === undefined && anonymous === "deny") {
    throw new RangeError("anonymous: deny needs authenticate, as nobody could come");
  }
  return {
    ...(authenticate && { authenticate, anonymous: anonymous ?? "deny" }),
    ...(authorize && { authorize }),
  };
}

/** Takes a list, each element as `check` takes it. */
function checkedList<Item>(
  name: string,
  list: readonly unknown[],
  check: (name: string, item: unknown) => Item,
): Item[] {
  if (!Array.isArray(list)) throw new RangeError(`${name} must be a list, not ${shown(list)}`);
  return list.map((item, i) => check(`${name}[${i}]`, item));
}

function checkedStore(open: OpenStore): OpenStore {
  if (typeof open !== "function") {
    throw new RangeError(`store must be what sqlite() or nats() returns, not ${shown(open)}`);
  }
  return (events, options) => {
    const store = open(events, options);
    if (typeof store?.append === "function") return store;
    throw new RangeError(`store must return a store, not ${shown(store)}`);
  };
}

function checkedLogger(logger: Logger): Logger {
  if (LOG_LEVELS.every((level) => typeof logger?.[level] === "function")) {
    return guardedLogger(logger);
  }
  throw new RangeError(`logger must have ${LOG_LEVELS.join(", ")}, not ${shown(logger)}`);
}

/**
 * Takes a secret, without the white space around it, if it is long enough not to be guessed.
 *
 * @throws {RangeError} with one line that names where it came from, and not the secret.
 */
export function checkedSecret(name: string, text: string): string {
  if (typeof text !== "string") {
    throw new RangeError(`${name} must be a string, not a ${typeof text}`);
  }
  const secret = text.trim();
  if (secret.length >= MIN_SECRET_CHARS) return secret;
  throw new RangeError(
    `${name} must hold at least ${MIN_SECRET_CHARS} characters, not ${secret.length}`,
  );
}

/**
 * Takes the name of a room, with or without `#`; returns the id and the name.
 *
 * @throws {RangeError} with one line that names where it came from.
 */
export function checkedRoomName(option: string, name: unknown): [id: string, name: string] {
  const text = typeof name === "string" ? name.replace(/^#/, "") : "";
  const id = normalizeRoomId(`#${text}`);
  if (isRoomName(id)) return [id, text];
  throw new RangeError(
    `${option} must be a name of at most 64 letters, digits, - and _, not ${shown(name)}`,
  );
}

/**
 * Takes the path of the WebSocket, if requests can have it.
 *
 * @throws {RangeError} with one line that names where it came from.
 */
export function checkedPath(name: string, path: string): string {
  if (typeof path !== "string") throw new RangeError(`${name} must be a path, not ${shown(path)}`);
  if (path === "/healthz") {
    throw new RangeError(`${name} must not be /healthz, which says how the chat is`);
  }
  if (path === URL.parse(path, "http://localhost")?.pathname) return path;
  throw new RangeError(
    `${name} must be the path of a URL as it is sent, like /chat, not ${shown(path)}`,
  );
}

/**
 * Takes an address or a network.
 *
 * @throws {RangeError} with one line that names where it came from.
 */
export function checkedNetwork(name: string, text: unknown): Network {
  const network = typeof text === "string" ? parseNetwork(text) : undefined;
  if (network !== undefined) return network;
  throw new RangeError(
    `${name} must be an address or a network, like 10.0.0.0/8, not ${shown(text)}`,
  );
}
