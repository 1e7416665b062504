/**
 * The life of the streams: they are those that clients were told of, or were put back to an earlier
 * state. Then what was said after that is gone, and nothing in them tells. So their life has a name,
 * which is a part of all epochs. It goes on where somebody can say so: a node that has known them
 * all the time, or marks in the memory of NATS that no backup has. Else another life begins.
 *
 * @module
 */

import type { Msg, NatsConnection, Subscription } from "@nats-io/transport-node";
import { newEpoch } from "../../core/ids.ts";
import { sleep } from "../../protocol/deadline.ts";
import { reasonOf } from "../../protocol/errors.ts";
import type { JetStreamLink } from "./link.ts";
import { type MarkedStream, readMarks, removeMark, setMarks } from "./marks.ts";

/** The name of a life as it is kept, besides the rooms. */
interface KeptLife {
  id: string;
  /** The streams that it is about. */
  made: string;
}

/** The part of the line to NATS that is needed; `made` tells its streams from others. */
export type LifeLink = Pick<JetStreamLink, "subject" | "last" | "publish" | "made">;

/** Where it is kept: among what rooms are called; no room has such an id. */
const KEPT_AT = "-life";

/** The most tries of what others were faster at, and the most looks where a server is behind. */
const MAX_TRIES = 5;

/** The time that a server that is behind is given each time, in milliseconds. */
const BEHIND_MS = 100;

/** The most tries of a node that begins to read marks that do not answer; each try takes seconds. */
const UNREAD_TRIES = 8;

/** The number of looks without marks that are told of. */
const UNMARKED_LOOKS = 3;

/** The life of the streams, as one node knows it. */
export class JetStreamLife {
  readonly #link: LifeLink;
  readonly #timeoutMs: number;
  readonly #troubled: (reason: string) => void;
  /** Set while marks are being made; and the number of times in a row that they could not be. */
  #isMarking = false;
  #unmarked = 0;
  /** The number of times that marks did not answer. */
  #unread = 0;
  #id = "";
  /** The newest entry of all rooms that is known to have been there, and the id of its message. */
  #seen = { seq: 0, id: "" };
  /** Where the stream ended when it was looked at last. */
  #end = 0;
  #confirming: Promise<boolean> | undefined;
  /** Answers other nodes on the connection on which this one knows for certain. */
  #vouching: { subscription: Subscription; nc: NatsConnection } | undefined;

  /** Makes what a node knows at its beginning: nothing. A question to other nodes takes `timeoutMs` at the most; `troubled` takes lines for the log. */
  constructor(link: LifeLink, timeoutMs: number, troubled: (reason: string) => void) {
    this.#troubled = troubled;
    this.#link = link;
    this.#timeoutMs = timeoutMs;
  }

  /** The name of the life; empty before the first time that it was found out. */
  get id(): string {
    return this.#id;
  }

  /** Takes in that there is an entry at `seq`, under that id. */
  saw(seq: number, id: string): void {
    if (seq > this.#seen.seq) this.#seen = { seq, id };
  }

  /**
   * Establishes which life it is, and answers other nodes who ask from then on. Resolves with `false`
   * where it is another one than this node has told of until now.
   */
  async establish(connection: MarkedStream): Promise<boolean> {
    const before = this.#id;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const kept = await this.#link.last(this.#link.subject("meta", KEPT_AT));
      const { id, made }: KeptLife = kept === undefined ? NONE : JSON.parse(kept.text);
      if (made === this.#link.made && await this.#goesOn(connection, id)) this.#use(id);
      else if (!await this.#begin(connection, kept?.seq ?? 0)) continue;
      this.#vouch(connection, Promise.resolve());
      if (this.#id !== before) await this.#look(connection);
      this.#mark(connection);
      return before === "" || before === this.#id;
    }
    throw new Error("The streams begin another life again and again");
  }

  /**
   * Looks whether the streams are still what they were at the last look; rejects where they are not.
   * Whatever is read after that is of the life that this node tells of.
   */
  async confirm(connection: MarkedStream): Promise<void> {
    this.#confirming ??= this.#isIntact(connection).finally(() => this.#confirming = undefined);
    if (!await this.#confirming) throw new Error("The streams are not what they were");
  }

  /** Says whether somebody can tell that the streams are still what they were in that life. */
  async #goesOn(connection: MarkedStream, id: string): Promise<boolean> {
    if (id === this.#id) {
      if (await this.#isIntact(connection)) return true;
      this.#stopVouching();
      return false;
    }
    this.#stopVouching();
    const marks = await readMarks(connection, id);
    if (marks === "whole" || marks === "replaced") return marks === "whole";
    if (await this.#ask(connection.nc, id)) return true;
    // A server that was lost may have led them: the others need a while to agree on another.
    if (marks === "unread" && ++this.#unread < UNREAD_TRIES) {
      throw new Error("NATS does not say whether the streams are what they were");
    }
    return false;
  }

  /** Begins another life; says whether nobody else was faster. */
  async #begin(connection: MarkedStream, behind: number): Promise<boolean> {
    const id = newEpoch((bytes) => crypto.getRandomValues(bytes));
    const begun = Promise.withResolvers<void>();
    // Who asks meanwhile waits for the answer, instead of beginning another one as well.
    this.#vouch(connection, begun.promise);
    const kept: KeptLife = { id, made: this.#link.made };
    const subject = this.#link.subject("meta", KEPT_AT);
    const outcome = await this.#link.publish(subject, JSON.stringify(kept), { behind });
    if (outcome.type === "stored") {
      if (this.#id !== "") await removeMark(connection, this.#id);
      this.#use(id);
    } else this.#stopVouching();
    begun.resolve();
    if ("reason" in outcome) throw new Error(outcome.reason);
    return outcome.type === "stored";
  }

  /**
   * Sees to it that the life is known to go on when no node is left that could say so. Nobody waits
   * for it: a mark that cannot be made now, as a server is down, is made at another look.
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

  /** Says whether the stream of the rooms still has what this node has seen of it, or has dropped it. */
  async #isIntact(connection: MarkedStream): Promise<boolean> {
    const { jsm, stream } = connection;
    const { seq, id } = this.#seen;
    const least = Math.max(seq, this.#end);
    // A server that has just begun to lead a stream may not know all of it yet.
    for (let tries = 0; tries < MAX_TRIES && (tries === 0 || this.#end < least); tries++) {
      if (tries > 0) await sleep(BEHIND_MS);
      await this.#look(connection);
    }
    if (this.#end < least || await readMarks(connection, this.#id) === "replaced") return false;
    if (seq === 0) return true;
    const found = await jsm.streams.getMessage(stream, { seq });
    return found === null || found.header?.get("Nats-Msg-Id") === id;
  }

  /** Looks where the stream ends. */
  async #look({ jsm, stream }: MarkedStream): Promise<void> {
    this.#end = (await jsm.streams.info(stream)).state.last_seq;
  }

  /** Asks whether another node knows for certain that the streams are in that life. */
  async #ask(nc: NatsConnection, id: string): Promise<boolean> {
    try {
      await nc.request(this.#link.subject("node", "life"), id, { timeout: this.#timeoutMs });
      return true;
    } catch {
      // Nobody is there, or nobody who knows.
      return false;
    }
  }

  /** Answers who asks for the life it is on a connection, as soon as that is certain, and as long as it is. */
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
    this.#unread = 0;
    if (id === this.#id) return;
    this.#id = id;
    this.#seen = { seq: 0, id: "" };
    this.#end = 0;
  }
}

const NONE: KeptLife = { id: "", made: "" };
