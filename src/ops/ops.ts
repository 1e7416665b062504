/**
 * The port for those who run a chat: what it answers is not for strangers, so that it listens on
 * loopback unless somebody says otherwise.
 *
 * @module
 */

import type { Chat } from "../server/chat.ts";

/** A chat as the port for operators sees it. */
export type Operated = Pick<Chat, "closing" | "failure" | "fetch">;

/** The answer to `GET /readyz`. */
export type Readiness =
  | { ready: true }
  /** It drains: send newcomers elsewhere, for good. Or nothing can be stored for now, as the message says. */
  | { ready: false; code: "draining" | "unavailable"; message: string };

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
 */
export function createOps(chat: Operated): (request: Request) => Response {
  return (request) => {
    const url = URL.parse(request.url);
    if (url === null) return new Response("Bad request: no such host\n", { status: 400 });
    const answer = url.pathname === "/healthz"
      ? () => chat.fetch(request)
      : url.pathname === "/readyz"
      ? () => ready(chat)
      : undefined;
    if (answer === undefined) return new Response("Not found\n", { status: 404 });
    if (request.method === "GET" || request.method === "HEAD") return answer();
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
