/**
 * The error codes of the wire, and the errors that are thrown.
 *
 * @module
 */

import { tokenEnded } from "./close_codes.ts";

/**
 * A code of the server's refusals, stable. A request that was refused has changed nothing.
 * Waiting helps where `retryAfterMs` is set.
 *
 * - `invalid_json`: a frame is no JSON object; mend the client.
 * - `invalid_action`: the server does not know the request; mend the client.
 * - `invalid_frame`: a value will not do, as a name that is blank or too long, or `last` above
 *   10,000; do not repeat it.
 * - `too_large`: a text has more than the server takes, 65,536 bytes; send less.
 * - `too_deep`: the `data` of a message nests deeper than 32; send it flatter, or as a text.
 * - `hello_required`: something came before `hello`; mend the client.
 * - `already_connected`: a second `hello`, or a second `connect`; go on.
 * - `room_not_found`: there is no such room, or not any more; make one.
 * - `not_in_room`: this client is not in that room; join it.
 * - `forbidden`: the role that this client has in the room is not enough; ask who has a greater one.
 * - `unsupported`: the store of this server cannot do that; do without it.
 * - `link_invalid`: this is no link into that room; ask for another one.
 * - `link_ended`: the link has ended, or was taken back, and the room lets nobody in without one.
 * - `link_used_up`: as many people as may have come in by the link; ask for another one.
 * - `room_exists`: there is a room with that name already; join it, or take another name.
 * - `room_gone`: the room was deleted, and its id does not come back; make another.
 * - `message_not_found`: the room has no message that a message refers to with `re`; do not repeat it.
 * - `message_redacted`: that message has no text any more, and cannot be changed.
 * - `unchanged`: this person has that reaction already, or has none to take back.
 * - `too_many_reactions`: a message has 32 kinds of reactions, the most; use one of these.
 * - `too_many_rooms`: the server, or this client, has all the rooms it may have; leave one, or try
 *   later.
 * - `out_of_order`: a message skips a number; the client settles that by itself.
 * - `beyond_head`: a read marker is ahead of the log of its room; mend the client.
 * - `rate_limited`: too fast; repeat it after `retryAfterMs`. Without that, too much waits for an
 *   answer already: await some of it.
 * - `room_full`: the room has all the members it may have; try later.
 * - `unavailable`: the server cannot store or look up anything now; repeat it after `retryAfterMs`.
 * - `token_required`: the server takes nobody without a token; get one.
 * - `token_invalid`: the token will not do, and the text says why; get another one.
 * - `token_expired`: the token has ended; get another one.
 * - `token_revoked`: the token was revoked; get another one.
 * - `token_mismatch`: the new token of a connection is of somebody else; make another client.
 * - `internal`: something broke on the server, or it said something that is no answer; repeat it
 *   once, or give up.
 */
export type ErrorCode =
  | "invalid_json"
  | "invalid_action"
  | "invalid_frame"
  | "too_large"
  | "too_deep"
  | "hello_required"
  | "already_connected"
  | "room_not_found"
  | "not_in_room"
  | "forbidden"
  | "link_invalid"
  | "link_ended"
  | "link_used_up"
  | "room_exists"
  | "room_gone"
  | "message_not_found"
  | "message_redacted"
  | "unchanged"
  | "too_many_reactions"
  | "too_many_rooms"
  | "out_of_order"
  | "beyond_head"
  | "rate_limited"
  | "room_full"
  | "unsupported"
  | "unavailable"
  | "token_required"
  | "token_invalid"
  | "token_expired"
  | "token_revoked"
  | "token_mismatch"
  | "internal";

/** The same codes at run time. */
const ON_THE_WIRE: Record<ErrorCode, true> = {
  invalid_json: true,
  invalid_action: true,
  invalid_frame: true,
  too_large: true,
  too_deep: true,
  hello_required: true,
  already_connected: true,
  room_not_found: true,
  not_in_room: true,
  forbidden: true,
  link_invalid: true,
  link_ended: true,
  link_used_up: true,
  room_exists: true,
  room_gone: true,
  message_not_found: true,
  message_redacted: true,
  unchanged: true,
  too_many_reactions: true,
  too_many_rooms: true,
  out_of_order: true,
  beyond_head: true,
  rate_limited: true,
  room_full: true,
  unsupported: true,
  unavailable: true,
  token_required: true,
  token_invalid: true,
  token_expired: true,
  token_revoked: true,
  token_mismatch: true,
  internal: true,
};

