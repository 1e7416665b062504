/**
 * The log of a room as a stream over HTTP, in the way of Durable Streams: read from an offset, wait for
 * more, or let events come. Whoever reads is a cursor in the log, as a member is; nothing is kept for
 * it.
 *
 * @module
 */

import type { Room } from "../core/state/room.ts";
import { ChatError } from "../protocol/errors.ts";
import { describe, isFields, optionalCount } from "../protocol/fields.ts";
import { MAX_BATCH } from "../protocol/limits.ts";
import { LogReaders } from "../server/log_readers.ts";
import {
  type LogPlace,
  nothingBehind,
  readBehind,
  type ReadPart,
  reopened,
} from "../server/log_reading.ts";
import type { ProvenReader } from "../server/proven_reader.ts";
import type { SayOptions, Voice } from "../server/voice.ts";
import { later } from "../timers.ts";
import { jsonOf } from "./bodies.ts";
import { HttpError } from "./problem.ts";
import { cursorAt, offsetOf, placeOf } from "./stream_offsets.ts";
import { producerOf, Producers } from "./stream_producers.ts";

/** The longest that a request waits for entries, in milliseconds. */
export const LONG_POLL_MS = 20_000;

/** The time after which a stream of events ends, in milliseconds: clients go on with another one. */
export const EVENTS_MS = 60_000;

/** The time after which a stream of events is cut off that its reader does not take, in milliseconds. */
const STUCK_MS = 2 * EVENTS_MS;

/** The time after which a silent stream of events shows that it is there, in milliseconds. */
const SILENT_MS = 15_000;

/** The keys of a message that is posted. */
const KEYS = ["body", "data", "re", "as"];

/** The parts of a server that its streams need. */
export interface StreamParts {
  readonly voice: Voice;
  /** The most readers that wait at once. */
  readonly mostReaders: number;
  /** Says whether the chat has begun to close. */
  closing(): boolean;
}

/** A message that is posted. */
interface Posted extends SayOptions {
  readonly body: string;
}

/** The streams of all rooms of a chat. */
export class RoomStreams {
  readonly #parts: StreamParts;
  readonly #readers: LogReaders;
  readonly #producers = new Producers();

