/**
 * The link to NATS: one connection, one stream for all rooms, and the questions of a store to them.
 * When a connection fails, another one is made, to another server if there is one. Until that is
 * whole, every question rejects.
 *
 * @module
 */

import type * as JetStream from "@nats-io/jetstream";
import type { JetStreamClient, JetStreamManager } from "@nats-io/jetstream";
import type * as Transport from "@nats-io/transport-node";
import type { Msg, MsgHdrs, NatsConnection, Subscription } from "@nats-io/transport-node";
import { sleep } from "../../../protocol/deadline.ts";
import { reasonOf } from "../../../protocol/errors.ts";
import { wellFormedJson } from "../../../protocol/utf8.ts";
import { countStream, readStream, type StreamReading } from "./history.ts";
import { JetStreamLife } from "./life.ts";
import type { MarkedStream } from "./marks.ts";
import { catchErrors } from "./socket_errors.ts";
import { outcomeOf, type PublishOptions, type PublishOutcome } from "./publish.ts";
import { readMessage, type StreamMessage, withHeaders } from "./stream_message.ts";
import { JetStreamStreams, type StreamSettings } from "./streams.ts";

/** The servers of NATS, and the settings of the streams. */
export interface LinkSettings extends StreamSettings {
  /** The servers, each as `host:port`. */
  servers: string[];
  /** The user name, where the servers ask for one. */
  user?: string;
  /** The password of `user`; without a user, a token. */
  password?: string;
}

/** Reports of a link. */
export interface LinkEvents {
  /** The link is whole: the streams are there, and NATS allows what rooms and clients need. */
  whole(): void;
  /** The link is not whole, or no longer; a later attempt may succeed. */
  broken(reason: string): void;
  /**
   * The stream is another one than before, or in another state than this node knew: its rooms and
   * clients may be wrong.
   */
  wiped(): void;
  /** A published message was not stored. */
  refused(subject: string, reason: string): void;
  /** Something else is wrong: a line for the log. */
  troubled(reason: string): void;
}

/** One connection, and its libraries' objects. */
interface NatsLine {
  nc: NatsConnection;
  js: JetStreamClient;
  jsm: JetStreamManager;
  makeHeaders: () => MsgHdrs;
}

/** A listener to a subject, on each connection in turn. */
interface Listener {
  readonly subject: string;
  readonly heard: (message: StreamMessage) => void;
  subscription: Subscription | undefined;
}

/** The newest message on a subject. */
export interface StoredMessage {
  seq: number;
  text: string;
  /** The time at which it was stored, in milliseconds since 1970, by the clock of NATS. */
  at: number;
}

/**
 * The libraries, in the versions of `deno.json`. Literals in the imports would make the runtime
 * fetch them for everybody, with or without this store.
 */
export const LIBRARIES = {
  transport: "npm:@nats-io/transport-node@3.4.0",
  jetstream: "npm:@nats-io/jetstream@3.4.0",
};

const NOT_CONNECTED = "Not connected to NATS";

/** The least bytes that NATS must take in one message: a body of some length with its headers. */
const LEAST_PAYLOAD = 4_096;

/** Milliseconds until the next attempt after a failure. */
const AGAIN_AFTER_MS = 250;

/** Milliseconds between two looks at the streams while all is well: they may be made anew. */
const LOOK_EVERY_MS = 5_000;

/** A `seq` that no message has: with the condition that it is the newest, nothing is stored. */
const NEVER = Number.MAX_SAFE_INTEGER;

/** The id under which probes are stored; no room can have it. */
const PROBE = "-probe";

/** The link of one node to NATS. */
export class JetStreamLink {
  readonly #settings: LinkSettings;
  readonly #events: LinkEvents;
  readonly #streams: JetStreamStreams;
  readonly #life: JetStreamLife;
  readonly #listeners = new Set<Listener>();
  #line: NatsLine | undefined;
  #maxPayload: number | undefined;
  /** The `seq` of the newest probe. */
  #probedAt = 0;
  #whole = false;
  /** Ends the wait for the next look. */
  #waking = new AbortController();
  #closed = false;
  readonly #running: Promise<void>;

