/**
 * Incoming webhooks, as Slack has them: whoever knows a URL may speak in one room, under one name.
 * Nothing is kept for them: the URL proves by itself that somebody with the token of the API has made
 * it.
 *
 * @module
 */

import { createHmac } from "node:crypto";
import { sameSecret } from "../core/authority/ids.ts";
import { TokenBucket } from "../core/limits/rate_limit.ts";
import { ChatError } from "../protocol/errors.ts";
import { isFields } from "../protocol/fields.ts";
import type { Voice } from "../server/voice.ts";
import { jsonOf } from "./bodies.ts";
import { HttpError, problemOf } from "./problem.ts";

/** The path that all of them are under. */
export const HOOKS_PATH = "/hooks";

/** The characters of a signature in a URL: 192 bits in base64. */
const SIGNATURE_CHARS = 32;

/** Messages of one webhook, and the most of them at once. */
const RATE = { perSecond: 5, burst: 50 };

/** The most webhooks whose rate is known; of more, the one that spoke longest ago goes. */
const MOST_KNOWN = 1_000;

/** A link in a text of Slack: `<https://a.example|words>`, with or without words. */
const LINK = /<([a-z]+:[^|<>]+)(?:\|([^<>]*))?>/gi;

/** The parts that incoming webhooks work with. */
export interface IncomingParts {
  readonly voice: Voice;
  /** The token of the API, as it is now. */
  token(): string;
  /** Notes a fault of the program. */
  failed(error: unknown): void;
  /** A clock that never goes back, in milliseconds. */
  now(): number;
}

/** All incoming webhooks of a chat. */
export class IncomingWebhooks {
  readonly #parts: IncomingParts;
  readonly #buckets = new Map<string, TokenBucket>();

  /** Begins with all that were ever made with the same token. */
  constructor(parts: IncomingParts) {
    this.#parts = parts;
  }

  /** The path and query of the webhook that speaks in a room under a name; rejects where there is no such room. */
  async make(roomId: string, as: string): Promise<string> {
    const { id } = await this.#parts.voice.room(roomId);
    return `${HOOKS_PATH}/${id}/${this.#sign(id, as)}?${new URLSearchParams({ as })}`;
  }

  /** Answers a request to one of them; never rejects. */
  async answer(request: Request, { pathname, searchParams }: URL): Promise<Response> {
    try {
      const [, roomId = "", signature = ""] = /^\/hooks\/([^/]+)\/([\w-]+)$/.exec(pathname) ?? [];
      const as = searchParams.get("as") ?? "";
      if (!sameSecret(signature, this.#sign(roomId, as))) {
        throw new HttpError(404, "invalid_action", "There is no such webhook");
      }
      if (request.method !== "POST") {
        throw new HttpError(405, "invalid_action", "Only POST is for a webhook", { allow: "POST" });
      }
      this.#pay(signature);
      const { text } = await payloadOf(request);
      const key = request.headers.get("idempotency-key");
      await this.#parts.voice.publish(roomId, text, {
        as,
        ...(key === null ? {} : { key: `${signature} ${key}` }),
      });
      return new Response("ok");
    } catch (error) {
      if (!(error instanceof ChatError)) this.#parts.failed(error);
      return problemOf(error);
    } finally {
      request.body?.cancel().catch(() => {});
    }
  }

  #sign(roomId: string, as: string): string {
    const hmac = createHmac("sha256", this.#parts.token());
    const signed = hmac.update(JSON.stringify(["incoming webhook", roomId, as]));
    return signed.digest("base64url").slice(0, SIGNATURE_CHARS);
  }

  /** Takes the price of a message. */
  #pay(signature: string): void {
    const now = this.#parts.now();
    const bucket = this.#buckets.get(signature) ?? new TokenBucket(RATE, now);
    this.#buckets.delete(signature);
    this.#buckets.set(signature, bucket);
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > MOST_KNOWN) this.#buckets.delete(oldest!);
    const retryAfterMs = bucket.take(1, now);
    if (retryAfterMs > 0) {
      throw new ChatError("rate_limited", "Too many messages of this webhook", { retryAfterMs });
    }
  }
}

/** Reads the text that is to be said. */
async function payloadOf(request: Request): Promise<{ text: string }> {
  const body = await jsonOf(request, 415);
  const text = isFields(body) ? body.text : undefined;
  if (typeof text !== "string" || text.trim() === "") {
    throw new ChatError("invalid_frame", "text must be a string that is not empty");
  }
  return { text: plainOf(text) };
}

/** Makes a plain text of one with the escapes and links of Slack. */
export function plainOf(text: string): string {
  return text.replace(
    LINK,
    (_, url: string, words = "") => words === "" ? url : `${words} (${url})`,
  )
    .replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
