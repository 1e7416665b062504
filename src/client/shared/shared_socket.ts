// This module runs in browsers.

/**
 * The connection of one tab, as its client sees it: a socket whose frames go to the tab that leads,
 * and come from there.
 *
 * @module
 */

import { paused, unresponsive } from "../../protocol/close_codes.ts";
import { SUBPROTOCOL } from "../../protocol/frames.ts";
import { OPEN } from "../limits.ts";

/** The last frame of a connection that another one takes the place of: the client comes back at once. */
export const MOVED = JSON.stringify({
  event: "goodbye",
  code: unresponsive,
  reason: "Another tab leads",
  retry_after_ms: 0,
});

/** Calls of a socket to the tab around it. */
export interface SocketActions {
  say(text: string): void;
  /** It is over, from this side. */
  shut(code: number): void;
}

/** The part of a `WebSocket` that a client uses. */
export class SharedSocket {
  /** As those of `WebSocket`: 0 connecting, 1 open, 3 closed. */
  readyState = 0;
  readonly protocol = SUBPROTOCOL;
  /** Nothing waits here: the tab that leads has it at once. */
  readonly bufferedAmount = 0;
  onopen: (() => void) | null = null;
  onerror: ((event: { message?: string }) => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  /** The term of the tab that leads it. */
  term: string | undefined;
  readonly #actions: SocketActions;
  /** Frames from before anything was heard: they are said again to whoever leads next. */
  #said: string[] | undefined = [];

  /** Makes a socket that waits for the tab that leads. */
  constructor(actions: SocketActions) {
    this.#actions = actions;
  }

  /** Says whether anything was heard yet. */
  get isHeard(): boolean {
    return this.#said === undefined;
  }

  /** Is open from now on, under a leader. */
  open(term: string): void {
    if (this.term === term || this.readyState === 3) return;
    this.term = term;
    if (this.readyState === 1) this.#said?.forEach((text) => this.#actions.say(text));
    else {
      this.readyState = 1;
      this.onopen?.();
    }
  }

  /** Hands a frame of the server to the client. */
  hear(data: string): void {
    if (this.readyState !== 1) return;
    this.#said = undefined;
    this.onmessage?.({ data });
  }

  /** Has ended, from the other side. */
  end(code: number, reason: string): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }

  send(text: string): void {
    this.#said?.push(text);
    this.#actions.say(text);
  }

  close(code = 1000): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.#actions.shut(code);
    queueMicrotask(() => this.onclose?.({ code, reason: "" }));
  }
}

/** Has a client give up a connection of its own, without a word to the others in its rooms. */
export function giveUp(socket: WebSocket): void {
  const { onmessage, onclose } = socket;
  socket.onmessage = socket.onclose = socket.onopen = null;
  if (socket.readyState === OPEN) socket.send(JSON.stringify({ action: "pause", body: {} }));
  socket.close(paused);
  onmessage?.call(socket, new MessageEvent("message", { data: MOVED }));
  onclose?.call(socket, new CloseEvent("close", { code: unresponsive }));
}
