/**
 * A peer that writes bytes as they are, and says what came back: frames, and how it ended.
 *
 * @module
 */

import { bounded } from "../support/waiting.ts";

export const CONTINUATION = 0;
export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

/** A frame to write, with everything that can be wrong with one (RFC 6455, section 5.2). */
export interface FrameOptions {
  fin?: boolean;
  /** The three reserved bits, as a number from 0 to 7. */
  rsv?: number;
  opcode?: number;
  /** Four bytes, or `null` for a frame that is not masked; zeros unless given. */
  mask?: number[] | null;
  /** The form of the length: 7, 16 or 64 bits; the shortest unless given. */
  lengthBits?: 7 | 16 | 64;
  /** The length that is said, where it is not the true one. */
  said?: bigint;
}

/** The bytes of a frame; a string is written in UTF-8. */
export function frame(
  payload: string | Uint8Array = "",
  { fin = true, rsv = 0, opcode = TEXT, mask = [0, 0, 0, 0], lengthBits, said }: FrameOptions = {},
): Uint8Array<ArrayBuffer> {
  const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const length = said ?? BigInt(bytes.length);
  const bits = lengthBits ?? (length < 126n ? 7 : length < 65_536n ? 16 : 64);
  const masked = mask === null ? 0 : 0x80;
  const head = [(fin ? 0x80 : 0) | rsv << 4 | opcode];
  if (bits === 7) head.push(masked | Number(length));
  else {
    head.push(masked | (bits === 16 ? 126 : 127));
    for (let shift = BigInt(bits - 8); shift >= 0n; shift -= 8n) {
      head.push(Number(length >> shift & 255n));
    }
  }
  const body = mask === null ? bytes : bytes.map((byte, i) => byte ^ mask[i % 4]!);
  return Uint8Array.from([...head, ...mask ?? [], ...body]);
}

/** The payload of a close frame. */
export function closing(code: number, reason: string | number[] = ""): Uint8Array<ArrayBuffer> {
  const text = typeof reason === "string" ? new TextEncoder().encode(reason) : reason;
  return Uint8Array.from([code >> 8, code & 255, ...text]);
}

/** A frame that came. */
export interface Received {
  opcode: number;
  payload: Uint8Array;
  /** The payload as text. */
  text: string;
}

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

/** The headers of a handshake that is as it should be; `null` leaves one out. */
export function handshakeHeaders(
  host: string,
  changes: Record<string, string | null> = {},
): [string, string][] {
  const headers: Record<string, string | null> = {
    "Host": host,
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
    ...changes,
  };
  return Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    value === null ? [] : [[name, value]]
  );
}

/** A connection at the level of bytes. */
export class RawPeer implements Disposable {
  readonly #conn: Deno.TcpConn;
  #bytes = new Uint8Array();
  #over = false;

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  static async connect(host: string): Promise<RawPeer> {
    const { hostname, port } = new URL(`tcp://${host}`);
    const conn = await Deno.connect({ hostname, port: Number(port) });
    // Else the kernel gathers what is written in pieces.
    conn.setNoDelay();
    return new RawPeer(conn);
  }

  /** Connects and upgrades. */
  static async open(host: string, protocol?: string): Promise<RawPeer> {
    const peer = await RawPeer.connect(host);
    const changes = protocol === undefined ? {} : { "Sec-WebSocket-Protocol": protocol };
    const head = await peer.request("GET / HTTP/1.1", handshakeHeaders(host, changes));
    if (!head.startsWith("HTTP/1.1 101 ")) throw new Error(`No WebSocket: ${head}`);
    return peer;
  }

  /** Writes a request and returns the head of its answer; empty where the server hung up. */
  async request(line: string, headers: [string, string][], body = ""): Promise<string> {
    const lines = [line, ...headers.map(([name, value]) => `${name}: ${value}`), "", body];
    await this.write(Uint8Array.from(lines.join("\r\n"), (char) => char.charCodeAt(0)));
    for (;;) {
      const text = new TextDecoder("latin1").decode(this.#bytes);
      const end = text.indexOf("\r\n\r\n");
      if (end >= 0) {
        this.#bytes = this.#bytes.subarray(end + 4);
        return text.slice(0, end);
      }
      if (!await this.#more()) return "";
    }
  }

  /** Writes bytes, in pieces that the network keeps apart where a size is given. */
  async write(bytes: Uint8Array, pieceBytes = bytes.length): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;) {
        at += await this.#conn.write(bytes.subarray(at, at + pieceBytes));
      }
    } catch (error) {
      // The server has had enough.
      if (!isCut(error)) throw error;
    }
  }

  /** The next frame; undefined where the connection has ended without one. */
  async next(): Promise<Received | undefined> {
    for (;;) {
      const received = this.#take();
      if (received !== undefined) return received;
      if (!await this.#more()) return undefined;
    }
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }

  #take(): Received | undefined {
    const bytes = this.#bytes;
    if (bytes.length < 2) return undefined;
    let length = bytes[1]! & 127;
    let start = 2;
    if (length >= 126) {
      start = length === 126 ? 4 : 10;
      if (bytes.length < start) return undefined;
      length = bytes.subarray(2, start).reduce((sum, byte) => sum * 256 + byte, 0);
    }
    if (bytes.length < start + length) return undefined;
    const payload = bytes.slice(start, start + length);
    this.#bytes = bytes.subarray(start + length);
    return { opcode: bytes[0]! & 15, payload, text: new TextDecoder().decode(payload) };
  }

  async #more(): Promise<boolean> {
    if (this.#over) return false;
    const buffer = new Uint8Array(65_536);
    let count: number | null = null;
    try {
      count = await bounded(this.#conn.read(buffer), () => "the server says nothing");
    } catch (error) {
      if (!isCut(error)) throw error;
    }
    if (count === null) {
      this.#over = true;
      return false;
    }
    const joined = new Uint8Array(this.#bytes.length + count);
    joined.set(this.#bytes);
    joined.set(buffer.subarray(0, count), this.#bytes.length);
    this.#bytes = joined;
    return true;
  }
}

function isCut(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe;
}
