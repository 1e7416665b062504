/**
 * Requests whose connections are ended instead of served: what comes over one costs all others,
 * and the runtime has no limits of its own.
 *
 * @module
 */

/** The part of a request that is looked at. */
export interface Asked {
  readonly method: string;
  readonly headers: { get(name: string): string | null };
}

/**
 * The most requests of a connection in a second. A proxy sends those of several people over
 * one connection, so that this is more than a person needs.
 */
const MOST_REQUESTS = 100;
const SECOND_MS = 1_000;

/** The most connections that are counted; with one more, the count of all begins anew. */
const MOST_COUNTED = 10_000;

/** The failure of an answer that ends its connection: nobody is to blame for it. */
export class Ended extends Error {}

/** Counts the requests of each connection. */
export class RequestLimit {
  readonly #counts = new Map<string, number>();
  #end = -Infinity;

  /**
   * The last answer to a connection, named by its address and port, where a request at the
   * monotonic time `now`, in milliseconds, is one too many or has a body; else undefined.
   */
  refusalOf({ method, headers }: Asked, connection: string, now: number): Response | undefined {
    if (!this.#admits(connection, now)) {
      // What has no body cannot fail, and what fails over HTTP/2, which has no Host, ends one stream:
      // these are made as cheap as can be.
      const goesOn = method === "HEAD" || headers.get("host") === null;
      return goesOn ? new Response(null, { status: 429 }) : lastAnswer(429, "Too many requests\n");
    }
    // The runtime reads all of a body, whatever is answered.
    const length = headers.get("content-length") ?? "0";
    if (length !== "0" || headers.get("transfer-encoding") !== null) {
      return lastAnswer(413, "No request here has a body\n");
    }
    return undefined;
  }

  #admits(connection: string, now: number): boolean {
    if (now >= this.#end || this.#counts.size === MOST_COUNTED) {
      this.#counts.clear();
      this.#end = now + SECOND_MS;
    }
    const count = (this.#counts.get(connection) ?? 0) + 1;
    this.#counts.set(connection, count);
    return count <= MOST_REQUESTS;
  }
}

/**
 * An answer that fails behind its text. The runtime goes on with what a client has said behind a
 * request, `connection: close` or not, unless it cannot finish the answer.
 */
function lastAnswer(status: number, text: string): Response {
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode(text)),
    pull: (controller) => controller.error(new Ended()),
  });
  return new Response(body, { status, headers: { connection: "close" } });
}