  /** Begins to connect, and keeps trying. */
  constructor(settings: LinkSettings, events: LinkEvents) {
    this.#settings = settings;
    this.#events = events;
    this.#streams = new JetStreamStreams(settings, {
      refusal: (subject) => this.#refusal(subject),
      isOver: () => this.#closed,
      troubled: (reason) => this.#events.troubled(reason),
    });
    this.#life = new JetStreamLife(this, settings.patienceMs, events.troubled);
    this.#running = this.#run();
  }

  /** Returns the subject of one room or client, like `parley.room.k7q2`. */
  subject(kind: string, of: string): string {
    return this.#streams.subject(kind, of);
  }

  /** The description that tells the streams from others of the same name. */
  get made(): string {
    return this.#streams.made ?? "";
  }

  /** The name of the life of the streams: in another one, entries that clients have may be gone. */
  get life(): string {
    return this.#life.id;
  }

  /** Rejects where the streams are no longer of this life, and has them looked at. */
  async confirm(): Promise<void> {
    try {
      await this.#life.confirm(this.#marked);
    } catch (error) {
      this.look();
      throw error;
    }
  }

  /** The number of entries of a room that the streams keep, whatever the settings of this node. */
  get keptEntries(): number {
    return this.#streams.keptEntries;
  }

  /** The most bytes of one message with its headers; undefined before NATS was reached. */
  get maxPayload(): number | undefined {
    return this.#maxPayload;
  }

  /** Publishes into a stream; never rejects. */
  async publish(
    subject: string,
    text: string,
    options: PublishOptions = {},
  ): Promise<PublishOutcome> {
    const { id, expectedLastSeq } = options;
    try {
      const line = this.#open;
      if (line === undefined) return { type: "unheard", reason: NOT_CONNECTED };
      const headers = withHeaders(line.makeHeaders(), options);
      const { seq, duplicate } = await line.js.publish(subject, text, {
        headers,
        ...(id === undefined ? {} : { msgID: id }),
        ...(expectedLastSeq === undefined
          ? {}
          : { expect: { lastSubjectSequence: expectedLastSeq } }),
      });
      // Replicas of NATS 2.10 also remember the ids of messages that they refused.
      if (duplicate && seq === 0) return { type: "unknown", reason: "NATS knows only the id" };
      const isOfRooms = this.#streams.nameFor(subject) === this.#settings.name;
      if (id !== undefined && !duplicate && isOfRooms) this.#life.saw(seq, id);
      return { type: "stored", seq, duplicate };
    } catch (error) {
      const outcome = outcomeOf(error);
      if (outcome.type !== "overtaken" && outcome.type !== "too_large") this.look();
      const isRefused = outcome.type === "refused" || outcome.type === "too_large";
      const isProbe = expectedLastSeq === NEVER || subject === this.subject("meta", PROBE);
      if (isRefused && !isProbe) this.#events.refused(subject, outcome.reason);
      return outcome;
    }
  }

  /**
   * Has a probe stored: its outcome shows whether anything is stored now. It is not in the stream
   * of the rooms, where it would leave a hole in the `seq`s.
   */
  async probe(): Promise<PublishOutcome> {
    const { full } = this.#streams;
    const outcome = await this.publish(this.subject("meta", PROBE), "");
    if (outcome.type === "stored") {
      // A stream with a smaller `seq` was put back to an earlier state.
      if (outcome.seq < this.#probedAt) this.look();
      this.#probedAt = outcome.seq;
    }
    return full === undefined ? outcome : { type: "refused", reason: full };
  }

  /**
   * Finds the `seq` of an entry by the id under which it was published; 0 where NATS does not
   * remember that, or does not answer.
   */
  async find(id: string): Promise<number> {
    const outcome = await this.publish(this.subject("room", "-"), "", { id, isQuestion: true });
    return outcome.type === "stored" ? outcome.seq : 0;
  }

  /** Says something to all nodes that listen now, this one included; it may get lost. */
  say(subject: string, text: string): void {
    this.#open?.nc.publish(subject, text);
  }

  /** Listens to a subject, on this and later connections, until the returned function is called. */
  listen(subject: string, heard: (message: StreamMessage) => void): () => void {
    const listener: Listener = { subject, heard, subscription: undefined };
    this.#listeners.add(listener);
    this.#subscribe(listener);
    return () => {
      this.#listeners.delete(listener);
      listener.subscription?.unsubscribe();
    };
  }

  /** Reads the newest message on a subject from the stream's leader; undefined if there is none. */
  async last(subject: string): Promise<StoredMessage | undefined> {
    const stream = this.#streams.nameFor(subject);
    const found = await this.#connection.jsm.streams.getMessage(stream, { last_by_subj: subject });
    if (found === null) return undefined;
    return { seq: found.seq, text: wellFormedJson(found.string()), at: found.time.getTime() };
  }

  /**
   * Reads the messages of a room's subject from `seq` on, in order; of more than `most`, the newest
   * or the oldest. Rejects where one of them does not come.
   */
  async history(
    subject: string,
    seq: number,
    most: number,
    kept: "newest" | "oldest" = "newest",
  ): Promise<StreamMessage[]> {
    const messages = await this.#messages(subject, seq, most, kept);
    return messages.map(({ message, seq }) => ({ ...this.#read(message), seq }));
  }

  /** Reads the oldest `most` records of a kind from `seq` on, each with the last word of its subject. */
  async records(kind: string, seq: number, most: number) {
    const subject = this.subject(kind, "*");
    const messages = await this.#messages(subject, seq, most, "oldest");
    const wordOf = (message: Msg) => decodeURIComponent(message.subject.slice(subject.length - 1));
    return messages.map(({ message, seq }) => ({
      ...this.#read(message),
      seq,
      of: wordOf(message),
    }));
  }

  /** Reads one entry of a room; undefined where the stream does not have it, or another room has it. */
  async entry(subject: string, seq: number): Promise<StreamMessage | undefined> {
    const stream = this.#settings.name;
    const found = await this.#connection.jsm.streams.getMessage(stream, { seq });
    if (found === null || found.subject !== subject) return undefined;
    return { ...this.#read({ headers: found.header, data: found.data }), seq };
  }

  /** Reads the `seq` of the oldest entry of a room that the stream has; undefined where it has none. */
  async first(subject: string): Promise<number | undefined> {
    const query = { next_by_subj: subject, seq: 1 };
    const found = await this.#connection.jsm.streams.getMessage(this.#settings.name, query);
    return found?.seq;
  }

  /** Erases an entry of any room: the server writes over it. */
  async erase(seq: number): Promise<void> {
    await this.#connection.jsm.streams.deleteMessage(this.#settings.name, seq, true);
  }

  /** Reads the subject of an entry of any room; undefined where the stream does not have it any more. */
  async subjectOf(seq: number): Promise<string | undefined> {
    const stream = this.#settings.name;
    return (await this.#connection.jsm.streams.getMessage(stream, { seq }))?.subject;
  }

  /** Counts the messages of a room's subject from `seq` on. */
  count(subject: string, seq: number): Promise<number> {
    return countStream(this.#connection.jsm, { stream: this.#settings.name, subject, from: seq });
  }

  /** Returns the `seq` of the newest entry that any room ever had. */
  async end(): Promise<number> {
    const { state } = await this.#connection.jsm.streams.info(this.#settings.name);
    return state.last_seq;
  }

  /** Removes the messages of a subject, up to `seq`. */
  async purge(subject: string, seq: number): Promise<void> {
    const stream = this.#streams.nameFor(subject);
    await this.#connection.jsm.streams.purge(stream, { filter: subject, seq: seq + 1 });
  }

  /** Gives up the connection; the next one is made, to another server if there is one. */
  giveUp(reason: string): void {
    const line = this.#line;
    this.#line = undefined;
    this.#whole = false;
    // Without a flush: data that is still to be sent may never get out.
    line?.nc.close();
    this.#events.broken(reason);
    this.#waking.abort();
  }

  /** Looks soon whether the streams are there and still the same. */
  look(): void {
    this.#waking.abort();
  }

  /** Ends the connection. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#waking.abort();
    await this.#running;
  }

  get #marked(): MarkedStream {
    const { name: stream, replicas } = this.#settings;
    const { nc, jsm } = this.#connection;
    return { nc, jsm, stream, replicas };
  }

  get #open(): NatsLine | undefined {
    return this.#line?.nc.isClosed() ? undefined : this.#line;
  }

  get #connection(): NatsLine {
    const line = this.#open;
    if (line === undefined) throw new Error(NOT_CONNECTED);
    return line;
  }

  async #messages(subject: string, from: number, most: number, kept: StreamReading["kept"]) {
    return await readStream(this.#connection, {
      stream: this.#streams.nameFor(subject),
      subject,
      inbox: this.subject("read", crypto.randomUUID()),
      ...{ from, most, kept, patienceMs: this.#settings.patienceMs },
    });
  }

  #read(message: Pick<Msg, "headers" | "data">): StreamMessage {
    const read = readMessage(message);
    if (read.seq > 0) this.#life.saw(read.seq, read.id);
    return read;
  }

  /** Keeps a connection, and looks at the streams, until the link is closed. */
  async #run(): Promise<void> {
    while (!this.#closed) {
      let againMs = AGAIN_AFTER_MS;
      try {
        this.#line ??= await this.#connect();
        await this.#check();
        if (!this.#whole) await this.#begin();
        await this.#sleep(LOOK_EVERY_MS);
      } catch (error) {
        this.giveUp(reasonOf(error));
        // A refused login will be refused a moment later as well.
        const isBarred = error instanceof Error && error.name === "AuthorizationError";
        if (isBarred) againMs = this.#settings.patienceMs;
      }
      if (this.#line === undefined) await this.#sleep(againMs);
    }
    await this.#line?.nc.close();
  }

  async #connect(): Promise<NatsLine> {
    const { connect, headers }: typeof Transport = await import(LIBRARIES.transport);
    const { jetstream, jetstreamManager }: typeof JetStream = await import(LIBRARIES.jetstream);
    const { servers, user, password, patienceMs: timeout } = this.#settings;
    const nc = await connect({
      servers,
      timeout,
      reconnect: false,
      ...(user === undefined ? {} : { user }),
      ...(password === undefined
        ? {}
        : user === undefined
        ? { token: password }
        : { pass: password }),
    });
    catchErrors(nc);
    this.#watch(nc);
    this.#maxPayload = nc.info?.max_payload ?? Infinity;
    try {
      if (this.#maxPayload < LEAST_PAYLOAD) {
        throw new Error(
          `NATS takes ${this.#maxPayload} bytes in a message (max_payload), and ${LEAST_PAYLOAD} are needed`,
        );
      }
      return {
        nc,
        jsm: await jetstreamManager(nc, { checkAPI: false, timeout }),
        js: jetstream(nc, { timeout }),
        makeHeaders: headers,
      };
    } catch (error) {
      await nc.close();
      throw error;
    }
  }

  /** Gives up a connection when it ends, or NATS forbids something: its listeners would be deaf. */
  async #watch(nc: NatsConnection): Promise<void> {
    let reason = "NATS is not reached";
    for await (const status of nc.status()) {
      if (status.type !== "error") continue;
      reason = reasonOf(status.error);
      break;
    }
    if (this.#line?.nc === nc) this.giveUp(reason);
  }

  /** Uses a new connection, after it has tried on it what rooms and clients need. */
  async #begin(): Promise<void> {
    const { nc } = this.#connection;
    this.#listeners.forEach((listener) => this.#subscribe(listener));
    for (const kind of ["room", "meta", "roster", "client"]) {
      const refusal = await this.#refusal(this.subject(kind, "-"));
      if (refusal !== undefined) throw new Error(refusal);
    }
    await this.history(this.subject("room", "-"), 1, 1);
    if (this.#open?.nc !== nc) throw new Error(NOT_CONNECTED);
    this.#whole = true;
    this.#events.whole();
  }

  #subscribe(listener: Listener): void {
    const { subject, heard, subscription } = listener;
    if (subscription?.isClosed() === false) return;
    listener.subscription = this.#open?.nc.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) heard(this.#read(message));
      },
    });
  }

  /** Looks whether the streams are there and still the same. */
  async #check(): Promise<void> {
    const before = this.#streams.made;
    await this.#streams.check(this.#connection.jsm);
    const isSame = before === undefined || before === this.#streams.made;
    const goesOn = await this.#life.establish(this.#marked);
    if (!isSame || !goesOn) this.#events.wiped();
  }

  /** Returns the reason why a subject takes no messages now; undefined where it takes them. */
  async #refusal(subject: string): Promise<string | undefined> {
    const outcome = await this.publish(subject, "", { expectedLastSeq: NEVER });
    return "reason" in outcome ? outcome.reason : undefined;
  }

  async #sleep(ms: number): Promise<void> {
    if (this.#closed) return;
    this.#waking = new AbortController();
    await sleep(ms, this.#waking.signal);
  }
}
