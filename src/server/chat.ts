/**
 * A chat as a part of a program of yours: a request handler, which upgrades requests to WebSockets.
 *
 * Alone, as the module of `deno serve`:
 *
 * ```ts
 * import { createChat } from "jsr:@parley/chat/mount";
 *
 * export default createChat();
 * ```
 *
 * Beside other routes, with a goodbye to everybody at the end:
 *
 * ```ts
 * import { createChat } from "jsr:@parley/chat/mount";
 *
 * const chat = createChat({ path: "/chat" });
 * const server = Deno.serve((request, info) =>
 *   URL.parse(request.url)?.pathname === "/" ? new Response("Hello") : chat.fetch(request, info)
 * );
 * for (const signal of ["SIGINT", "SIGTERM"] as const) {
 *   Deno.addSignalListener(signal, async () => {
 *     setTimeout(() => Deno.exit(), 5_000); // an answer of the app that has no end holds shutdown up
 *     await chat.close();
 *     await server.shutdown();
 *     Deno.exit();
 *   });
 * }
 * ```
 *
 * In an app of a framework, with the request as the runtime made it:
 * `app.all("/chat", (c) => chat.fetch(c.req.raw, c.env))` for Hono. The same for `/healthz`, which is at the
 * root whatever `path` is, says how the chat is.
 *
 * Rooms are in the memory of the process, unless `store` is what `sqlite` of `./sqlite` or `nats` of
 * `./nats` returns.
 *
 * @module
 */

import type {
  Actor,
  Authenticate,
  Authorize,
  HelloRequest,
} from "../core/authority/authenticate.ts";
import type { ChatLimits } from "../core/state/options.ts";
import { count } from "../core/state/metrics.ts";
import { shown } from "../core/state/option_checks.ts";
import type { OpenStore } from "../core/store/store.ts";
import type { Proof } from "../core/authority/proof.ts";
import type { Role } from "../protocol/roles.ts";
import { reasonOf } from "../protocol/errors.ts";
import { type Entry, type GapFrame, type MemberInfo, SUBPROTOCOL } from "../protocol/frames.ts";
import { Admission, ENDING } from "./admission/admission.ts";
import { type ChatOptions, checkedChatOptions } from "./chat_options.ts";
import { Engine } from "./engine.ts";
import { revealInside } from "./inside.ts";
import type { Fields, Logger } from "./logging/logger.ts";
import { LogReaders } from "./log_readers.ts";
import { type EventOptions, eventsIn } from "./log_reading.ts";
import type { HostRoom, Said, SayOptions } from "./voice.ts";
import { pageResponse } from "./page.ts";

export type { Actor, Authenticate, Authorize, HelloRequest, Proof, Role };
export type { Entry, EventOptions, GapFrame, HostRoom, MemberInfo, Said, SayOptions };
export type { ChatLimits, ChatOptions, Fields, Logger, OpenStore };

/** The most rooms that a program hears of at once, counted once for each time. */
const MOST_READERS = 10_000;

