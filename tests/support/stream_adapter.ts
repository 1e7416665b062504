/**
 * Stands between the conformance suite of Durable Streams and a server: the suite makes streams where
 * a server has rooms, and puts values of its own into them. The adapter makes a room for each stream
 * (`PUT`), deletes it (`DELETE`), adds the token, and puts the values of the suite into messages: JSON
 * into their `data`, text into their `body`. All else, every status and every header, is the server's.
 *
 * @module
 */

/** A room that the suite takes for a stream. */
interface Adapted {
  readonly roomId: string;
  readonly type: string;
}

/** An entry, as far as the suite put something into it. */
interface Carried {
  event?: string;
  body?: string;
  data?: unknown;
}

/** The kind of a content type, without its parameters. */
function kindOf(type: string | null): string {
  return (type ?? "").split(";", 1)[0]!.trim().toLowerCase();
}

/** Listens on a free port, and adapts what comes to the API at `api`. */
export function adaptStreams(api: string, token: string): Deno.HttpServer<Deno.NetAddr> {
  const rooms = new Map<string, Adapted>();
  const bearer = { authorization: `Bearer ${token}` };

  async function make(path: string, request: Request): Promise<Response> {
    const type = request.headers.get("content-type") ?? "text/plain";
    const known = rooms.get(path);
    if (known !== undefined) {
      const status = kindOf(known.type) === kindOf(type) ? 200 : 409;
      return new Response(null, { status, headers: await tailOf(known) });
    }
    const made = await fetch(`${api}/rooms`, {
      method: "POST",
      headers: { ...bearer, "content-type": "application/json" },
      body: JSON.stringify({ name: "Stream" }),
    });
    const room: Adapted = { roomId: (await made.json()).room_id, type };
    rooms.set(path, room);
    const body = await request.bytes();
    if (body.length > 0 && !(body.length === 2 && new TextDecoder().decode(body) === "[]")) {
      const headers = { "content-type": type };
      const added = await post(room, new Request(request.url, { method: "POST", headers, body }));
      await added.body?.cancel();
    }
    return new Response(null, {
      status: 201,
      headers: { ...await tailOf(room), location: request.url },
    });
  }

  async function tailOf({ roomId, type }: Adapted): Promise<Record<string, string>> {
    const { headers } = await fetch(`${api}/rooms/${roomId}/stream`, {
      method: "HEAD",
      headers: bearer,
    });
    return {
      "content-type": type,
      "stream-next-offset": headers.get("stream-next-offset") ?? "",
      "x-content-type-options": headers.get("x-content-type-options") ?? "",
    };
  }

  /** Hands a request on; its values become messages where they are of the stream's own type. */
  async function post(room: Adapted, request: Request): Promise<Response> {
    const headers = new Headers(request.headers);
    headers.set("authorization", bearer.authorization);
    headers.delete("content-length");
    const given = headers.get("content-type");
    let body = charactersOf(await request.bytes());
    const isOwn = kindOf(given) === kindOf(room.type);
    if (given !== null) headers.set("content-type", isOwn ? "application/json" : "text/other");
    if (isOwn && body !== "") body = messagesOf(room, body);
    return await fetch(`${api}/rooms/${room.roomId}/stream`, {
      method: "POST",
      headers,
      // Of a text, `fetch` would say that it is one.
      body: isOwn && body !== "" ? new TextEncoder().encode(body) : bytesOf(body),
    });
  }

  async function read(room: Adapted, request: Request): Promise<Response> {
    const headers = new Headers(request.headers);
    headers.set("authorization", bearer.authorization);
    const { search } = new URL(request.url);
    const answer = await fetch(`${api}/rooms/${room.roomId}/stream${search}`, {
      method: request.method,
      headers,
    });
    const out = new Headers(answer.headers);
    if (!answer.ok || request.method === "HEAD" || answer.status === 204) {
      if (answer.ok && answer.status !== 204) out.set("content-type", room.type);
      return new Response(answer.body, { status: answer.status, headers: out });
    }
    if (kindOf(out.get("content-type")) === "text/event-stream") {
      const events = answer.body!.pipeThrough(new TextDecoderStream())
        .pipeThrough(linesWith((line) => dataOf(room, line)))
        .pipeThrough(new TextEncoderStream());
      return new Response(events, { status: answer.status, headers: out });
    }
    out.set("content-type", room.type);
    out.delete("content-length");
    const text = valuesOf(room, await answer.json());
    const body = isText(room) ? text : bytesOf(text);
    return new Response(body, { status: answer.status, headers: out });
  }

  return Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const path = new URL(request.url).pathname;
    if (request.method === "PUT") return await make(path, request);
    const room = rooms.get(path) ?? { roomId: "nowhere", type: "text/plain" };
    if (request.method === "POST") return await post(room, request);
    if (request.method !== "DELETE") return await read(room, request);
    rooms.delete(path);
    return await fetch(`${api}/rooms/${room.roomId}`, { method: "DELETE", headers: bearer });
  });
}

/** Bytes as characters, one each. */
function charactersOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

function bytesOf(characters: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(characters, (unit) => unit.charCodeAt(0));
}

function isText({ type }: Adapted): boolean {
  return /^text\/|^application\/json$/.test(kindOf(type));
}

function messagesOf(room: Adapted, characters: string): string {
  const { type } = room;
  const body = isText(room) ? new TextDecoder().decode(bytesOf(characters)) : characters;
  if (kindOf(type) !== "application/json") return JSON.stringify({ body });
  try {
    const value: unknown = JSON.parse(body);
    const carried = Array.isArray(value) ? value.map((data) => ({ data })) : { data: value };
    return JSON.stringify(carried);
  } catch {
    return body;
  }
}

function valuesOf({ type }: Adapted, entries: Carried[]): string {
  const isJson = kindOf(type) === "application/json";
  const said = entries.filter(({ event }) => event === undefined);
  return isJson
    ? JSON.stringify(said.map(({ data }) => data))
    : said.map(({ body }) => body).join("");
}

function dataOf(room: Adapted, line: string): string {
  if (!line.startsWith("data:[")) return line;
  const text = valuesOf(room, JSON.parse(line.slice("data:".length)));
  return text.split(/\r\n|[\r\n]/).map((part) => `data:${part}`).join("\n");
}

function linesWith(map: (line: string) => string): TransformStream<string, string> {
  let rest = "";
  return new TransformStream({
    transform(chunk, controller) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop()!;
      for (const line of lines) controller.enqueue(`${map(line)}\n`);
    },
  });
}
