/**
 * Admission: which requests for a WebSocket are let in, by their form, the page that they come from,
 * and what their address has taken already.
 *
 * @module
 */

import type { Refused } from "../../core/state/metrics.ts";
import { type Quota, type QuotaOptions, Quotas } from "../../core/state/quota.ts";
import { type Address, isIn, keyOf, type Network, parseAddress } from "./addresses.ts";
import { clientOf } from "./forwarded.ts";
import { refusalOf } from "./handshake.ts";
import type { Logger } from "../logging/logger.ts";
import { admitsOrigin, type OriginRules } from "./origins.ts";

/** The rules for those who are not known yet. */
export interface AdmissionRules {
  /** The pages that may connect. */
  readonly origins: OriginRules;
  /** The proxies whose word for an address is taken. */
  readonly trustedProxies: readonly Network[];
  /** The addresses without limits. */
  readonly exempt: readonly Network[];
}

/** The state of the server, as far as it decides who is let in. */
export interface Openness {
  readonly closing: boolean;
  readonly accepting: boolean;
}

/** A request that is let in, with the share of its address if that is limited; or the answer to one that is not. */
export type Admitted = { quota: Quota | undefined } | Turned;

/** A request that is not let in: the answer to it, and the reason in a word. */
interface Turned {
  readonly refusal: Response;
  readonly reason: Refused;
}

/** The answer of a chat that has begun to close. */
export const ENDING = "Going away\n";

/** The most characters of a header that an answer or the log shows. */
const MOST_SHOWN = 100;

/** Lets requests in, or refuses them. */
export class Admission {
  #rules: AdmissionRules;
  readonly #quotas: Quotas;
  readonly #logger: Logger;
  readonly #now: () => number;

  /** Begins with no address; `now` is the clock of the server, in milliseconds: clients pay by the same. */
  constructor(rules: AdmissionRules, options: QuotaOptions, logger: Logger, now: () => number) {
    this.#rules = rules;
    this.#quotas = new Quotas(options);
    this.#logger = logger;
    this.#now = now;
  }

  /** Lets pages of these origins connect from now on, and of no others but the server's own. */
  allowOrigins(origins: readonly string[]): void {
    const allowed = new Set(origins);
    this.#rules = { ...this.#rules, origins: { ...this.#rules.origins, allowed } };
  }

  /** Judges a request for a WebSocket; `info` is what the runtime gives with it. */
  judge(request: Request, info: unknown, server: Openness): Admitted {
    const address = this.#addressOf(request, info);
    const quota = address && this.#quotaOf(address);
    const tooMany = quota?.handshake(this.#now());
    if (tooMany !== undefined) {
      const { what, retryAfterMs } = tooMany;
      this.#logger.debug("address refused", { address: keyOf(address!), what });
      return refused("address", 429, `Too many ${what}, from your address\n`, {
        "retry-after": `${Math.ceil(retryAfterMs / 1_000)}`,
      });
    }
    const malformed = refusalOf(request);
    if (malformed !== undefined) {
      return refused("handshake", malformed.status, malformed.text, malformed.headers);
    }
    if (!admitsOrigin(request.headers, this.#rules.origins)) return this.#wrongOrigin(request);
    if (server.accepting) return { quota };
    // Another server comes sooner than somebody goes.
    const [text, seconds] = server.closing ? [ENDING, "1"] : ["Full\n", "5"];
    return refused(server.closing ? "draining" : "full", 503, text, { "retry-after": seconds });
  }

  /** The address that a request comes from; undefined where the runtime does not say it, as over a Unix socket. */
  #addressOf({ headers }: Request, info: unknown): Address | undefined {
    const host: unknown = (info as { remoteAddr?: { hostname?: unknown } })?.remoteAddr?.hostname;
    const peer = typeof host === "string" ? parseAddress(host) : undefined;
    return peer && clientOf(peer, headers, this.#rules.trustedProxies);
  }

  #quotaOf(address: Address): Quota | undefined {
    const { exempt, trustedProxies } = this.#rules;
    // What a proxy hands on without saying from where counts as one address, wherever the proxy is.
    if (isIn(address, exempt) && !isIn(address, trustedProxies)) return undefined;
    return this.#quotas.of(keyOf(address), this.#now());
  }

  /** Refuses a page of somebody else. Its browser does not show the answer, so that it stands in the log too. */
  #wrongOrigin({ headers }: Request): Admitted {
    const origin = headers.get("origin")?.slice(0, MOST_SHOWN) ?? "";
    const host = headers.get("host")?.slice(0, MOST_SHOWN) ?? "";
    this.#logger.info("origin refused", { origin, host });
    const text = `Pages of ${JSON.stringify(origin)} may not connect to ${JSON.stringify(host)}: ` +
      "--allow-origin lets them, and so does allowOrigins of createChat\n";
    return refused("origin", 403, text);
  }
}

function refused(
  reason: Refused,
  status: number,
  text: string,
  headers: Record<string, string> = {},
): Turned {
  return { reason, refusal: new Response(text, { status, headers }) };
}
