/**
 * The life of the streams. Streams may be put back to an earlier state: later entries are gone
 * then, and nothing in the streams shows it. So their life has a name, which is part of all epochs.
 * It goes on where a node has known the streams all the time, or where marks are in the memory of
 * NATS, which no backup has. Otherwise another life begins.
 *
 * @module
 */

import type { Msg, NatsConnection, Subscription } from "@nats-io/transport-node";
import { newEpoch } from "../../../core/authority/ids.ts";
import { sleep } from "../../../protocol/deadline.ts";
import { reasonOf } from "../../../protocol/errors.ts";
import type { JetStreamLink } from "./link.ts";
import { type MarkedStream, readMarks, removeMark, setMarks } from "./marks.ts";

/** The record of a life. */
interface KeptLife {
  id: string;
  /** The description of its streams. */
  made: string;
}

/** The part of the link to NATS that a life needs; `made` tells its streams from others. */
export type LifeLink = Pick<JetStreamLink, "subject" | "last" | "publish" | "made">;

/** The id of the record, among those of rooms; no room can have it. */
const KEPT_AT = "-life";

/** The most tries where other nodes were faster, and the most looks at a server that is behind. */
const MAX_TRIES = 5;

/** Milliseconds between two looks at a server that is behind. */
const BEHIND_MS = 100;

/**
 * The most tries in which nothing is decided, as the marks do not answer, or a server is behind what
 * a stream with all its marks has acknowledged: it led before it was stopped, and does not know yet
 * that it leads no more. Each takes a second or more.
 */
const UNDECIDED_TRIES = 8;

/** Looks without marks after which that is reported. */
const UNMARKED_LOOKS = 3;

/**
 * The streams, compared with the last look. `behind`: they end earlier, though their marks are
 * there, or do not answer.
 */
type Comparison = "intact" | "changed" | "behind";

/** The life of the streams, as one node knows it. */
export class JetStreamLife {
  readonly #link: LifeLink;
  readonly #timeoutMs: number;
  readonly #troubled: (reason: string) => void;
  /** Set while marks are being made; and the number of failures in a row. */
  #isMarking = false;
  #unmarked = 0;
  /** The number of tries in a row in which nothing was decided. */
  #undecided = 0;
  #id = "";
  /** The newest entry of all rooms that this node has seen, and the id of its message. */
  #seen = { seq: 0, id: "" };
  /** The last `seq` of the stream at the last look. */
  #end = 0;
  #confirming: Promise<Comparison> | undefined;
  /** The subscription that answers other nodes, on the connection on which this one is certain. */
  #vouching: { subscription: Subscription; nc: NatsConnection } | undefined;

  /**
   * Makes a life that is not known yet. A question to other nodes takes at most `timeoutMs`
   * milliseconds; `troubled` takes lines for the log.
   */
  constructor(link: LifeLink, timeoutMs: number, troubled: (reason: string) => void) {
    this.#troubled = troubled;
    this.#link = link;
    this.#timeoutMs = timeoutMs;
  }

  /** The name of the life; empty before it was established. */
  get id(): string {
    return this.#id;
  }

