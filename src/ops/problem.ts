/**
 * Refusals over HTTP: problem details (RFC 9457) with the codes of the protocol.
 *
 * @module
 */

import { ChatError, type ErrorCode, wireCodeOf } from "../protocol/errors.ts";
import { KeyReusedError } from "../server/voice.ts";

/** The status of each code. */
const STATUSES: Partial<Record<ErrorCode, number>> = {
  invalid_json: 400,
  invalid_frame: 400,
  invalid_action: 404,
  too_deep: 400,
  message_not_found: 404,
  out_of_order: 409,
  too_large: 413,
  token_required: 401,
  token_invalid: 401,
  token_expired: 401,
  token_revoked: 401,
  forbidden: 403,
  room_not_found: 404,
  room_gone: 410,
  link_invalid: 404,
  link_ended: 404,
  unsupported: 501,
  already_connected: 409,
  rate_limited: 429,
  too_many_rooms: 503,
  unavailable: 503,
};

/** The words for each status. */
const TITLES: Record<number, string> = {
  400: "Bad request",
  401: "Not authorized",
  403: "Forbidden",
  404: "Not found",
  405: "Method not allowed",
  409: "Conflict",
  410: "Gone",
  413: "Too large",
  415: "Not JSON",
  422: "Key reused",
  429: "Too many requests",
  500: "Internal error",
  501: "Not supported",
  503: "Unavailable",
};

/** A refusal with a status that its code alone does not say. */
export class HttpError extends ChatError {
  /** The status. */
  readonly status: number;
  /** Headers of the answer. */
  readonly headers: Record<string, string>;

  /** Makes a refusal. */
  constructor(
    status: number,
    code: ErrorCode,
    message: string,
    headers: Record<string, string> = {},
  ) {
    super(code, message);
    this.status = status;
    this.headers = headers;
  }
}

/** The answer to a request that is refused for that reason. What is no refusal is not shown. */
export function problemOf(error: unknown): Response {
  const known = error instanceof ChatError
    ? error
    : new ChatError("internal", "Internal error", { cause: error });
  const code = wireCodeOf(known);
  const status = known instanceof HttpError
    ? known.status
    : known instanceof KeyReusedError
    ? 422
    : STATUSES[code] ?? 500;
  const challenge: Record<string, string> = status === 401 ? { "www-authenticate": "Bearer" } : {};
  const { retryAfterMs } = known;
  const body = {
    type: "about:blank",
    title: TITLES[status] ?? "Error",
    status,
    detail: known.message,
    code,
    ...(retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs }),
  };
  return Response.json(body, {
    status,
    headers: {
      ...challenge,
      ...(retryAfterMs === undefined
        ? {}
        : { "retry-after": `${Math.ceil(retryAfterMs / 1_000)}` }),
      ...(known instanceof HttpError ? known.headers : {}),
      "content-type": "application/problem+json",
    },
  });
}
