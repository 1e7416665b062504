/**
 * Faults of Deno 2.9, which takes what RFC 6455 says must fail the connection: no program on it can
 * see these frames, or which version of HTTP a request has. Reported in `docs/upstream/`.
 *
 * @module
 */

/** The names of the cases, and what the server does. */
export const OF_THE_RUNTIME: readonly string[] = [
  ...["a text frame", "a binary frame", "a ping frame", "a pong frame", "a continuation frame"]
    .map((what) => `5.1 ${what} that is not masked: goes on`),
  "5.1 a text without a byte that is not masked: goes on",
  ...["40 in 16", "40 in 64", "200 in 64", "65535 in 64"]
    .map((what) => `5.2 a length of ${what} bits, which is not the shortest form: goes on`),
  ...["text", "binary"].map((kind) => `5.4 a new ${kind}, not final, within a message: goes on`),
  ...[126, 127, 65_536].map((bytes) => `5.5 a pong of ${bytes} bytes: goes on`),
  "4.2.1 HTTP/1.0: a WebSocket",
];
