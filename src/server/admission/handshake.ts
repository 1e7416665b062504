// This module is pure: no sockets, no clock, no Deno.

/**
 * Checks of the requests that begin a WebSocket (RFC 6455, sections 4.1 and 4.2.1). The runtime
 * takes many that do not pass them.
 *
 * @module
 */

/** The part of a request that is looked at. */
export interface Handshake {
  readonly method: string;
  readonly url: string;
  readonly headers: { get(name: string): string | null };
}

/** The answer to a handshake that is refused. */
export interface Refusal {
  readonly status: 400 | 426;
  readonly text: string;
  readonly headers: Record<string, string>;
}

/** The only version of the protocol. */
const VERSION = "13";

/** A token of HTTP (RFC 9110, section 5.6.2). */
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const PROTOCOL = new RegExp(`^${TOKEN}$`);
/** A token with parameters, whose values may be quoted. */
const EXTENSION = new RegExp(
  `^${TOKEN}(?:[ \\t]*;[ \\t]*${TOKEN}(?:[ \\t]*=[ \\t]*(?:${TOKEN}|"${TOKEN}"))?)*$`,
);
/** Sixteen bytes in base64. */
const KEY = /^[0-9A-Za-z+/]{22}==$/;

/** Why a request for a WebSocket cannot be one; undefined where it can. */
export function refusalOf({ method, url, headers }: Handshake): Refusal | undefined {
  if (method !== "GET") return bad("it must be a GET");
  // In HTTP/1.1 nothing may be asked for without one.
  if (!headers.get("host")) return bad("it has no Host");
  if (url.includes("#")) return bad("its URL must not have a fragment");
  const connection = headers.get("connection") ?? "";
  if (!itemsOf(connection).some((item) => item.toLowerCase() === "upgrade")) {
    return bad("Connection must name Upgrade");
  }
  // A header that stands there twice reads like a list.
  const version = headers.get("sec-websocket-version");
  if (version !== VERSION) {
    return {
      status: 426,
      text: `Bad WebSocket handshake: Sec-WebSocket-Version must be ${VERSION}, not ${
        shown(version)
      }\n`,
      headers: {
        "upgrade": "websocket",
        "connection": "upgrade",
        "sec-websocket-version": VERSION,
      },
    };
  }
  const key = headers.get("sec-websocket-key");
  if (!KEY.test(key ?? "")) {
    return bad(`Sec-WebSocket-Key must be 16 bytes in base64, not ${shown(key)}`);
  }
  const protocols = headers.get("sec-websocket-protocol");
  if (protocols !== null && !(isListOf(PROTOCOL, protocols) && areUnique(protocols))) {
    return bad(`Sec-WebSocket-Protocol must name each protocol once, not ${shown(protocols)}`);
  }
  const extensions = headers.get("sec-websocket-extensions");
  if (extensions !== null && !isListOf(EXTENSION, extensions)) {
    return bad(`Sec-WebSocket-Extensions cannot be read: ${shown(extensions)}`);
  }
  return undefined;
}

/** The elements of a list in a header, but for empty ones. */
function itemsOf(list: string): string[] {
  return list.split(",").map((item) => item.trim()).filter((item) => item !== "");
}

function isListOf(element: RegExp, list: string): boolean {
  const items = itemsOf(list);
  return items.length > 0 && items.every((item) => element.test(item));
}

function areUnique(list: string): boolean {
  const items = itemsOf(list);
  return new Set(items).size === items.length;
}

function bad(reason: string): Refusal {
  return { status: 400, text: `Bad WebSocket handshake: ${reason}\n`, headers: {} };
}

/** A header in an error, in few characters whatever it is. */
function shown(value: string | null): string {
  return value === null ? "missing" : JSON.stringify(value.slice(0, 40));
}
