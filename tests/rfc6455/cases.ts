/**
 * Cases from the text of RFC 6455: what peers may send after the handshake, and what has to come of it.
 * The server is no echo, but names a room that does not exist: that is how a text comes back.
 *
 * @module
 */

import {
  BINARY,
  CLOSE,
  closing,
  CONTINUATION,
  frame,
  type FrameOptions,
  PING,
  PONG,
  TEXT,
} from "./raw_peer.ts";

/** The outcome that a case has to have. */
export type Then =
  /** The text comes back, and these pongs beside it. */
  | { is: "echo"; text: string; pongs: Uint8Array[] }
  /** These payloads come back, in order. */
  | { is: "pongs"; pongs: Uint8Array[] }
  /** The connection goes on. */
  | { is: "open" }
  /** The connection fails, with this code if any is said. */
  | { is: "failed"; code: number }
  /** A close comes back, with one of these codes, and nothing behind it. */
  | { is: "closed"; codes: number[] };

/** One thing that a peer does, and what has to come of it. */
export interface Case {
  /** The section of RFC 6455, and what is done. */
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
  /** The bytes are written in pieces of this size. */
  pieceBytes?: number;
  then: Then;
}

const OPEN: Then = { is: "open" };

function echoes(text: string, pongs: Uint8Array[] = []): Then {
  return { is: "echo", text, pongs };
}

function answers(pongs: Uint8Array[]): Then {
  return { is: "pongs", pongs };
}

function fails(code: number): Then {
  return { is: "failed", code };
}

function closes(codes: number[]): Then {
  return { is: "closed", codes };
}

/** A frame that names a room; what stands beside it is passed over in both dialects. */
function probe(room: string, padding?: number): string {
  const pad = padding === undefined ? {} : { pad: "x".repeat(padding) };
  return JSON.stringify({ action: "join", body: room, ...pad });
}

const utf8 = (text: string) => new TextEncoder().encode(text);
const bytes = (...parts: (Uint8Array | number[])[]) =>
  Uint8Array.from(parts.flatMap((part) => [...part]));

/** The probe for a room, made so long that its frame has just that many bytes. */
function probeOf(length: number): string {
  return probe("k", length - probe("k", 0).length);
}

/** Bytes cut into frames: the first begins a message, the last ends it. */
function fragments(parts: (Uint8Array | string)[], opcode = TEXT): Uint8Array<ArrayBuffer> {
  return bytes(
    ...parts.map((part, i) =>
      frame(part, { opcode: i === 0 ? opcode : CONTINUATION, fin: i === parts.length - 1 })
    ),
  );
}

const LENGTHS: Case[] = [
  ...[40, 64, 124, 125, 126, 127, 128, 1_024, 65_535, 65_536, 131_072, 390_000].map((
    length,
  ): Case => ({
    name: `5.2 a text of ${length} bytes`,
    bytes: frame(probeOf(length)),
    then: echoes("k"),
  })),
  ...[40, 125, 126, 127].map((length): Case => ({
    name: `5.2 a text of ${length} bytes, byte by byte`,
    bytes: frame(probeOf(length)),
    pieceBytes: 1,
    then: echoes("k"),
  })),
  ...[65_535, 65_536, 131_072].map((length): Case => ({
    name: `5.2 a text of ${length} bytes in pieces of 997`,
    bytes: frame(probeOf(length)),
    pieceBytes: 997,
    then: echoes("k"),
  })),
  ...([[40, 16], [40, 64], [200, 64], [65_535, 64]] as const).map(([length, lengthBits]): Case => ({
    name: `5.2 a length of ${length} in ${lengthBits} bits, which is not the shortest form`,
    bytes: frame(probeOf(length), { lengthBits }),
    then: fails(1002),
  })),
  {
    name: "5.2 a length whose highest bit is set",
    bytes: frame("x", { said: 1n << 63n, lengthBits: 64 }),
    then: fails(1002),
  },
  {
    name: "5.2 a length of all ones",
    bytes: frame("x", { said: (1n << 64n) - 1n, lengthBits: 64 }),
    then: fails(1002),
  },
  {
    name: "5.2 a length of a terabyte, which nobody can take",
    bytes: frame("x", { said: 1n << 40n, lengthBits: 64 }),
    then: fails(1009),
  },
];

