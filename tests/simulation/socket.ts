/**
 * Sockets of a simulated world. They behave as the WebSockets of the runtime do, at either end.
 *
 * @module
 */

import type { Pipe } from "./link.ts";
import type { Network } from "./network.ts";
import type { Process } from "./timeline.ts";

/** The bytes of a frame besides its text. */
const FRAME_BYTES = 8;

export const CONNECTING = 0;
export const OPEN = 1;
export const CLOSING = 2;
export const CLOSED = 3;

/** An event, as a socket hands it to a listener. */
interface SocketEvent {
  type: string;
  data?: unknown;
  code?: number;
  reason?: string;
  wasClean?: boolean;
  message?: string;
}

type Listener = ((event: SocketEvent) => void) | { handleEvent(event: SocketEvent): void };

/** Something on its way in one direction. */
export type Item =
  | { readonly type: "text"; readonly data: unknown; readonly bytes: number }
  | { readonly type: "close"; readonly code: number; readonly reason: string; bytes: number };

/** One end of a connection. */
export class SimulatedSocket {
  readyState = CONNECTING;
  binaryType = "blob";
  protocol = "";
  onopen: Listener | null = null;
  onmessage: Listener | null = null;
  onclose: Listener | null = null;
  onerror: Listener | null = null;
  readonly process: Process;
  /** The direction that this end sends in; none before it is connected. */
  out: Pipe | undefined;
  readonly #listeners: { type: string; listener: Listener; once: boolean }[] = [];

  constructor(process: Process) {
    this.process = process;
  }

  get bufferedAmount(): number {
    return this.readyState === CLOSING ? 0 : this.out?.waitingBytes ?? 0;
  }

  addEventListener(type: string, listener: Listener, { once = false } = {}): void {
    this.#listeners.push({ type, listener, once });
  }

  send(data: unknown): void {
    if (this.readyState === CONNECTING) throw new DOMException("Not open", "InvalidStateError");
    if (this.readyState !== OPEN || !this.process.alive) return;
    const bytes = typeof data === "string" ? data.length : (data as ArrayBuffer).byteLength;
    this.out?.put({ type: "text", data, bytes: bytes + FRAME_BYTES });
  }

  close(code = 1005, reason = ""): void {
    if (reason.length > 123) throw new DOMException("Reason too long", "SyntaxError");
    if (this.readyState === CONNECTING) {
      this.fail("Closed before it was open");
    } else if (this.readyState === OPEN) {
      this.readyState = CLOSING;
      this.out?.put({ type: "close", code, reason, bytes: FRAME_BYTES });
    }
  }

  /** Is open from now on. */
  open(): void {
    if (this.readyState !== CONNECTING) return;
    this.readyState = OPEN;
    this.emit({ type: "open" });
  }

  /** Takes what has come from the other end. */
  take(item: Item): void {
    if (this.readyState === CLOSED) return;
    if (item.type === "text") {
      if (this.readyState === OPEN) this.emit({ type: "message", data: item.data });
      return;
    }
    const { code, reason } = item;
    if (this.readyState === OPEN) {
      this.out?.put({ type: "close", code, reason: "", bytes: FRAME_BYTES });
    }
    this.end(code, reason);
  }

  /** Has ended, with a word from the other side or without. */
  end(code: number, reason = ""): void {
    if (this.readyState === CLOSED) return;
    this.readyState = CLOSED;
    this.emit({ type: "close", code, reason, wasClean: code !== 1006 });
  }

  /** Could not be opened. */
  fail(message: string): void {
    if (this.readyState === CLOSED) return;
    this.readyState = CLOSED;
    this.process.after(0, () => {
      this.emit({ type: "error", message });
      this.emit({ type: "close", code: 1006, reason: "", wasClean: false });
    });
  }

  protected emit(event: SocketEvent): void {
    const on = Reflect.get(this, `on${event.type}`) as Listener | null;
    if (on !== null) call(on, event);
    for (const entry of this.#listeners.filter(({ type }) => type === event.type)) {
      if (entry.once) this.#listeners.splice(this.#listeners.indexOf(entry), 1);
      call(entry.listener, event);
    }
  }
}

function call(listener: Listener, event: SocketEvent): void {
  if (typeof listener === "function") listener(event);
  else listener.handleEvent(event);
}

/** The end of a client, as `new WebSocket` makes it. */
export class SimulatedWebSocket extends SimulatedSocket {
  constructor(network: Network, process: Process, _url: URL, protocols?: string) {
    super(process);
    network.connect(this, protocols);
  }

  override close(code?: number, reason?: string): void {
    if (code !== undefined && code !== 1000 && !(code >= 3000 && code < 5000)) {
      throw new DOMException(`Code ${code}`, "InvalidAccessError");
    }
    super.close(code, reason);
  }
}
