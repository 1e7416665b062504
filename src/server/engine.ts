/**
 * The edge of one server: frames go in, the hub judges them, and effects are carried out. Nothing is
 * sent or stored but by what is here.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { HelloRequest } from "../core/authority/authenticate.ts";
import { EFFECTS_PER_TICK } from "../core/departures.ts";
import type { Effect } from "../core/state/effects.ts";
import { Hub } from "../core/hub.ts";
import { newKey, type RandomBytes } from "../core/authority/ids.ts";
import { count, type Gauges, Metrics } from "../core/state/metrics.ts";
import type { EngineOptions } from "../core/state/options.ts";
import { ask, type Hands, perform, type Proceed } from "../core/perform.ts";
import { ephemeral } from "../core/state/presence.ts";
import type { Quota } from "../core/state/quota.ts";
import { rateOf } from "../core/limits/rate_limit.ts";
import type { Outlet, Room } from "../core/state/room.ts";
import type { OpenStore } from "../core/store/store.ts";
import type { Instant } from "../core/state/time.ts";
import * as CLOSE from "../protocol/close_codes.ts";
import { decode, replyTarget } from "../protocol/decode.ts";
import { encodeError } from "../protocol/encode.ts";
import { ChatError, wireCodeOf } from "../protocol/errors.ts";
import type { AuthFrame, ClientFrame, Dialect, HelloFrame } from "../protocol/frames.ts";
import { every, type Timer } from "../timers.ts";
import { Authenticator } from "./authenticator.ts";
import { checkAllowed } from "./authorizer.ts";
import { Clock } from "./connections/clock.ts";
import { Connection, type ConnectionOptions } from "./connections/connection.ts";
import { Connections } from "./connections/connections.ts";
import { Dispatcher, type Receiver } from "./connections/dispatcher.ts";
import { type EngineReports, EngineStore } from "./engine_store.ts";
import { faultOf } from "./logging/faults.ts";
import type { Logger } from "./logging/logger.ts";
import { openMemoryStore } from "./memory_store.ts";
import { Pump } from "./connections/pump.ts";
import { ReadBuffers } from "./connections/read_buffers.ts";
import { RoomEndings } from "./room_endings.ts";
import { lastingKey, linkSigner, roomSigner, tokenSigner } from "./token_signer.ts";
import { Voice } from "./voice.ts";
import { type Wait, Waits } from "./connections/waits.ts";

/** The time between two ticks of the hub, in milliseconds. */
const TICK_MS = 500;

/** The reason that clients are given when the server ends. */
const GOING_AWAY = "Server is going away";

