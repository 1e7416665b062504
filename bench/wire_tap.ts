/**
 * Looks at what the server really sends. The client passes over what it had before, as it
 * should; a benchmark that only asked the client would never see a duplicate.
 *
 * @module
 */

import { SequenceCheck } from "./sequence_check.ts";

/** The numbers of the entries that came over one connection. */
export interface Wire {
  /** The client the server said this connection is. */
  clientId: string;
  /** The `seq` of every entry, in the order in which they came. */
  entries: SequenceCheck;
}

/** While it is open, every new WebSocket of this process is listened to. */
export class WireTap implements Disposable {
  readonly #original = globalThis.WebSocket;
  readonly #wires: Wire[] = [];
  /** Frames that came and were not looked at yet: the client goes first, for its time is measured. */
  #waiting: [Wire, unknown][] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Puts itself in the place of `WebSocket`; dispose it to put things back. */
  constructor() {
    const listen = (socket: WebSocket) => this.#listen(socket);
    globalThis.WebSocket = class extends this.#original {
      constructor(...args: ConstructorParameters<typeof WebSocket>) {
        super(...args);
        listen(this);
      }
    };
  }

  /** All connections that were made, in order. */
  get wires(): readonly Wire[] {
    this.#look();
    return this.#wires;
  }

  /** Puts `WebSocket` back. */
  [Symbol.dispose](): void {
    globalThis.WebSocket = this.#original;
    clearTimeout(this.#timer);
  }

  #listen(socket: WebSocket): void {
    const wire: Wire = { clientId: "", entries: new SequenceCheck() };
    this.#wires.push(wire);
    socket.addEventListener("message", ({ data }) => {
      this.#waiting.push([wire, data]);
      this.#timer ??= setTimeout(() => this.#look(), 0);
    });
  }

  #look(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [wire, data] of this.#waiting.splice(0)) hear(wire, data);
  }
}

/** Each client of a run is in one room, so that the entries of a connection are one sequence. */
function hear(wire: Wire, data: unknown): void {
  const frame = parse(data);
  if (frame?.status === "connected") wire.clientId = String(frame.client_id);
  if (!Array.isArray(frame?.entries)) return;
  for (const entry of frame.entries) {
    if (Number.isSafeInteger(entry?.seq) && entry.seq >= 0) wire.entries.take(entry.seq);
  }
}

function parse(data: unknown): Record<string, unknown> | undefined {
  try {
    return typeof data === "string" ? JSON.parse(data) : undefined;
  } catch {
    return undefined; // What it means is the client's to find out.
  }
}
