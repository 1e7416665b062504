// deno-lint-ignore-file no-console -- the second half of this file is a program
/**
 * The chat server: a program to start, and a request handler to mount in a server
 * of your own.
 *
 * ```ts
 * import { createChat } from "jsr:@parley/chat/server";
 *
 * const chat = createChat({ path: "/chat" });
 * const server = Deno.serve((request) =>
 *   URL.parse(request.url)?.pathname === "/" ? new Response("Hello") : chat(request)
 * );
 * Deno.addSignalListener("SIGTERM", async () => {
 *   await chat.close();
 *   await server.shutdown();
 * });
 * ```
 *
 * @module
 */

import { fstatSync } from "node:fs";
import config from "./deno.json" with { type: "json" };
import type { Log, LogEntry, LogLimits, LogPart } from "./src/core/log.ts";
import type { MemoryBound, Shrinkable } from "./src/core/memory_bound.ts";
import {
  DEFAULTS,
  type EngineOptions,
  type HubOptions,
  type SocketLimits,
} from "./src/core/options.ts";
import type {
  OpenStore,
  Return,
  Store,
  StoredClient,
  StoredRoom,
  StoreEvents,
  StoreLimits,
  StoreOptions,
} from "./src/core/store.ts";
import {
  type ChatError,
  type ChatErrorOptions,
  type ErrorCode,
  reasonOf,
} from "./src/protocol/errors.ts";
import {
  type Draft,
  type MemberInfo,
  type MessageDraft,
  type PresenceDraft,
  type PresenceEntry,
  type PresenceEvent,
  SUBPROTOCOL,
} from "./src/protocol/frames.ts";
import type { Roster } from "./src/protocol/roster.ts";
import { chooseStore } from "./src/server/choose_store.ts";
import { Engine } from "./src/server/engine.ts";
import {
  checkedPath,
  checkedSecret,
  parseServerFlags,
  SERVER_HELP,
  type ServerSettings,
  VARIABLES,
} from "./src/server/flags.ts";
import { refusalOf } from "./src/server/handshake.ts";
import { createLogger, type Fields, type Logger } from "./src/server/logger.ts";
import { usualMemory } from "./src/server/machine.ts";
import { Ended, RequestLimit } from "./src/server/requests.ts";
import { START_PAGE } from "./src/server/start_page.ts";

export { chooseStore };
export type {
  ChatError,
  ChatErrorOptions,
  Draft,
  EngineOptions,
  ErrorCode,
  Fields,
  HubOptions,
  Log,
  LogEntry,
  Logger,
  LogLimits,
  LogPart,
  MemberInfo,
  MemoryBound,
  MessageDraft,
  OpenStore,
  PresenceDraft,
  PresenceEntry,
  PresenceEvent,
  Return,
  Roster,
  Shrinkable,
  SocketLimits,
  Store,
  StoredClient,
  StoredRoom,
  StoreEvents,
  StoreLimits,
  StoreOptions,
};

/** What {@linkcode createChat} can be told: every limit and time, and where it is reached. */
export interface ChatOptions extends Partial<EngineOptions> {
  /** The path of the WebSocket; `/` unless given. */
  path?: string;
  /** Takes the log; unless given, events of level `info` and above go to the console. */
  logger?: Logger;
  /** What keeps the logs: see {@linkcode chooseStore}. Unless given, the memory of this process. */
  store?: OpenStore;
}

/** A request handler that is a chat. */
export interface Chat {
  /**
   * Answers a request: upgrades on the chat's path; to what is no upgrade there, a page for a
   * browser and 426 for anything else; 200 on `/healthz`, or 503 while nothing can be stored; 404
   * elsewhere, 400 where it cannot be read. Never throws.
   */
  (request: Request): Response;
  /** The number of connections and of rooms. */
  readonly size: { connections: number; rooms: number };
  /** Why nothing can be stored right now, in words; undefined where it can. */
  readonly failure: string | undefined;
  /**
   * Deletes a room with its log, and says whether anybody had it open here. It is not made again
   * by those who were in it, as far as the store outlives the process.
   */
  deleteRoom(roomId: string): boolean;
  /** Says goodbye to every client, closes with 1001, and resolves once they took it, or after `closeMs`. */
  close(): Promise<void>;
}

