/**
 * The port for those who run a chat: what it answers is not for strangers, so that it listens on
 * loopback unless somebody says otherwise.
 *
 * @module
 */

import type { Chat } from "../server/chat.ts";
import { type Inside, insideOf } from "../server/inside.ts";
import { API_PATH, createApi } from "./api.ts";
import { expose, formatFor, FORMATS } from "./exposition.ts";
import { HOOKS_PATH, IncomingWebhooks } from "./incoming.ts";
import type { MetricsReading } from "./families.ts";
import { RoomActivity } from "./room_activity.ts";
import { RoomStreams } from "./stream.ts";
import { instrument, type Meter, runtimeMeter } from "./telemetry.ts";
import { usageNow } from "./usage.ts";

/** A chat as the port for operators sees it. */
export type Operated = Pick<Chat, "closing" | "deleteRoom" | "failure" | "fetch" | "size">;

/** The answer to `GET /readyz`. */
export type Readiness =
  | { ready: true }
  /** It drains: send newcomers elsewhere, for good. Or nothing can be stored for now, as the message says. */
  | { ready: false; code: "draining" | "unavailable"; message: string };

/** Facts that a chat does not know of itself. */
export interface OpsOptions {
  /** The version of the program around it. */
  readonly version: string;
  /** The kind of its store: `memory`, `sqlite` or `nats`, as no address is to be shown. */
  readonly store: string;
  /** The token of the HTTP API. Without it, and where no token proves anything, there is no API. */
  readonly apiToken?: string;
  /** The most readers of streams that wait at once; 10,000 unless given. */
  readonly mostReaders?: number;
  /** Notes a fault of the program. */
  failed?(error: unknown): void;
}

/** Says whether newcomers may be sent to a chat. */
export function readinessOf({ closing, failure }: Pick<Chat, "closing" | "failure">): Readiness {
  if (closing) return { ready: false, code: "draining", message: "The server is going away" };
  if (failure === undefined) return { ready: true };
  return { ready: false, code: "unavailable", message: `Nothing can be stored: ${failure}` };
}

/**
 * Makes the handler of that port. It never throws.
 *
 * - `GET /healthz` answers as the chat's own port does.
 * - `GET /readyz` answers 200, or 503 with the reason as JSON.
 * - `GET /metrics` answers with all numbers, in the format that `Accept` asks for.
 * - `/api/v1` is the HTTP API, where there are tokens for it, and `/hooks` has the webhooks into rooms,
 *   where there is one from a file.
 */
export function createOps(
  chat: Operated,
  options: OpsOptions,
): (request: Request) => Response | Promise<Response> {
  const inside = insideOf(chat);
  const answers: Record<string, (request: Request) => Response> = {
    "/healthz": (request) => chat.fetch(request),
    "/readyz": () => ready(chat),
    ...inside === undefined ? {} : {
      "/metrics": (request) => metrics(readingOf(inside, options), request),
    },
  };
  const incoming = inside && incomingOf(inside, options);
  const api = inside && apiOf(chat, inside, incoming, options);
  return (request) => {
    const url = URL.parse(request.url);
    if (url === null) return new Response("Bad request: no such host\n", { status: 400 });
    if (api !== undefined && url.pathname.startsWith(`${API_PATH}/`)) return api(request, url);
    if (incoming !== undefined && url.pathname.startsWith(`${HOOKS_PATH}/`)) {
      return incoming.answer(request, url);
    }
    const answer = Object.hasOwn(answers, url.pathname) ? answers[url.pathname] : undefined;
    if (answer === undefined) return new Response("Not found\n", { status: 404 });
    if (request.method === "GET" || request.method === "HEAD") return answer(request);
    return new Response("Only GET is answered here\n", {
      status: 405,
      headers: { allow: "GET, HEAD" },
    });
  };
}

function ready(chat: Operated): Response {
  const readiness = readinessOf(chat);
  return Response.json(readiness, {
    status: readiness.ready ? 200 : 503,
    headers: { "cache-control": "no-store" },
  });
}

/** Hands the numbers of a chat to the exporter of the runtime, where that is on. */
export function exportMetrics(
  chat: Operated,
  options: OpsOptions,
  meter: Meter | undefined = runtimeMeter(),
): void {
  const inside = insideOf(chat);
  if (meter !== undefined && inside !== undefined) {
    instrument(meter, () => readingOf(inside, options));
  }
}

/** Reads the numbers of a chat as they are now. Those that are looked up are so when they are asked for. */
function readingOf(inside: Inside, { version, store }: OpsOptions): MetricsReading {
  let gauges: MetricsReading["gauges"] | undefined;
  let usage: MetricsReading["usage"] | undefined;
  return {
    metrics: inside.metrics,
    get gauges() {
      return gauges ??= inside.gauges;
    },
    get usage() {
      return usage ??= usageNow();
    },
    build: { version, deno: Deno.version.deno, store },
  };
}

function metrics(reading: MetricsReading, { headers }: Request): Response {
  const format = formatFor(headers.get("accept"));
  return new Response(expose(reading, format), {
    headers: { "content-type": FORMATS[format], "vary": "accept" },
  });
}

function apiOf(
  chat: Operated,
  inside: Inside,
  incoming: IncomingWebhooks | undefined,
  options: OpsOptions,
): ReturnType<typeof createApi> | undefined {
  const { voice, watchers } = inside;
  const { version, store, mostReaders = 10_000, failed = () => {} } = options;
  if (options.apiToken === undefined && voice.prove === undefined) return undefined;
  const closing = () => chat.closing;
  const activity = new RoomActivity(inside, () => performance.now());
  return createApi(voice, {
    activity: (limit) => activity.look(limit),
    incoming,
    // It may change while the server runs.
    get token() {
      return options.apiToken;
    },
    streams: new RoomStreams({ voice, mostReaders, closing }, watchers),
    info: () => ({ version, deno: Deno.version.deno, store, ...chat.size, ...readinessOf(chat) }),
    deleteRoom: (roomId) => chat.deleteRoom(roomId),
    failed,
  });
}

function incomingOf({ voice }: Inside, options: OpsOptions): IncomingWebhooks | undefined {
  if (options.apiToken === undefined) return undefined;
  return new IncomingWebhooks({
    voice,
    token: () => options.apiToken!,
    failed: (error) => options.failed?.(error),
    now: () => performance.now(),
  });
}
