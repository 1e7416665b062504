/**
 * The libraries of NATS, as far as Parley uses them, over connections of a simulated world to a model of
 * NATS. The store loads this module in their place.
 *
 * @module
 */

import { LIBRARIES } from "../../src/store/jetstream/link/link.ts";
import {
  ModelHeaders,
  type ModelMessage,
  type ModelSubscription,
  NatsModel,
} from "./nats_model.ts";
import type { Process, Timeline } from "./timeline.ts";

/** The most bytes of a message. */
const MAX_PAYLOAD = 1_048_576;

/** Servers of NATS in a simulated world, their connections, and their faults. */
export class SimulatedNats {
  readonly timeline: Timeline;
  readonly process: Process;
  readonly model: NatsModel;
  readonly connections = new Set<SimulatedConnection>();
  /** Until when the streams have no leader, on the clock of the world. */
  leaderlessUntil = 0;
  /** Until when the processes of some servers hear only half of what is sent to all. */
  readonly deafUntil = new Map<string, number>();
  /** Servers whose connections get nowhere. */
  readonly islands = new Set<string>();

  constructor(timeline: Timeline) {
    this.timeline = timeline;
    this.process = timeline.process("nats");
    this.model = new NatsModel(() => this.process.wall());
  }

  /** Breaks the connections of a server, or of all. */
  snap(owner?: string): void {
    for (const connection of [...this.connections]) {
      if (owner === undefined || ownerOf(connection.process) === owner) connection.snap();
    }
  }

  /** Lets nothing through between NATS and a server, until `reach`. */
  sever(owner: string): void {
    this.islands.add(owner);
  }

  reach(owner: string): void {
    this.islands.delete(owner);
    for (const connection of this.connections) connection.release();
  }
}

/** The one of the world that is running. */
let nats: SimulatedNats | undefined;

/** Has stores find the simulated servers where they look for the libraries, until it is disposed of. */
export function useNats(simulated: SimulatedNats): Disposable {
  const { transport, jetstream } = LIBRARIES;
  nats = simulated;
  // An import takes turns of the real event loop: no event may come between.
  const found = () => {
    if (simulated.timeline.current !== undefined) simulated.timeline.imports++;
    return import.meta.url;
  };
  Object.defineProperty(LIBRARIES, "transport", {
    get: found,
    configurable: true,
    enumerable: true,
  });
  LIBRARIES.jetstream = import.meta.url;
  return {
    [Symbol.dispose]: () => {
      nats = undefined;
      Object.defineProperty(LIBRARIES, "transport", {
        value: transport,
        configurable: true,
        enumerable: true,
        writable: true,
      });
      LIBRARIES.jetstream = jetstream;
    },
  };
}

function ownerOf({ name }: Process): string {
  return name.split("#")[0]!;
}

/** A message as the library hands it over. */
class ReceivedMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: ModelHeaders;
  readonly reply: string;
  readonly #connection: SimulatedConnection;

  constructor(connection: SimulatedConnection, message: ModelMessage) {
    this.#connection = connection;
    ({ subject: this.subject, data: this.data, headers: this.headers, reply: this.reply } =
      message);
  }

  string(): string {
    return new TextDecoder().decode(this.data);
  }

  respond(text = ""): void {
    this.#connection.publish(this.reply, text);
  }
}

/** A connection of one server to NATS. */
export class SimulatedConnection {
  readonly info = { max_payload: MAX_PAYLOAD };
  readonly protocol = { transport: { socket: undefined } };
  readonly process: Process;
  readonly #nats: SimulatedNats;
  readonly #delayMs: number;
  readonly #subscriptions = new Set<ModelSubscription>();
  readonly #pending = new Map<string, (message: ModelMessage) => void>();
  readonly #failing = new Set<(error: Error) => void>();
  readonly #ended = Promise.withResolvers<void>();
  /** Deeds that wait until something gets through, in both directions. */
  readonly #held: { to: Process; run: () => void }[] = [];
  #lastAt = { up: 0, down: 0 };
  #inboxes = 0;
  #closed = false;
  readonly #inbox: ModelSubscription;

  constructor(simulated: SimulatedNats, process: Process) {
    this.#nats = simulated;
    this.process = process;
    this.#delayMs = 0.2 + 4 * process.random();
    simulated.connections.add(this);
    this.#inbox = {
      subject: `_INBOX.${process.name.replace("#", "-")}-${Math.floor(1e9 * process.random())}.>`,
      deliver: (message) => this.#down(() => this.#pending.get(message.subject)?.(message)),
    };
    simulated.model.subscribe(this.#inbox);
  }

