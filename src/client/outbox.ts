// This module is pure: no sockets, no clock, no Deno.

/**
 * Messages of a client that the server has not acknowledged: numbered, in order, kept until
 * the answer is known.
 *
 * @module
 */

import type { Acknowledgement } from "../protocol/errors.ts";
import { MAX_BATCH } from "../protocol/frames.ts";
import { LIST_BYTES, MAX_BATCH_BYTES, MAX_BYTES_IN_FLIGHT, MAX_IN_FLIGHT } from "./limits.ts";

/** A message that waits for its acknowledgement. */
export interface Sending {
  readonly roomId: string;
  readonly body: string;
  /** The fields of its frame besides; where there are any, it shares a frame with none. */
  readonly parts?: Parts | false | undefined;
  /** Its length in bytes, with its parts. */
  readonly bytes: number;
  /** Its number; 0 until it is sent for the first time. */
  n: number;
  /** The mark of the frame that it was sent in last; 0 until then. */
  ref: number;
  /** Called once it is in the log. */
  resolve: (stored: Acknowledgement) => void;
  /** Called where it will not be sent again. */
  reject: (error?: Error) => void;
}

/** Fields of a message besides its text. */
export type Parts = Record<string, unknown>;

/** Consecutive messages to one room, for one frame. */
export interface MessageBatch {
  readonly roomId: string;
  /** The number of the first. */
  readonly n: number;
  readonly bodies: string[];
  /** The fields of the frame besides. */
  readonly parts?: Parts | false | undefined;
  /** The mark of the frame, used once: a refusal that carries another one is of an earlier sending. */
  readonly ref: number;
}

/** The messages of one client, in the order they were said. */
export class Outbox {
  /** Everything that has a number and no answer, in the order of the numbers. */
  #numbered = new Map<number, Sending>();
  /** Those of the numbered that are on their way, with their bytes. */
  readonly #flying = new Map<Sending, number>();
  #flyingBytes = 0;
  /** Those that are to be sent, or to be sent again: the latter have a number already. */
  #queue: Sending[] = [];
  #n = 0;
  /** Up to here the server has taken everything, as far as it said. */
  #taken = 0;
  #mostFlying = MAX_IN_FLIGHT;
  #window = MAX_IN_FLIGHT;
  /** Counts down from 0, as requests count up: marks of both never meet. */
  #ref = 0;
  readonly #most: number;

  /** Makes an empty outbox; at most `most` messages have a number and no answer. */
  constructor(most: number) {
    this.#most = most;
  }

  /** The number of messages without an answer. */
  get size(): number {
    return this.#numbered.size + this.#unsent().length;
  }

