/**
 * Attacks with all that a connection can carry: frames and requests that cost the server more to
 * turn down than to send.
 *
 * @module
 */

import type { Attack } from "./arena.ts";
import { DIAL, every, fill, forever, greet, HANG_UP, OPEN, raw, send, wait } from "./script.ts";
import { FULL_RATE_MS } from "./spreading.ts";

/** A little less than the largest frame that is read, in characters. */
const LARGE = 390_000;

/** The first bytes of a masked text frame of 63 MiB (RFC 6455, section 5.2). */
const GIANT_BYTES = 63 * 1_048_576;
const GIANT = Uint8Array.from([
  ...[0x81, 0xff, 0, 0, 0, 0],
  ...[24, 16, 8, 0].map((shift) => GIANT_BYTES >> shift & 255),
  ...[0, 0, 0, 0],
]);

/** An empty ping of a client, masked. */
const PING = [0x89, 0x80, 0, 0, 0, 0];

/** The beginning of a connection of HTTP/2 (RFC 9113, section 3.4): the preface and empty settings. */
const SETTINGS = [0, 0, 0, 4, 0, 0, 0, 0, 0];
const HTTP2 = [...new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), ...SETTINGS];

function many(times: number, bytes: readonly number[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: times * bytes.length }, (_, i) => bytes[i % bytes.length]!);
}

/** Streams that ask for `/` and are reset at once: GET, http, / and the authority "x", in HPACK. */
function resetStreams(count: number): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  for (let i = 0; i < count; i++) {
    const stream = 2 * i + 1;
    const id = [0, stream >> 16 & 255, stream >> 8 & 255, stream & 255];
    bytes.push(...[0, 0, 6, 1, 5], ...id, ...[0x82, 0x86, 0x84, 0x41, 1, 0x78]);
    bytes.push(...[0, 0, 4, 3, 0], ...id, ...[0, 0, 0, 8]);
  }
  return Uint8Array.from(bytes);
}

/** Streams that ask for `/` and say nothing behind it. */
function streams(count: number): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  for (let stream = 1; stream < 2 * count; stream += 2) {
    const id = [0, stream >> 16 & 255, stream >> 8 & 255, stream & 255];
    bytes.push(...[0, 0, 6, 1, 5], ...id, ...[0x82, 0x86, 0x84, 0x41, 1, 0x78]);
  }
  return Uint8Array.from(bytes);
}

function requests(times: number, head: string): string {
  return raw(`${head}\r\n\r\n`.repeat(times));
}