  /** Makes the streams; `watchers` are called when the log of a room has grown. */
  constructor(parts: StreamParts, watchers: ((room: Room) => void)[]) {
    this.#parts = parts;
    this.#readers = new LogReaders(parts.mostReaders);
    watchers.push(({ id }) => this.#readers.grown(id));
  }

  /** Answers where the stream of a room ends: a `reader`, or whoever may read every room. */
  async head(roomId: string, reader?: ProvenReader): Promise<Response> {
    const { log } = await (reader ?? this.#parts.voice).room(roomId);
    return new Response(null, {
      headers: {
        ...HEADERS,
        "content-type": "application/json",
        "cache-control": "no-store",
        "stream-next-offset": offsetOf(log, log.head),
      },
    });
  }

  /** Reads a stream from an offset on, for a `reader`, or for whoever may read every room. */
  async get(
    roomId: string,
    query: URLSearchParams,
    request: Request,
    reader?: ProvenReader,
  ): Promise<Response> {
    const live = query.get("live");
    const offsets = query.getAll("offset");
    if (offsets.length > 1) throw wrong("offset must be given once");
    if (live !== null && live !== "long-poll" && live !== "sse") {
      throw wrong(`live must be long-poll or sse, not ${describe(live)}`);
    }
    const [offset] = offsets;
    if (live !== null && offset === undefined) throw wrong(`live=${live} needs an offset`);
    const room = await (reader ?? this.#parts.voice).room(roomId);
    const place = placeOf(offset, room.log);
    const cursor = query.get("cursor") ?? undefined;
    if (live === "sse") return this.#events(room, place, cursor, reader);
    if (live === "long-poll") return await this.#poll(room, place, cursor, reader);
    const part = offset === "now"
      ? nothingBehind(place)
      : await readBehind(this.#parts.voice, room, place);
    const isNow = offset === "now";
    const body = `[${part.texts.join()}]`;
    const tag = await tagOf(`${offsetOf(room.log, place.after)}${body}`);
    const headers = {
      ...headersOf(room, part),
      // What is redacted is to go from caches too.
      "cache-control": isNow ? "no-store" : "private, no-cache",
      ...(isNow ? {} : { etag: tag }),
    };
    const known = request.headers.get("if-none-match")?.split(",").map((one) => one.trim());
    if (!isNow && known?.some((one) => one === tag || one === "*")) {
      return new Response(null, { status: 304, headers });
    }
    return new Response(body, { headers });
  }

  /** Adds messages to a stream. */
  async post(roomId: string, request: Request): Promise<Response> {
    const { headers } = request;
    const { voice } = this.#parts;
    const room = await voice.room(roomId);
    if (headers.get("stream-closed")?.toLowerCase() === "true") {
      throw new HttpError(405, "unsupported", "The stream of a room does not end", ALLOWED);
    }
    if (headers.has("stream-seq")) {
      throw wrong("Stream-Seq is not known here: Producer-Seq numbers requests");
    }
    const producer = producerOf(headers);
    const messages = messagesIn(await jsonOf(request, 409));
    if (producer === undefined) {
      for (const { body, ...options } of messages) await voice.publish(room.id, body, options);
      return done(room, 204);
    }
    const { id, epoch, seq } = producer;
    // No header can have a line break: these are nobody else's keys. Where the last one is known, all
    // of a request is stored.
    const keyOf = (seq: number, part: number | "end") =>
      `producer\n${id}\n${epoch}\n${seq}\n${part}`;
    const produced = await this.#producers.take(room.id, producer, {
      knows: (seq) => voice.knows(room, keyOf(seq, "end")),
      store: async () => {
        let isRepeat = true;
        for (const [i, { body, ...options }] of messages.entries()) {
          const key = keyOf(seq, i === messages.length - 1 ? "end" : i);
          const { duplicate = false } = await voice.publish(room.id, body, { ...options, key });
          isRepeat &&= duplicate;
        }
        return isRepeat;
      },
    });
    return done(room, produced.isRepeat ? 204 : 200, {
      "producer-epoch": String(epoch),
      "producer-seq": String(produced.seq),
    });
  }

  /** Waits for entries behind a place. */
  async #poll(
    room: Room,
    place: LogPlace,
    cursor: string | undefined,
    reader: ProvenReader | undefined,
  ): Promise<Response> {
    const leave = this.#readers.enter(reader?.sub);
    try {
      const until = performance.now() + LONG_POLL_MS;
      for (;;) {
        const part = await readBehind(this.#parts.voice, room, place);
        const isOver = performance.now() >= until || this.#parts.closing();
        if (part.texts.length > 0 || isOver) {
          const headers = {
            ...headersOf(room, part),
            "cache-control": "no-store",
            "stream-cursor": cursorAt(Date.now(), cursor, Math.random()),
          };
          if (part.texts.length > 0) return new Response(`[${part.texts.join()}]`, { headers });
          return new Response(null, { status: 204, headers });
        }
        // A request does not say that its sender has gone: the wait has an end.
        await this.#readers.wait(room.id);
        room = await reopened(reader ?? this.#parts.voice, room);
      }
    } finally {
      leave();
    }
  }

  /** Lets entries behind a place come as events. */
  #events(
    room: Room,
    place: LogPlace,
    brought: string | undefined,
    reader: ProvenReader | undefined,
  ): Response {
    const leave = this.#readers.enter(reader?.sub);
    const gone = new AbortController();
    const encoder = new TextEncoder();
    const until = performance.now() + EVENTS_MS;
    let heardAt = performance.now();
    let isTold = false;
    let cursor = brought;
    const end = () => {
      gone.abort();
      clearTimeout(stuck);
      leave();
    };
    let cutOff = () => {};
    const stuck = later(() => cutOff(), STUCK_MS);
    const next = async (): Promise<string | undefined> => {
      for (;;) {
        if (performance.now() >= until || this.#parts.closing() || gone.signal.aborted) {
          return undefined;
        }
        room = await reopened(reader ?? this.#parts.voice, room);
        const part = await readBehind(this.#parts.voice, room, place);
        if (part.texts.length > 0 || !isTold) {
          isTold = true;
          place = part.next;
          cursor = cursorAt(Date.now(), cursor, Math.random());
          const control = {
            streamNextOffset: offsetOf(room.log, place.after),
            streamCursor: cursor,
            ...(part.isUpToDate ? { upToDate: true } : {}),
          };
          const data = part.texts.length === 0
            ? ""
            : `event: data\ndata:[${part.texts.join()}]\n\n`;
          return `${data}event: control\ndata:${JSON.stringify(control)}\n\n`;
        }
        if (performance.now() - heardAt >= SILENT_MS) return ":\n\n";
        await this.#readers.wait(room.id, gone.signal);
      }
    };
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        cutOff = () => {
          end();
          controller.error(new Error("The reader takes nothing"));
        };
      },
      async pull(controller) {
        // A room that is gone, or a store that fails, ends it: the next request is told why.
        const text = await next().catch(() => undefined);
        heardAt = performance.now();
        if (text !== undefined) return controller.enqueue(encoder.encode(text));
        if (gone.signal.aborted) return;
        end();
        controller.close();
      },
      cancel: end,
    });
    return new Response(body, {
      headers: {
        ...HEADERS,
        "content-type": "text/event-stream",
        "cache-control": "no-cache",
        // Proxies would hold events back.
        "x-accel-buffering": "no",
      },
    });
  }
}

/** Headers of all answers. */
const HEADERS = { "cross-origin-resource-policy": "same-origin" };

const ALLOWED = { allow: "GET, HEAD, POST" };

function headersOf({ log }: Room, { next, isUpToDate }: ReadPart): Record<string, string> {
  return {
    ...HEADERS,
    "content-type": "application/json",
    "stream-next-offset": offsetOf(log, next.after),
    ...(isUpToDate ? { "stream-up-to-date": "true" } : {}),
  };
}

function done({ log }: Room, status: number, more: Record<string, string> = {}): Response {
  const headers = { ...HEADERS, "stream-next-offset": offsetOf(log, log.head), ...more };
  return new Response(null, { status, headers });
}

/** Reads messages: one, or a list of some; one that is a text only is that. */
function messagesIn(value: unknown): Posted[] {
  const all: unknown[] = Array.isArray(value) ? value : [value];
  if (all.length === 0 || all.length > MAX_BATCH) {
    throw wrong(`A request has 1 to ${MAX_BATCH} messages, not ${all.length}`);
  }
  return all.map((one) => {
    if (typeof one === "string") return { body: one };
    if (!isFields(one)) throw wrong(`A message must be a text or an object, not ${describe(one)}`);
    const unknown = Object.keys(one).find((key) => !KEYS.includes(key));
    if (unknown !== undefined) throw wrong(`A message has no ${describe(unknown)}`);
    const { body = one.data === undefined ? undefined : "", data, as, re } = one;
    if (typeof body !== "string") throw wrong(`body must be a string, not ${describe(body)}`);
    if (as !== undefined && typeof as !== "string") {
      throw wrong(`as must be a string, not ${describe(as)}`);
    }
    const about = optionalCount("re", re, 1);
    return {
      body,
      ...(data === undefined ? {} : { data }),
      ...(as === undefined ? {} : { as }),
      ...(about === undefined ? {} : { re: about }),
    };
  });
}

/** Makes an entity tag of what is to be told apart. */
async function tagOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `"${new Uint8Array(digest, 0, 16).toHex()}"`;
}

function wrong(message: string): ChatError {
  return new ChatError("invalid_frame", message);
}
