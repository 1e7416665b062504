/**
 * The edge of one server: frames go in, the hub judges them, and effects are carried out. Nothing is
 * sent or stored but by what is here.
 *
 * @module
 */

import type { HelloRequest } from "../core/authenticate.ts";
import { EFFECTS_PER_TICK } from "../core/departures.ts";
import type { Effect, Notice } from "../core/effects.ts";
import { Hub } from "../core/hub.ts";
import { newKey, normalizeRoomId, type RandomBytes } from "../core/ids.ts";
import type { EngineOptions } from "../core/options.ts";
import { ask, type Hands, perform, type Proceed, tell } from "../core/perform.ts";
import { ephemeral } from "../core/presence.ts";
import type { Quota } from "../core/quota.ts";
import { rateOf } from "../core/rate_limit.ts";
import type { Outlet } from "../core/room.ts";
import type { OpenStore, Store, StoreEvents } from "../core/store.ts";
import type { Instant } from "../core/time.ts";
import * as CLOSE from "../protocol/close_codes.ts";
import { within } from "../protocol/deadline.ts";
import { addressOf, decode } from "../protocol/decode.ts";
import { encodeError } from "../protocol/encode.ts";
import { ChatError } from "../protocol/errors.ts";
import type { AuthFrame, ClientFrame, Dialect, Draft, HelloFrame } from "../protocol/frames.ts";
import { every, type Timer } from "../timers.ts";
import { Authenticator } from "./authenticator.ts";
import { Clock } from "./clock.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";
import { Connections } from "./connections.ts";
import { Dispatcher, type Receiver } from "./dispatcher.ts";
import { faultOf } from "./faults.ts";
import type { Logger } from "./logger.ts";
import { openMemoryStore } from "./memory_store.ts";
import { Pump } from "./pump.ts";
import { ReadBuffers } from "./read_buffers.ts";
import { guardedReports } from "./store_reports.ts";
import { lastingKey, roomSigner, tokenSigner } from "./token_signer.ts";
import { type Wait, Waits } from "./waits.ts";

/** The time between two ticks of the hub, in milliseconds. */
const TICK_MS = 500;

/** The reason that clients are given when the server ends. */
const GOING_AWAY = "Server is going away";