/** Says whether a code is one of those on the wire. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ON_THE_WIRE, code);
}

/**
 * A code of an error that a client finds by itself, without a server's reply.
 *
 * - `timeout`: the wait was longer than its timeout; the server may carry the request out all the
 *   same.
 * - `aborted`: the signal of the wait was aborted, and its reason is the `cause`; the server may
 *   carry the request out all the same.
 * - `closed`: the client is closed, for good; make another.
 * - `not_connected`: `connect` was not called; call it first.
 * - `disconnected`: the connection ended before the reply. The client comes back by itself, but the
 *   server may have carried the request out: `joinRoom`, `leave` and `rename` can be repeated,
 *   `createRoom` would make a second room.
 * - `unreachable`: no chat server answers at the address; try later, with another client.
 * - `forgotten`: the server no longer knows this client, nor which of its messages are stored; the
 *   client goes on as another one. Only `send` rejects with it.
 * - `invalid_argument`: a function was given what it cannot take, as a number for a text; mend the
 *   call. What is of the right type and refused by the server is `invalid_frame`.
 */
export type ClientErrorCode =
  | "timeout"
  | "aborted"
  | "closed"
  | "not_connected"
  | "disconnected"
  | "unreachable"
  | "forgotten"
  | "invalid_argument";

/** A code of an error, for programs; later versions may have more codes. */
export type ChatErrorCode = ErrorCode | ClientErrorCode | (string & Record<never, never>);

/** Says whether a client should come back after a connection ended with `code`; with a new token if it `renews` that. */
export function mayReconnect(code: number, renews = false): boolean {
  return code < 4500 || renews && code === tokenEnded;
}

/** Parts of a {@linkcode ChatError} besides its code and message. */
export interface ChatErrorOptions extends ErrorOptions {
  /** Milliseconds after which the same request may succeed. */
  retryAfterMs?: number | undefined;
}

/** A failure with a code that programs can act on. */
export class ChatError extends Error {
  /** Tells this error from others. */
  override readonly name: string = "ChatError";
  // Declared only: the constructor sets them, and a bundle need not hold them twice.
  /** The stable name of what went wrong. */
  declare readonly code: ChatErrorCode;
  /** Milliseconds after which trying again makes sense; undefined where waiting does not help. */
  declare readonly retryAfterMs: number | undefined;

  /** Makes an error; `message` is shown to people and names the offending value. */
  constructor(
    code: ErrorCode | ClientErrorCode,
    message: string,
    options: ChatErrorOptions = {},
  ) {
    super(message, options);
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** An error reply of the server, as the client throws it: nothing has changed there. */
export class RefusedError extends ChatError {}

/**
 * Makes a {@linkcode ChatError} without a stack: refusals may come in floods, and with a stack each
 * takes ten times as long.
 */
export function stacklessError(
  code: ErrorCode,
  message: string,
  { retryAfterMs }: Pick<ChatErrorOptions, "retryAfterMs"> = {},
): ChatError {
  const error: ChatError = Object.create(ChatError.prototype);
  return Object.assign(error, { name: "ChatError", code, message, retryAfterMs });
}

/**
 * The code of an error as it is on the wire. A store may be a client itself: the codes of errors that
 * it meets there are not of this wire.
 */
export function wireCodeOf({ code }: ChatError): ErrorCode {
  return isErrorCode(code) ? code : "internal";
}

/** The refusal of a frame for a room that no longer exists. */
export function roomGone(): ChatError {
  return new ChatError("room_gone", "Room no longer exists");
}

/** A message is in the log of its room. */
export interface Acknowledgement {
  /** Its `seq`; missing where the server no longer knows it. */
  seq?: number;
  /** Set where it was in the log already when the client repeated it. */
  duplicate?: true;
}

/** Parts of a {@linkcode SendError} besides its message. */
export interface SendErrorOptions extends ErrorOptions {
  /** The outcome of the message, which is known later. */
  outcome?: Promise<Acknowledgement | undefined>;
}

/** A message that was not acknowledged. */
export class SendError extends ChatError {
  /** Tells this error from others. */
  override readonly name: string = "SendError";
  /** `true`: the message may be in the log all the same; `false`: it is certainly not. */
  declare readonly mayBeStored: boolean;
  /**
   * Resolves, however late: with the acknowledgement once the message is known to be in the log;
   * with undefined once it is known not to be, or nobody will ever know. Never rejects. Present
   * where `mayBeStored` is true.
   */
  declare readonly outcome?: Promise<Acknowledgement | undefined>;

  /** Makes an error for a message that is certainly not in the log, unless it `mayBeStored`. */
  constructor(
    code: ErrorCode | ClientErrorCode,
    message: string,
    mayBeStored = false,
    options: SendErrorOptions = {},
  ) {
    super(code, message, options);
    this.mayBeStored = mayBeStored;
    if (mayBeStored) this.outcome = options.outcome ?? Promise.resolve(undefined);
  }
}

/** No chat server answers at an address: none is there, or something on the way blocks it. */
export class ConnectError extends ChatError {
  /** Tells this error from others. */
  override readonly name: string = "ConnectError";

  /** Makes an error that is `unreachable`. */
  constructor(message: string, options?: ErrorOptions) {
    super("unreachable", message, options);
  }
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The message of whatever was thrown, without the user and password of an address in it. */
export function reasonOf(error: unknown): string {
  return messageOf(error).replace(/\/\/(?:(?!\/\/).)*@/g, "//…@");
}
