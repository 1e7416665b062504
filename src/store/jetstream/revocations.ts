/**
 * Revocations of tokens, in one record that all nodes write. Whoever is overtaken reads it again. Nodes
 * tell each other too, and read the record where a word may have been lost.
 *
 * @module
 */

import type { RevocationStore } from "../../core/store/store.ts";
import { unavailable } from "../cluster/publish_queue.ts";
import { asked } from "./asked.ts";
import type { JetStreamLink } from "./link/link.ts";

/** The record: the `sub` of each person, and the time before which its tokens count no more. */
type KeptRevocations = [sub: string, before: number][];

/** The part of the link to NATS that revocations need. */
export type RevocationsLink = Pick<JetStreamLink, "subject" | "last" | "publish">;

/** The surroundings of revocations. */
export interface RevocationsSetting {
  readonly link: RevocationsLink;
  /** Resolves when NATS is reached; rejects where it is not. */
  ready(): Promise<void>;
  /** Tells the other nodes of a revocation that is kept. */
  say(sub: string, before: number): void;
  /** Takes one that another node has made. */
  heard(sub: string, before: number): void;
}

/** The id of the record, among those of rooms; no room can have it. */
const KEPT_AT = "-revoked";

/** The most tries to write the record while other nodes write it too. */
const MAX_TRIES = 8;

/** The revocations, as one node reads and writes them. */
export class JetStreamRevocations implements RevocationStore {
  readonly #setting: RevocationsSetting;
  /** All that this node knows. */
  readonly #known = new Map<string, number>();

  /** Makes revocations that are not read yet. */
  constructor(setting: RevocationsSetting) {
    this.#setting = setting;
  }

  /** None: they are reported as soon as NATS is reached. */
  revoked(): [] {
    return [];
  }

  revoke(sub: string, before: number, over: number): Promise<void> {
    return asked(this.#revoke(sub, before, over));
  }

  /** Takes the word of another node. */
  hear(sub: string, before: number): void {
    if (!(before > (this.#known.get(sub) ?? 0))) return;
    this.#known.set(sub, before);
    this.#setting.heard(sub, before);
  }

  /** Reads what other nodes have kept. A record that is lost with its stream is written again. */
  async read(): Promise<void> {
    const { kept, expectedLastSeq } = await this.#kept();
    for (const [sub, before] of kept) this.hear(sub, before);
    if (kept.size === 0 && this.#known.size > 0) await this.#write(this.#known, expectedLastSeq);
  }

  async #revoke(sub: string, before: number, over: number): Promise<void> {
    await this.#setting.ready();
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const { kept, expectedLastSeq } = await this.#kept();
      for (const [other, time] of kept) if (time < over) kept.delete(other);
      for (const [other, time] of this.#known) if (time < over) this.#known.delete(other);
      kept.set(sub, Math.max(before, kept.get(sub) ?? 0));
      const type = await this.#write(kept, expectedLastSeq);
      if (type === "stored") {
        this.#known.set(sub, Math.max(before, this.#known.get(sub) ?? 0));
        return this.#setting.say(sub, before);
      }
      if (type !== "overtaken") break;
    }
    throw unavailable("The revocation cannot be stored now");
  }

  async #kept(): Promise<{ kept: Map<string, number>; expectedLastSeq: number }> {
    const record = await this.#setting.link.last(this.#subject);
    const kept: KeptRevocations = record === undefined ? [] : JSON.parse(record.text);
    return { kept: new Map(kept), expectedLastSeq: record?.seq ?? 0 };
  }

  async #write(kept: ReadonlyMap<string, number>, expectedLastSeq: number): Promise<string> {
    const text = JSON.stringify([...kept]);
    return (await this.#setting.link.publish(this.#subject, text, { expectedLastSeq })).type;
  }

  get #subject(): string {
    return this.#setting.link.subject("meta", KEPT_AT);
  }
}
