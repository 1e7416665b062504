/**
 * A WebSocket by hand, over TCP: for what the runtime's own client cannot do, like stopping to
 * read, sending pings, or ending without a word.
 *
 * @module
 */

import { bounded } from "./waiting.ts";

/** The opcode of a text frame. */
export const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** Seen where a connection ended without a close frame (RFC 6455, section 7.1.5). */
const CUT = 1006;

/** The close frame of a server had no code (RFC 6455, section 7.4.1). */
const NO_CODE = 1005;

/** A client's end of a connection. */
export class TcpWebSocket implements Disposable {
  /** The subprotocol that the server chose; empty for none. */
  readonly protocol: string;
  readonly #conn: Deno.TcpConn;
  readonly #texts: string[] = [];
  readonly #decoder = new TextDecoder();
  #bytes: Uint8Array<ArrayBuffer>;
  #code: number | undefined;
  #pongs = 0;
  #change = Promise.withResolvers<void>();
  /** Pending while it does not read. */
  #reading: PromiseWithResolvers<void> | undefined;

  private constructor(conn: Deno.TcpConn, protocol: string, bytes: Uint8Array<ArrayBuffer>) {
    this.#conn = conn;
    this.protocol = protocol;
    this.#bytes = bytes;
    this.#take();
    this.#read();
  }

  /** Connects to `host`, like `127.0.0.1:8765`, and offers a subprotocol, or none. */
  static async open(host: string, protocol?: string): Promise<TcpWebSocket> {
    const { hostname, port } = new URL(`tcp://${host}`);
    const conn = await Deno.connect({ hostname, port: Number(port) });
    try {
      conn.setNoDelay();
      await writeAll(conn, handshake(host, protocol));
      let bytes = new Uint8Array();
      let end = -1;
      while (end < 0) {
        const more = await bounded(readSome(conn), () => "no answer to a handshake");
        if (more === undefined) throw new Error("The server hung up");
        bytes = concat(bytes, more);
        end = new TextDecoder("latin1").decode(bytes).indexOf("\r\n\r\n");
      }
      const head = new TextDecoder().decode(bytes.subarray(0, end));
      if (!head.startsWith("HTTP/1.1 101")) throw new Error(`No WebSocket: ${head}`);
      const [, chosen = ""] = /^sec-websocket-protocol: (.*)$/im.exec(head) ?? [];
      return new TcpWebSocket(conn, chosen.trim(), bytes.subarray(end + 4));
    } catch (error) {
      conn.close();
      throw error;
    }
  }

  /** Sends a text frame. */
  send(text: string): Promise<void> {
    return this.#write(TEXT, new TextEncoder().encode(text));
  }

  /** Sends a binary frame. */
  sendBinary(bytes: Uint8Array): Promise<void> {
    return this.#write(BINARY, bytes);
  }

  /** Sends a ping of WebSocket's own, and waits for its pong. */
  async ping(): Promise<void> {
    const pongs = this.#pongs;
    await this.#write(PING, new Uint8Array());
    await this.#until(() => this.#pongs > pongs, "no pong of WebSocket's own");
  }

  /** The text of the next frame. */
  async next(): Promise<string> {
    await this.#until(() => this.#texts.length > 0 || this.#code !== undefined, "no frame");
    const text = this.#texts.shift();
    if (text === undefined) throw new Error(`Closed with ${this.#code}, and no frame before`);
    return text;
  }

  /** Waits for the end, and returns the code of the close: 1006 where there was none. */
  async closed(): Promise<number> {
    await this.#until(() => this.#code !== undefined, "no close");
    return this.#code ?? CUT;
  }

  /** Closes with a code, or with none, and waits until the server has answered. */
  async close(code?: number): Promise<void> {
    await this.#write(CLOSE, code === undefined ? [] : [code >> 8, code & 255]);
    await this.closed();
  }

  /** Reads nothing from now on, or everything again. */
  set reads(reads: boolean) {
    if (reads) {
      this.#reading?.resolve();
      this.#reading = undefined;
    } else this.#reading ??= Promise.withResolvers();
  }