/**
 * Makes a chat. Nothing runs before the first client comes, unless the store remembers some, and it
 * keeps no program alive. Its rooms are those of this thread: the threads of `deno serve --parallel`
 * find each other's only in a store that they share.
 *
 * @throws {RangeError} where no request can have the path; and what the store says where it cannot be opened.
 */
export function createChat(options: ChatOptions = {}): Chat {
  const { path: given = "/", logger = createLogger("info", "pretty"), store, ...rest } = options;
  const path = checkedPath("path", given);
  const engine = new Engine({ ...DEFAULTS, memoryBytes: usualMemory(), ...rest }, logger, store);
  function chat(request: Request): Response {
    // The runtime makes it of the Host header, in which anybody can say anything.
    const url = URL.parse(request.url);
    if (url === null) return new Response("Bad request: no such host\n", { status: 400 });
    if (url.pathname === "/healthz") return health(engine.failure);
    if (url.pathname !== path) return new Response("Not found\n", { status: 404 });
    if (asksFor(request, "upgrade", "websocket")) return upgrade(request, engine);
    return asksFor(request, "accept", "text/html") ? startPage() : upgradeRequired();
  }
  return Object.defineProperties(chat, {
    size: { get: () => ({ connections: engine.connections, rooms: engine.rooms }) },
    failure: { get: () => engine.failure },
    deleteRoom: { value: (roomId: string) => engine.deleteRoom(roomId) },
    close: { value: () => engine.close() },
  }) as Chat;
}

function health(failure: string | undefined): Response {
  if (failure === undefined) return new Response("ok\n");
  return new Response(`Nothing can be stored: ${failure}\n`, { status: 503 });
}

/** Says whether a header that is a list names `what`. */
function asksFor({ headers }: Request, header: string, what: string): boolean {
  const list = headers.get(header)?.toLowerCase().split(",") ?? [];
  return list.some((item) => item.split(";", 1)[0]?.trim() === what);
}

/** What a program hears that does not speak WebSocket. */
function upgradeRequired(): Response {
  return new Response("This is a WebSocket\n", {
    status: 426,
    headers: { upgrade: "websocket", connection: "upgrade", vary: "accept" },
  });
}

/** What a person sees who opens the address in a browser. */
function startPage(): Response {
  return new Response(START_PAGE, {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "x-content-type-options": "nosniff",
      "vary": "accept",
    },
  });
}

function upgrade(request: Request, engine: Engine): Response {
  // Of two Upgrade headers the runtime knows the first alone: where that names something else, it
  // reads the headers once more behind the upgrade, when they are gone, and answers nothing.
  request.headers.entries().next();
  const refusal = refusalOf(request);
  if (refusal !== undefined) return new Response(refusal.text, refusal);
  if (!engine.accepting) {
    return new Response("Full\n", { status: 503, headers: { "retry-after": "5" } });
  }
  const offered = request.headers.get("sec-websocket-protocol")?.split(",") ?? [];
  const v1 = offered.some((protocol) => protocol.trim() === SUBPROTOCOL);
  try {
    // The runtime's pings cost a timer for each frame that comes in: whoever must say something
    // every heartbeat by the protocol is not asked for more (measured: 13 % in rooms of two).
    const { socket, response } = Deno.upgradeWebSocket(request, v1 ? { idleTimeout: 0 } : {});
    // By hand: the runtime takes lists for lists only where a space follows each comma.
    if (v1) response.headers.set("sec-websocket-protocol", SUBPROTOCOL);
    engine.accept(socket, v1 ? "v1" : "plain");
    return response;
  } catch (error) {
    // The runtime has rules of its own.
    return new Response(`Bad WebSocket handshake: ${reasonOf(error)}\n`, { status: 400 });
  }
}

/** How long after a signal the process ends at the latest: less than the 5 s that are promised. */
const EXIT_MS = 4_000;

/** How long the process waits at its end for whoever reads its log, in milliseconds. */
const FLUSH_MS = 250;

/** How long a server waits before it listens again after the runtime gave up, in milliseconds. */
const RELISTEN_MS = 500;

/** How much memory that is free may stay with the process, at least, in bytes. */
const KEPT_BYTES = 8 * 1_048_576;

/**
 * Makes the C library keep what was freed. By itself it hands the end of its heap back to the
 * kernel whenever 128 KiB there are free, which in a busy room is in every turn, and each turn
 * pays for fresh pages (measured: 7.5 instead of 8.7 M deliveries for each CPU-second, one sender
 * and 100 members). Once a block has been freed that had a mapping of its own, it keeps twice the size
 * of that block (mallopt(3), M_MMAP_THRESHOLD); a block that nobody writes to costs nothing.
 */
