/**
 * The clients of all nodes, as far as they must be known for a client to go on at
 * another node: how it is called, and which of its messages are certainly stored.
 *
 * @module
 */

import { type JetStreamLink, STATE_KEPT_MS } from "./jetstream_link.ts";
import type { Nodes } from "./nodes.ts";
import type { Outgoing } from "./outgoing.ts";
import type { StoredClient } from "./store.ts";

/** How a client is kept. */
interface KeptClient {
  name?: string;
  /** The number of a message that is stored; newer ones may be as well. */
  n: number;
  /** The node that it is at. */
  node: string;
}

/** What was written of a client of this node; `at` on the monotonic clock in milliseconds. */
interface Note {
  name: string | undefined;
  n: number;
  at: number;
}

/** How often what is stored of a client is noted, in milliseconds: less than ids of messages are remembered. */
const NOTE_EVERY_MS = 30_000;

/** The clients of one node, and those it can find of others. */
export class JetStreamClients {
  readonly #node: string;
  readonly #graceMs: number;
  readonly #link: JetStreamLink;
  readonly #nodes: Nodes;
  readonly #outgoing: Outgoing;
  readonly #notes = new Map<string, Note>();
  /** What is being written. */
  readonly #writing = new Set<Promise<void>>();

  /** Makes the clients of the node with this id: none so far. */
  constructor(
    node: string,
    { graceMs, link, nodes, outgoing }: {
      /** How long a client is waited for after its node has died, in milliseconds. */
      graceMs: number;
      link: JetStreamLink;
      nodes: Nodes;
      outgoing: Outgoing;
    },
  ) {
    this.#node = node;
    this.#graceMs = graceMs;
    this.#link = link;
    this.#nodes = nodes;
    this.#outgoing = outgoing;
  }

  /** Keeps a client of this node. */
  remember(id: string, name: string | undefined, now: number): void {
    this.#note(id, { name, n: this.#outgoing.lastOf(id), at: now });
  }

  /** Finds a client that was at another node; from now on it is at this one. */
  async recall(id: string, now: number): Promise<StoredClient | undefined> {
    const kept = await this.#link.last(this.#link.subject("client", id));
    if (kept === undefined) return undefined;
    const { name, n, node }: KeptClient = JSON.parse(kept.text);
    // Of this node's own it would be known here, if it could still come back.
    if (node === this.#node || this.#nodes.silentFor(node, now) >= this.#graceMs) return undefined;
    this.#outgoing.stored(id, n);
    this.#note(id, { name, n, at: now });
    return { id, name, n: undefined };
  }

  /** Forgets a client, everywhere unless it has come in at another node. */
  forget(id: string): void {
    this.#outgoing.forget(id);
    if (!this.#notes.delete(id)) return;
    // What cannot be removed now becomes too old one day.
    this.#write(this.#remove(id).catch(() => {}));
  }

  /** Resolves when what was to be written is written, or could not be. */
  async settled(): Promise<void> {
    await Promise.all(this.#writing);
  }

  #write(writing: Promise<void>): void {
    this.#writing.add(writing);
    writing.then(() => this.#writing.delete(writing));
  }

  /** Notes what has changed, and what would become too old. */
  tick(now: number): void {
    for (const [id, note] of this.#notes) {
      const age = now - note.at;
      if (age < NOTE_EVERY_MS) continue;
      const n = this.#outgoing.lastOf(id);
      if (n !== note.n || age >= STATE_KEPT_MS / 2) this.#note(id, { ...note, n, at: now });
    }
  }

  async #remove(id: string): Promise<void> {
    const subject = this.#link.subject("client", id);
    const kept = await this.#link.last(subject);
    if (kept === undefined || JSON.parse(kept.text).node !== this.#node) return;
    await this.#link.purge(subject, kept.seq);
  }

  #note(id: string, note: Note): void {
    this.#notes.set(id, note);
    const { name, n } = note;
    const kept: KeptClient = { ...(name === undefined ? {} : { name }), n, node: this.#node };
    const subject = this.#link.subject("client", id);
    this.#write(
      this.#link.publish(subject, JSON.stringify(kept)).then(({ type }) => {
        // Soon again, where it may not be there.
        if (type !== "stored") note.at = -Infinity;
      }),
    );
  }
}