  /** The number up to which no message waits for an answer. */
  get answered(): number {
    for (const n of this.#numbered.keys()) return n - 1;
    return this.#n;
  }

  /** The greatest number that was given. */
  get sent(): number {
    return this.#n;
  }

  /** Adds a message at the end. */
  add(sending: Sending): void {
    this.#queue.push(sending);
  }

  /** Gives the next messages their numbers and returns the frames to send now. */
  take(): MessageBatch[] {
    const batches: MessageBatch[] = [];
    let batch: MessageBatch | undefined;
    let bytes = 0;
    let taken = 0;
    for (const sending of this.#queue) {
      const size = sending.bytes + LIST_BYTES;
      if (!this.#hasRoomFor(size)) break;
      if (sending.n === 0 && this.#numbered.size >= this.#most) break;
      taken++;
      if (sending.n === 0) this.#number(sending);
      // It was answered while it waited to be sent again.
      else if (this.#numbered.get(sending.n) !== sending) continue;
      this.#flying.set(sending, size);
      this.#flyingBytes += size;
      const { roomId, n, body, parts } = sending;
      bytes += size;
      if (
        batch?.roomId === roomId && batch.parts === parts && batch.n + batch.bodies.length === n &&
        batch.bodies.length < MAX_BATCH && bytes <= MAX_BATCH_BYTES &&
        // What is repeated and what is new get different answers: they do not share a frame.
        (batch.n > this.#taken || n <= this.#taken)
      ) {
        batch.bodies.push(body);
      } else {
        batch = { roomId, n, bodies: [body], parts, ref: --this.#ref };
        batches.push(batch);
        bytes = size;
      }
      sending.ref = batch.ref;
    }
    this.#queue.splice(0, taken);
    return batches;
  }

  /** Takes a message out whose place in the log is known; does nothing for one that is not here. */
  acknowledge(n: number, stored: Acknowledgement): void {
    this.#window = Math.min(this.#window + 1, this.#mostFlying);
    this.#remove(n)?.resolve(stored);
  }

  /**
   * Takes in that the server refused message `n` of the frame `ref`, or what of that frame has no
   * answer yet: with it, all behind it is to be sent again. Returns the first of these; undefined
   * where the refusal is of an earlier sending.
   */
  refused(n: number, ref: unknown): Sending | undefined {
    const again = [...this.#numbered.values()].filter((sending) => sending.n >= n);
    const refused = again[0]!;
    if (!this.#flying.has(refused)) return undefined;
    if (ref === undefined ? refused.n !== n : refused.ref !== ref) return undefined;
    for (const sending of again) this.#land(sending);
    this.#queue = [...again, ...this.#unsent()];
    return refused;
  }

  /**
   * Takes out and returns what was refused for good: of all that is to be sent from message `n` on,
   * what `isOver` says. The server has used no number for it, so that the rest moves up.
   */
  drop(n: number, isOver: (sending: Sending) => boolean): Sending[] {
    const over = this.#queue.filter((sending) =>
      (sending.n === 0 || sending.n >= n) && isOver(sending)
    );
    const isDropped = new Set(over);
    this.#queue = this.#queue.filter((sending) => !isDropped.has(sending));
    for (const dropped of over) this.#numbered.delete(dropped.n);
    this.#n = n - 1;
    const kept = [...this.#numbered.values()];
    this.#numbered.clear();
    for (const sending of kept) {
      if (sending.n > n) sending.n = this.#n + 1;
      this.#n = Math.max(this.#n, sending.n);
      this.#numbered.set(sending.n, sending);
    }
    return over;
  }

  /**
   * Puts everything unanswered back in front, to be sent again under the same numbers;
   * the server has taken everything up to number `taken`.
   */
  rewind(taken = this.#taken): void {
    this.#taken = taken;
    // A client that goes on where an earlier program stopped has numbered nothing itself.
    this.#n = Math.max(this.#n, taken);
    this.#flying.clear();
    this.#flyingBytes = 0;
    this.#queue = [...this.#numbered.values(), ...this.#unsent()];
  }

  /** Goes on with one message at a time, then with one more for each that is acknowledged. */
  throttle(): void {
    this.#window = 1;
  }

  /** Sends no more at once than a server lets through, in frames: at least one. */
  limit(most: number): void {
    this.#mostFlying = Math.min(MAX_IN_FLIGHT, most);
    this.#window = Math.min(this.#window, this.#mostFlying);
  }

  /** Takes a message out that nobody waits for any more, if it was never sent; says whether it was. */
  withdraw(sending: Sending): boolean {
    if (sending.n > 0) return false;
    this.#queue = this.#queue.filter((other) => other !== sending);
    return true;
  }

  /** Begins to count anew, as a new client; takes out and returns what was sent as the old one. */
  restart(): Sending[] {
    const sent = [...this.#numbered.values()];
    this.#numbered.clear();
    this.#n = 0;
    this.rewind(0);
    return sent;
  }

  /** Takes out and returns everything. */
  clear(): Sending[] {
    this.rewind();
    this.#numbered.clear();
    return this.#queue.splice(0);
  }

  #hasRoomFor(bytes: number): boolean {
    const { size } = this.#flying;
    return size === 0 || size < this.#window && this.#flyingBytes + bytes <= MAX_BYTES_IN_FLIGHT;
  }

  #number(sending: Sending): void {
    sending.n = ++this.#n;
    this.#numbered.set(sending.n, sending);
  }

  /** Those that have no number yet. */
  #unsent(): Sending[] {
    return this.#queue.filter(({ n }) => n === 0);
  }

  #remove(n: number): Sending | undefined {
    const sending = this.#numbered.get(n);
    if (sending === undefined) return undefined;
    this.#numbered.delete(n);
    this.#land(sending);
    return sending;
  }

  #land(sending: Sending): void {
    this.#flyingBytes -= this.#flying.get(sending) ?? 0;
    this.#flying.delete(sending);
  }
}
