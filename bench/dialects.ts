// This module is pure: no sockets, no clock, no Deno.

/**
 * Dialects of the servers that are measured, from the handshake to a message.
 *
 * @module
 */

import { clientFrame, STAMP_DIGITS } from "./frames.ts";

/** `parley`: parley.v1. `name`: the peers, where joining a name makes the room. `socket.io`: those in its packets. */
export type Dialect = "parley" | "name" | "socket.io";

/** One step into a room: what to send, and a part of the frame to wait for. */
export interface Step {
  send?: string;
  until: string;
}

/** The digits of `n`, which only Parley has. */
const N_DIGITS = 9;

/** The request that upgrades a connection. */
export function handshake(dialect: Dialect, port: number): string {
  const path = dialect === "socket.io" ? "/socket.io/?EIO=4&transport=websocket" : "/";
  return [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
    ...dialect === "parley" ? ["Sec-WebSocket-Protocol: parley.v1"] : [],
    "\r\n",
  ].join("\r\n");
}

/** The steps of a fresh connection that come before any room. */
export function greeting(dialect: Dialect): Step[] {
  switch (dialect) {
    case "parley":
      return [{ send: `{"action":"hello","body":{}}`, until: `"status":"connected"` }];
    case "name":
      return [];
    case "socket.io":
      return [{ until: `"sid"` }, { send: "40", until: "40{" }];
    default:
      return dialect satisfies never;
  }
}

/** The step into room number `room`, which Parley knows as `id` once somebody has created it. */
export function stepInto(dialect: Dialect, room: number, id: string | undefined): Step {
  switch (dialect) {
    case "parley":
      return id === undefined
        ? { send: `{"action":"create","body":"room ${room}"}`, until: `"room_id"` }
        : { send: `{"action":"join","body":{"room_id":"${id}"}}`, until: `"status":"success"` };
    case "name":
      return { send: `{"action":"join","body":"room ${room}"}`, until: "joined" };
    case "socket.io":
      return { send: `42["join",{"body":"room ${room}"}]`, until: "joined" };
    default:
      return dialect satisfies never;
  }
}

/** The id in the answer to `create`. */
export function roomIdIn(frame: string): string | undefined {
  return /"room_id":"([^"]+)"/.exec(frame)?.[1];
}

/** One or several messages in a frame whose digits are filled in for each sending. */
export interface Template {
  frame: Uint8Array;
  /** Where the digits of the time of the first message are, and how far on those of the next one. */
  stampAt: number;
  stride: number;
  /** Where the number of the message is, and how long; 0 digits where there is none. */
  nAt: number;
  nDigits: number;
}

/** The most messages of one client that share a frame; only Parley's protocol has a word for several. */
export function mostTogether(dialect: Dialect, payload: number): number {
  return dialect === "parley" ? Math.max(1, Math.min(256, Math.floor(60_000 / payload))) : 1;
}

/** Builds the frame of `count` messages with bodies of `payload` bytes. */
export function messageTemplate(
  dialect: Dialect,
  { roomId, payload, count }: { roomId: string; payload: number; count: number },
): Template {
  const body = `@${"0".repeat(STAMP_DIGITS)}`.padEnd(payload, "abcdefghijklmnopqrstuvwxyz");
  // JSON allows blanks in front of a number, not zeros.
  const blanks = " ".repeat(N_DIGITS);
  const list = Array(count).fill(`"${body}"`).join(",");
  const [action, said] = count === 1 ? ["message", list] : ["messages", `[${list}]`];
  const text = {
    parley: `{"action":"${action}","room_id":"${roomId}","n":${blanks},"body":${said}}`,
    name: `{"action":"message","body":"${body}"}`,
    "socket.io": `42["message",{"body":"${body}"}]`,
  }[dialect];
  const frame = clientFrame(text);
  const start = frame.length - text.length;
  return {
    frame,
    stampAt: start + text.indexOf("@") + 1,
    stride: body.length + `"",`.length,
    nAt: start + text.indexOf(blanks),
    nDigits: dialect === "parley" ? N_DIGITS : 0,
  };
}
