/**
 * The error codes of the wire, and the errors that are thrown.
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

/** Says whether a client should come back after a connection ended with `code`. */
export function mayReconnect(code: number): boolean {
  return code < 4500;
}

/** Parts of a {@linkcode ChatError} besides its code and message. */
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

/** The refusal of a frame for a room that no longer exists. */
export function roomGone(): ChatError {
  return new ChatError("room_gone", "Room no longer exists");
}

/** Parts of a {@linkcode SendError} besides its message. */
export interface SendErrorOptions extends ErrorOptions {
  /** The outcome of the message, which is known later. */
  outcome?: Promise<number | undefined>;
}

/** A message that was not acknowledged. */
export class SendError extends Error {
  /** `true`: it may be in the log all the same; `false`: it is certainly not. */
  readonly mayBeStored: boolean;
  /**
   * Resolves, however late: with the message's `seq` once it is known to be in the log, 0 where its
   * `seq` is unknown; with undefined once it is known not to be, or nobody will ever know. Never
   * rejects. Present where `mayBeStored` is true.
   */
  readonly outcome?: Promise<number | undefined>;

  /** Makes an error for a message; `options` may have its cause. */
  constructor(message: string, mayBeStored: boolean, options: SendErrorOptions = {}) {
    super(message, options);
    this.name = "SendError";
    this.mayBeStored = mayBeStored;
    if (mayBeStored) this.outcome = options.outcome ?? Promise.resolve(undefined);
  }
}

/** No server answers at an address: none is there, or something on the way blocks it. */
export class ConnectError extends Error {
  /** Tells this error from others. */
  override readonly name = "ConnectError";
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The message of whatever was thrown, without the user and password of an address in it. */
export function reasonOf(error: unknown): string {
  return messageOf(error).replace(/\/\/(?:(?!\/\/).)*@/g, "//…@");
}
