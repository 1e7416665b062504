/**
 * The HTTP API for backends: rooms, what is said there, and who is in them. `docs/openapi.json`
 * describes it. A word that comes over it is that of a client that says one thing: see
 * `src/core/host.ts`.
 *
 * @module
 */

import { sameSecret } from "../core/authority/ids.ts";
import { principalOf } from "../core/authority/proof.ts";
import { ChatError } from "../protocol/errors.ts";
import { isFields, type RawFields } from "../protocol/fields.ts";
import type { SuccessFrame } from "../protocol/frames.ts";
import { DEFAULT_SETTINGS } from "../protocol/roles.ts";
import type { ProvenReader } from "../server/proven_reader.ts";
import type { HostRoom, Voice } from "../server/voice.ts";
import { MOST_LISTED } from "../server/voice.ts";
import { jsonOf } from "./bodies.ts";
import type { IncomingWebhooks } from "./incoming.ts";
import { HttpError, problemOf } from "./problem.ts";
import type { Activity } from "./room_activity.ts";
import type { RoomStreams } from "./stream.ts";

/** The path that all of the API is under. */
export const API_PATH = "/api/v1";

/** The longest reason for the end of a connection: it has to fit into a close frame. */
const MAX_REASON_CHARS = 40;

/** Settings of an API. */
export interface ApiOptions {
  /** A token that requests may bring; all others have to prove that somebody is an admin. */
  readonly token: string | undefined;
  /** Facts about the server, for `GET /info`. */
  info(): Record<string, unknown>;
  /** Looks at the busiest rooms. */
  activity(limit: number): Activity;
  /** The webhooks into rooms; undefined where nothing is there to sign their URLs with. */
  readonly incoming: IncomingWebhooks | undefined;
  /** The logs of rooms as streams. */
  readonly streams: RoomStreams;
  /** Deletes a room, and says whether it was open. */
  deleteRoom(roomId: string): boolean;
  /** Notes a fault of the program. */
  failed(error: unknown): void;
}

/** A request whose path is known. */
interface Call {
  readonly request: Request;
  readonly query: URLSearchParams;
  /** The id of the room in the path; empty where there is none. */
  readonly roomId: string;
  /** The member or link in the path; empty where there is none. */
  readonly item: string;
  /** Who asks, where that is somebody who may read some rooms only. */
  readonly reader: ProvenReader | undefined;
  readonly voice: Voice;
  readonly options: ApiOptions;
}

type Handler = (call: Call) => Response | Promise<Response>;

