/**
 * The line to NATS: one connection, one stream for all rooms, and what a store asks
 * of them. It mends itself; until it is whole, everything asked rejects.
 *
 * @module
 */

import type * as JetStream from "@nats-io/jetstream";
import type {
  JetStreamClient,
  JetStreamManager,
  StreamConfig,
  StreamInfo,
} from "@nats-io/jetstream";
import type * as Transport from "@nats-io/transport-node";
import type { Msg, MsgHdrs, NatsConnection } from "@nats-io/transport-node";
import { reasonOf } from "../errors.ts";

/** Where the rooms are kept, and how. */
export interface LinkSettings {
  /** The servers, each as `host:port`. */
  servers: string[];
  /** Who this is to them, where they ask. */
  user?: string;
  /** What `user` shows; without a user, a token. */
  password?: string;
  /** The first word of all subjects, and the name of the stream. */
  name: string;
  /** How many servers keep each message. */
  replicas: number;
  /** How many entries of a room are kept, and for how long, in milliseconds. */
  logEntries: number;
  logAgeMs: number;
  /** How long ids of messages are remembered at least, in milliseconds. */
  dedupMs: number;
  /** How long one question may take, in milliseconds. */
  patienceMs: number;
}

/** What a link reports. */
export interface LinkEvents {
  /** It is whole: connected, and the stream is there; or it is no longer. */
  whole(isWhole: boolean): void;
  /** The stream is another one than before: everything in it is gone. */
  wiped(): void;
  /** Something went wrong that a later attempt may mend. */
  failed(reason: string): void;
}

/** A message of the stream: live or read. */
export interface StreamMessage {
  seq: number;
  /** The `seq` of the message before it on its subject; NaN where that is not told. */
  before: number;
  /** The id it was published under. */
  id: string;
  /** The node that published it, where it said so. */
  node: string;
  text: string;
}

/** What is newest on a subject. */
export interface Kept {
  seq: number;
  text: string;
  /** When it was stored, in milliseconds since 1970, by the clock of NATS. */
  at: number;
}

/** What became of something published. */
export type PublishOutcome =
  | { type: "stored"; seq: number; duplicate: boolean }
  /** Refused because there is a newer message on the subject than was said. */
  | { type: "overtaken" }
  | { type: "refused"; reason: string }
  | { type: "unknown"; reason: string };

/** How something is published. */
export interface PublishOptions {
  /** What makes it stored once. */
  id?: string;
  /** The node that publishes it. */
  node?: string;
  /** Only store it if the newest message on its subject has this `seq`; 0: if there is none. */
  behind?: number;
}

/**
 * The libraries, of the versions in `deno.json`. Not written where they are imported, because
 * the runtime would then fetch them for everybody, with or without this store.
 */
export const LIBRARIES = {
  transport: "npm:@nats-io/transport-node@3.4.0",
  jetstream: "npm:@nats-io/jetstream@3.4.0",
};

const NOT_CONNECTED = "Not connected to NATS";

/** How long a failed connection or stream waits for the next attempt, in milliseconds. */
const AGAIN_AFTER_MS = 250;

/** How long a stream that takes no messages yet is left alone, in milliseconds. */
const BEGINS_AFTER_MS = 5;

/** How often the stream is looked at while all is well, in milliseconds: it may have been made anew. */
const LOOK_EVERY_MS = 5_000;

/** How often a reading consumer says that it lives, and when it ends if nobody reads, in milliseconds. */
const CONSUMER_HEARTBEAT_MS = 500;
const CONSUMER_UNUSED_MS = 5_000;

/** How long rooms and clients that nobody asks for are remembered at least, in milliseconds: a day. */
export const STATE_KEPT_MS = 86_400_000;

/** What a node that was told otherwise changes of a stream that is there. */
const CHANGEABLE = [
  "num_replicas",
  "max_msgs_per_subject",
  "max_age",
  "duplicate_window",
] as const;

/** NATS counts in nanoseconds, and cannot count to a century. */
const NS_PER_MS = 1_000_000;
const LONGEST_MS = 3_000_000_000_000;

/** The headers of NATS and ours. */
const HEADER = {
  id: "Nats-Msg-Id",
  seq: "Nats-Sequence",
  before: "Nats-Last-Sequence",
  node: "Parley-Node",
};

const STREAM_NOT_FOUND = 10_059;
const WRONG_LAST_SEQUENCE = new Set([10_071, 10_164]);

