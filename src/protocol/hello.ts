/**
 * The frames about who a client is: `hello`, its answer, and the tokens that follow.
 *
 * @module
 */

import type { Reply, Request } from "./frames.ts";
import type { Limits } from "./limits.ts";

/** The longest token, in UTF-16 units: 8,192. */
export const MAX_TOKEN_CHARS: number = 8_192;

/** `hello`: the first frame of `parley.v1`. */
export interface HelloFrame extends Request {
  /** The name of the request. */
  action: "hello";
  /** The name that others see. */
  name?: string;
  /** The secret of an earlier `connected`, with which this is the same client again. */
  session?: string;
  /** The token that proves who this is. */
  token?: string;
  /** The number up to which its messages need no answer; missing where it does not know. */
  n?: number;
  /** The greatest number that it has sent, answered or not; missing where it does not know. */
  sent?: number;
}

/** `auth`: goes on with a new token of the same person. */
export interface AuthFrame extends Request {
  /** The name of the request. */
  action: "auth";
  /** The new token. */
  token: string;
}

/** The answer to `hello`. */
export interface ConnectedFrame extends Reply {
  /** The outcome of the request. */
  status: "connected";
  /** The public id of the client. */
  client_id: string;
  /** The secret with which a later `hello` is the same client. */
  session: string;
  /** `true` where `hello` brought an earlier session back. */
  resumed: boolean;
  /** The `sub` of the client, where that is proved. */
  sub?: string;
  /** The name of the client, where its token says so. */
  name?: string;
  /** Milliseconds until its token ends, where it has one that does. */
  expires_in_ms?: number;
  /** The number of the last message the server took from this client; 0 at first. */
  n: number;
  /** Milliseconds of silence after which the server sends `ping`; after twice as many it closes. */
  heartbeat_ms: number;
  /** The limits of the server. */
  limits: Limits;
  /** The names of what it can do besides the first version; missing from earlier servers. */
  features?: string[];
  /** The same in words, for people. */
  message: string;
}

/** `revoke`: ends what somebody has proved by tokens that were made before a time. */
export interface RevokeFrame extends Request {
  /** The name of the request. */
  action: "revoke";
  /** The `sub` of the tokens. */
  sub: string;
  /** The time in seconds since 1970 before which they were made; now, unless given. */
  issuedBefore?: number;
}

/** The token of this connection ends: it needs a new one. */
export interface ExpiringEvent {
  /** The name of the event. */
  event: "expiring";
  /** Milliseconds until the token ends; 0 where it has ended. */
  expires_in_ms: number;
}
