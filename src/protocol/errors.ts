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

/** The refusal of what is said to a room that does not exist any more. */
export function roomGone(): ChatError {
  return new ChatError("room_gone", "Room no longer exists");
}

/** Parts of a {@linkcode SendError} besides its message. */
export interface SendErrorOptions extends ErrorOptions {
  /** The end of the message, which is known later. */
  outcome?: Promise<number | undefined>;
}

/** A message whose sender cannot be told its place in the log. */
export class SendError extends Error {
  /** `true`: it may be in the log all the same; `false`: it is certainly not. */
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
  /** Tells it from other errors. */
  override readonly name = "ConnectError";
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Says in words what went wrong, whatever was thrown; an address in it shows no user and no password. */
export function reasonOf(error: unknown): string {
  return messageOf(error).replace(/\/\/(?:(?!\/\/).)*@/g, "//…@");
}