/** One node's line to NATS. */
export class JetStreamLink {
  readonly #settings: LinkSettings;
  readonly #events: LinkEvents;
  readonly #decoder = new TextDecoder();
  #nc: NatsConnection | undefined;
  #js: JetStreamClient | undefined;
  #jsm: JetStreamManager | undefined;
  #makeHeaders: (() => MsgHdrs) | undefined;
  #connected = false;
  #whole = false;
  #made: string | undefined;
  #wake: () => void = () => {};
  #closed = false;
  readonly #running: Promise<void>;

  /** Begins to connect, and goes on trying for as long as it takes. */
  constructor(settings: LinkSettings, events: LinkEvents) {
    this.#settings = settings;
    this.#events = events;
    this.#running = this.#run();
  }

  /** The subject of a kind of things, like `parley.room.k7q2`. */
  subject(kind: string, of: string): string {
    return `${this.#settings.name}.${kind}.${of}`;
  }

  /** When the streams were made, as their servers say: it tells them from others of the same name. */
  get made(): string {
    return this.#made ?? "";
  }

  /** Publishes into a stream; never rejects. */
  async publish(
    subject: string,
    text: string,
    { id, node, behind }: PublishOptions = {},
  ): Promise<PublishOutcome> {
    try {
      if (this.#js === undefined) return { type: "refused", reason: NOT_CONNECTED };
      const headers = this.#makeHeaders!();
      if (node !== undefined) headers.set(HEADER.node, node);
      const { seq, duplicate } = await this.#js.publish(subject, text, {
        headers,
        ...(id === undefined ? {} : { msgID: id }),
        ...(behind === undefined ? {} : { expect: { lastSubjectSequence: behind } }),
      });
      return { type: "stored", seq, duplicate };
    } catch (error) {
      const code = codeOf(error);
      if (WRONG_LAST_SEQUENCE.has(code)) return { type: "overtaken" };
      this.look();
      // A stream without a leader answers at once that it is not there; all else is in doubt.
      const sure = code > 0 || error instanceof Error && error.name === "JetStreamNotEnabled";
      return { type: sure ? "refused" : "unknown", reason: reasonOf(error) };
    }
  }

  /** Says something to whoever listens now, this node included; it may get lost. */
  say(subject: string, text: string): void {
    if (this.#connected) this.#nc?.publish(subject, text);
  }

  /** Listens to a subject, across broken connections, until the returned function is called. */
  listen(subject: string, heard: (message: StreamMessage) => void): () => void {
    const subscription = this.#connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) heard(this.#read(message));
      },
    });
    return () => subscription.unsubscribe();
  }

  /** The newest message on a subject, as the stream's leader knows it; undefined if there is none. */
  async last(subject: string): Promise<Kept | undefined> {
    const stream = this.#streamOf(subject);
    const found = await this.#manager.streams.getMessage(stream, { last_by_subj: subject });
    if (found === null) return undefined;
    return { seq: found.seq, text: found.string(), at: found.time.getTime() };
  }

  /**
   * Hands over what is on a subject from `seq` on, in its order; `begun` is told first how
   * many messages that are. Rejects where one of them does not come.
   */
  async history(
    subject: string,
    seq: number,
    begun: (count: number) => void,
    take: (message: StreamMessage) => void,
  ): Promise<void> {
    const { patienceMs } = this.#settings;
    const inbox = this.subject("read", crypto.randomUUID());
    const done = Promise.withResolvers<void>();
    let heardAt = performance.now();
    let nth = 0;
    let hear: ((message: Msg) => void) | undefined;
    const early: Msg[] = [];
    const subscription = this.#connection.subscribe(inbox, {
      callback: (error, message) => {
        if (error !== null) done.reject(error);
        else if (hear === undefined) early.push(message);
        else hear(message);
      },
    });
    const timer = setInterval(() => {
      if (performance.now() - heardAt > patienceMs) done.reject(new Error("No answer in time"));
    }, patienceMs / 4);
    try {
      const { name, num_pending: count } = await this.#manager.consumers.add(
        this.#settings.name,
        {
          deliver_subject: inbox,
          filter_subject: subject,
          ack_policy: "none",
          deliver_policy: "by_start_sequence",
          opt_start_seq: seq,
          mem_storage: true,
          num_replicas: 1,
          flow_control: true,
          idle_heartbeat: NS_PER_MS * CONSUMER_HEARTBEAT_MS,
          inactive_threshold: NS_PER_MS * CONSUMER_UNUSED_MS,
        },
      );
      begun(count);
      if (count === 0) done.resolve();
      hear = (message) => {
        heardAt = performance.now();
        if (message.headers?.code === 100) {
          if (message.reply) message.respond();
          return;
        }
        const place = placeOf(message.reply ?? "");
        if (place.nth !== ++nth) return done.reject(new Error("A message is missing"));
        take({ ...this.#read(message), seq: place.seq });
        if (place.left === 0) done.resolve();
      };
      early.forEach(hear);
      await done.promise;
      // It would end by itself, only later.
      this.#manager.consumers.delete(this.#settings.name, name).catch(() => {});
    } finally {
      clearInterval(timer);
      subscription.unsubscribe();
    }
  }

  /** Removes what is on a subject, up to `seq`. */
  async purge(subject: string, seq = Number.MAX_SAFE_INTEGER - 1): Promise<void> {
    const stream = this.#streamOf(subject);
    await this.#manager.streams.purge(stream, { filter: subject, seq: seq + 1 });
  }

  /** Gives a connection up that is open and silent: the next one is made, to another server if there is one. */
  renew(): void {
    this.#nc?.reconnect().catch(() => {});
  }

  /** Looks soon whether the stream is there and still the same. */
  look(): void {
    this.#wake();
  }

  /** Ends the connection. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    await this.#running;
  }

  get #connection(): NatsConnection {
    if (this.#nc === undefined) throw new Error(NOT_CONNECTED);
    return this.#nc;
  }

  get #manager(): JetStreamManager {
    if (this.#jsm === undefined) throw new Error(NOT_CONNECTED);
    return this.#jsm;
  }

  #streamOf(subject: string): string {
    const { name } = this.#settings;
    return subject.startsWith(this.subject("room", "")) ? name : `${name}-state`;
  }

  #read(message: Msg): StreamMessage {
    const { headers } = message;
    return {
      seq: Number(headers?.get(HEADER.seq)),
      before: Number(headers?.get(HEADER.before)),
      id: headers?.get(HEADER.id) ?? "",
      node: headers?.get(HEADER.node) ?? "",
      text: this.#decoder.decode(message.data),
    };
  }

  /** Connects, then looks after the stream until the end. */
  async #run(): Promise<void> {
    let watching: Promise<void> = Promise.resolve();
    while (!this.#closed) {
      let waitMs = AGAIN_AFTER_MS;
      try {
        if (this.#nc === undefined) watching = this.#watch(await this.#connect());
        if (this.#connected) await this.#check();
        this.#set(this.#connected);
        waitMs = LOOK_EVERY_MS;
      } catch (error) {
        this.#events.failed(reasonOf(error));
        this.#set(false);
      }
      await this.#sleep(waitMs);
    }
    this.#set(false);
    await this.#nc?.close();
    await watching;
  }

  async #connect(): Promise<NatsConnection> {
    const { connect, headers }: typeof Transport = await import(LIBRARIES.transport);
    const { jetstream, jetstreamManager }: typeof JetStream = await import(LIBRARIES.jetstream);
    const { servers, user, password, patienceMs: timeout } = this.#settings;
    const nc = await connect({
      servers,
      timeout,
      maxReconnectAttempts: -1,
      reconnectTimeWait: AGAIN_AFTER_MS,
      reconnectJitter: AGAIN_AFTER_MS,
      ...(user === undefined ? {} : { user }),
      ...(password === undefined
        ? {}
        : user === undefined
        ? { token: password }
        : { pass: password }),
    });
    this.#jsm = await jetstreamManager(nc, { checkAPI: false, timeout });
    this.#js = jetstream(nc, { timeout });
    this.#makeHeaders = headers;
    this.#nc = nc;
    this.#connected = true;
    return nc;
  }

  async #watch(nc: NatsConnection): Promise<void> {
    for await (const { type } of nc.status()) {
      if (type !== "disconnect" && type !== "reconnect") continue;
      this.#connected = type === "reconnect";
      if (!this.#connected) this.#set(false);
      this.#wake();
    }
  }

  /** Looks whether the streams are there and still the same; makes them where they are not. */
  async #check(): Promise<void> {
    const { name, replicas, logEntries, logAgeMs, dedupMs } = this.#settings;
    const state = await this.#ensure({
      name: `${name}-state`,
      subjects: ["meta", "roster", "client"].map((kind) => this.subject(kind, "*")),
      num_replicas: replicas,
      max_msgs_per_subject: 1,
      max_age: NS_PER_MS * Math.min(LONGEST_MS, Math.max(STATE_KEPT_MS, 2 * logAgeMs)),
    });
    const rooms = await this.#ensure({
      name,
      subjects: [this.subject("room", "*")],
      num_replicas: replicas,
      max_msgs_per_subject: logEntries,
      max_age: NS_PER_MS * Math.min(LONGEST_MS, Math.max(dedupMs, logAgeMs)),
      duplicate_window: NS_PER_MS * dedupMs,
      republish: { src: this.subject("room", ">"), dest: this.subject("live", ">") },
    });
    const before = this.#made;
    this.#made = `${rooms} ${state}`;
    if (before !== undefined && before !== this.#made) this.#events.wiped();
  }

  /** Makes a stream, or makes it as it should be, and returns when it was made. */
  async #ensure(wanted: Partial<StreamConfig> & { name: string }): Promise<string> {
    const { streams } = this.#manager;
    const found = await this.#find(wanted.name) ??
      await streams.add(wanted).catch(async (error) => {
        // Of several nodes that make it at once NATS refuses some, with varying reasons.
        const others = await this.#find(wanted.name);
        if (others === undefined) throw error;
        return others;
      });
    if (this.#made?.split(" ").includes(found.created)) return found.created;
    await this.#begun(wanted.subjects?.[0] ?? "");
    // What it was before, or what each of several nodes was told, need not be what came of it.
    const { config, created } = await streams.info(wanted.name);
    // A node that was not told how many there are must not take replicas away.
    const replicas = Math.max(config.num_replicas, wanted.num_replicas ?? 1);
    const asked = { ...wanted, num_replicas: replicas };
    const other = CHANGEABLE.some((key) => asked[key] !== undefined && asked[key] !== config[key]);
    // Once only: nodes that were told otherwise would undo it for ever.
    if (other && this.#made === undefined) await streams.update(wanted.name, asked);
    return created;
  }

  async #find(name: string): Promise<StreamInfo | undefined> {
    try {
      return await this.#manager.streams.info(name);
    } catch (error) {
      if (codeOf(error) !== STREAM_NOT_FOUND) throw error;
      return undefined;
    }
  }

  /**
   * Waits until a stream takes messages. NATS shows one that another node is making earlier
   * than that, and before version 2.9.16 even tells another moment at which it was made.
   */
  async #begun(subjects: string): Promise<void> {
    const subject = subjects.replace("*", "-");
    const giveUpAt = performance.now() + this.#settings.patienceMs;
    while (true) {
      // No message has that `seq`: a stream that is there refuses to store this one.
      const outcome = await this.publish(subject, "", { behind: Number.MAX_SAFE_INTEGER });
      if (outcome.type === "overtaken" || outcome.type === "stored") return;
      if (this.#closed || performance.now() > giveUpAt) {
        throw new Error(`${subjects} takes no messages: ${outcome.reason}`);
      }
      await new Promise((resolve) => setTimeout(resolve, BEGINS_AFTER_MS));
    }
  }

  #set(whole: boolean): void {
    if (whole === this.#whole) return;
    this.#whole = whole;
    this.#events.whole(whole);
  }

  async #sleep(ms: number): Promise<void> {
    if (this.#closed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#wake = resolve;
    await promise;
    clearTimeout(timer);
    this.#wake = () => {};
  }
}

/** The number by which JetStream says what is wrong; 0 where it said nothing. */
function codeOf(error: unknown): number {
  return error instanceof Error && error.name !== "TimeoutError" && "code" in error &&
      typeof error.code === "number"
    ? error.code
    : 0;
}

/** What a consumer says of a message: its place in the stream, the how manieth it is, how many follow. */
function placeOf(reply: string): { seq: number; nth: number; left: number } {
  const tokens = reply.split(".");
  // Since NATS 2.10 it may name a domain and an account before the stream.
  const at = tokens.length > 9 ? 7 : 5;
  return { seq: Number(tokens[at]), nth: Number(tokens[at + 1]), left: Number(tokens[at + 3]) };
}