/** A running chat: its connections, rooms and store. */
export class Engine {
  readonly #options: EngineOptions;
  /** The options that all connections share. */
  readonly #connectionOptions: ConnectionOptions;
  readonly #logger: Logger;
  readonly #hub: Hub;
  readonly #store: Store;
  readonly #pump: Pump;
  readonly #waits: Waits;
  readonly #clock: Clock;
  /** Finds out who people are; none where nobody has to prove that. */
  readonly #authenticator: Authenticator | undefined;
  readonly #connections: Connections;
  readonly #readBuffers = new ReadBuffers<Connection>();
  readonly #dispatcher: Dispatcher;
  readonly #hands: Hands<Wait> = {
    send: (to, text) => this.#reply(to, text),
    close: (closing) => this.#connections.dismiss(closing),
    deliver: (member) => this.#pump.deliver(member),
    pass: (room) => this.#pump.pass(room),
    append: (roomId, drafts) => this.#append(roomId, drafts),
    delete: (roomId) => void this.deleteRoom(roomId),
    tell: (notice) => this.#tell(notice),
    ask: (question) => ({
      type: "answer",
      ref: question.frame.ref,
      until: ask(question, this.#hub, this.#store, this.#hands),
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
  readonly #storeEvents: StoreEvents = {
    stored: (roomId) => {
      const room = this.#hub.rooms.get(roomId);
      if (room !== undefined) this.#pump.mark(room);
    },
    moderated: (id, draft, seq) =>
      this.#perform(this.#hub.moderation.enacted(id, draft, seq, this.#clock.read(), this.#pump)),
    repeated: (draft, seq, unseen) =>
      this.#perform(this.#hub.messages.repeated(draft, seq, unseen)),
    refused: (draft, error, doubtful) => this.#refused(draft, error, doubtful),
    failing: (reason) => {
      this.#failure = reason;
      if (reason === undefined) this.#logger.info("store works again");
      else this.#logger.error("store cannot write", { error: reason });
    },
    troubled: (reason) => this.#logger.warn("store troubled", { error: reason }),
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
    gone: (roomId, how) => this.#gone(roomId, how),
  };
  #accepted = 0;
  #failure: string | undefined;
  #ticker: Timer | undefined;
  #closing: Promise<void> | undefined;
  /** Set when the store is closed: nothing that it reports is heard any more. */
  #ended = false;

  /**
   * Makes an engine with nobody in it but the clients that its store remembers. `now` is a clock that
   * never goes back, in milliseconds.
   *
   * @throws what `openStore` throws, or its store where it is asked for its key and its clients.
   */
  constructor(
    options: EngineOptions,
    logger: Logger,
    openStore: OpenStore = openMemoryStore,
    now: () => number = () => performance.now(),
  ) {
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
      rate: rateOf(options.rate),
    };
    this.#logger = logger;
    const { authenticate, anonymous } = options;
    this.#authenticator = authenticate &&
      new Authenticator(authenticate, anonymous === "allow", logger);
    this.#pump = new Pump(
      {
        overrun: (outlet) => this.#connections.evict(outlet, CLOSE.slowReader, "Reads too slowly"),
        failed: (outlet, error) => {
          this.#logger.error("delivery failed", faultOf(error));
          this.#connections.evict(outlet, CLOSE.internal, "Internal error");
        },
      },
      this.#clock,
      now,
    );
    const reports = guardedReports(this.#storeEvents, {
      hasEnded: () => this.#ended,
      hasBus: () => this.#store?.bus !== undefined,
      failed: (report, error) => this.#storeFailed(report, error),
    });
    this.#store = openStore(reports, options);
    const lasting = this.#asked(() => lastingKey(options.secret, this.#store));
    const random: RandomBytes = (bytes) => crypto.getRandomValues(bytes);
    const sign = tokenSigner(lasting ?? newKey(random));
    const signRoom = lasting === undefined ? undefined : roomSigner(lasting);
    this.#hub = new Hub(options, random, sign, this.#store, signRoom);
    this.#connections = new Connections(
      {
        hub: this.#hub,
        pump: this.#pump,
        clock: this.#clock,
        readBuffers: this.#readBuffers,
        logger,
        perform: (effects) => this.#perform(effects),
        guard: (connection, handle) => this.#guard(connection, handle),
        end: (connection, code) => this.#end(connection, code),
      },
      options,
      now,
    );
    const unsettled = (connection: Connection, error: unknown) => {
      this.#storeFailed("settled", error);
      this.#connections.giveUp(connection, "Internal error");
    };
    this.#waits = new Waits(
      { hub: this.#hub, store: this.#store, pump: this.#pump, unsettled },
      options.helloMs,
    );
    this.#dispatcher = new Dispatcher(
      { clock: this.#clock, pump: this.#pump, readBuffers: this.#readBuffers },
      this.#receiver,
      now,
    );
    const remembered = this.#asked(() => [...this.#store.clients?.remembered?.() ?? []]);
    const t = this.#clock.read();
    for (const client of remembered) {
      this.#guard(undefined, () => this.#perform(this.#hub.handover.adopt(client, t)));
    }
    if (remembered.length > 0) this.#tick();
  }

  /** Asks the store something at the beginning. Where that throws, there is no engine, and the store is closed. */
  #asked<Answer>(ask: () => Answer): Answer {
    try {
      return ask();
    } catch (error) {
      this.#closeStore();
      throw error;
    }
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
    return this.#failure;
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
    const effects = this.#hub.receive(connection, frame, t);
    return perform(effects, this.#hands) ?? this.#waits.behind(connection, frame);
  }

  /** Tells a client why something that it said, `text`, is refused. */
  #refuse(connection: Connection, error: unknown, text: string): void {
    if (!(error instanceof ChatError)) {
      this.#logger.error("request failed", { connection: connection.id, ...faultOf(error) });
    }
    const told = error instanceof ChatError ? error : new ChatError("internal", "Internal error");
    const address = addressOf(text);
    connection.session?.stumble(address && address.n !== undefined);
    this.#reply(connection, encodeError(connection.dialect, told, address ?? {}));
  }

  /** Carries out effects without a question to the store: only a frame that is received brings one. */
  #perform(effects: readonly Effect[]): void {
    perform(effects, this.#hands);
  }

  #tell(notice: Notice): void {
    try {
      tell(notice, this.#store);
    } catch (error) {
      this.#storeFailed(notice.type, error);
    }
    if (notice.type === "release") this.#logger.debug("room forgotten", { room: notice.roomId });
  }

  /** Stores drafts. Where the store throws, nobody knows what has become of the draft. */
  #append(roomId: string, drafts: readonly Draft[]): void {
    for (const draft of drafts) {
      try {
        this.#store.append(roomId, draft);
      } catch (error) {
        this.#storeFailed("append", error);
        this.#refused(draft, new ChatError("internal", "Internal error"), true);
        return;
      }
    }
  }

  #refused(draft: Draft, error: ChatError, doubtful?: boolean): void {
    this.#perform(this.#hub.refused(draft, error, this.#clock.read(), doubtful));
  }

  /** Logs a fault of the store, or of what was done about its report. */
  #storeFailed(what: string, error: unknown): void {
    this.#logger.error("store failed", { at: what, ...faultOf(error) });
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
    const id = normalizeRoomId(roomId);
    this.#store.delete(id);
    return this.#forgetRoom(id);
  }

  /** Forgets a room whose log ends. Its entries are delivered first, as their authors wait for that. */
  #forgetRoom(roomId: string): boolean {
    for (const member of [...this.#hub.rooms.get(roomId)?.members ?? []]) {
      this.#pump.deliver(member);
      const { outlet, cursor, room } = member;
      if (outlet !== undefined && cursor < room.log.head) {
        this.#connections.evict(outlet, CLOSE.slowReader, "Reads too slowly");
      }
    }
    return this.#hub.deleteRoom(roomId);
  }

  /**
   * Tells every client that the server goes away and when to come back, and closes with 1001. Resolves
   * when all have taken that, or after `closeMs`. Never rejects.
   */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    const deadline = performance.now() + this.#options.closeMs;
    try {
      const settled = this.#store.settled?.();
      if (settled !== undefined) await within(this.#options.closeMs, settled);
    } catch (error) {
      this.#storeFailed("settled", error);
    }
    clearInterval(this.#ticker);
    await this.#connections.sendAllAway(deadline, CLOSE.goingAway, GOING_AWAY);
    this.#pump.close();
    await this.#closeStore();
    this.#ended = true;
  }

  /** Closes the store, and waits for that for as long as for the peers. Never rejects. */
  async #closeStore(): Promise<void> {
    try {
      await within(this.#options.closeMs, this.#store.close());
    } catch (error) {
      this.#storeFailed("close", error);
    }
  }

  /** Forgets a room that the store does not have any more. Members of one that is lost come back, and are told so. */
  #gone(roomId: string, how: "deleted" | "lost"): void {
    const outlets = this.#hub.rooms.get(roomId)?.members.map(({ outlet }) => outlet) ?? [];
    this.#forgetRoom(roomId);
    this.#logger.warn("room gone", { room: roomId, how });
    if (how === "deleted") return;
    outlets.forEach((outlet, turn) => {
      if (!(outlet instanceof Connection)) return;
      this.#connections.sendAway(outlet, turn, CLOSE.internal, "The log of a room was lost");
    });
  }

  #tick(): void {
    this.#ticker ??= every(() => {
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
