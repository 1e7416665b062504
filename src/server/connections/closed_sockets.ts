/**
 * Sockets that the server has closed and that are still there: they count until they are gone.
 *
 * @module
 */

/** The time that a peer has to answer a close, in milliseconds. */
export const ANSWER_MS = 1_000;

/** The share of all places that those may have who still have that time. */
const SHARE = 1 / 10;

/** A socket that was closed. */
export interface ClosedSocket {
  /** `true` once it is gone: the peer took everything, or has ended it. */
  readonly ended: boolean;
  /** Ends it without an answer, as far as that can be done. */
  terminate(): void;
  /** Notes that it is gone. It may be called again. */
  gone(): void;
}

/** All that were closed and are still there. */
export class ClosedSockets {
  /** Those that have time to answer, and since when, the oldest first. */
  readonly #waiting = new Map<ClosedSocket, number>();
  /** Those that have had it. */
  readonly #late = new Set<ClosedSocket>();
  readonly #most: number;

  /** Begins with none; `places` is how many sockets there may be at once. */
  constructor(places: number) {
    this.#most = Math.max(1, places * SHARE);
  }

  /** The number of sockets. */
  get size(): number {
    return this.#waiting.size + this.#late.size;
  }

  /** Takes in one that was closed at the monotonic time `now`; where they are many, the oldest has no more time. */
  add(socket: ClosedSocket, now: number): void {
    if (socket.ended) return socket.gone();
    this.#waiting.set(socket, now);
    if (this.#waiting.size <= this.#most) return;
    const [oldest] = this.#waiting.keys();
    this.#end(oldest!);
  }

  /** Forgets one that is gone. */
  delete(socket: ClosedSocket): void {
    this.#waiting.delete(socket);
    this.#late.delete(socket);
    socket.gone();
  }

  /** Ends those that have had their time at the monotonic time `now`, and forgets those that are gone. */
  tick(now: number): void {
    for (const [socket, since] of this.#waiting) {
      if (now - since < ANSWER_MS) break;
      this.#end(socket);
    }
    for (const socket of this.#late) if (socket.ended) this.delete(socket);
  }

  #end(socket: ClosedSocket): void {
    this.#waiting.delete(socket);
    socket.terminate();
    if (socket.ended) socket.gone();
    else this.#late.add(socket);
  }
}
