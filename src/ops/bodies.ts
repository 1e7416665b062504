/**
 * Bodies of requests, as JSON.
 *
 * @module
 */

import { ChatError } from "../protocol/errors.ts";
import { HttpError } from "./problem.ts";

/** The most bytes of a body: twice the largest message, which may be escaped. */
const MAX_BODY_BYTES = 262_144;

/**
 * Reads the body of a request as JSON. Where it says that it is something else, the status of the
 * refusal is `otherStatus`.
 *
 * @throws {ChatError} where it is none, or too long.
 */
export async function jsonOf(request: Request, otherStatus: number): Promise<unknown> {
  const type = request.headers.get("content-type")?.split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    const status = type === undefined && otherStatus === 409 ? 400 : otherStatus;
    throw new HttpError(status, "invalid_json", "Content-Type must be application/json");
  }
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) {
      throw new ChatError("too_large", `A body has at most ${MAX_BODY_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  try {
    const whole = await new Blob(chunks).arrayBuffer();
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(whole));
  } catch {
    throw new ChatError("invalid_json", "The body is no JSON");
  }
}
