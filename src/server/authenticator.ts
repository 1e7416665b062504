/**
 * Asks the app around the chat who somebody is, and guards the chat against what it answers.
 *
 * @module
 */

import type { Authenticate, HelloRequest } from "../core/authority/authenticate.ts";
import { type AuthResult, count, type Counts } from "../core/state/metrics.ts";
import { isClientId } from "../core/authority/ids.ts";
import { type CheckedProof, checkedProof, invalid, type Proof } from "../core/authority/proof.ts";
import type { Quota } from "../core/state/quota.ts";
import { deferred } from "../protocol/deadline.ts";
import { ChatError, isErrorCode, wireCodeOf } from "../protocol/errors.ts";
import { faultOf } from "./logging/faults.ts";
import type { Logger } from "./logging/logger.ts";

/** The time that an answer may take, in milliseconds. */
const TIMEOUT_MS = 10_000;

/** The time after which somebody may try again whose token cannot be checked now, in milliseconds. */
const RETRY_MS = 5_000;

/** The refusal of a `sub` that some client without a token may have as its id. */
const LIKE_CLIENT =
  "where people without a token may come, sub must not be written like the id of a " +
  "client, of 12 digits and small letters";

/** Finds out who people are. */
export class Authenticator {
  /** `true` where people without a token may come too. */
  readonly anonymous: boolean;
  readonly #authenticate: Authenticate;
  readonly #logger: Logger;
  readonly #timeoutMs: number;
  readonly #counts: Counts<AuthResult>;

  /** Asks `authenticate`, and lets people in without a token where they may be `anonymous`. */
  constructor(
    authenticate: Authenticate,
    anonymous: boolean,
    logger: Logger,
    timeoutMs: number = TIMEOUT_MS,
    counts: Counts<AuthResult> = {},
  ) {
    this.#counts = counts;
    this.#authenticate = authenticate;
    this.anonymous = anonymous;
    this.#logger = logger;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Finds out who it is that brings this token; undefined where that is nobody that is known, who may
   * come in. It is brought at the monotonic time `now`; one that will not do counts for the `quota` of
   * its address.
   *
   * @throws {ChatError} where nobody comes in like that.
   */
  async prove(
    request: HelloRequest,
    token: string | undefined,
    now: number,
    quota?: Pick<Quota, "checkTokens" | "failToken">,
  ): Promise<CheckedProof | undefined> {
    if (token !== undefined) quota?.checkTokens(now);
    try {
      const proof = await this.#prove(request, token);
      count(this.#counts, proof === undefined ? "anonymous" : "proved");
      return proof;
    } catch (error) {
      count(this.#counts, wireCodeOf(error as ChatError));
      // One that has ended was good once: nobody guesses those.
      if ((error as ChatError).code === "token_invalid") quota?.failToken();
      throw error;
    }
  }

  async #prove(
    request: HelloRequest,
    token: string | undefined,
  ): Promise<CheckedProof | undefined> {
    const proof = await this.#ask(request, token);
    // An app may write in another language than this one: whatever it answers is looked at.
    if (proof !== null && proof !== undefined) return this.#checked(proof, token);
    if (token !== undefined) throw new ChatError("token_invalid", "Token is not known here");
    if (this.anonymous) return undefined;
    throw new ChatError("token_required", "This server needs a token in hello");
  }

  async #ask(request: HelloRequest, token: string | undefined): Promise<Proof | null> {
    const answer = deferred<Proof | null>("The check of a token", this.#timeoutMs);
    try {
      Promise.resolve(this.#authenticate(request, token)).then(answer.resolve, answer.reject);
    } catch (error) {
      answer.reject(error);
    }
    try {
      return await answer.promise;
    } catch (error) {
      if (error instanceof ChatError && isErrorCode(error.code)) throw error;
      this.#failed(error, token);
      throw new ChatError("unavailable", "The token cannot be checked now", {
        retryAfterMs: RETRY_MS,
      });
    }
  }

  #checked(proof: Proof, token: string | undefined): CheckedProof {
    try {
      const checked = checkedProof(proof, Date.now());
      // Rooms give roles to a `sub` or to the id of a client that has none: it would have those of both.
      if (this.anonymous && isClientId(checked.sub)) throw invalid(LIKE_CLIENT);
      return checked;
    } catch (error) {
      this.#failed(error, token);
      throw error;
    }
  }

  /** Logs a fault of the app. An error may show what it is about: a token gets into no log. */
  #failed(error: unknown, token: string | undefined): void {
    const { error: text, stack } = faultOf(error);
    const told = token ? String(text).replaceAll(token, "…") : text;
    this.#logger.error("authentication failed", { error: told, stack });
  }
}