/** A running chat: its connections, rooms and store. */
export class Engine {
  /** The numbers that it keeps of itself. */
  readonly metrics: Metrics;
  /** The voice of the program around it. */
  readonly voice: Voice;
  /** Whoever wants to know that the log of an open room has grown. */
  readonly watchers: ((room: Room) => void)[] = [];
  readonly #options: EngineOptions;
  /** The options that all connections share. */
  readonly #connectionOptions: ConnectionOptions;
  readonly #logger: Logger;
  readonly #hub: Hub;
  readonly #store: EngineStore;
  readonly #pump: Pump;
  readonly #waits: Waits;
  readonly #clock: Clock;
  /** Finds out who people are; none where nobody has to prove that. */
  readonly #authenticator: Authenticator | undefined;
  readonly #connections: Connections;
  readonly #endings: RoomEndings;
  readonly #readBuffers = new ReadBuffers<Connection>();
  readonly #dispatcher: Dispatcher;
  readonly #hands: Hands<Wait> = {
    send: (to, text, refusal) => {
      if (refusal !== undefined) count(this.metrics.errors, refusal);
      this.#reply(to, text);
    },
    close: (closing) => this.#connections.dismiss(closing),
    deliver: (member) => this.#pump.deliver(member),
    pass: (room) => this.#pump.pass(room),
    append: (roomId, drafts) => this.#store.append(roomId, drafts),
    delete: (roomId) => void this.deleteRoom(roomId),
    tell: (notice) => this.#store.tell(notice),
    ask: (question) => ({
      type: "answer",
      ref: question.frame.ref,
      until: ask(question, this.#hub, this.#store.store, this.#hands),
    }),
  };
  readonly #receiver: Receiver = {
    receive: (connection, said, t, isItsTurn) => this.#receive(connection, said, t, isItsTurn),
    refuse: (connection, error, text) => {
      this.#guard(connection, () => this.#refuse(connection, error, text));
    },
    flooded: (connection) => {
      if (connection.requests.crowded) {
        this.#connections.evict(connection, CLOSE.crowded, "Too many messages from your address");
      } else this.#connections.evict(connection, CLOSE.flooding, "Too many messages");
    },
    left: (connection, code) => this.#connections.left(connection, code),
  };
  readonly #reports: EngineReports = {
    stored: (roomId) => {
      const room = this.#hub.rooms.get(roomId);
      if (room === undefined) return;
      const { appendedAt } = this.#store;
      if (appendedAt > 0) room.heard(appendedAt);
      this.#pump.mark(room);
      for (const grown of this.watchers) grown(room);
    },
    moderated: (id, draft, seq) =>
      this.#perform(this.#hub.moderation.enacted(id, draft, seq, this.#clock.read(), this.#pump)),
    repeated: (draft, seq, unseen) =>
      this.#perform(this.#hub.messages.repeated(draft, seq, unseen)),
    refused: (draft, error, doubtful) =>
      this.#perform(this.#hub.refused(draft, error, this.#clock.read(), doubtful)),
    relayed: (roomId, text) => {
      const room = this.#hub.rooms.get(roomId);
      if (room !== undefined) this.#perform(ephemeral(room, text, this.#clock.read()));
    },
    orphaned: (roomId, ids) =>
      this.#perform(this.#hub.handover.orphaned(roomId, ids, this.#clock.read())),
    taken: (id, roomId, mayBeHere) =>
      this.#perform(this.#hub.handover.taken(id, roomId, this.#clock.read(), mayBeHere)),
    read: (person, roomId, marker) =>
      this.#perform(this.#hub.reading.markers.heard(person, roomId, marker)),
    revoked: (sub, before) => this.#perform(this.#hub.proofs.end(sub, before, this.#clock.read())),
    gone: (roomId, how) => this.#endings.gone(roomId, how),
  };
  #accepted = 0;
  #ticker: Timer | undefined;
  #closing: Promise<void> | undefined;

  /**
   * Makes an engine with nobody in it but the clients that its store remembers. `now` is a clock that
   * never goes back, in milliseconds. It counts in `metrics`.
   *
   * @throws what `openStore` throws, or its store where it is asked for its key and its clients.
   */
  constructor(
    options: EngineOptions,
    logger: Logger,
    openStore: OpenStore = openMemoryStore,
    now: () => number = () => performance.now(),
    metrics: Metrics = new Metrics(),
  ) {
    this.metrics = metrics;
    this.#options = options;
    this.#clock = new Clock(now);
    this.#connectionOptions = {
      events: {
        heard: (connection, data) => this.#hear(connection, data),
        ended: (connection, code) => {
          this.#connections.ended(connection);
          this.#end(connection, code || CLOSE.abnormal);
        },
        full: (connection) => this.#pump.watch(connection),
      },
      limits: options,
      metrics,
      rate: rateOf(options.rate),
    };
    this.#logger = logger;
    const { authenticate, anonymous } = options;
    this.#authenticator = authenticate &&
      new Authenticator(authenticate, anonymous === "allow", logger, undefined, metrics.auth);
    this.#pump = new Pump(
      {
        overrun: (outlet) => this.#connections.evict(outlet, CLOSE.slowReader, "Reads too slowly"),
        failed: (outlet, error) => {
          this.#logger.error("delivery failed", faultOf(error));
          this.#connections.evict(outlet, CLOSE.internal, "Internal error");
        },
      },
      this.#clock,
      metrics,
      now,
    );
    this.#store = new EngineStore(openStore, options, this.#reports, {
      logger,
      clock: this.#clock,
      metrics,
      now,
    });
    const { store } = this.#store;
    const lasting = this.#store.asked((store) => lastingKey(options.secret, store));
    const random: RandomBytes = (bytes) => crypto.getRandomValues(bytes);
    const key = lasting ?? newKey(random);
    const sign = tokenSigner(key);
    const signRoom = lasting === undefined ? undefined : roomSigner(lasting);
    this.#hub = new Hub(options, random, sign, store, signRoom, metrics, linkSigner(key));
    this.#connections = new Connections(
      {
        hub: this.#hub,
        pump: this.#pump,
        clock: this.#clock,
        readBuffers: this.#readBuffers,
        metrics,
        logger,
        perform: (effects) => this.#perform(effects),
        guard: (connection, handle) => this.#guard(connection, handle),
        end: (connection, code) => this.#end(connection, code),
      },
      options,
      now,
    );
    this.#endings = new RoomEndings({
      hub: this.#hub,
      pump: this.#pump,
      connections: this.#connections,
      store: this.#store,
      logger,
    });
    const prove = async (request: HelloRequest, token: string) => {
      const proof = await this.#authenticator?.prove(request, token, this.#clock.read().now);
      this.#hub.proofs.check(proof);
      return proof;
    };
    this.voice = new Voice({
      ...(this.#authenticator && { prove }),
      hub: this.#hub,
      store,
      clock: this.#clock,
      random,
      rooms: options.rooms,
      sign: (text) => sign(`host ${text}`),
      perform: (effects) => this.#perform(effects),
      closing: () => this.closing,
    });
    const unsettled = (connection: Connection, error: unknown) => {
      this.#store.failed("settled", error);
      this.#connections.giveUp(connection, "Internal error");
    };
    this.#waits = new Waits(
      { hub: this.#hub, store, pump: this.#pump, unsettled },
      options.helloMs,
    );
    this.#dispatcher = new Dispatcher(
      { clock: this.#clock, pump: this.#pump, readBuffers: this.#readBuffers },
      this.#receiver,
      now,
    );
    const remembered = this.#store.asked(({ clients }) => [...clients?.remembered?.() ?? []]);
    const t = this.#clock.read();
    for (const client of remembered) {
      this.#guard(undefined, () => this.#perform(this.#hub.handover.adopt(client, t)));
    }
    if (remembered.length > 0) this.#tick();
  }

  /** `true` where another connection can be taken in. Sockets count until they are gone, whichever side has closed them. */
  get accepting(): boolean {
    return !this.closing && this.#connections.sockets < this.#options.maxConnections;
  }

  /** `true` once it has begun to close, for good. */
  get closing(): boolean {
    return this.#closing !== undefined;
  }

  /** The reason why nothing can be stored right now; undefined where it can. */
  get failure(): string | undefined {
    return this.#store.failure;
  }

  /** `true` where nobody comes in without a token. */
  get needsTokens(): boolean {
    return this.#authenticator?.anonymous === false;
  }

  /** The time of everything here, on a clock that stands still while the process does, in milliseconds. */
  get now(): number {
    return this.#clock.read().now;
  }

  /** The number of connections. */
  get connections(): number {
    return this.#connections.size;
  }

  /** The number of open rooms. */
  get rooms(): number {
    return this.#hub.rooms.size;
  }

  /** The numbers that are as they are now, and do not only grow. */
  get gauges(): Gauges {
    let members = 0;
    for (const room of this.#hub.rooms.values()) members += room.members.length;
    const { pending } = this.#store.store;
    return {
      clientsAway: this.#hub.size.away,
      rooms: this.rooms,
      members,
      storeUp: this.failure === undefined,
      ...(pending === undefined ? {} : { pending }),
    };
  }

  /**
   * Takes in a socket that has just been upgraded, and that began with `request`; `quota` is the share
   * of its address, if that is limited.
   */
  accept(socket: WebSocket, dialect: Dialect, quota?: Quota, request?: HelloRequest): void {
    const id = ++this.#accepted;
    socket.binaryType = "arraybuffer";
    const takeIn = () =>
      this.#guard(undefined, () => this.#takeIn(id, socket, dialect, quota, request));
    // Plain clients are spoken to first, and a frame can be sent to an open socket only. No other
    // connection waits for that event: a listener is a part of what an idle connection takes.
    if (dialect === "plain") socket.addEventListener("open", takeIn, { once: true });
    else takeIn();
  }

  #takeIn(
    id: number,
    socket: WebSocket,
    dialect: Dialect,
    quota: Quota | undefined,
    request: HelloRequest | undefined,
  ): void {
    if (this.closing) {
      socket.close(CLOSE.goingAway, GOING_AWAY);
      return;
    }
    const t = this.#clock.read();
    const connection = new Connection(id, socket, dialect, this.#connectionOptions, quota);
    // After the upgrade the runtime has it no more, and only who has to prove something needs it.
    if (this.#authenticator !== undefined) connection.request = request;
    this.#connections.add(connection);
    this.#tick();
    this.#logger.debug("connected", { connection: id, dialect });
    this.#perform(this.#hub.connect(connection, t));
  }

  /** Hears a frame that has come in: its road begins here. */
  #hear(connection: Connection, data: unknown): void {
    if (connection.closed) return;
    this.metrics.framesReceived++;
    this.metrics.bytesReceived += bytesOf(data);
    const t = this.#clock.read();
    this.#pump.heard();
    this.#hub.heard(connection, t.now);
    this.#dispatcher.hear(connection, data, t);
  }

  /**
   * Receives a frame when it is ready: reads it, lets the hub judge it, and carries the effects out.
   * Returns what this frame waits for instead, or what the next one waits for behind it.
   *
   * @throws {ChatError} where it is refused.
   */
  #receive(
    connection: Connection,
    said: string | ClientFrame,
    t: Instant,
    isItsTurn: boolean,
  ): Wait | undefined {
    const isNew = typeof said === "string";
    const frame = isNew ? decode(said, connection.dialect) : said;
    if (isNew) count(this.metrics.requests, frame.action);
    return isNew && this.#proof(connection, frame, t) ||
      this.#take(connection, frame, t, isNew, isItsTurn);
  }

  /** Looks for what a frame waits for that brings a token, or should; undefined for all others. */
  #proof(connection: Connection, frame: ClientFrame, { now }: Instant): Wait | undefined {
    const { request, session, quota } = connection;
    const isDue = frame.action === (session === undefined ? "hello" : "auth");
    if (this.#authenticator === undefined || request === undefined || !isDue) return undefined;
    const { ref, token } = frame as HelloFrame | AuthFrame;
    const until = this.#authenticator.prove(request, token, now, quota)
      .then((proof): Proceed<Wait> => (t) => {
        this.#hub.proofs.check(proof);
        if (frame.action === "auth") {
          this.#perform(this.#hub.proofs.renew(connection, proof, ref, t));
          return undefined;
        }
        connection.proof = proof;
        return this.#take(connection, frame, t, true, false);
      });
    return { type: "answer", ref, until };
  }

  /** Takes a frame that is read: see {@linkcode #receive}. */
  #take(
    connection: Connection,
    frame: ClientFrame,
    t: Instant,
    isNew: boolean,
    isItsTurn: boolean,
  ): Wait | undefined {
    const wait = this.#waits.before(connection, frame, isNew, isItsTurn);
    if (wait !== undefined) return wait;
    const { authorize } = this.#options;
    if (authorize && connection.session) checkAllowed(authorize, connection.session, frame);
    const effects = this.#hub.receive(connection, frame, t);
    return perform(effects, this.#hands) ?? this.#waits.behind(connection, frame);
  }

  /** Tells a client why something that it said, `text`, is refused. */
  #refuse(connection: Connection, error: unknown, text: string): void {
    if (!(error instanceof ChatError)) {
      this.#logger.error("request failed", { connection: connection.id, ...faultOf(error) });
    }
    const told = error instanceof ChatError ? error : new ChatError("internal", "Internal error");
    const address = replyTarget(text);
    connection.session?.stumble(address && address.n !== undefined);
    count(this.metrics.errors, wireCodeOf(told));
    this.#reply(connection, encodeError(connection.dialect, told, address ?? {}));
  }

  /** Carries out effects without a question to the store: only a frame that is received brings one. */
  #perform(effects: readonly Effect[]): void {
    perform(effects, this.#hands);
  }

  /** Sends an answer. Plain clients tell answers by their order: those that lie in a log go first. */
  #reply(to: Outlet, text: string): void {
    if (to.plain && to instanceof Connection && !this.#pump.deliverAll(to)) {
      this.#connections.evict(to, CLOSE.slowReader, "Reads too slowly");
    }
    to.send(text);
  }

  /** Ends a connection whose socket has ended, when all is taken that its client said. */
  #end(connection: Connection, code: number): void {
    this.#guard(connection, () => this.#dispatcher.end(connection, code));
  }

  /** Deletes a room with its log; says whether it was open. Its members are told at their next word. */
  deleteRoom(roomId: string): boolean {
    return this.#endings.delete(roomId);
  }

  /**
   * Tells every client that the server goes away and when to come back, and closes with 1001. Resolves
   * when all have taken that, or after `closeMs`. Never rejects.
   */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /** Asks everybody to connect again, each at its own moment. Resolves when they took that, or after `closeMs`. */
  sendAllAway(reason: string): Promise<void> {
    return this.#connections.sendAllAway(reason, performance.now() + this.#options.closeMs);
  }

  async #close(): Promise<void> {
    const deadline = performance.now() + this.#options.closeMs;
    const settled = this.#store.settle(deadline);
    if (settled !== undefined) await settled;
    clearInterval(this.#ticker);
    const taken = this.#connections.sendAllAway(GOING_AWAY, deadline);
    // Not behind the peers: one that does not read would use up the time of the store.
    const closed = this.#connections.departed().then(() => this.#store.closeSettled(deadline));
    await Promise.all([taken, closed]);
    this.#pump.close();
    this.#store.end();
  }

  #tick(): void {
    if (this.#ticker !== undefined) return;
    let due = performance.now() + TICK_MS;
    this.#ticker = every(() => {
      const late = performance.now() - due;
      due += late + TICK_MS;
      this.metrics.eventLoopDelay.observe(late / 1_000);
      this.#guard(undefined, () => {
        this.#connections.tick();
        this.#tickHub();
      });
    }, TICK_MS);
  }

  /** Does what is due by now. Where that is much, the rest is done in later turns. */
  #tickHub(): void {
    const effects = this.#hub.tick(this.#clock.read());
    this.#perform(effects);
    if (effects.length < EFFECTS_PER_TICK) return;
    this.#connections.afterDepartures(() => this.#tickHub());
  }

  /** Runs a handler that must not throw: an exception there would end the process. */
  #guard(connection: Connection | undefined, handle: () => void): void {
    try {
      handle();
    } catch (error) {
      this.#logger.error("handler failed", { connection: connection?.id, ...faultOf(error) });
    }
  }
}

/** The length of a frame in bytes. */
function bytesOf(data: unknown): number {
  if (typeof data === "string") return Buffer.byteLength(data);
  return data instanceof ArrayBuffer ? data.byteLength : 0;
}
