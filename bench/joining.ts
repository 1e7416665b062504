/**
 * The way of one connection into its rooms, one step after the other.
 *
 * @module
 */

import { type Dialect, greeting, handshake, roomIdIn, type Step, stepInto } from "./dialects.ts";
import { clientFrame, readFrames } from "./frames.ts";
import type { LibcSockets } from "./libc_sockets.ts";

const HEAD_END = "\r\n\r\n";
const READ_BYTES = 65_536;

/** A connection that is in its room. */
export interface Joined {
  /** The room's id, where the server has such a thing. */
  id: string | undefined;
  /** The beginning of a frame whose rest has not come. */
  rest: Uint8Array | undefined;
}

/**
 * Takes a connection into room number `room`; creates it where there is no `roomId`. A fresh
 * connection is upgraded first; one that is in a room already says with what it was left there.
 */
export function joinRoom(
  sockets: LibcSockets,
  socket: number,
  options: {
    dialect: Dialect;
    port: number;
    room: number;
    roomId: string | undefined;
    earlier?: Joined | undefined;
  },
): Joined {
  const { dialect, port, room, roomId, earlier } = options;
  const buffer = new Uint8Array(READ_BYTES);
  let input = earlier?.rest ?? new Uint8Array(0);
  const decoder = new TextDecoder();

  function receive(): void {
    const received = buffer.subarray(0, sockets.receive(socket, buffer));
    const joined = new Uint8Array(input.length + received.length);
    joined.set(input);
    joined.set(received, input.length);
    input = joined;
  }

  /** Reads whole frames up to the one that has `part` in it, and returns that one's text. */
  function frameWith(part: string): string {
    for (;;) {
      let found: string | undefined;
      const end = readFrames(input, { from: 0, to: input.length }, {
        data(from, to) {
          const text = decoder.decode(input.subarray(from, to));
          if (text.includes(part)) found ??= text;
        },
        control() {},
      });
      input = input.slice(end);
      if (found !== undefined) return found;
      receive();
    }
  }

  function upgrade(): void {
    sockets.sendAll(socket, new TextEncoder().encode(handshake(dialect, port)));
    let head = "";
    while (!head.includes(HEAD_END)) {
      receive();
      head = decoder.decode(input);
    }
    if (!head.startsWith("HTTP/1.1 101")) {
      throw new Error(`The server does not speak WebSocket: ${head.split("\r\n")[0]}`);
    }
    // The head is ASCII: as many bytes as characters.
    input = input.slice(head.indexOf(HEAD_END) + HEAD_END.length);
  }

  function take({ send, until }: Step): string {
    if (send !== undefined) sockets.sendAll(socket, clientFrame(send));
    return frameWith(until);
  }

  if (earlier === undefined) {
    upgrade();
    greeting(dialect).forEach(take);
  }
  const answer = take(stepInto(dialect, room, roomId));
  return { id: roomId ?? roomIdIn(answer), rest: input.length > 0 ? input : undefined };
}
