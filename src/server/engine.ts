/**
 * The edge of one server: frames go in, the hub judges them, and effects are carried out. Nothing is
 * sent or stored but by what is here.
 *
 * @module
 */

import { EFFECTS_PER_TICK } from "../core/departures.ts";
import type { Closing, Effect, Notice } from "../core/effects.ts";
import { Hub } from "../core/hub.ts";
import { newKey, normalizeRoomId, type RandomBytes } from "../core/ids.ts";
import type { EngineOptions } from "../core/options.ts";
import { ask, type Hands, perform, tell } from "../core/perform.ts";
import { ephemeral } from "../core/presence.ts";
import { rateOf } from "../core/rate_limit.ts";
import type { Outlet } from "../core/room.ts";
import type { Peer } from "../core/sessions.ts";
import type { OpenStore, Store, StoreEvents } from "../core/store.ts";
import type { Instant } from "../core/time.ts";
import * as CLOSE from "../protocol/close_codes.ts";
import { sleep, within } from "../protocol/deadline.ts";
import { addressOf, decode } from "../protocol/decode.ts";
import { encodeError } from "../protocol/encode.ts";
import { ChatError } from "../protocol/errors.ts";
import type { ClientFrame, Dialect, Draft } from "../protocol/frames.ts";
import { every, type Timer } from "../timers.ts";
import { Backlog } from "./backlog.ts";
import { Clock } from "./clock.ts";
import { ClosedSockets } from "./closed_sockets.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";
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