/** All routes: the method, and the path with a place for the id of a room. */
export const ROUTES: Readonly<Record<string, Handler>> = {
  "GET /info": ({ options }) => Response.json(options.info()),
  "GET /activity": ({ query, options }) => {
    const limit = numberIn(query, "limit", 1, MOST_LISTED) ?? 20;
    return Response.json(options.activity(limit));
  },
  "GET /rooms": ({ query, voice }) => {
    const limit = numberIn(query, "limit", 1, MOST_LISTED) ?? 100;
    const rooms = voice.rooms(query.get("after") ?? "", limit);
    return Response.json({ rooms: rooms.map(roomOf) });
  },
  "POST /rooms": async ({ request, voice }) => {
    const { name } = await bodyOf(request);
    const room = await voice.createRoom(textIn("name", name));
    return Response.json(roomOf(room), {
      status: 201,
      headers: { location: `${API_PATH}/rooms/${encodeURIComponent(room.roomId)}` },
    });
  },
  "GET /rooms/{id}": async ({ voice, roomId }) =>
    Response.json(roomOf(await voice.describe(roomId))),
  "DELETE /rooms/{id}": async ({ voice, roomId, options }) => {
    const room = await voice.room(roomId);
    options.deleteRoom(room.id);
    return new Response(null, { status: 204 });
  },
  "GET /rooms/{id}/members": async ({ voice, roomId }) =>
    Response.json({ members: await voice.members(roomId) }),
  "GET /rooms/{id}/entries": async ({ voice, roomId, query }) => {
    const before = numberIn(query, "before", 0, Number.MAX_SAFE_INTEGER);
    const after = numberIn(query, "after", 0, Number.MAX_SAFE_INTEGER);
    const limit = numberIn(query, "limit", 1, MOST_LISTED);
    if (before !== undefined && after !== undefined) {
      throw new ChatError("invalid_frame", "before and after cannot both be given");
    }
    const page = await voice.entries(roomId, {
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
      ...(limit === undefined ? {} : { limit }),
    });
    return Response.json(page);
  },
  "POST /rooms/{id}/messages": async ({ request, voice, roomId }) => {
    const key = request.headers.get("idempotency-key") ?? undefined;
    const { body, as } = await bodyOf(request);
    const said = await voice.publish(roomId, textIn("body", body), {
      ...(key === undefined ? {} : { key }),
      ...(as === undefined ? {} : { as: textIn("as", as) }),
    });
    return Response.json(said, { status: said.duplicate ? 200 : 201 });
  },
  "PATCH /rooms/{id}": async ({ request, voice, roomId }) =>
    done(await voice.acts.moderate(roomId, "room", await bodyOf(request))),
  "DELETE /rooms/{id}/members/{member}": async ({ query, voice, roomId, item }) => {
    const reason = query.get("reason");
    const why = reason === null ? {} : { reason };
    return done(await voice.acts.moderate(roomId, "kick", { to: item, ...why }));
  },
  "GET /rooms/{id}/roles": async ({ voice, roomId }) => {
    const { charter } = await voice.room(roomId);
    return Response.json({
      roles: charter?.roles(Date.now()) ?? [],
      settings: charter?.settings ?? DEFAULT_SETTINGS,
    });
  },
  "POST /rooms/{id}/roles": async ({ request, voice, roomId }) =>
    done(await voice.acts.moderate(roomId, "role", await bodyOf(request))),
  "GET /rooms/{id}/links": async ({ voice, roomId }) => {
    const { links = [] } = await voice.acts.moderate(roomId, "links");
    return Response.json({ links });
  },
  "POST /rooms/{id}/links": async ({ request, voice, roomId }) => {
    const { id, link, seq } = await voice.acts.moderate(roomId, "link", await bodyOf(request));
    return Response.json({ id, link, seq }, { status: 201 });
  },
  "DELETE /rooms/{id}/links/{link}": async ({ voice, roomId, item }) =>
    done(await voice.acts.moderate(roomId, "unlink", { id: item })),
  "POST /revoke": async ({ request, voice }) => {
    const { sub, issued_before } = await bodyOf(request);
    return Response.json({ issued_before: await voice.acts.revoke(sub, issued_before) });
  },
  "POST /disconnect": async ({ request, voice }) => {
    const { client_id, sub, reason = "Ended by an operator" } = await bodyOf(request);
    if ((client_id === undefined) === (sub === undefined)) {
      throw new ChatError("invalid_frame", "One of client_id and sub must be given");
    }
    const who = client_id === undefined
      ? { sub: textIn("sub", sub) }
      : { clientId: textIn("client_id", client_id) };
    const why = textIn("reason", reason);
    if (why.length > MAX_REASON_CHARS) {
      throw new ChatError("invalid_frame", `reason has at most ${MAX_REASON_CHARS} characters`);
    }
    return Response.json({ disconnected: voice.acts.disconnect(who, why) });
  },
  "POST /rooms/{id}/hooks": async ({ request, roomId, options, voice }) => {
    const { incoming } = options;
    if (incoming === undefined) {
      throw new ChatError("invalid_action", "Webhooks into rooms need --api-token-file");
    }
    const { as } = await bodyOf(request);
    const path = await incoming.make(roomId, voice.checkedName(textIn("as", as)));
    return Response.json({ path }, { status: 201, headers: { location: path } });
  },
  "GET /rooms/{id}/stream": ({ request, query, roomId, options, reader }) =>
    options.streams.get(roomId, query, request, reader),
  "HEAD /rooms/{id}/stream": ({ roomId, options, reader }) => options.streams.head(roomId, reader),
  "POST /rooms/{id}/stream": ({ request, roomId, options }) =>
    options.streams.post(roomId, request),
};

/** The routes that are for people with a token of their own as well. */
const FOR_PEOPLE: ReadonlySet<string> = new Set([
  "GET /rooms/{id}/stream",
  "HEAD /rooms/{id}/stream",
]);

