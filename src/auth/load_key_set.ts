/**
 * Loads a set of public keys from a file, or from its address.
 *
 * @module
 */

/** The time that an issuer may take to answer, in milliseconds. */
const TIMEOUT_MS = 5_000;

/** The most bytes of a set. */
const MAX_BYTES = 262_144;

/**
 * Loads the text of a set of keys. An address is taken as it is: an answer that points elsewhere is
 * none.
 *
 * @throws {Error} that says in one line why there is none.
 */
export async function loadKeySet(from: URL | string): Promise<string> {
  if (typeof from === "string" || from.protocol === "file:") return await Deno.readTextFile(from);
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const answer = await fetch(from, {
    redirect: "error",
    credentials: "omit",
    headers: { accept: "application/jwk-set+json, application/json" },
    signal,
  });
  if (!answer.ok || answer.body === null) {
    await answer.body?.cancel();
    throw new Error(`${from.origin} answers ${answer.status} instead of its keys`);
  }
  let bytes = 0;
  const bounded = answer.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        bytes += chunk.length;
        if (bytes > MAX_BYTES) {
          throw new Error(`The keys of ${from.origin} have over ${MAX_BYTES} bytes`);
        }
        controller.enqueue(chunk);
      },
    }),
  );
  return await new Response(bounded).text();
}
