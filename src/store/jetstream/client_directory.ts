/**
 * The directory of the clients of all nodes. Its record of a client is enough to go on at another
 * node: the name, the number of a message that is certainly stored, and the node that the client is
 * at.
 *
 * @module
 */

import type { Return, StoredClient } from "../../core/store/store.ts";
import type { FailureDetector } from "../cluster/failure_detector.ts";
import type { PublishQueue } from "../cluster/publish_queue.ts";
import type { Handovers } from "./handovers.ts";
import type { JetStreamLink } from "./link/link.ts";
import type { PublishOutcome } from "./link/publish.ts";
import { STATE_KEPT_MS } from "./link/streams.ts";

/** The record of a client. */
interface KeptClient {
  name?: string;
  /** The number of a stored message; newer ones may be stored too. */
  n: number;
  /** The node that it is at. */
  node: string;
  /** Set where that node has ended, so that nothing newer comes from it. */
  left?: true;
}

/** The last written record of a client of this node; `at` is monotonic, in milliseconds. */
interface Note {
  name: string | undefined;
  n: number;
  at: number;
  /** The `seq` of the record: the node that wrote last has the client. 0 until it is stored. */
  seq: number;
}

/** The part of the link to NATS that the directory needs. */
type DirectoryLink = Pick<JetStreamLink, "subject" | "last" | "publish" | "purge">;

/** Milliseconds between two notes on a client: fewer than NATS remembers ids of messages. */
const NOTE_EVERY_MS = 30_000;

/** Milliseconds that the older node of a client has to answer which messages are stored. */
const HANDOVER_MS = 1_000;

/** The surroundings of a directory. */
export interface DirectorySetting {
  /** The grace period of a client after its node has died, in milliseconds. */
  graceMs: number;
  link: DirectoryLink;
  detector: FailureDetector;
  queue: PublishQueue;
  handovers: Pick<Handovers, "ask">;
  /** Gives up a client of this node that another node has taken over; one that `mayBeHere` again comes back. */
  taken: (id: string, mayBeHere?: boolean) => void;
}

/** The directory as one node sees it: its own clients, and those of others that it can find. */
export class ClientDirectory {
  readonly #node: string;
  readonly #graceMs: number;
  readonly #link: DirectoryLink;
  readonly #detector: FailureDetector;
  readonly #queue: PublishQueue;
  readonly #handovers: Pick<Handovers, "ask">;
  readonly #taken: DirectorySetting["taken"];
  readonly #notes = new Map<string, Note>();
  /** The clients that are being taken over. */
  readonly #recalls = new Map<string, Promise<StoredClient | undefined>>();
  /** Clients that were let in while this node could not ask whether they had been elsewhere. */
  readonly #onProbation = new Map<string, Return>();
  /** The notes that are being written. */
  readonly #writing = new Set<Promise<void>>();

  /** Makes the directory of the node with this id, without clients. */
  constructor(
    node: string,
    { graceMs, link, detector, queue, handovers, taken }: DirectorySetting,
  ) {
    this.#node = node;
    this.#graceMs = graceMs;
    this.#link = link;
    this.#detector = detector;
    this.#queue = queue;
    this.#handovers = handovers;
    this.#taken = taken;
  }

  /** Keeps a client of this node. */
  remember(id: string, name: string | undefined, now: number): void {
    const { seq = 0 } = this.#notes.get(id) ?? {};
    this.#note(id, { name, n: this.#queue.lastOf(id), at: now, seq });
  }

  /** Says whether a client is at this node, as far as this node knows. */
  has(id: string): boolean {
    return this.#notes.has(id);
  }

