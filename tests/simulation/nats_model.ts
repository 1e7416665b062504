/**
 * A model of NATS with JetStream: the part that Parley uses, with its promises (order, ids that are
 * stored once, conditions on the newest message, republishing) and its silences. The test of it holds it
 * against a real server by the same script.
 *
 * @module
 */

/** Headers of a message, as the library has them. */
export class ModelHeaders {
  readonly code = 0;
  readonly #fields = new Map<string, string>();

  get(name: string): string {
    return this.#fields.get(name) ?? "";
  }

  set(name: string, value: string): void {
    this.#fields.set(name, value);
  }

  /** The same again, with others besides. */
  with(others: Record<string, string>): ModelHeaders {
    const all = new ModelHeaders();
    for (const [name, value] of this.#fields) all.set(name, value);
    for (const [name, value] of Object.entries(others)) all.set(name, value);
    return all;
  }
}

/** A message that somebody sends. */
export interface ModelMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: ModelHeaders;
  readonly reply: string;
}

/** A message that a stream keeps. */
interface KeptMessage {
  readonly seq: number;
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: ModelHeaders;
  /** In milliseconds since 1970. */
  readonly at: number;
}

/** Settings of a stream, as far as they are known here; times in nanoseconds. */
export interface ModelConfig {
  name: string;
  subjects: string[];
  description?: string;
  num_replicas: number;
  max_msgs_per_subject: number;
  max_msgs: number;
  max_bytes: number;
  max_age: number;
  duplicate_window: number;
  discard: "old";
  storage: "file" | "memory";
  republish?: { src: string; dest: string };
}

/** An error of the API of JetStream. */
export class ModelError extends Error {
  override name = "JetStreamApiError";
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

const NS_PER_MS = 1_000_000;
const DEFAULTS = {
  num_replicas: 1,
  max_msgs_per_subject: -1,
  max_msgs: -1,
  max_bytes: -1,
  max_age: 0,
  duplicate_window: 120_000 * NS_PER_MS,
  discard: "old",
  storage: "file",
} as const;

/** One stream. */
class ModelStream {
  config: ModelConfig;
  readonly created: string;
  readonly consumers = new Map<string, { created: string }>();
  messages: KeptMessage[] = [];
  lastSeq = 0;
  readonly #ids = new Map<string, { seq: number; at: number }>();

  constructor(config: ModelConfig, created: string) {
    this.config = config;
    this.created = created;
  }

  get info() {
    const bytes = this.messages.reduce((sum, { data }) => sum + data.length, 0);
    const state = { messages: this.messages.length, bytes, last_seq: this.lastSeq };
    return { config: { ...this.config }, created: this.created, state };
  }

  last(subject: string): KeptMessage | undefined {
    return this.messages.findLast((message) => message.subject === subject);
  }

  /** Stores a message once; returns where it is. */
  store(
    { subject, data, headers }: ModelMessage,
    at: number,
  ): { seq: number; duplicate: boolean; before: number } {
    const id = headers.get("Nats-Msg-Id");
    const known = id === "" ? undefined : this.#ids.get(id);
    if (known !== undefined && at - known.at < this.config.duplicate_window / NS_PER_MS) {
      return { seq: known.seq, duplicate: true, before: 0 };
    }
    const before = this.last(subject)?.seq ?? 0;
    const expected = headers.get("Nats-Expected-Last-Subject-Sequence");
    if (expected !== "" && Number(expected) !== before) {
      throw new ModelError(10_071, `wrong last sequence: ${before}`);
    }
    if (headers.get("Nats-Rollup") !== "") throw new ModelError(10_111, "rollup not permitted");
    const seq = ++this.lastSeq;
    if (id !== "") this.#ids.set(id, { seq, at });
    this.messages.push({ seq, subject, data, headers, at });
    const most = this.config.max_msgs_per_subject;
    const same = this.messages.filter((message) => message.subject === subject);
    if (most > 0 && same.length > most) {
      this.messages.splice(this.messages.indexOf(same[0]!), 1);
    }
    return { seq, duplicate: false, before };
  }
}

/** A subscription of a connection. */
export interface ModelSubscription {
  readonly subject: string;
  deliver(message: ModelMessage): void;
}

/** The servers, as one. */
export class NatsModel {
  readonly #streams = new Map<string, ModelStream>();
  readonly #subscriptions = new Set<ModelSubscription>();
  readonly #now: () => number;
  #made = 0;
  /** Called with each message that a stream has stored. */
  stored: (subject: string, seq: number, data: Uint8Array) => void = () => {};