/** The time between two looks whether all is done that comes before the end, in milliseconds. */
const LOOK_MS = 10;

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
  readonly #connections = new Set<Connection>();
  readonly #closedSockets: ClosedSockets;
  /** Departures that rooms are still to be told: of connections that have ended, and of clients away for too long. */
  readonly #departing: Backlog;
  readonly #readBuffers = new ReadBuffers<Connection>();
  readonly #dispatcher: Dispatcher;
  readonly #hands: Hands<Wait> = {
    send: (to, text) => this.#reply(to, text),
    close: (closing) => this.#dismiss(closing),
    deliver: (member) => this.#pump.deliver(member),
    pass: (room) => this.#pump.pass(room),
    append: (roomId, drafts) => this.#append(roomId, drafts),
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
    flooded: (connection) => this.#evict(connection, CLOSE.flooding, "Too many messages"),
    left: (connection, code) => this.#left(connection, code),
  };
  readonly #storeEvents: StoreEvents = {
    stored: (roomId) => {
      const room = this.#hub.rooms.get(roomId);
      if (room !== undefined) this.#pump.mark(room);
    },
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
    this.#departing = new Backlog(now);
    this.#closedSockets = new ClosedSockets(options.maxConnections);
    this.#connectionOptions = {
      events: {
        heard: (connection, data) => this.#hear(connection, data),
        ended: (connection, code) => {
          this.#closedSockets.delete(connection);
          this.#end(connection, code || CLOSE.abnormal);
        },
        full: (connection) => this.#pump.watch(connection),
      },
      limits: options,
      rate: rateOf(options.rate),
    };
    this.#logger = logger;
    this.#pump = new Pump(
      {
        overrun: (outlet) => this.#evict(outlet, CLOSE.slowReader, "Reads too slowly"),
        failed: (outlet, error) => {
          this.#logger.error("delivery failed", faultOf(error));
          this.#evict(outlet, CLOSE.internal, "Internal error");
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
    const unsettled = (connection: Connection, error: unknown) => {
      this.#storeFailed("settled", error);
      this.#giveUp(connection, "Internal error");
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
    const sockets = this.#connections.size + this.#closedSockets.size + this.#departing.size;
    return !this.closing && sockets < this.#options.maxConnections;
  }

  /** `true` once it has begun to close, for good. */
  get closing(): boolean {
    return this.#closing !== undefined;
  }

  /** The reason why nothing can be stored right now; undefined where it can. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** The number of connections. */
  get connections(): number {
    return this.#connections.size;
  }

  /** The number of open rooms. */
  get rooms(): number {
    return this.#hub.rooms.size;
  }

  /** Takes in a socket that has just been upgraded. */
  accept(socket: WebSocket, dialect: Dialect): void {
    const id = ++this.#accepted;
    socket.binaryType = "arraybuffer";
    const takeIn = () => this.#guard(undefined, () => this.#takeIn(id, socket, dialect));
    // Plain clients are spoken to first, and a frame can be sent to an open socket only. No other
    // connection waits for that event: a listener is a part of what an idle connection takes.
    if (dialect === "plain") socket.addEventListener("open", takeIn, { once: true });
    else takeIn();
  }

  #takeIn(id: number, socket: WebSocket, dialect: Dialect): void {
    if (this.closing) {
      socket.close(CLOSE.goingAway, GOING_AWAY);
      return;
    }
    const t = this.#clock.read();
    const connection = new Connection(id, socket, dialect, this.#connectionOptions);
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
    this.#perform(this.#hub.messages.refused(draft, error, this.#clock.read(), doubtful));
  }

  /** Logs a fault of the store, or of what was done about its report. */
  #storeFailed(what: string, error: unknown): void {
    this.#logger.error("store failed", { at: what, ...faultOf(error) });
  }

  /** Sends an answer. Plain clients tell answers by their order: those that lie in a log go first. */
  #reply(to: Outlet, text: string): void {
    if (to.plain && to instanceof Connection && !this.#pump.deliverAll(to)) {
      this.#evict(to, CLOSE.slowReader, "Reads too slowly");
    }
    to.send(text);
  }

  /** Ends a connection whose socket has ended, when all is taken that its client said. */
  #end(connection: Connection, code: number): void {
    this.#guard(connection, () => this.#dispatcher.end(connection, code));
  }

  /** Lets go of a connection that has ended. */
  #left(connection: Connection, code: number): void {
    if (!this.#connections.delete(connection)) return;
    connection.close(CLOSE.normal, "");
    this.#letGo(connection, code);
    const forGood = code === CLOSE.normal;
    // A client may be in a hundred rooms, which are all told of it, and many may be cut off at once.
    this.#departing.add(() =>
      this.#guard(connection, () => {
        this.#perform(this.#hub.disconnect(connection, this.#clock.read(), forGood));
      })
    );
  }

  /** Throws a connection out that the store has left without an answer. It is sent what is stored first. */
  #giveUp(connection: Connection, reason: string): void {
    this.#pump.deliverAll(connection);
    this.#evict(connection, CLOSE.internal, reason);
  }

  /** Throws a connection out, and tells it why. */
  #evict(outlet: Outlet, code: number, reason: string): void {
    if (!(outlet instanceof Connection) || !this.#connections.has(outlet)) return;
    this.#logger.warn("evicted", { connection: outlet.id, code, reason });
    this.#guard(undefined, () => {
      this.#perform(this.#hub.dismiss(outlet, code, reason, this.#clock.read()));
    });
  }

  /** Says goodbye, and forgets the connection at once: the close event of a stuck peer never comes. */
  #dismiss({ peer, code, reason, goodbye }: Closing): void {
    if (!(peer instanceof Connection)) return;
    peer.close(code, reason, goodbye);
    this.#connections.delete(peer);
    this.#letGo(peer, code);
  }

  /** Forgets a connection that was closed, by either side. Its socket may still be there, and counts. */
  #letGo(connection: Connection, code: number): void {
    this.#pump.forget(connection);
    this.#readBuffers.delete(connection);
    // A promise may keep the connection for long, but not all that it said.
    connection.requests.close();
    this.#closedSockets.add(connection, this.#clock.read().now);
    this.#logger.debug("disconnected", { connection: connection.id, code });
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
        this.#evict(outlet, CLOSE.slowReader, "Reads too slowly");
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
    const leaving = [...this.#connections];
    leaving.forEach((connection, turn) => {
      this.#pump.deliverAll(connection);
      this.#sendAway(connection, turn, CLOSE.goingAway, GOING_AWAY);
    });
    const open = () => leaving.filter((connection) => !connection.ended).length;
    while (open() > 0 && performance.now() < deadline) await sleep(LOOK_MS);
    if (open() > 0) this.#logger.warn("peers left behind", { connections: open() });
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

  /** Closes a connection that shall come back. Each gets its own moment, so that it is no stampede. */
  #sendAway(peer: Peer, turn: number, code: number, reason: string): void {
    const retryAfterMs = Math.ceil((turn + 1) * 1_000 / this.#options.resumesPerSecond);
    this.#perform(this.#hub.dismiss(peer, code, reason, this.#clock.read(), retryAfterMs));
  }

  /** Forgets a room that the store does not have any more. Members of one that is lost come back, and are told so. */
  #gone(roomId: string, how: "deleted" | "lost"): void {
    const outlets = this.#hub.rooms.get(roomId)?.members.map(({ outlet }) => outlet) ?? [];
    this.#forgetRoom(roomId);
    this.#logger.warn("room gone", { room: roomId, how });
    if (how === "deleted") return;
    outlets.forEach((outlet, turn) => {
      if (!(outlet instanceof Connection)) return;
      this.#sendAway(outlet, turn, CLOSE.internal, "The log of a room was lost");
    });
  }

  #tick(): void {
    this.#ticker ??= every(() => {
      this.#guard(undefined, () => {
        // The close event never comes for a plain client that answers no ping and reads nothing.
        const t = this.#clock.read();
        // A store that never answers is given up as a client is that is silent.
        const askedBefore = t.now - 2 * this.#options.heartbeatMs;
        for (const peer of this.#connections) {
          if (peer.plain && peer.lost) this.#end(peer, CLOSE.abnormal);
          else if (peer.askedAt < askedBefore) this.#giveUp(peer, "The store does not answer");
        }
        this.#closedSockets.tick(t.now);
        this.#readBuffers.takeExcess().forEach((connection, turn) => {
          this.#pump.deliverAll(connection);
          this.#sendAway(connection, turn, CLOSE.goingAway, "Large frames: connect again");
        });
        this.#tickHub();
      });
    }, TICK_MS);
  }

  /** Does what is due by now. Where that is much, the rest is done in later turns. */
  #tickHub(): void {
    const effects = this.#hub.tick(this.#clock.read());
    this.#perform(effects);
    if (effects.length < EFFECTS_PER_TICK) return;
    this.#departing.add(() => this.#guard(undefined, () => this.#tickHub()));
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