  /** Ends it without a word. */
  [Symbol.dispose](): void {
    this.reads = true;
    try {
      this.#conn.close();
    } catch {
      // It has ended before.
    }
  }

  async #write(opcode: number, payload: ArrayLike<number>): Promise<void> {
    await writeAll(this.#conn, maskedFrame(opcode, payload));
  }

  async #until(reached: () => boolean, otherwise: string): Promise<void> {
    while (!reached()) await bounded(this.#change.promise, () => otherwise);
  }

  async #read(): Promise<void> {
    while (this.#code === undefined) {
      await this.#reading?.promise;
      const more = await readSome(this.#conn).catch(() => undefined);
      if (more === undefined) break;
      this.#bytes = concat(this.#bytes, more);
      this.#take();
    }
    this.#code ??= CUT;
    this.#changed();
    this[Symbol.dispose]();
  }

  /** Takes the frames that are here in full. A server that is tested sends none in pieces. */
  #take(): void {
    for (;;) {
      const frame = frameIn(this.#bytes);
      if (frame === undefined) return;
      this.#bytes = this.#bytes.subarray(frame.size);
      const { opcode, payload } = frame;
      if (opcode === TEXT) this.#texts.push(this.#decoder.decode(payload));
      else if (opcode === PONG) this.#pongs++;
      else if (opcode === PING) this.#write(PONG, payload).catch(() => {});
      else if (opcode === CLOSE) {
        this.#code = payload.length < 2 ? NO_CODE : payload[0]! << 8 | payload[1]!;
        this.#write(CLOSE, payload.subarray(0, 2)).catch(() => {});
      } else throw new RangeError(`Frame with opcode ${opcode}`);
      this.#changed();
    }
  }

  #changed(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}

/** The request that asks for a WebSocket. */
export function handshake(host: string, protocol?: string): Uint8Array {
  const offer = protocol === undefined ? "" : `sec-websocket-protocol: ${protocol}\r\n`;
  return new TextEncoder().encode(
    `GET / HTTP/1.1\r\nhost: ${host}\r\nupgrade: websocket\r\nconnection: upgrade\r\n` +
      `sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n${offer}\r\n`,
  );
}

/** A frame of a client (RFC 6455, section 5.2), masked with zeros. */
export function maskedFrame(opcode: number, payload: ArrayLike<number>): Uint8Array {
  const { length } = payload;
  const size = length < 126
    ? [length]
    : length < 65_536
    ? [126, length >> 8, length & 255]
    : [127, 0, 0, 0, 0, length >>> 24, length >> 16 & 255, length >> 8 & 255, length & 255];
  const head = [0x80 | opcode, 0x80 | size[0]!, ...size.slice(1), 0, 0, 0, 0];
  const frame = new Uint8Array(head.length + length);
  frame.set(head);
  frame.set(payload, head.length);
  return frame;
}

/** The frame of a server that `bytes` begins with, and its size; undefined while some of it is missing. */
function frameIn(
  bytes: Uint8Array<ArrayBuffer>,
): { opcode: number; payload: Uint8Array<ArrayBuffer>; size: number } | undefined {
  const [first = 0, short = 0] = bytes;
  const start = short === 127 ? 10 : short === 126 ? 4 : 2;
  if (bytes.length < start) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const length = short === 127
    ? Number(view.getBigUint64(2))
    : short === 126
    ? view.getUint16(2)
    : short;
  const size = start + length;
  if (bytes.length < size) return undefined;
  return { opcode: first & 15, payload: bytes.subarray(start, size), size };
}

/** Writes all of `bytes`. */
export async function writeAll(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

async function readSome(conn: Deno.TcpConn): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const buffer = new Uint8Array(65_536);
  const count = await conn.read(buffer);
  return count === null ? undefined : buffer.subarray(0, count);
}

function concat(a: Uint8Array<ArrayBuffer>, b: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