const RESERVED: Case[] = [
  ...[1, 2, 3, 4, 5, 6, 7].flatMap((rsv) =>
    ([["text", TEXT], ["binary", BINARY], ["ping", PING], ["pong", PONG], [
      "close",
      CLOSE,
    ]] as const)
      .map(([kind, opcode]): Case => ({
        name: `5.2 reserved bits ${rsv.toString(2).padStart(3, "0")} in a ${kind} frame`,
        bytes: frame(opcode === CLOSE ? closing(1000) : probe("k"), { rsv, opcode }),
        then: fails(1002),
      }))
  ),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((opcode) =>
    ([["", true], ["x", true], ["x", false]] as const).map(([payload, fin]): Case => ({
      name: `5.2 reserved opcode ${opcode}, ${payload === "" ? "empty" : "with a payload"}${
        fin ? "" : ", not final"
      }`,
      bytes: frame(payload, { opcode, fin }),
      then: fails(1002),
    }))
  ),
];

const MASKS: Case[] = [
  ...([["text", { opcode: TEXT }], ["binary", { opcode: BINARY }], ["ping", { opcode: PING }], [
    "pong",
    { opcode: PONG },
  ], ["continuation", { opcode: CONTINUATION }]] as [string, FrameOptions][])
    .map(([kind, options]): Case => ({
      name: `5.1 a ${kind} frame that is not masked`,
      bytes: bytes(
        options.opcode === CONTINUATION ? frame("", { fin: false }) : [],
        frame(options.opcode === TEXT ? probe("k") : "x", { ...options, mask: null }),
      ),
      then: fails(1002),
    })),
  {
    name: "5.1 a text without a byte that is not masked",
    bytes: frame("", { mask: null }),
    then: fails(1002),
  },
  {
    name: "5.1 a close that is not masked",
    bytes: frame(closing(1000), { opcode: CLOSE, mask: null }),
    then: fails(1002),
  },
  ...[[0, 0, 0, 0], [255, 255, 255, 255], [1, 2, 3, 4], [0x7b, 0x7b, 0x7b, 0x7b], [0, 0, 0, 1]]
    .flatMap((mask) =>
      [40, 41, 42, 43].map((length): Case => ({
        name: `5.3 mask ${mask.join(".")} over ${length} bytes`,
        bytes: frame(probeOf(length), { mask }),
        then: echoes("k"),
      }))
    ),
];

const CONTROL: Case[] = [
  ...[0, 1, 2, 63, 64, 124, 125].map((length) => {
    const payload = new Uint8Array(length).map((_, i) => 255 - i);
    return {
      name: `5.5.2 a ping of ${length} bytes that are no text`,
      bytes: frame(payload, { opcode: PING }),
      then: answers([payload]),
    };
  }),
  {
    name: "5.5.2 a ping of 125 bytes, byte by byte",
    bytes: frame("p".repeat(125), { opcode: PING }),
    pieceBytes: 1,
    then: answers([utf8("p".repeat(125))]),
  },
  {
    name: "5.5.2 ten pings at once",
    bytes: bytes(...Array.from({ length: 10 }, (_, i) => frame(`${i}`, { opcode: PING }))),
    then: answers(Array.from({ length: 10 }, (_, i) => utf8(`${i}`))),
  },
  ...[0, 1, 125].map((length): Case => ({
    name: `5.5.3 a pong of ${length} bytes that nobody asked for`,
    bytes: frame("p".repeat(length), { opcode: PONG }),
    then: OPEN,
  })),
  ...([["ping", PING], ["pong", PONG]] as const).flatMap(([kind, opcode]) => [
    ...[126, 127, 65_536].map((length): Case => ({
      name: `5.5 a ${kind} of ${length} bytes`,
      bytes: frame("p".repeat(length), { opcode }),
      then: fails(1002),
    })),
    {
      name: `5.5 a ${kind} that is not final`,
      bytes: bytes(frame("p", { opcode, fin: false }), frame("q", { opcode: CONTINUATION })),
      then: fails(1002),
    },
  ]),
  {
    name: "5.5 a close of 126 bytes",
    bytes: frame(closing(1000, "r".repeat(124)), { opcode: CLOSE }),
    then: fails(1002),
  },
  {
    name: "5.5 a close that is not final",
    bytes: frame(closing(1000), { opcode: CLOSE, fin: false }),
    then: fails(1002),
  },
];

/** Something of each length in UTF-8, in a room's name. */
const MIXED = "aé€😀z";
const MIXED_BYTES = utf8(probe(MIXED));
const SPLITS = Array.from({ length: MIXED_BYTES.length - 1 }, (_, i) => i + 1);

