// This module runs in browsers.

/**
 * Settings and options that apps give to a client.
 *
 * @module
 */

import type { WaitOptions } from "../protocol/deadline.ts";

/** Settings of a client. */
export interface ClientOptions {
  /** The name that others see. */
  name?: string;
  /** The timeout of each wait that has none of its own, in milliseconds; 10,000 unless given. */
  timeoutMs?: number;
  /** The same for `send`, which outlives broken connections; 60,000 unless given. */
  sendTimeoutMs?: number;
  /**
   * The {@linkcode ChatClient.session} of an earlier client, to be that one again: a page keeps
   * it over a reload, a bot over a restart. `null`, which `sessionStorage.getItem` gives at first,
   * is none. Where the server has forgotten it, a new client begins, and no error comes.
   */
  session?: string | null;
  /**
   * The token that proves who this is, where the server takes tokens. A function is called for each
   * connection, and on a live one before a token ends, so that the client goes on under a new one; a
   * text is good until its end. What the function throws, `connect` rejects with.
   */
  token?: string | (() => string | Promise<string>);
  /**
   * The class of the sockets, which behave as those of the platform do; these are used unless it is
   * given. The module `./client/shared` has one for connections that tabs share.
   */
  WebSocket?: new (url: URL, protocol: string) => WebSocket;
  /** Closes the client when it is aborted. */
  signal?: AbortSignal;
  /** `true`: comes back by itself when the connection breaks; so it is unless given. */
  reconnect?: boolean;
  /** The most messages without an acknowledgement; 1,000 unless given. */
  maxUnacknowledged?: number;
  /** The way out of `send` when there are that many: `wait` for its turn, or `fail`; `wait` unless given. */
  whenFull?: "wait" | "fail";
}

/** Options of `send`. */
export interface SendOptions extends WaitOptions {
  /** The `seq` of the message that this one answers; none unless given. */
  replyTo?: number;
  /**
   * A value for programs, which `JSON.stringify` can write: at most 32 deep. It counts with the text
   * against the most bytes of a message.
   */
  data?: unknown;
  /** Fields of its frame in the place of these, for modules that know the protocol. */
  fields?: Record<string, unknown>;
}

/** Options of `joinRoom`, to begin with history; in a room that this client is in, it goes on where it is. */
export interface JoinOptions extends WaitOptions {
  /**
   * The number of entries of the room's history to begin with, from 0 to 10,000; none unless given.
   * Entries are messages and presence: who came and went is told again, at its old `seq`.
   */
  last?: number;
  /**
   * The `seq` of the last event that was dealt with: reading goes on behind it, as a program does
   * that was started again. It needs the `epoch`. Where nothing is missing since, `last` does
   * nothing. Otherwise the first event is `recovered` with `recovered: false`, and the log follows
   * from `last` on.
   */
  after?: number;
  /** The `epoch` of that event. */
  epoch?: string;
  /** The link that lets this client in: see `./client/links`. */
  link?: string | undefined;
}