/** Makes the handler of the API; it never rejects. */
export function createApi(
  voice: Voice,
  options: ApiOptions,
): (request: Request, url: URL) => Promise<Response> {
  return async (request, url) => {
    try {
      const reader = await readerOf(request, options.token, voice);
      const path = url.pathname.slice(API_PATH.length);
      const { route, roomId, item } = routeOf(request.method, path);
      if (reader !== undefined && !FOR_PEOPLE.has(route)) {
        throw new ChatError("forbidden", "This token does not have the scope admin");
      }
      const query = url.searchParams;
      const call = { request, query, roomId, item, reader, voice, options };
      return guarded(await ROUTES[route]!(call));
    } catch (error) {
      if (!(error instanceof ChatError)) options.failed(error);
      return guarded(problemOf(error));
    } finally {
      // What nobody has read would stay in the connection.
      request.body?.cancel().catch(() => {});
    }
  };
}

/** Keeps browsers from taking an answer for something else than it says that it is. */
function guarded(answer: Response): Response {
  answer.headers.set("x-content-type-options", "nosniff");
  return answer;
}

/**
 * Finds out who makes a request: undefined where it brings the token of the API, or one with the scope
 * `admin`.
 *
 * @throws {ChatError} where it brings none that is good.
 */
async function readerOf(
  request: Request,
  token: string | undefined,
  voice: Pick<Voice, "prove" | "readerOf">,
): Promise<ProvenReader | undefined> {
  const given = request.headers.get("authorization");
  if (given === null) throw new ChatError("token_required", "Authorization: Bearer is missing");
  const [, brought = ""] = /^Bearer +(\S+)$/i.exec(given) ?? [];
  if (token !== undefined && sameSecret(brought, token)) return undefined;
  const proof = brought === "" ? undefined : await voice.prove?.(request, brought);
  if (proof === undefined) throw new ChatError("token_invalid", "This token is not known here");
  return principalOf(proof).grants?.admin ? undefined : voice.readerOf(proof);
}

/** The names of what is in a room, by the part of a path that stands before it. */
const ITEMS: Readonly<Record<string, string>> = { "/members": "member", "/links": "link" };

function routeOf(
  method: string,
  path: string,
): { route: string; roomId: string; item: string } {
  const [, id = "", rest = "", item = ""] =
    /^\/rooms\/([^/]+)(\/[a-z]+)?(?:\/([^/]+))?$/.exec(path) ?? [];
  const last = item === "" ? "" : `/{${ITEMS[rest] ?? "?"}}`;
  const pattern = id === "" ? path : `/rooms/{id}${rest}${last}`;
  const route = `${method} ${pattern}`;
  if (Object.hasOwn(ROUTES, route)) return { route, roomId: decoded(id), item: decoded(item) };
  const methods = Object.keys(ROUTES).filter((route) => route.endsWith(` ${pattern}`))
    .map((route) => route.split(" ", 1)[0]!);
  if (methods.length === 0) throw new ChatError("invalid_action", `There is nothing at ${path}`);
  throw new HttpError(405, "invalid_action", `${method} is not for ${path}`, {
    allow: methods.join(", "),
  });
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    throw new ChatError("invalid_frame", `${id} is no id`);
  }
}

/** Reads a body as a JSON object, as long as it is not too long. */
async function bodyOf(request: Request): Promise<RawFields> {
  const body = await jsonOf(request, 415);
  if (isFields(body)) return body;
  throw new ChatError("invalid_json", "The body must be a JSON object");
}

function textIn(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw new ChatError("invalid_frame", `${name} must be a string, not ${JSON.stringify(value)}`);
}

function numberIn(
  query: URLSearchParams,
  name: string,
  least: number,
  most: number,
): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const number = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (number >= least && number <= most) return number;
  const shown = JSON.stringify(text.slice(0, 40));
  throw new ChatError("invalid_frame", `${name} must be from ${least} to ${most}, not ${shown}`);
}

/** The answer to moderation that is in the log. */
function done({ seq }: SuccessFrame): Response {
  return Response.json({ seq });
}

/** A room as it is in answers. */
function roomOf({ roomId, name, epoch, head, members }: HostRoom) {
  return { room_id: roomId, name, epoch, seq: head, members };
}