const FRAGMENTS: Case[] = [
  ...SPLITS.map((at): Case => ({
    name: `5.4 two frames, the first of ${at} bytes`,
    bytes: fragments([MIXED_BYTES.slice(0, at), MIXED_BYTES.slice(at)]),
    then: echoes(MIXED),
  })),
  ...SPLITS.map((at): Case => ({
    name: `5.4 three frames, the first of ${at} bytes and the second empty`,
    bytes: fragments([MIXED_BYTES.slice(0, at), "", MIXED_BYTES.slice(at)]),
    then: echoes(MIXED),
  })),
  ...SPLITS.map((at): Case => ({
    name: `5.4 a ping between two frames, the first of ${at} bytes`,
    bytes: bytes(
      frame(MIXED_BYTES.slice(0, at), { fin: false }),
      frame("between", { opcode: PING }),
      frame(MIXED_BYTES.slice(at), { opcode: CONTINUATION }),
    ),
    then: echoes(MIXED, [utf8("between")]),
  })),
  {
    name: "5.4 a message in frames of one byte",
    bytes: fragments([...MIXED_BYTES].map((byte) => Uint8Array.of(byte))),
    then: echoes(MIXED),
  },
  {
    name: "5.4 a message in frames of one byte, byte by byte",
    bytes: fragments([...MIXED_BYTES].map((byte) => Uint8Array.of(byte))),
    pieceBytes: 1,
    then: echoes(MIXED),
  },
  {
    name: "5.4 a message whose first and last frames are empty",
    bytes: fragments(["", MIXED_BYTES, ""]),
    then: echoes(MIXED),
  },
  {
    name: "5.4 pings between all frames of a message",
    bytes: bytes(
      frame(MIXED_BYTES.slice(0, 10), { fin: false }),
      frame("1", { opcode: PING }),
      frame(MIXED_BYTES.slice(10, 20), { opcode: CONTINUATION, fin: false }),
      frame("2", { opcode: PING }),
      frame("", { opcode: PONG }),
      frame(MIXED_BYTES.slice(20), { opcode: CONTINUATION }),
    ),
    then: echoes(MIXED, [utf8("1"), utf8("2")]),
  },
  ...[true, false].flatMap((fin) => [
    {
      name: `5.4 a continuation of nothing, ${fin ? "final" : "not final"}`,
      bytes: frame(probe("k"), { opcode: CONTINUATION, fin }),
      then: fails(1002),
    },
    ...([["text", TEXT], ["binary", BINARY]] as const).map(([kind, opcode]): Case => ({
      name: `5.4 a new ${kind}, ${fin ? "final" : "not final"}, within a message`,
      bytes: bytes(frame("x", { fin: false }), frame(probe("k"), { opcode, fin })),
      then: fails(1002),
    })),
  ]),
  {
    name: "5.4 a continuation behind a message that has ended",
    bytes: bytes(fragments(["{", "}"]), frame("x", { opcode: CONTINUATION })),
    then: fails(1002),
  },
  {
    name: "5.4 a close within a message",
    bytes: bytes(frame("x", { fin: false }), frame(closing(1000), { opcode: CLOSE })),
    then: closes([1000]),
  },
];