/** A chat: a request handler, and what it has to say to the program around it. */
export interface Chat {
  /**
   * Answers a request; it never throws. It needs no `this`, so that it can be given to whatever wants a
   * handler. `info` is what the runtime gives with a request: of it the address is looked at, for the
   * limits of addresses, which do not hold without it.
   *
   * The path of the URL has to be the `path` of the chat, wherever it is mounted. A request for a
   * WebSocket is upgraded there: it must be the very one that the runtime has made, as the
   * WebSocket of a copy (`new Request(request)`, or what `mount` of Hono hands on) never opens. One
   * that breaks the rules of WebSockets gets 400 or 426, and 503 while the chat is full or closed. To a
   * request that is none, the answer is the chat's page for a browser, with its script and style at
   * the same path behind `?`, and 426 for anything else.
   *
   * `/healthz`, whatever `path` is, answers 200, or 503 while nothing can be stored and once the chat
   * closes. Other paths get 404, and what cannot be read 400.
   */
  fetch(request: Request, info?: unknown): Response;
  /** Does what `fetch` does. */
  (request: Request, info?: unknown): Response;
  /** The number of connections, and of rooms that are open now: the store may keep more. */
  readonly size: { connections: number; rooms: number };
  /** The reason why nothing can be stored right now, in words; undefined where it can. */
  readonly failure: string | undefined;
  /** `true` once it has begun to close, for good. */
  readonly closing: boolean;
  /**
   * Makes a room, with nobody in it; with a `roomId` like `#lobby` a named one. Rejects with a ChatError
   * where the name will not do, or there is no place for another room: with `room_exists` where there
   * is one of that id.
   */
  createRoom(name: string, roomId?: string): Promise<HostRoom>;
  /**
   * Says something in a room, under the name `as`, without being in it. Resolves when it is stored.
   * With a `key` it is stored once, however often it is said. Rejects with a ChatError where it is
   * not stored: `room_not_found`, `invalid_frame` also where the key was used for something else, and
   * `unavailable` where nobody knows: then say it again with its key.
   */
  publish(roomId: string, body: string, options?: SayOptions): Promise<Said>;
  /** Lists the rooms that are open here by their ids, at most `limit` behind the id `after`. */
  rooms(after?: string, limit?: number): HostRoom[];
  /** Lists the people in a room; rejects with `room_not_found` where there is none. */
  members(roomId: string): Promise<MemberInfo[]>;
  /**
   * Lets what is said in a room come as it is stored, with all that happens there: entries as they are
   * on the wire, and a `gap` where some were gone before they were taken. It begins behind the `seq`
   * `after`, or with what is said from now on, and ends when the room is deleted or the chat closes.
   * A program that takes them slowly holds nobody up. Throws a ChatError at the first step where there
   * is no such room, or it has another log than that of `epoch`.
   *
   * ```ts
   * import { createChat } from "jsr:@parley/chat/mount";
   *
   * const chat = createChat();
   * const { roomId } = await chat.createRoom("Lobby");
   * for await (const entry of chat.events(roomId)) {
   *   if ("body" in entry && entry.body === "ping") await chat.publish(roomId, "pong");
   * }
   * ```
   */
  events(roomId: string, options?: EventOptions): AsyncIterable<Entry | GapFrame>;
  /**
   * Deletes a room with its log, and says whether anybody had it open here. It is not made again
   * by those who were in it, as far as the store outlives the process.
   *
   * @throws {RangeError} where `roomId` is no string.
   */
  deleteRoom(roomId: string): boolean;
  /**
   * Ends the chat: says goodbye to every client and when to come back, closes with 1001, lets go of
   * the store, and resolves once they took it, or after `closeMs`. Requests for a WebSocket get 503
   * from then on. The server around it goes on until it is shut down; where that comes first, clients
   * are closed with 1001 too, and come back as after any cut. Never rejects, and may be repeated.
   */
  close(): Promise<void>;
}

/**
 * Makes a chat. Nothing runs before the first client comes, unless the store remembers some, and it
 * keeps no program alive, but for a store in NATS. Its rooms are those of this thread: the threads of
 * `deno serve --parallel` find each other's only in a store that they share.
 *
 * @throws {RangeError} that names the option that will not do and its value.
 * @throws {Error} that says why the store cannot be opened.
 */
