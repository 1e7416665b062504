/**
 * Sends requests to webhooks. An address is looked at when it is connected to, so that no name can
 * lead elsewhere later; redirects are not followed.
 *
 * @module
 */

import { lookup } from "node:dns";
import * as http from "node:http";
import * as https from "node:https";
import type { Network } from "../server/admission/addresses.ts";
import { mayReach } from "./reach.ts";

/** The longest that a request may take with its answer, in milliseconds. */
export const ANSWER_MS = 10_000;

/** The most connections to one receiver. */
export const CONNECTIONS = 4;

/** The most bytes of an answer that are read, and thrown away. */
const MOST_ANSWER_BYTES = 65_536;

/** An address that a name leads to. */
export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** Finds the addresses of a host. */
export type Resolve = (
  host: string,
  answer: (error: Error | null, addresses: ResolvedAddress[]) => void,
) => void;

/** Settings of a {@linkcode Poster}. */
export interface PosterOptions {
  /** Networks that may be reached though they are not public, and without encryption. */
  readonly networks: readonly Network[];
  /** Finds the addresses of a host; asks the system unless given. */
  readonly resolve?: Resolve;
  /** The longest that a request may take, in milliseconds; {@linkcode ANSWER_MS} unless given. */
  readonly answerMs?: number;
}

/** An address that requests must not go to. */
export class ForbiddenAddressError extends Error {
  override name = "ForbiddenAddressError";
}

/** Sends requests to one receiver. */
export class Poster {
  readonly #url: URL;
  readonly #networks: readonly Network[];
  readonly #resolve: Resolve;
  readonly #answerMs: number;
  readonly #agent: http.Agent;

  /** Makes what sends to a URL with `http:` or `https:`. */
  constructor(url: URL, { networks, resolve, answerMs }: PosterOptions) {
    this.#url = url;
    this.#networks = networks;
    this.#resolve = resolve ??
      ((host, answer) => lookup(host, { all: true }, (error, found) => answer(error, found)));
    this.#answerMs = answerMs ?? ANSWER_MS;
    const options = { keepAlive: true, maxSockets: CONNECTIONS };
    this.#agent = this.#isEncrypted ? new https.Agent(options) : new http.Agent(options);
  }

  /**
   * Sends a body; resolves with the status of the answer. Rejects where there is none, and with a
   * {@linkcode ForbiddenAddressError} where the address may not be reached.
   */
  post(headers: Record<string, string>, body: string): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    try {
      this.#checkLiteral();
    } catch (error) {
      return Promise.reject(error);
    }
    const bytes = new TextEncoder().encode(body);
    const request = (this.#isEncrypted ? https : http).request(this.#url, {
      method: "POST",
      agent: this.#agent,
      headers: { ...headers, "content-length": String(bytes.length) },
      lookup: this.#lookup as unknown as NonNullable<http.RequestOptions["lookup"]>,
    });
    function ended(error?: unknown): void {
      // Whatever becomes of the rest of an answer, its status has come.
      if (status !== undefined) resolve(status);
      else reject(error ?? new Error("The connection was closed without an answer"));
    }
    const late = setTimeout(
      () => request.destroy(new Error(`No answer within ${this.#answerMs} ms`)),
      this.#answerMs,
    );
    let status: number | undefined;
    request.on("response", (response) => {
      status = response.statusCode ?? 0;
      let read = 0;
      response.on("data", (chunk: Uint8Array) => {
        read += chunk.length;
        if (read > MOST_ANSWER_BYTES) request.destroy();
      });
      response.on("end", ended);
      response.on("error", ended);
    });
    request.on("error", ended);
    request.on("close", ended);
    promise.catch(() => {}).finally(() => clearTimeout(late));
    request.end(bytes);
    return promise;
  }

  /** Closes its connections. */
  close(): void {
    this.#agent.destroy();
  }

  get #isEncrypted(): boolean {
    return this.#url.protocol === "https:";
  }

  /** Checks a host that is an address already: it is not looked up. */
  #checkLiteral(): void {
    const { hostname } = this.#url;
    const isAddress = hostname.startsWith("[") || /^[\d.]+$/.test(hostname);
    if (isAddress) this.#check(hostname.replace(/^\[|\]$/g, ""));
  }

  #check(address: string): void {
    if (mayReach(address, this.#isEncrypted, this.#networks)) return;
    const why = this.#isEncrypted ? "is not public" : "is not named, and http: is for named ones";
    throw new ForbiddenAddressError(`${address} ${why}: see --webhook-network`);
  }

  /** Looks a name up for a connection, and lets no address through that may not be reached. */
  readonly #lookup = (
    host: string,
    options: { all?: boolean },
    answer: (error: Error | null, ...found: unknown[]) => void,
  ): void => {
    this.#resolve(host, (error, addresses) => {
      try {
        if (error !== null) throw error;
        const [first] = addresses;
        if (first === undefined) throw new Error(`${host} has no address`);
        for (const { address } of addresses) this.#check(address);
        if (options.all) answer(null, addresses);
        else answer(null, first.address, first.family);
      } catch (error) {
        answer(error as Error);
      }
    });
  };
}