/** Sequences that are no UTF-8 (RFC 3629, section 3). */
const BROKEN: [string, number[]][] = [
  ["a continuation alone", [0x80]],
  ["the last continuation alone", [0xbf]],
  ["an overlong slash in two bytes", [0xc0, 0xaf]],
  ["the longest overlong in two bytes", [0xc1, 0xbf]],
  ["an overlong slash in three bytes", [0xe0, 0x80, 0xaf]],
  ["the longest overlong in three bytes", [0xe0, 0x9f, 0xbf]],
  ["an overlong slash in four bytes", [0xf0, 0x80, 0x80, 0xaf]],
  ["the longest overlong in four bytes", [0xf0, 0x8f, 0xbf, 0xbf]],
  ["an overlong zero", [0xc0, 0x80]],
  ["the first high surrogate", [0xed, 0xa0, 0x80]],
  ["the last high surrogate", [0xed, 0xaf, 0xbf]],
  ["the first low surrogate", [0xed, 0xb0, 0x80]],
  ["the last low surrogate", [0xed, 0xbf, 0xbf]],
  ["a pair of surrogates", [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
  ["the first code point behind the last", [0xf4, 0x90, 0x80, 0x80]],
  ["a far larger code point", [0xf7, 0xbf, 0xbf, 0xbf]],
  ["a sequence of five bytes", [0xf8, 0x88, 0x80, 0x80, 0x80]],
  ["a sequence of six bytes", [0xfc, 0x84, 0x80, 0x80, 0x80, 0x80]],
  ["0xfe", [0xfe]],
  ["0xff", [0xff]],
  ["two bytes cut short", [0xc2]],
  ["three bytes cut short", [0xe2, 0x82]],
  ["four bytes cut short", [0xf0, 0x9f, 0x98]],
  ["two bytes that go on with a letter", [0xc3, 0x61]],
  ["three bytes that go on with a letter", [0xe2, 0x82, 0x61]],
  ["four bytes that go on with a letter", [0xf0, 0x9f, 0x61, 0x61]],
];

function around(sequence: number[]): Uint8Array<ArrayBuffer> {
  const [before, behind] = probe("|").split("|").map(utf8);
  return bytes(before!, sequence, behind!);
}

const TEXTS: Case[] = [
  ...[
    ...["\u0080", "\u07ff", "\u0800", "\u0fff", "\ud7ff", "\ue000", "\ufdd0", "\ufffd", "\ufffe"],
    ...["\uffff", "\ufeff", "\u{10000}", "\u{1ffff}", "\u{fffff}", "\u{10ffff}", "e\u0301"],
  ].map((text): Case => ({
    name: `8.1 the valid text ${
      [...text].map((char) => `U+${char.codePointAt(0)!.toString(16)}`).join(" ")
    }`,
    bytes: frame(probe(text)),
    then: echoes(text),
  })),
  ...BROKEN.flatMap(([what, sequence]) => {
    const broken = around(sequence);
    const within = utf8(probe("|").split("|")[0]!).length + 1;
    return [
      { name: `8.1 ${what}`, bytes: frame(broken), then: fails(1007) },
      {
        name: `8.1 ${what}, in two frames`,
        bytes: fragments([broken.slice(0, within), broken.slice(within)]),
        then: fails(1007),
      },
    ];
  }),
  {
    name: "5.6 a binary message of anything, which is refused in words",
    bytes: frame(Uint8Array.of(0xff, 0, 0xc0), { opcode: BINARY }),
    then: OPEN,
  },
  {
    name: "5.6 an empty text, which is refused in words",
    bytes: frame(""),
    then: OPEN,
  },
];

const CLOSES: Case[] = [
  {
    name: "5.5.1 a close without a code",
    bytes: frame("", { opcode: CLOSE }),
    then: closes([1005, 1000]),
  },
  ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999].map((
    code,
  ): Case => ({
    name: `7.4 a close with ${code}`,
    bytes: frame(closing(code), { opcode: CLOSE }),
    then: closes([code, 1000]),
  })),
  {
    name: "5.5.1 a close with a reason of 123 bytes",
    bytes: frame(closing(1000, "€".repeat(41)), { opcode: CLOSE }),
    then: closes([1000]),
  },
  {
    name: "5.5.1 a close of one byte",
    bytes: frame(Uint8Array.of(3), { opcode: CLOSE }),
    then: fails(1002),
  },
  ...[0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map((
    code,
  ): Case => ({
    name: `7.4 a close with ${code}, which nobody may send`,
    bytes: frame(closing(code), { opcode: CLOSE }),
    then: fails(1002),
  })),
  ...BROKEN.slice(0, 10).map(([what, sequence]): Case => ({
    name: `7.1.6 a reason that holds ${what}`,
    bytes: frame(closing(1000, sequence), { opcode: CLOSE }),
    then: fails(1007),
  })),
  {
    name: "5.5.1 a text behind a close",
    bytes: bytes(frame(closing(1000), { opcode: CLOSE }), frame(probe("late"))),
    then: closes([1000]),
  },
  {
    name: "5.5.1 a ping behind a close",
    bytes: bytes(frame(closing(1000), { opcode: CLOSE }), frame("late", { opcode: PING })),
    then: closes([1000]),
  },
  {
    name: "5.5.1 two closes",
    bytes: bytes(
      frame(closing(1000), { opcode: CLOSE }),
      frame(closing(1001), { opcode: CLOSE }),
    ),
    then: closes([1000]),
  },
];

/** All of them. */
export const CASES: readonly Case[] = [
  ...LENGTHS,
  ...RESERVED,
  ...MASKS,
  ...CONTROL,
  ...FRAGMENTS,
  ...TEXTS,
  ...CLOSES,
];
