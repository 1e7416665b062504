/**
 * A chat as a request handler: what it answers over HTTP, and how a request becomes a WebSocket.
 *
 * @module
 */

import { DEFAULTS, type EngineOptions } from "../core/options.ts";
import type { OpenStore } from "../core/store.ts";
import { reasonOf } from "../protocol/errors.ts";
import { SUBPROTOCOL } from "../protocol/frames.ts";
import { Engine } from "./engine.ts";
import { refusalOf } from "./handshake.ts";
import { createLogger, type Logger } from "./logger.ts";
import { usualMemory } from "./machine.ts";
import { START_PAGE } from "./start_page.ts";

/** The answer of a chat that has begun to close. */
const ENDING = "Going away\n";

/** Settings of {@linkcode createChat}: every limit and time, and where it is reached. */
export interface ChatOptions extends Partial<EngineOptions> {
  /** The path of the WebSocket; `/` unless given. */
  path?: string;
  /** Takes the log; unless given, events of level `info` and above go to the console. */
  logger?: Logger;
  /** The store that keeps the logs: see {@linkcode chooseStore}. Unless given, the memory of this process. */
  store?: OpenStore;
}

/** A request handler that is a chat. */
export interface Chat {
  /**
   * Answers a request: upgrades on the chat's path; to what is no upgrade there, a page for a
   * browser and 426 for anything else; 200 on `/healthz`, or 503 while nothing can be stored and
   * once it closes; 404 elsewhere, 400 where it cannot be read. Never throws.
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
    if (url.pathname === "/healthz") return health(engine);
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

function health({ closing, failure }: Engine): Response {
  if (closing) return new Response(ENDING, { status: 503 });
  if (failure === undefined) return new Response("ok\n");
  return new Response(`Nothing can be stored: ${failure}\n`, { status: 503 });
}

/** Says whether a header that is a list names `what`. */
function asksFor({ headers }: Request, header: string, what: string): boolean {
  const list = headers.get(header)?.toLowerCase().split(",") ?? [];
  return list.some((item) => item.split(";", 1)[0]?.trim() === what);
}

/** The answer to a program that does not speak WebSocket. */
function upgradeRequired(): Response {
  return new Response("This is a WebSocket\n", {
    status: 426,
    headers: { upgrade: "websocket", connection: "upgrade", vary: "accept" },
  });
}

/** The answer to a person who opens the address in a browser. */
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
    // Another server comes sooner than somebody goes.
    const [text, seconds] = engine.closing ? [ENDING, "1"] : ["Full\n", "5"];
    return new Response(text, { status: 503, headers: { "retry-after": seconds } });
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

/**
 * Takes the path of the WebSocket, if requests can have it.
 *
 * @throws {RangeError} with one line that names where it came from.
 */
export function checkedPath(name: string, path: string): string {
  const written = URL.parse(path, "http://localhost")?.pathname;
  if (path === written && path !== "/healthz") return path;
  throw new RangeError(
    `${name} must be the path of a URL as it is sent, like /chat, and not /healthz: ${path}`,
  );
}
