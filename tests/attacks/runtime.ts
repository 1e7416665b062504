/**
 * Attacks on what is below the server: the runtime that reads frames and accepts connections. No
 * program on it can see these.
 *
 * @module
 */

import type { Attack } from "./arena.ts";
import {
  DIAL,
  every,
  fill,
  FOR_EVER_MS,
  forever,
  greet,
  type Group,
  raw,
  repeat,
  wait,
} from "./script.ts";

const MIB = 1_048_576;

/** The head of a frame of a client with a length in 64 bits, masked with zeros (RFC 6455, section 5.2). */
function head(first: number, length: number): Uint8Array<ArrayBuffer> {
  const digits = [24, 16, 8, 0].map((shift) => length >> shift & 255);
  return Uint8Array.from([first, 0xff, 0, 0, 0, 0, ...digits, 0, 0, 0, 0]);
}

/** Text that is not final, what goes on with it, and text that is final. */
const BEGUN = 0x01;
const GOES_ON = 0x00;
const WHOLE = 0x81;

/** A thousand continuations of so many bytes, at most one. */
function continuations(bytes: 0 | 1): Uint8Array<ArrayBuffer> {
  const one = [GOES_ON, 0x80 | bytes, 0, 0, 0, 0, ...Array(bytes).fill(0x20)];
  return Uint8Array.from(Array(1_000).fill(one).flat());
}

const EMPTY_BEGUN = Uint8Array.of(BEGUN, 0x80, 0, 0, 0, 0);

/** Frames, and what a message may be cut into. */
export const FRAMES: readonly Attack[] = [
  {
    name: "fragments without a byte, without an end",
    lines: () => [...greet(), raw(EMPTY_BEGUN), ...forever([raw(continuations(0))])],
  },
  {
    name: "fragments of one byte, without an end",
    lines: () => [...greet(), raw(EMPTY_BEGUN), ...forever([raw(continuations(1))])],
  },
  {
    name: "256 fragments of 1 MiB, none of them the last",
    again: null,
    lines: () => [
      ...greet(),
      raw(head(BEGUN, MIB)),
      fill(MIB),
      ...repeat(255, [raw(head(GOES_ON, MIB)), fill(MIB)]),
    ],
  },
  {
    name: "62 of the 63 MiB of a frame",
    again: null,
    lines: () => [...greet(), raw(head(WHOLE, 63 * MIB)), fill(62 * MIB)],
  },
];

const UPGRADE = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const UPGRADE_V1 = raw(`${UPGRADE}Sec-WebSocket-Protocol: parley.v1\r\n\r\n`);

/** Between two bytes of those that say as little as they can. */
const DRIP_MS = 2_000;

/** Connections that only take a place, by what they have said. */
export function slowGroups(count: number): Group[] {
  const group = (name: string, lines: string[]): Group => ({
    name: name.replaceAll(" ", "_"),
    count,
    dialect: "raw",
    from: "127.1.*",
    lines: [DIAL, ...lines],
  });
  const drip = (text: string) => forever([every(DRIP_MS), raw(text)]);
  return [
    group("nothing said", [wait(FOR_EVER_MS)]),
    group("headers without an end", [raw("GET / HTTP/1.1\r\nHost: x\r\nX: "), ...drip("x")]),
    group("a body without an end", [
      raw("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"),
      ...drip("x"),
    ]),
    group("upgraded and silent", [UPGRADE_V1, wait(FOR_EVER_MS)]),
    group("half a frame, byte by byte", [
      UPGRADE_V1,
      raw(head(WHOLE, 1_000)),
      ...drip(" "),
    ]),
  ];
}