  /** Lets a client go on that was last at this node, while no other node can be asked. */
  admitOnProbation(id: string, back: Return): StoredClient {
    const { name } = this.#notes.get(id)!;
    const n = Math.max(this.#queue.lastOf(id), back.n ?? 0);
    const doubtUpTo = back.sent ?? Infinity;
    if (back.n !== undefined) {
      this.#onProbation.set(id, back);
      this.#queue.stored(id, n, doubtUpTo);
    }
    return { id, name, n: Math.max(n, this.#queue.lastOf(id)), doubtUpTo };
  }

  /** The clients that were let in, to be recalled once that is possible. */
  get onProbation(): [id: string, back: Return][] {
    return [...this.#onProbation];
  }

  /** Says whether a client was let in and not recalled since: another node may have it by now. */
  isOnProbation(id: string): boolean {
    return this.#onProbation.has(id);
  }

  /** Notes that other nodes were asked for a client that was let in, whatever the answer. */
  asked(id: string, back: Return): void {
    if (this.#onProbation.get(id) === back) this.#onProbation.delete(id);
  }

  /**
   * Takes over a client that is, or was, at another node. Resolves with undefined for a client of
   * this node, for one that will not come back, and where neither the other node nor the client
   * knows where its numbers go on. Rejects where that cannot be known, and where the client has
   * gone again.
   */
  async recall(id: string, back: Return, now: number): Promise<StoredClient | undefined> {
    // A client that is already being taken over may have been elsewhere since, with other numbers.
    const ask = () => this.#recall(id, back, now);
    const recall = this.#recalls.get(id)?.then(ask, ask) ?? ask();
    this.#recalls.set(id, recall);
    try {
      const client = await recall;
      if (client !== undefined && !this.#notes.has(id)) {
        throw new Error(`Client ${id} has come in elsewhere`);
      }
      return client;
    } finally {
      if (this.#recalls.get(id) === recall) this.#recalls.delete(id);
    }
  }

  async #recall(id: string, back: Return, now: number): Promise<StoredClient | undefined> {
    const own = this.#notes.get(id);
    if (own !== undefined && await this.#goesOn(id, own, back, now)) return undefined;
    const kept = await this.#link.last(this.#link.subject("client", id));
    if (kept === undefined) return undefined;
    const { name, n, node, left }: KeptClient = JSON.parse(kept.text);
    // An unknown record of this node is one that it wrote without getting an answer.
    if (node === this.#node && this.#notes.has(id)) {
      if (back.n !== undefined) this.#queue.goesOn(id, back.n);
      return undefined;
    }
    if (this.#detector.silentFor(node, now) >= this.#graceMs) {
      // What this node knows of it is older than what that one knew.
      if (own !== undefined) this.#taken(id, true);
      return undefined;
    }
    // A client that has gone on elsewhere would be thrown out there.
    if (!back.isHere()) throw new Error(`Client ${id} has gone again`);
    const note = { name, n, at: now, seq: kept.seq };
    this.#notes.set(id, note);
    if (!await this.#write(id, note)) {
      this.#notes.delete(id);
      throw new Error(`Client ${id} cannot be taken over`);
    }
    // No node answers for a client that it took over only in its record.
    const isMute = left || node === this.#node || this.#detector.isDead(node, now);
    const patienceMs = isMute ? 0 : HANDOVER_MS;
    // The client may have moved on unnoticed while no other node could be asked.
    const isLate = this.#onProbation.get(id) === back;
    const answer = await this.#handovers.ask(id, note.seq, node, patienceMs, isLate);
    const certain = answer ?? (left ? n : undefined);
    const last = certain ?? (back.n === undefined ? undefined : Math.max(n, back.n));
    if (last === undefined) {
      this.#notes.delete(id);
      this.#track(this.#remove(id).catch(() => {}));
      return undefined;
    }
    const doubtUpTo = certain === undefined ? back.sent ?? Infinity : 0;
    this.#queue.stored(id, last, doubtUpTo);
    return { id, name, n: this.#queue.lastOf(id), doubtUpTo };
  }

  /**
   * Writes again that a client is at this node, where it was last; says whether that is certain.
   * Another node that is taking it over for an earlier connection is then late.
   */
  async #goesOn(id: string, note: Note, back: Return, now: number): Promise<boolean> {
    if (!back.isHere()) return false;
    note.n = this.#queue.lastOf(id);
    note.at = now;
    const { type } = await this.#publish(id, note);
    if (type !== "stored") return false;
    if (back.n !== undefined) this.#queue.goesOn(id, back.n);
    return true;
  }

  /**
   * Hands over a client to the node that has taken it. Resolves once nothing more comes from here,
   * with the number of its last stored message; undefined where that is not certain.
   */
  handOver(id: string): Promise<number | undefined> {
    const coming = this.#recalls.get(id);
    const handOver = () => this.#queue.handOver(id);
    // The client is only just coming here: the node before this one must answer first.
    if (coming !== undefined) this.#notes.delete(id);
    return coming === undefined ? handOver() : coming.then(handOver, () => undefined);
  }

  /** Says whether all nodes know a client to be at this one. Rejects where that cannot be known. */
  async isHere(id: string): Promise<boolean> {
    if (this.isOnProbation(id)) throw new Error(`Client ${id} was not asked for yet`);
    const kept = await this.#link.last(this.#link.subject("client", id));
    if (kept === undefined) return false;
    // The client may have come since the record was read.
    return JSON.parse(kept.text).node === this.#node || this.claimOf(id) >= kept.seq;
  }

  /** The `seq` with which this node took over a client, to be compared; 0 where it did not. */
  claimOf(id: string): number {
    return this.#notes.get(id)?.seq ?? 0;
  }

  /** Forgets a client; removes its record unless another node has it or it is coming back here. */
  forget(id: string): void {
    this.#queue.forget(id);
    this.#onProbation.delete(id);
    if (this.#recalls.has(id) || !this.#notes.delete(id)) return;
    // A record that cannot be removed now expires later.
    this.#track(this.#remove(id).catch(() => {}));
  }

  /** Writes the last stored number of each client, as this node ends and stores no more. */
  leave(now: number): void {
    for (const [id, { name, seq }] of this.#notes) {
      if (this.isOnProbation(id)) continue;
      const n = this.#queue.certainLastOf(id);
      if (n !== undefined) this.#note(id, { name, n, at: now, seq }, true);
    }
  }

  /** Writes all records anew, as the old ones are gone. */
  renew(): void {
    for (const note of this.#notes.values()) {
      note.seq = 0;
      note.at = -Infinity;
    }
  }

  /** Resolves when all notes are written, or could not be. */
  async written(): Promise<void> {
    await Promise.all(this.#writing);
  }

  /** Writes notes that have changed, or would expire. */
  tick(now: number): void {
    for (const [id, note] of this.#notes) {
      const age = now - note.at;
      if (age < NOTE_EVERY_MS || this.isOnProbation(id)) continue;
      const n = this.#queue.lastOf(id);
      if (n !== note.n || age >= STATE_KEPT_MS / 2) this.#note(id, { ...note, n, at: now });
    }
  }

  async #remove(id: string): Promise<void> {
    const subject = this.#link.subject("client", id);
    const kept = await this.#link.last(subject);
    if (kept === undefined || JSON.parse(kept.text).node !== this.#node) return;
    await this.#link.purge(subject, kept.seq);
  }

  #note(id: string, note: Note, left = false): void {
    this.#notes.set(id, note);
    this.#track(
      this.#write(id, note, left).then((written) => {
        // Write it again soon where it may not be stored.
        if (!written) note.at = -Infinity;
      }),
    );
  }

  /** Writes a note, unless another node has the client; says whether it is certainly stored. */
  async #write(id: string, note: Note, left = false): Promise<boolean> {
    const { type } = await this.#publish(id, note, left);
    if (type === "overtaken") await this.#overtaken(id, note).catch(() => {});
    return type === "stored";
  }

  async #publish(id: string, note: Note, left = false): Promise<PublishOutcome> {
    const { name, n, seq } = note;
    const kept: KeptClient = {
      ...(name === undefined ? {} : { name }),
      n,
      node: this.#node,
      ...(left ? { left } : {}),
    };
    const subject = this.#link.subject("client", id);
    const outcome = await this.#link.publish(subject, JSON.stringify(kept), {
      expectedLastSeq: seq,
    });
    if (outcome.type === "stored") note.seq = outcome.seq;
    return outcome;
  }

  /** Finds out which node wrote the record since: another, or this one without an answer. */
  async #overtaken(id: string, note: Note): Promise<void> {
    const kept = await this.#link.last(this.#link.subject("client", id));
    if (kept === undefined || JSON.parse(kept.text).node === this.#node) note.seq = kept?.seq ?? 0;
    else if (this.#notes.get(id) === note) this.#taken(id);
  }

  #track(writing: Promise<void>): void {
    this.#writing.add(writing);
    writing.then(() => this.#writing.delete(writing));
  }
}