function keepFreedMemory(): void {
  new ArrayBuffer(KEPT_BYTES).transfer(0);
}

async function main(): Promise<void> {
  try {
    const variables = Object.fromEntries(VARIABLES.map((name) => [name, env(name)]));
    const settings = parseServerFlags(Deno.args, variables);
    if (settings === "help") console.log(SERVER_HELP.trimEnd());
    else if (settings === "version") console.log(config.version);
    else {
      const { secretFile, store, engine } = settings;
      if (secretFile !== undefined) {
        engine.secret = checkedSecret("--secret-file", await Deno.readTextFile(secretFile));
      }
      run(settings, await chooseStore(store));
    }
  } catch (error) {
    console.error(reasonOf(error));
    Deno.exit(error instanceof RangeError ? 2 : 1);
  }
}

function env(name: string): string | undefined {
  return Deno.permissions.querySync({ name: "env", variable: name }).state === "granted"
    ? Deno.env.get(name)
    : undefined;
}

function run(
  { port, hostname, path, logLevel, logFormat, engine }: ServerSettings,
  store: OpenStore,
): void {
  keepFreedMemory();
  const logger = createLogger(logLevel, logFormat);
  const chat = createChat({ ...engine, path, logger, store });
  const requests = new RequestLimit();
  let stopping = false;

  function listen(): Deno.HttpServer {
    return Deno.serve({ port, hostname, onListen, onError }, (request, { remoteAddr }) => {
      const connection = `${remoteAddr.hostname} ${remoteAddr.port}`;
      return requests.refusalOf(request, connection, performance.now()) ?? chat(request);
    });
  }

  function onListen(address: Deno.NetAddr): void {
    // A free port, once found, is kept.
    port = address.port;
    const host = address.hostname.includes(":") ? `[${address.hostname}]` : address.hostname;
    const where = `ws://${host}:${port}${path === "/" ? "" : path}`;
    logger.say(`Parley ${config.version} listening on ${where}`);
  }

  function onError(error: unknown): Response {
    if (!(error instanceof Ended)) logger.error("request failed", { error: reasonOf(error) });
    return new Response("Internal error\n", { status: 500 });
  }

  async function stop(): Promise<void> {
    if (stopping) Deno.exit(130);
    stopping = true;
    // A peer that does not read can hold a shutdown up for ever.
    setTimeout(() => Deno.exit(0), EXIT_MS);
    await chat.close();
    await server.shutdown();
    await logger.flush(FLUSH_MS);
    Deno.exit(0);
  }

  /** Listens again each time the runtime gives up, which it does when file descriptors run out. */
  async function keepListening(): Promise<void> {
    while (!stopping) {
      const failure = await server.finished.then(() => undefined, reasonOf);
      if (stopping || failure === undefined) return;
      logger.error("listening failed", { error: failure });
      await new Promise((resolve) => setTimeout(resolve, RELISTEN_MS));
      try {
        server = listen();
      } catch (error) {
        logger.error("listening failed", { error: reasonOf(error) });
      }
    }
  }

  /**
   * The terminal is gone. Whoever let the output go to a file wants the server to outlive that, or
   * is rotating logs: nohup(1) has the signal ignored, which ends where somebody listens to it.
   */
  function hangUp(): void {
    if (fstatSync(1).isFile()) logger.info("hangup ignored");
    // A shell that ends may say it twice, and is in no hurry.
    else if (!stopping) stop();
  }

  // Early: the runtime can only listen again if a signal listener was there before it failed.
  Deno.addSignalListener("SIGINT", stop);
  Deno.addSignalListener("SIGHUP", hangUp);
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", stop);
  for (const kind of ["error", "unhandledrejection"] as const) {
    globalThis.addEventListener(kind, (event) => {
      event.preventDefault();
      logger.error("unhandled", {
        error: reasonOf("reason" in event ? event.reason : event.error),
      });
    });
  }

  let server: Deno.HttpServer;
  try {
    server = listen();
  } catch (error) {
    const reason = error instanceof Deno.errors.AddrInUse ? "it is in use" : reasonOf(error);
    console.error(`Cannot listen on ${hostname}:${port}: ${reason}`);
    Deno.exit(1);
  }
  keepListening();
}

if (import.meta.main) main();
