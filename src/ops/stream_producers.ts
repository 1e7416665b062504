/**
 * Producers, who number their requests to a stream: each is taken once and in its order, however often
 * it is sent.
 *
 * @module
 */

import { ChatError } from "../protocol/errors.ts";
import { describe } from "../protocol/fields.ts";
import { MAX_ID_CHARS } from "../protocol/limits.ts";
import { HttpError } from "./problem.ts";

/** The most producers that are known, each in one room: whoever was here last. */
const MOST_KNOWN = 10_000;

/** The number of a request. */
export interface ProducerNumber {
  readonly id: string;
  readonly epoch: number;
  readonly seq: number;
}

/** The outcome of a request: the number of the newest that was taken, and whether this one was taken before. */
export interface Produced {
  readonly seq: number;
  readonly isRepeat: boolean;
}

/** The part of a request that its producer does not see. */
export interface ProducerWork {
  /** Says whether the request of that number and the same epoch is known to be stored. */
  knows(seq: number): boolean;
  /** Stores what the request brings; resolves with whether all of it was there. */
  store(): Promise<boolean>;
}

/** A producer in a room, as far as this process knows it. */
interface Known {
  epoch: number;
  /** The newest request that was taken; -1 before the first. */
  seq: number;
  /** The end of the requests so far. */
  tail: Promise<unknown>;
}

/**
 * Reads the number of a request from its headers; undefined where it has none.
 *
 * @throws {ChatError} where it has some of them, or others than there can be.
 */
export function producerOf(headers: Headers): ProducerNumber | undefined {
  const names = ["producer-id", "producer-epoch", "producer-seq"] as const;
  const [id = null, epoch = null, seq = null] = names.map((name) => headers.get(name));
  if (id === null && epoch === null && seq === null) return undefined;
  if (id === null || epoch === null || seq === null) {
    throw wrong("Producer-Id, Producer-Epoch and Producer-Seq belong together");
  }
  if (id === "" || id.length > MAX_ID_CHARS) {
    throw wrong(`Producer-Id must have 1 to ${MAX_ID_CHARS} characters`);
  }
  return { id, epoch: numberOf("Producer-Epoch", epoch), seq: numberOf("Producer-Seq", seq) };
}

/** The producers of all rooms. */
export class Producers {
  readonly #known = new Map<string, Known>();

  /**
   * Takes the next request of a producer by `work`, or finds that it was taken before. Requests of one
   * producer wait for each other. Nobody is known after a restart, or at another server: then the store
   * has to know the request before.
   *
   * @throws {ChatError} where an earlier one is missing, or a later epoch has begun.
   */
  take(roomId: string, number: ProducerNumber, work: ProducerWork): Promise<Produced> {
    const key = `${roomId} ${number.id}`;
    const known = this.#known.get(key) ??
      { epoch: number.epoch, seq: -1, tail: Promise.resolve() };
    this.#known.delete(key);
    this.#known.set(key, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST_KNOWN) this.#known.delete(oldest!);
    const taken = known.tail.then(() => this.#take(known, number, work));
    known.tail = taken.catch(() => {
      // Nobody has it yet, so nobody is missed.
      if (known.seq < 0 && this.#known.get(key) === known) this.#known.delete(key);
    });
    return taken;
  }

  async #take(
    known: Known,
    { epoch, seq }: ProducerNumber,
    work: ProducerWork,
  ): Promise<Produced> {
    if (epoch < known.epoch) {
      throw new HttpError(403, "forbidden", `Epoch ${known.epoch} of this producer has begun`, {
        "producer-epoch": String(known.epoch),
      });
    }
    const isNext = epoch > known.epoch;
    if (isNext && seq !== 0) throw wrong(`A new epoch begins with Producer-Seq 0, not ${seq}`);
    if (!isNext && seq <= known.seq) return { seq: known.seq, isRepeat: true };
    const expected = isNext ? 0 : known.seq + 1;
    if (seq > expected && !(known.seq < 0 && work.knows(seq - 1))) {
      throw new HttpError(409, "out_of_order", `Request ${seq} came before ${expected}`, {
        "producer-expected-seq": String(expected),
        "producer-received-seq": String(seq),
      });
    }
    const isRepeat = await work.store();
    known.epoch = epoch;
    known.seq = seq;
    return { seq, isRepeat };
  }
}

function numberOf(name: string, text: string): number {
  const number = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(number)) return number;
  throw wrong(`${name} must be a whole number of 0 or more, not ${describe(text)}`);
}

function wrong(message: string): ChatError {
  return new ChatError("invalid_frame", message);
}
