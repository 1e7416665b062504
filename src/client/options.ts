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
   * it over a reload. `null`, which `sessionStorage.getItem` gives at first, is none.
   */
  session?: string | null;
  /** Closes the client when it is aborted. */
  signal?: AbortSignal;
  /** `true`: comes back by itself when the connection breaks; so it is unless given. */
  reconnect?: boolean;
  /** The most messages without an acknowledgement; 1,000 unless given. */
  maxUnacknowledged?: number;
  /** The way out of `send` when there are that many: `wait` for its turn, or `fail`; `wait` unless given. */
  whenFull?: "wait" | "fail";
}

/** Options of `joinRoom`. */
export interface JoinOptions extends WaitOptions {
  /** The number of entries of the room's history to begin with; none unless given. */
  last?: number;
}