  isClosed(): boolean {
    return this.#closed;
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    const { model, connections } = this.#nats;
    connections.delete(this);
    for (const subscription of [this.#inbox, ...this.#subscriptions]) {
      model.unsubscribe(subscription);
    }
    for (const fail of this.#failing) fail(named("ClosedConnectionError", "closed connection"));
    this.#held.length = 0;
    this.#ended.resolve();
    return Promise.resolve();
  }

  /** Ends it from the other side. */
  snap(): void {
    this.process.after(this.#delayMs, () => void this.close());
  }

  async *status(): AsyncGenerator<{ type: string; error?: Error }, void, undefined> {
    await this.#ended.promise;
    yield { type: "close" };
  }

  subscribe(
    subject: string,
    { callback }: { callback: (error: Error | null, message: ReceivedMessage) => void },
  ): { unsubscribe(): void; isClosed(): boolean } {
    let isClosed = false;
    const subscription: ModelSubscription = {
      subject,
      deliver: (message) => {
        // Who reads too slowly is sent less than there is.
        const deafUntil = this.#nats.deafUntil.get(ownerOf(this.process)) ?? 0;
        const isLive = message.headers.get("Nats-Sequence") !== "";
        const { now } = this.#nats.timeline;
        if (isLive && now < deafUntil && this.#nats.process.random() < 0.5) return;
        this.#down(() => {
          if (!isClosed) callback(null, new ReceivedMessage(this, message));
        });
      },
    };
    this.#subscriptions.add(subscription);
    this.#up(() => {
      if (!isClosed && !this.#closed) this.#nats.model.subscribe(subscription);
    });
    return {
      isClosed: () => isClosed || this.#closed,
      unsubscribe: () => {
        isClosed = true;
        this.#subscriptions.delete(subscription);
        this.#up(() => this.#nats.model.unsubscribe(subscription));
      },
    };
  }

  publish(subject: string, text = "", headers = new ModelHeaders(), reply = ""): void {
    const data = new TextEncoder().encode(text);
    this.#up(() => {
      try {
        this.#nats.model.publish({ subject, data, headers, reply });
      } catch {
        // Nobody asked for an answer.
      }
    });
  }

  /** Sends a question, which somebody who listens, or a stream, answers. */
  async request(
    subject: string,
    text = "",
    { timeout = 5_000 }: { timeout?: number } = {},
  ): Promise<ReceivedMessage> {
    const reply = this.#inbox.subject.replace(">", `${++this.#inboxes}`);
    const data = new TextEncoder().encode(text);
    const answered = this.ask<ReceivedMessage>(timeout, (answer) => {
      if (!this.#nats.model.hears(subject)) throw named("RequestError", "no responders");
      this.#pending.set(reply, (message) => answer(() => new ReceivedMessage(this, message)));
      const stored = this.#nats.model.publish({
        subject,
        data,
        headers: new ModelHeaders(),
        reply,
      });
      if (stored === undefined) return;
      this.#nats.model.publish({
        subject: reply,
        data: new TextEncoder().encode(JSON.stringify(stored)),
        headers: new ModelHeaders(),
        reply: "",
      });
    });
    return await answered.finally(() => this.#pending.delete(reply));
  }

  /**
   * Asks NATS something that it answers by calling `answer` at the process of this connection; what it
   * throws is an answer too. Rejects with a TimeoutError, or where the connection ends.
   */
  ask<Answer>(
    timeoutMs: number,
    question: (answer: (make: () => Answer) => void) => void,
  ): Promise<Answer> {
    if (this.#closed) {
      return Promise.reject(named("ClosedConnectionError", "closed connection"));
    }
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const timer = setTimeout(() => reject(named("TimeoutError", "timeout")), timeoutMs);
    this.#failing.add(reject);
    const answer = (make: () => Answer) => {
      try {
        resolve(make());
      } catch (error) {
        reject(error);
      }
    };
    this.#up(() => {
      try {
        question(answer);
      } catch (error) {
        this.#down(() => reject(error));
      }
    });
    const settled = () => {
      clearTimeout(timer);
      this.#failing.delete(reject);
    };
    promise.then(settled, settled);
    return promise;
  }

  /** Waits until NATS says that it is there. */
  greet(timeoutMs: number): Promise<void> {
    return this.ask<void>(timeoutMs, (answer) => this.#down(() => answer(() => {})));
  }

  /** Asks the API of JetStream, which only a leader answers. */
  api<Answer>(timeoutMs: number, make: (model: NatsModel) => Answer): Promise<Answer> {
    return this.ask<Answer>(timeoutMs, (answer) => {
      if (this.#nats.timeline.now < this.#nats.leaderlessUntil) return this.#unled();
      const value = make(this.#nats.model);
      this.#down(() => answer(() => value));
    });
  }

  /** Stores a message, as a leader does; where there is none, it may be stored, and nobody says so. */
  store(
    timeoutMs: number,
    message: ModelMessage,
  ): Promise<{ seq: number; duplicate: boolean; stream: string }> {
    return this.ask(timeoutMs, (answer) => {
      const { model, timeline, leaderlessUntil, process } = this.#nats;
      if (timeline.now < leaderlessUntil) {
        if (process.random() < 0.3) model.publish(message);
        return this.#unled();
      }
      const stored = model.publish(message);
      if (stored === undefined) throw named("JetStreamNotEnabled", "jetstream is not enabled");
      this.#down(() => answer(() => stored));
    });
  }

  /** Lets through what was held, if it may. */
  release(): void {
    if (this.#isHeld) return;
    for (const { to, run } of this.#held.splice(0)) to.after(0, run);
  }

  #unled(): void {
    if (this.#nats.process.random() < 0.5) throw named("JetStreamNotEnabled", "no responders");
  }

  get #isHeld(): boolean {
    return this.#nats.islands.has(ownerOf(this.process));
  }

  #up(run: () => void): void {
    if (!this.#closed) this.#pass("up", this.#nats.process, run);
  }

  #down(run: () => void): void {
    if (!this.#closed) this.#pass("down", this.process, () => this.#closed || run());
  }

  #pass(direction: "up" | "down", to: Process, run: () => void): void {
    const { timeline } = this.#nats;
    const at = Math.max(this.#lastAt[direction], timeline.now + this.#delayMs);
    this.#lastAt[direction] = at;
    timeline.add(to, at, () => {
      if (!this.process.alive) return;
      // Behind what is held already, for the order's sake.
      if (this.#isHeld || this.#held.some((held) => held.to === to)) this.#held.push({ to, run });
      else run();
    });
  }
}

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}

/** Connects the process that something is happening to, as the library does. */
export async function connect(
  { timeout = 20_000 }: { timeout?: number },
): Promise<SimulatedConnection> {
  const simulated = nats!;
  simulated.timeline.imports = 0;
  const connection = new SimulatedConnection(simulated, simulated.timeline.current!);
  try {
    await connection.greet(timeout);
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** Makes headers, as the library does. */
export function headers(): ModelHeaders {
  return new ModelHeaders();
}

/** Publishes into streams, as the library does. */
export function jetstream(nc: SimulatedConnection, { timeout = 5_000 }: { timeout?: number } = {}) {
  return {
    publish: (subject: string, text = "", options: {
      headers?: ModelHeaders;
      msgID?: string;
      expect?: { lastSubjectSequence?: number };
    } = {}) => {
      const data = new TextEncoder().encode(text);
      const { msgID, expect } = options;
      const more = {
        ...(msgID === undefined ? {} : { "Nats-Msg-Id": msgID }),
        ...(expect?.lastSubjectSequence === undefined
          ? {}
          : { "Nats-Expected-Last-Subject-Sequence": `${expect.lastSubjectSequence}` }),
      };
      const all = (options.headers ?? new ModelHeaders()).with(more);
      return nc.store(timeout, { subject, data, headers: all, reply: "" });
    },
  };
}

/** Manages streams, as the library does. */
export function jetstreamManager(
  nc: SimulatedConnection,
  { timeout = 5_000 }: { timeout?: number } = {},
) {
  type Model = NatsModel;
  const api = <Answer>(make: (model: Model) => Answer) => nc.api(timeout, make);
  const streams = {
    info: (name: string) => api((model) => model.info(name)),
    add: (config: Parameters<Model["add"]>[0]) => api((model) => model.add(config)),
    update: (name: string, config: Parameters<Model["update"]>[1]) =>
      api((model) => model.update(name, config)),
    purge: (name: string, what: Parameters<Model["purge"]>[1]) =>
      api((model) => model.purge(name, what)),
    getMessage: (name: string, query: Parameters<Model["message"]>[1]) =>
      api((model) => {
        const found = model.message(name, query);
        return found && {
          ...found,
          header: found.headers,
          time: new Date(found.at),
          string: () => new TextDecoder().decode(found.data),
        };
      }),
  };
  const consumers = {
    add: (name: string, config: Parameters<Model["consume"]>[1]) =>
      api((model) => model.consume(name, config)),
    info: (name: string, consumer: string) => api((model) => model.consumer(name, consumer)),
    delete: (name: string, consumer: string) =>
      api((model) => model.deleteConsumer(name, consumer)),
  };
  return Promise.resolve({ streams, consumers });
}
