/**
 * Erases redacted entries from the stream of the rooms, where they would stay for as long as any other.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import type { StreamedStates } from "../cluster/streamed_states.ts";
import type { JetStreamLink } from "./link/link.ts";

/** The part of the link to NATS that it needs. */
export type EraserLink = Pick<JetStreamLink, "subject" | "entry" | "erase">;

/** The surroundings of an eraser. */
export interface EraserSetting {
  readonly link: EraserLink;
  /** Milliseconds that a node leaves to the one where the redaction was made. */
  readonly patienceMs: number;
  /** Takes a line for the log. */
  troubled(reason: string): void;
}

/** A room with redacted entries. */
export interface ErasedRoom {
  readonly id: string;
  readonly states: Pick<StreamedStates, "redacts">;
}

/** The most entries that wait to be erased: others are once their room is read again. */
const MOST = 10_000;

/** The most that are erased at the same time. */
const AT_ONCE = 16;

/** The entries that one node erases. */
export class Eraser {
  readonly #setting: EraserSetting;
  /** The room of each entry that waits, and the time at which it is due. */
  readonly #waiting = new Map<number, { room: ErasedRoom; at: number }>();
  readonly #erasing = new Set<Promise<void>>();

  /** Makes an eraser with nothing to do. */
  constructor(setting: EraserSetting) {
    this.#setting = setting;
  }

  /** The number of entries that wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Has entries of a room erased, at the monotonic time `now` in milliseconds: at once where the
   * redaction `isOurs`, else if no other node has done so soon.
   */
  add(room: ErasedRoom, seqs: readonly number[], now: number, isOurs: boolean): void {
    const at = isOurs ? now : now + this.#setting.patienceMs;
    for (const seq of seqs) {
      if (this.#waiting.size < MOST) this.#waiting.set(seq, { room, at });
    }
    if (isOurs) this.tick(now);
  }

  /** Erases what is due at the monotonic time `now`. Call it regularly. */
  tick(now: number): void {
    for (const [seq, waiting] of this.#waiting) {
      if (this.#erasing.size >= AT_ONCE) return;
      if (waiting.at > now) continue;
      waiting.at = Infinity;
      const erasing = this.#erase(waiting.room, seq).then(() => {
        this.#waiting.delete(seq);
      }, (error) => {
        waiting.at = now + this.#setting.patienceMs;
        this.#setting.troubled(`Redacted entry ${seq} is not erased yet: ${reasonOf(error)}`);
      }).finally(() => this.#erasing.delete(erasing));
      this.#erasing.add(erasing);
    }
  }

  /** Resolves when nothing is being erased. */
  async settled(): Promise<void> {
    await Promise.all(this.#erasing);
  }

  /** Forgets what waits: the stream is another one, in which these are other entries. */
  clear(): void {
    this.#waiting.clear();
  }

  async #erase({ id, states }: ErasedRoom, seq: number): Promise<void> {
    const { link } = this.#setting;
    const entry = await link.entry(link.subject("room", id), seq);
    // Another node has erased it, or it is another one.
    if (entry !== undefined && states.redacts(seq, entry.text)) await link.erase(seq);
  }
}