  /** Makes servers without streams; `now` is their clock, in milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  subscribe(subscription: ModelSubscription): void {
    this.#subscriptions.add(subscription);
  }

  unsubscribe(subscription: ModelSubscription): void {
    this.#subscriptions.delete(subscription);
  }

  /**
   * Takes a message: stores it where a stream wants it, and sends it to all who listen. Returns what the
   * stream says; undefined where there is none. Throws where it does not store it.
   */
  publish(message: ModelMessage): { seq: number; duplicate: boolean; stream: string } | undefined {
    const { subject, data, headers } = message;
    this.#send(message);
    const stream = this.#streamOf(subject);
    if (stream === undefined) return undefined;
    const { seq, duplicate, before } = stream.store(message, this.#now());
    const { name, republish } = stream.config;
    if (duplicate) return { seq, duplicate, stream: name };
    this.stored(subject, seq, data);
    if (republish !== undefined && isIn(republish.src, subject)) {
      const dest = republish.dest.replace(/>$/, subject.slice(republish.src.length - 1));
      const more = {
        "Nats-Stream": name,
        "Nats-Subject": subject,
        "Nats-Sequence": `${seq}`,
        "Nats-Last-Sequence": `${before}`,
      };
      this.#send({ subject: dest, data, headers: headers.with(more), reply: "" });
    }
    return { seq, duplicate, stream: name };
  }

  /** Says whether anybody listens to a subject, or keeps what is sent there. */
  hears(subject: string): boolean {
    return this.#streamOf(subject) !== undefined ||
      [...this.#subscriptions].some((subscription) => isIn(subscription.subject, subject));
  }

  info(name: string) {
    return this.#stream(name).info;
  }

  add(config: Partial<ModelConfig> & { name: string }) {
    const known = this.#streams.get(config.name);
    const whole: ModelConfig = { ...DEFAULTS, subjects: [], ...config };
    if (known !== undefined) {
      if (JSON.stringify(known.config) === JSON.stringify(whole)) return known.info;
      throw new ModelError(10_058, "stream name already in use with a different configuration");
    }
    const stream = new ModelStream(whole, this.#time());
    this.#streams.set(config.name, stream);
    return stream.info;
  }

  update(name: string, config: Partial<ModelConfig>) {
    const stream = this.#stream(name);
    stream.config = { ...stream.config, ...config };
    return stream.info;
  }

  /** The message at a `seq`, or the last on a subject; null where there is none. */
  message(name: string, { seq, last_by_subj: subject }: { seq?: number; last_by_subj?: string }) {
    const { messages } = this.#stream(name);
    const found = messages.findLast((message) =>
      subject === undefined ? message.seq === seq : message.subject === subject
    );
    return found ?? null;
  }

  purge(name: string, { filter, seq }: { filter: string; seq: number }): void {
    const stream = this.#stream(name);
    stream.messages = stream.messages.filter((message) =>
      message.subject !== filter || message.seq >= seq
    );
  }

  /** Makes a consumer; what it reads is sent to its subject, where it has one. */
  consume(name: string, config: {
    durable_name?: string;
    filter_subject?: string;
    deliver_subject?: string;
    deliver_policy?: string;
    opt_start_seq?: number;
  }): { name: string; created: string; num_pending: number } {
    const stream = this.#stream(name);
    const consumer = config.durable_name ?? `consumer${++this.#made}`;
    const known = stream.consumers.get(consumer) ?? { created: this.#time() };
    stream.consumers.set(consumer, known);
    const { filter_subject: filter, opt_start_seq: from = 1 } = config;
    const pending = config.deliver_policy === "new"
      ? []
      : stream.messages.filter((message) =>
        message.seq >= from && (filter === undefined || message.subject === filter)
      );
    const { deliver_subject: subject } = config;
    if (subject !== undefined) {
      pending.forEach(({ seq, data, headers, at }, index) => {
        const left = pending.length - index - 1;
        const reply = `$JS.ACK.${name}.${consumer}.1.${seq}.${index + 1}.${at * NS_PER_MS}.${left}`;
        this.#send({ subject, data, headers, reply });
      });
    }
    return { name: consumer, created: known.created, num_pending: pending.length };
  }

  consumer(name: string, consumer: string): { created: string } {
    const known = this.#stream(name).consumers.get(consumer);
    if (known === undefined) throw new ModelError(10_014, "consumer not found");
    return known;
  }

  deleteConsumer(name: string, consumer: string): void {
    if (!this.#stream(name).consumers.delete(consumer)) {
      throw new ModelError(10_014, "consumer not found");
    }
  }

  /** Starts again: what was in memory is gone. */
  restart(): void {
    for (const [name, stream] of this.#streams) {
      if (stream.config.storage === "memory") this.#streams.delete(name);
      else stream.consumers.clear();
    }
  }

  /** Loses all streams. */
  wipe(): void {
    this.#streams.clear();
  }

  #time(): string {
    // Each thing that is made has a time of its own.
    return `${new Date(this.#now()).toISOString().slice(0, -1)}${
      `${++this.#made}`.padStart(6, "0")
    }Z`;
  }

  #stream(name: string): ModelStream {
    const stream = this.#streams.get(name);
    if (stream === undefined) throw new ModelError(10_059, "stream not found");
    return stream;
  }

  #streamOf(subject: string): ModelStream | undefined {
    for (const stream of this.#streams.values()) {
      if (stream.config.subjects.some((pattern) => isIn(pattern, subject))) return stream;
    }
    return undefined;
  }

  #send(message: ModelMessage): void {
    for (const subscription of [...this.#subscriptions]) {
      if (isIn(subscription.subject, message.subject)) subscription.deliver(message);
    }
  }
}

/** Says whether a subject is one of a pattern, whose last word may be `*` or `>`. */
function isIn(pattern: string, subject: string): boolean {
  if (pattern === subject) return true;
  const begin = pattern.slice(0, -1);
  if (!subject.startsWith(begin)) return false;
  return pattern.endsWith(".>") ||
    pattern.endsWith(".*") && !subject.slice(begin.length).includes(".");
}