/** The attacks. */
export const FLOODING: readonly Attack[] = [
  {
    name: "390 KB of open brackets",
    lines: () => [...greet(), ...forever([send("[".repeat(LARGE))])],
  },
  {
    name: "frames of 63 MiB before hello",
    lines: () => [OPEN, ...forever([raw(GIANT), fill(GIANT_BYTES)])],
  },
  {
    name: "frames just below the limit, full of a field that nobody knows",
    lines: () => [
      ...greet(),
      ...forever([send({ action: "ping", unknown: "x".repeat(LARGE) })]),
    ],
  },
  {
    name: "objects of 30,000 fields",
    lines: () => [
      ...greet(),
      ...forever([
        send(`{"action":"ping"${Array.from({ length: 30_000 }, (_, i) => `,"${i}x":1`).join("")}}`),
      ]),
    ],
  },
  {
    name: "31,000 objects, each with a field that no other has, as often as they are let in",
    lines: () => [
      ...greet(),
      ...forever([
        every(1_700),
        send(
          `{"action":"ping","x":[${
            Array.from({ length: 31_000 }, (_, i) => `{"${i.toString(36)}":1}`).join()
          }]}`,
        ),
      ]),
    ],
  },
  {
    name: "190,000 lists in each other, as often as it is let in",
    lines: () => [
      ...greet(),
      ...forever([
        every(2_000),
        send(`{"action":"message","body":${"[".repeat(190_000)}${"]".repeat(190_000)}}`),
      ]),
    ],
  },
  {
    name: "the largest frame that is no JSON, as often as it is let in",
    lines: () => [...greet(), ...forever([every(2_000), send(`{"a":"${"x".repeat(LARGE)}`)])],
  },
  {
    name: "empty frames, and back again",
    again: 0,
    lines: () => [OPEN, ...forever([send("")])],
  },
  {
    name: "binary frames of 64 KB, and back again",
    again: 0,
    lines: () => [
      ...greet(),
      ...forever([raw(Uint8Array.from([0x82, 0xfe, 0xff, 0xff, 0, 0, 0, 0])), fill(65_535)]),
    ],
  },
  {
    name: "pings of the WebSocket",
    lines: () => [...greet(), ...forever([raw(many(1_000, PING))])],
  },
  {
    name: "pings of the protocol with a ref of 128 characters, at the full rate",
    lines: () => [
      ...greet(),
      ...forever([every(FULL_RATE_MS), send({ action: "ping", ref: "€".repeat(128) })]),
    ],
  },
  {
    name: "hello again and again, at the full rate",
    lines: () => [...greet(), ...forever([every(FULL_RATE_MS), send({ action: "hello" })])],
  },
  {
    name: "room ids guessed at the full rate",
    daily: true,
    lines: () => [
      ...greet(),
      ...forever([every(FULL_RATE_MS), send({ action: "join", body: "{{room_id}}" })]),
    ],
  },
  {
    name: "connections made and ended",
    lines: () => forever([OPEN, HANG_UP]),
  },
  {
    name: "handshakes with a bad key",
    dialect: "raw",
    lines: () =>
      forever([
        DIAL,
        raw(
          "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ?\r\n\r\n",
        ),
        wait(2),
        HANG_UP,
      ]),
  },
  {
    name: "requests for /healthz in a row",
    daily: true,
    dialect: "raw",
    lines: () => [DIAL, ...forever([requests(100, "GET /healthz HTTP/1.1\r\nHost: x")])],
  },
  {
    name: "requests with HEAD in a row",
    dialect: "raw",
    lines: () => [DIAL, ...forever([requests(100, "HEAD / HTTP/1.1\r\nHost: x")])],
  },
  {
    name: "requests for the page of the chat in a row",
    daily: true,
    dialect: "raw",
    lines: () => [
      DIAL,
      ...forever([requests(100, "GET / HTTP/1.1\r\nHost: x\r\nAccept: text/html")]),
    ],
  },
  {
    name: "requests with 30 KB of headers",
    dialect: "raw",
    lines: () => [
      DIAL,
      ...forever([requests(1, `GET /healthz HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(30_000)}`)]),
    ],
  },
  {
    name: "a request with a body of 1 GB",
    daily: true,
    dialect: "raw",
    lines: () => [
      DIAL,
      raw("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n"),
      fill(1_000_000_000),
    ],
  },
  {
    name: "settings of HTTP/2 without an end",
    dialect: "raw",
    lines: () => [
      DIAL,
      raw(Uint8Array.from(HTTP2)),
      ...forever([raw(many(1_000, SETTINGS))]),
    ],
  },
  {
    name: "streams of HTTP/2 that are opened and reset",
    dialect: "raw",
    again: 0,
    lines: () => [DIAL, raw(Uint8Array.from(HTTP2)), raw(resetStreams(5_000)), wait(50)],
  },
  {
    name: "handshakes of another version in a row",
    daily: true,
    dialect: "raw",
    lines: () => [
      DIAL,
      ...forever([
        requests(
          100,
          "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
            "Sec-WebSocket-Version: 12\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ),
      ]),
    ],
  },
  {
    name: "a body in chunks of one byte, without an end",
    daily: true,
    dialect: "raw",
    lines: () => [
      DIAL,
      raw("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"),
      ...forever([raw("1\r\nx\r\n".repeat(1_000))]),
    ],
  },
  {
    name: "pings of HTTP/2 without an end",
    dialect: "raw",
    lines: () => [
      DIAL,
      raw(Uint8Array.from(HTTP2)),
      ...forever([raw(many(1_000, [0, 0, 8, 6, 0, 0, 0, 0, 0, ...Array(8).fill(0)]))]),
    ],
  },
  {
    name: "requests over HTTP/2 as fast as they are taken",
    dialect: "raw",
    again: 0,
    lines: () => [DIAL, raw(Uint8Array.from(HTTP2)), raw(streams(5_000)), wait(1_000)],
  },
];
