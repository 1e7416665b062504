// This module is pure: no sockets, no clock, no Deno.

/**
 * Just enough WebSocket framing for a load generator: frames are built once and only their
 * digits change, and what comes in is counted without being parsed.
 *
 * @module
 */

/** Marks a body: no envelope of any server has this byte in it. */
export const MARK = 0x40; // @

/** Digits of the time behind the mark, in microseconds. */
export const STAMP_DIGITS = 12;

/** Opcodes of RFC 6455, section 5.2. */
export const OPCODE = { text: 1, close: 8, ping: 9, pong: 10 } as const;

const encoder = new TextEncoder();

/**
 * Builds a masked client frame. The mask is zero: it changes nothing for the server, which
 * unmasks all the same, and keeps the digits of the payload where they can be changed.
 */
export function clientFrame(
  payload: string | Uint8Array,
  opcode: number = OPCODE.text,
): Uint8Array {
  const bytes = typeof payload === "string" ? encoder.encode(payload) : payload;
  const { length } = bytes;
  if (length > 0xffff) throw new RangeError(`Cannot frame ${length} bytes: at most 65535`);
  const size = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 0xff];
  const frame = new Uint8Array(1 + size.length + 4 + length);
  frame.set([0x80 | opcode, ...size]);
  frame.set(bytes, frame.length - length);
  return frame;
}

/** Writes a whole number at `at`, right-aligned in `digits` bytes, filled up with `fill`. */
export function writeDigits(
  bytes: Uint8Array,
  at: number,
  { value, digits, fill }: { value: number; digits: number; fill: number },
): void {
  const last = at + digits - 1;
  let rest = value;
  for (let i = last; i >= at; i--) {
    bytes[i] = rest === 0 && i < last ? fill : 0x30 + rest % 10;
    rest = Math.floor(rest / 10);
  }
}

/** Reads `digits` decimal digits at `at`. */
export function readDigits(bytes: Uint8Array, at: number, digits: number): number {
  let value = 0;
  for (let i = at; i < at + digits; i++) value = value * 10 + bytes[i]! - 0x30;
  return value;
}

/** Takes the frames of one read. */
export interface FrameReader {
  /** Counts marks in the payload of a data frame, which lies between two places of the bytes. */
  data(from: number, to: number): void;
  /** Takes the payload of a control frame. */
  control(opcode: number, payload: Uint8Array): void;
}

/** Walks over the whole server frames in `bytes` and returns where the first unfinished one starts. */
export function readFrames(
  bytes: Uint8Array,
  { from, to }: { from: number; to: number },
  reader: FrameReader,
): number {
  let at = from;
  while (at + 2 <= to) {
    let length = bytes[at + 1]! & 0x7f;
    let start = at + 2;
    if (length === 126) {
      length = bytes[start]! << 8 | bytes[start + 1]!;
      start += 2;
    } else if (length === 127) {
      // The upper half is zero: no frame of these servers has 4 GiB.
      length = bytes[start + 4]! * 2 ** 24 + readUint24(bytes, start + 5);
      start += 8;
    }
    const end = start + length;
    // Where the length itself is cut off, `end` is garbage, but `start` tells.
    if (start > to || end > to) break;
    const opcode = bytes[at]! & 0x0f;
    if (opcode < 8) reader.data(start, end);
    else reader.control(opcode, bytes.slice(start, end));
    at = end;
  }
  return at;
}

function readUint24(bytes: Uint8Array, at: number): number {
  return bytes[at]! << 16 | bytes[at + 1]! << 8 | bytes[at + 2]!;
}