export function createChat(options?: ChatOptions): Chat {
  const { path, logger, store, engine: settings, rules, frameAncestors } = checkedChatOptions(
    options,
  );
  const engine = new Engine(settings, logger, store);
  const { voice } = engine;
  let readersOfEvents: LogReaders | undefined;
  function readers(): LogReaders {
    if (readersOfEvents !== undefined) return readersOfEvents;
    const made = readersOfEvents = new LogReaders(MOST_READERS);
    engine.watchers.push(({ id }) => made.grown(id));
    return made;
  }
  const admission = new Admission(rules, settings, logger, () => engine.now);
  function chat(request: Request, info?: unknown): Response {
    // The runtime makes it of the Host header, in which anybody can say anything.
    const url = URL.parse(request.url);
    if (url === null) return new Response("Bad request: no such host\n", { status: 400 });
    if (url.pathname === "/healthz") return health(engine);
    if (url.pathname !== path) return new Response("Not found\n", { status: 404 });
    if (asksFor(request, "upgrade", "websocket")) return upgrade(request, info, engine, admission);
    const isPerson = asksFor(request, "accept", "text/html");
    const acceptsGzip = asksFor(request, "accept-encoding", "gzip");
    return pageResponse(url.search, isPerson, acceptsGzip, frameAncestors) ?? upgradeRequired();
  }
  function deleteRoom(roomId: string): boolean {
    if (typeof roomId === "string") return engine.deleteRoom(roomId);
    throw new RangeError(`roomId must be a string, not ${shown(roomId)}`);
  }
  const made = Object.defineProperties(chat, {
    fetch: { value: chat },
    size: { get: () => ({ connections: engine.connections, rooms: engine.rooms }) },
    failure: { get: () => engine.failure },
    closing: { get: () => engine.closing },
    createRoom: { value: (name: string, roomId?: string) => voice.createRoom(name, roomId) },
    publish: {
      value: (roomId: string, body: string, options?: SayOptions) =>
        voice.publish(roomId, body, options),
    },
    rooms: { value: (after?: string, limit?: number) => voice.rooms(after, limit) },
    members: { value: (roomId: string) => voice.members(roomId) },
    events: {
      value: (roomId: string, options: EventOptions = {}) =>
        eventsIn({ voice, readers: readers(), closing: () => engine.closing }, roomId, options),
    },
    deleteRoom: { value: deleteRoom },
    close: { value: () => engine.close() },
  }) as Chat;
  revealInside(made, {
    metrics: engine.metrics,
    voice,
    watchers: engine.watchers,
    allowOrigins: (origins) => admission.allowOrigins(origins),
    sendAllAway: (reason) => engine.sendAllAway(reason),
    get gauges() {
      return engine.gauges;
    },
  });
  return made;
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

function upgrade(
  request: Request,
  info: unknown,
  engine: Engine,
  admission: Admission,
): Response {
  // Of two Upgrade headers the runtime knows the first alone: where that names something else, it
  // reads the headers once more behind the upgrade, when they are gone, and answers nothing.
  request.headers.entries().next();
  const admitted = admission.judge(request, info, engine);
  if ("refusal" in admitted) {
    count(engine.metrics.refused, admitted.reason);
    return admitted.refusal;
  }
  const offered = request.headers.get("sec-websocket-protocol")?.split(",") ?? [];
  const v1 = offered.some((protocol) => protocol.trim() === SUBPROTOCOL);
  if (!v1 && engine.needsTokens) {
    const text =
      `This chat needs a token, which the plain protocol has no place for: ask for ${SUBPROTOCOL}\n`;
    return new Response(text, { status: 403 });
  }
  const asked = { url: request.url, headers: new Headers(request.headers) };
  try {
    // The runtime's pings cost a timer for each frame that comes in: whoever must say something
    // every heartbeat by the protocol is not asked for more (measured: 13 % in rooms of two).
    const { socket, response } = Deno.upgradeWebSocket(request, v1 ? { idleTimeout: 0 } : {});
    // By hand: the runtime takes lists for lists only where a space follows each comma.
    if (v1) response.headers.set("sec-websocket-protocol", SUBPROTOCOL);
    engine.accept(socket, v1 ? "v1" : "plain", admitted.quota, asked);
    return response;
  } catch (error) {
    // The runtime has rules of its own.
    count(engine.metrics.refused, "handshake");
    return new Response(`Bad WebSocket handshake: ${reasonOf(error)}\n`, { status: 400 });
  }
}
