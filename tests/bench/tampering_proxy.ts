/**
 * A proxy for the tests of the benchmark that does to one frame what a broken server would,
 * or holds everything up for a while.
 *
 * @module
 */

import { pause } from "../support/waiting.ts";

/** The fault of the frame that matters; `stall` holds back everything on every connection from there on. */
export type Tampering = "none" | "drop" | "double" | "swap" | "stall";

/** Which frame matters, and what is done to it. */
export interface TamperingOptions {
  /** The port of the server behind it. */
  port: number;
  tampering: Tampering;
  /** Only the connection that was accepted as this one, from 0. */
  connection: number;
  /** The first frame that has this in it. */
  frameWith: string;
  /** The length of a stall, in milliseconds. */
  stallMs?: number;
}

type Bytes = Uint8Array<ArrayBuffer>;

/** A proxy on a free port, until it is disposed. */
export class TamperingProxy implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #options: TamperingOptions;
  readonly #sockets: Deno.TcpConn[] = [];
  readonly #work: Promise<unknown>[] = [];
  #stalled: Promise<void> = Promise.resolve();
  #done = false;

  /** Listens, and hands on what comes. */
  constructor(options: TamperingOptions) {
    this.#options = options;
    this.#work.push(this.#accept());
  }

  /** Where clients connect to. */
  get url(): string {
    return `ws://127.0.0.1:${this.#listener.addr.port}`;
  }

  /** `true` once the frame came. */
  get tampered(): boolean {
    return this.#done;
  }

  /** Closes everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const socket of this.#sockets) close(socket);
    await Promise.all(this.#work);
  }

  async #accept(): Promise<void> {
    let number = 0;
    try {
      for await (const client of this.#listener) {
        const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#options.port });
        this.#sockets.push(client, server);
        for (const socket of [client, server]) socket.setNoDelay(true);
        const mine = number++ === this.#options.connection;
        this.#work.push(
          this.#pass(client, server, (bytes) => [bytes]),
          this.#pass(server, client, this.#tamperer(mine)),
        );
      }
    } catch {
      // The listener was closed.
    }
  }

  async #pass(
    from: Deno.TcpConn,
    to: Deno.TcpConn,
    change: (bytes: Bytes) => Bytes[],
  ): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (;;) {
        const count = await from.read(buffer);
        if (count === null) break;
        for (const piece of change(buffer.slice(0, count))) {
          await this.#stalled;
          for (let at = 0; at < piece.length;) at += await to.write(piece.subarray(at));
        }
      }
    } catch {
      // One side is gone, which the other will see.
    }
    close(to);
  }

  /** Cuts what the server says into frames, and tampers with the one that matters. */
  #tamperer(mine: boolean): (bytes: Bytes) => Bytes[] {
    const { frameWith } = this.#options;
    const decoder = new TextDecoder();
    let upgraded = false;
    let input: Bytes = new Uint8Array(0);
    let held: Bytes | undefined;
    return (bytes) => {
      input = concat(input, bytes);
      const out: Bytes[] = [];
      if (!upgraded) {
        const end = decoder.decode(input).indexOf("\r\n\r\n");
        if (end < 0) return [];
        out.push(input.slice(0, end + 4));
        input = input.slice(end + 4);
        upgraded = true;
      }
      for (let frame = firstFrame(input); frame !== undefined; frame = firstFrame(input)) {
        input = input.slice(frame.length);
        const matters = mine && !this.#done && decoder.decode(frame).includes(frameWith);
        if (held !== undefined) {
          out.push(frame, held);
          held = undefined;
        } else if (!matters) out.push(frame);
        else {
          this.#done = true;
          switch (this.#options.tampering) {
            case "none":
              out.push(frame);
              break;
            case "drop":
              break;
            case "double":
              out.push(frame, frame);
              break;
            case "swap":
              held = frame;
              break;
            case "stall":
              this.#stalled = pause(this.#options.stallMs ?? 0);
              out.push(frame);
              break;
            default:
              this.#options.tampering satisfies never;
          }
        }
      }
      return out;
    };
  }
}

/** The first whole frame of a server, which masks nothing; undefined where it has not come yet. */
function firstFrame(bytes: Bytes): Bytes | undefined {
  if (bytes.length < 4) return undefined;
  const short = bytes[1]! & 0x7f;
  if (short === 127) throw new RangeError("Cannot tamper with a frame of 64 KiB");
  const length = short === 126 ? 4 + (bytes[2]! << 8) + bytes[3]! : 2 + short;
  return bytes.length < length ? undefined : bytes.slice(0, length);
}

function concat(a: Bytes, b: Bytes): Bytes {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function close(socket: Deno.TcpConn): void {
  try {
    socket.close();
  } catch {
    // It was closed already.
  }
}
