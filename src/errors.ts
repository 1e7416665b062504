// This module is pure: no sockets, no clock, no Deno.

/**
 * What can go wrong on the wire: error codes, close codes, and the one error
 * class that carries them.
 *
 * @module
 */

/** A stable name for an error a client may want to act on; listed in PROTOCOL.md. */
export type ErrorCode =
  | "invalid_json"
  | "invalid_action"
  | "invalid_frame"
  | "too_large"
  | "hello_required"
  | "already_connected"
  | "room_not_found"
  | "not_in_room"
  | "room_gone"
  | "too_many_rooms"
  | "out_of_order"
  | "rate_limited"
  | "room_full"
  | "unavailable"
  | "internal";

/**
 * Close codes. 4000–4499 mean "come back with backoff", 4500–4999 mean "stay
 * away"; 1000 and 1001 are those of RFC 6455, section 7.4.1.
 */
export const CLOSE = {
  /** Both sides are done; a client that closes with it will not come back. */
  normal: 1000,
  /** The server goes away; come back when its `goodbye` said. */
  goingAway: 1001,
  /** The server said something that is no frame. */
  protocolError: 4006,
  /** The connection was cut: never sent, only seen. */
  abnormal: 1006,
  /** No `hello` within the time allowed. */
  helloTimeout: 4000,
  /** Nothing was heard for more than two heartbeats. */
  silent: 4001,
  /** The socket took nothing for too long. */
  slowReader: 4002,
  /** Something broke on the server. */
  internal: 4004,
  /** The client gave the connection up for dead. */
  unresponsive: 4005,
  /** The client has paused: it will come back, and nobody is told that it went. */
  paused: 4007,
  /** The same session came in on a newer connection. */
  sessionTaken: 4500,
  /** Kept sending after many refusals. */
  flooding: 4501,
} as const;

/** Says whether a client should come back after a connection ended with `code`. */
export function mayReconnect(code: number): boolean {
  return code < 4500;
}

/** What a {@linkcode ChatError} may carry beside its code and message. */
export interface ChatErrorOptions extends ErrorOptions {
  /** Milliseconds after which the same request may succeed. */
  retryAfterMs?: number;
}

/** A failure that the peer is told about, with a code it can act on. */
export class ChatError extends Error {
  /** The stable name of what went wrong. */
  readonly code: ErrorCode;
  /** Milliseconds after which trying again makes sense; absent where waiting does not help. */
  readonly retryAfterMs?: number;

  /** Makes an error; `message` is shown to people and names the offending value. */
  constructor(code: ErrorCode, message: string, options: ChatErrorOptions = {}) {
    super(message, options);
    this.name = "ChatError";
    this.code = code;
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
  }
}

/** What a {@linkcode SendError} may carry beside its message. */
export interface SendErrorOptions extends ErrorOptions {
  /** What becomes of the message in the end. */
  outcome?: Promise<number | undefined>;
}

/** A message whose sender cannot be told its place in the log. */
export class SendError extends Error {
  /** Whether it may be in the log all the same; `false`: it is certainly not. */
  readonly mayBeStored: boolean;
  /**
   * Resolves with the message's `seq` when it turns out to be in the log, however late, 0 where
   * only that is known; with undefined when it turns out that it is not, or that nobody will ever
   * know. Never rejects. There where `mayBeStored` is true.
   */
  readonly outcome?: Promise<number | undefined>;

  /** Makes an error for a message; the cause is kept where there is one. */
  constructor(message: string, mayBeStored: boolean, options: SendErrorOptions = {}) {
    super(message, options);
    this.name = "SendError";
    this.mayBeStored = mayBeStored;
    if (mayBeStored) this.outcome = options.outcome ?? Promise.resolve(undefined);
  }
}

/** Nobody answers at the address of a server: it is not there, or something on the way does not let anybody through. */
export class ConnectError extends Error {
  /** The address. */
  readonly url: string;

  /** Makes an error; `message` is shown to people. */
  constructor(url: string, message: string) {
    super(message);
    this.name = "ConnectError";
    this.url = url;
  }
}

/** What went wrong, in words, whatever was thrown; an address in it shows no user and no password. */
export function reasonOf(error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  return reason.replace(/\/\/(?:(?!\/\/).)*@/g, "//…@");
}
