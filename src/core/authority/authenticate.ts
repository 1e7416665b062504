/**
 * Authentication, as a chat asks the app around it: who is it that says `hello`?
 *
 * @module
 */

import type { Proof } from "./proof.ts";

/** The request that a connection began with, as far as it is there after the upgrade. */
export interface HelloRequest {
  /** Its URL. */
  readonly url: string;
  /** Its headers. */
  readonly headers: { get(name: string): string | null };
}

/**
 * Says who it is that brings a token, once for each `hello`, and for each token that is to follow on a
 * live connection. Without a token it is `undefined`. `null` is nobody that is known: whoever brought a
 * token is refused, and whoever brought none comes in where people without one may.
 *
 * It may be a promise, which has ten seconds. A `ChatError` that it throws is what the client is told;
 * after anything else that is only that something broke.
 */
export type Authenticate = (
  request: HelloRequest,
  token: string | undefined,
) => Proof | null | Promise<Proof | null>;

/** Somebody who is about to do something. */
export interface Actor {
  /** The public id of the client. */
  readonly clientId: string;
  /** The name that others see. */
  readonly name?: string;
  /** Who it is, where that is proved. */
  readonly sub?: string;
  /** Set for a program that says so by its token. */
  readonly bot?: true;
}

/**
 * Says whether somebody may do what the rules allow: `true` for yes, and `false` for no. It cannot allow
 * what they forbid. `action` is that of PROTOCOL.md, and `roomId` is missing where it is about none.
 * It is asked for every frame but those about the connection itself, and must answer at once.
 */
export type Authorize = (action: string, actor: Actor, roomId: string | undefined) => boolean;