  /** Notes that there is an entry at `seq`, with this message id. */
  saw(seq: number, id: string): void {
    if (seq > this.#seen.seq) this.#seen = { seq, id };
  }

  /**
   * Establishes which life it is, and answers other nodes from then on. Resolves with `false` where
   * it is another one than this node knew until now.
   */
  async establish(connection: MarkedStream): Promise<boolean> {
    const before = this.#id;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const kept = await this.#link.last(this.#link.subject("meta", KEPT_AT));
      const { id, made }: KeptLife = kept === undefined ? NONE : JSON.parse(kept.text);
      if (made === this.#link.made && await this.#goesOn(connection, id)) this.#use(id);
      else if (!await this.#begin(connection, kept?.seq ?? 0)) continue;
      this.#vouch(connection, Promise.resolve());
      if (this.#id !== before) this.#end = await lastSeq(connection);
      this.#mark(connection);
      return before === "" || before === this.#id;
    }
    throw new Error("The streams begin another life again and again");
  }

  /**
   * Looks whether the streams are still what they were at the last look; rejects where they are
   * not. Everything read since then is of the life that this node knows.
   */
  async confirm(connection: MarkedStream): Promise<void> {
    this.#confirming ??= this.#compare(connection).finally(() => this.#confirming = undefined);
    if (await this.#confirming !== "intact") throw new Error("The streams are not what they were");
  }

  /** Says whether this node, another or the marks show that the streams are still of that life. */
  async #goesOn(connection: MarkedStream, id: string): Promise<boolean> {
    if (id === this.#id) {
      const comparison = await this.#compare(connection);
      if (comparison === "intact") return true;
      if (comparison === "behind" && ++this.#undecided < UNDECIDED_TRIES) {
        throw new Error("NATS does not have all that it has acknowledged");
      }
      this.#stopVouching();
      return false;
    }
    this.#stopVouching();
    const marks = await readMarks(connection, id);
    if (marks === "whole" || marks === "replaced") return marks === "whole";
    if (await this.#ask(connection.nc, id)) return true;
    // A lost server may have led them: the others need a while to elect another.
    if (marks === "unread" && ++this.#undecided < UNDECIDED_TRIES) {
      throw new Error("NATS does not say whether the streams are what they were");
    }
    return false;
  }

  /** Begins another life; says whether no other node was faster. */
  async #begin(connection: MarkedStream, expectedLastSeq: number): Promise<boolean> {
    const id = newEpoch((bytes) => crypto.getRandomValues(bytes));
    const begun = Promise.withResolvers<void>();
    // Nodes that ask meanwhile wait for the answer instead of beginning another one.
    this.#vouch(connection, begun.promise);
    const kept: KeptLife = { id, made: this.#link.made };
    const subject = this.#link.subject("meta", KEPT_AT);
    const outcome = await this.#link.publish(subject, JSON.stringify(kept), { expectedLastSeq });
    if (outcome.type === "stored") {
      if (this.#id !== "") await removeMark(connection, this.#id);
      this.#use(id);
    } else this.#stopVouching();
    begun.resolve();
    if ("reason" in outcome) throw new Error(outcome.reason);
    return outcome.type === "stored";
  }

  /**
   * Makes marks, so that the life goes on even when no node is left that knows it. Nobody waits for
   * them: marks that cannot be made now, as a server is down, are made at another look.
   */
  async #mark(connection: MarkedStream): Promise<void> {
    if (this.#isMarking) return;
    this.#isMarking = true;
    try {
      await setMarks(connection, this.#id);
      this.#unmarked = 0;
    } catch (error) {
      if (++this.#unmarked === UNMARKED_LOOKS) {
        this.#troubled(`A restart of all nodes will look like a loss: ${reasonOf(error)}`);
      }
    }
    this.#isMarking = false;
  }

  /** Looks whether the rooms' stream still has the newest entry that this node saw, or let it go. */
  async #compare(connection: MarkedStream): Promise<Comparison> {
    const { jsm, stream } = connection;
    const { seq, id } = this.#seen;
    const least = Math.max(seq, this.#end);
    let end = await lastSeq(connection);
    // A server that has just begun to lead may not have the whole stream yet.
    for (let tries = 1; tries < MAX_TRIES && end < least; tries++) {
      await sleep(BEHIND_MS);
      end = await lastSeq(connection);
    }
    const isBehind = end < least;
    if (!isBehind) this.#end = end;
    const marks = await readMarks(connection, this.#id);
    if (marks === "replaced" || isBehind && marks === "none") return "changed";
    if (isBehind) return "behind";
    if (seq === 0) return "intact";
    const found = await jsm.streams.getMessage(stream, { seq });
    return found === null || found.header?.get("Nats-Msg-Id") === id ? "intact" : "changed";
  }

  /** Asks whether another node knows for certain that the streams are in that life. */
  async #ask(nc: NatsConnection, id: string): Promise<boolean> {
    try {
      await nc.request(this.#link.subject("node", "life"), id, { timeout: this.#timeoutMs });
      return true;
    } catch {
      // No node is there, or none that knows.
      return false;
    }
  }

  /** Answers nodes that ask for the life, on one connection, while that is certain. */
  #vouch(connection: MarkedStream, ready: Promise<void>): void {
    const { nc } = connection;
    if (this.#vouching?.nc === nc) return;
    const subscription = nc.subscribe(this.#link.subject("node", "life"), {
      callback: (error, message) => {
        if (error === null) answer(message).catch(() => {});
      },
    });
    const answer = async (message: Msg) => {
      await ready;
      if (this.#vouching?.subscription !== subscription || message.string() !== this.#id) return;
      await this.confirm(connection);
      message.respond();
    };
    this.#vouching = { subscription, nc };
  }

  #stopVouching(): void {
    this.#vouching?.subscription.unsubscribe();
    this.#vouching = undefined;
  }

  #use(id: string): void {
    this.#undecided = 0;
    if (id === this.#id) return;
    this.#id = id;
    this.#seen = { seq: 0, id: "" };
    this.#end = 0;
  }
}

const NONE: KeptLife = { id: "", made: "" };

/** The last `seq` of the stream, as the server says that leads it or takes itself for the leader. */
async function lastSeq({ jsm, stream }: MarkedStream): Promise<number> {
  return (await jsm.streams.info(stream)).state.last_seq;
}
