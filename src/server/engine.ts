/**
 * The edge of one server: hands what sockets say to the hub, and carries out what
 * the hub wants done. All effects happen here.
 *
 * @module
 */

import { EFFECTS_PER_TICK } from "../core/departures.ts";
import type { Closing, Effect, Notice, Question } from "../core/effects.ts";
import { Hub } from "../core/hub.ts";
import { newKey, normalizeRoomId, type RandomBytes } from "../core/ids.ts";
import type { EngineOptions } from "../core/options.ts";
import { ask, type Hands, perform, tell } from "../core/perform.ts";
import { ephemeral } from "../core/presence.ts";
import { rateOf } from "../core/rate_limit.ts";
import type { Outlet } from "../core/room.ts";
import type { Peer } from "../core/sessions.ts";
import type { OpenStore, Store } from "../core/store.ts";
import * as CLOSE from "../protocol/close_codes.ts";
import { sleep } from "../protocol/deadline.ts";
import { addressOf } from "../protocol/decode.ts";
import { encodeError } from "../protocol/encode.ts";
import { ChatError } from "../protocol/errors.ts";
import type { Dialect, Draft } from "../protocol/frames.ts";
import { every, type Timer } from "../timers.ts";
import { Backlog } from "./backlog.ts";
import { Clock } from "./clock.ts";
import { ClosedSockets } from "./closed_sockets.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";
import { faultOf } from "./faults.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { Logger } from "./logger.ts";
import { openMemoryStore } from "./memory_store.ts";
import { Pump } from "./pump.ts";
import { ReadBuffers } from "./read_buffers.ts";
import { roomSigner, tokenSigner } from "./token_signer.ts";

/** How often the hub is told the time, in milliseconds. */
const TICK_MS = 500;

/** How often it is looked whether all is done that comes before the end, in milliseconds. */
const LOOK_MS = 10;

/** What every client is told when the server ends. */
const GOING_AWAY = "Server is going away";

/** A running chat: its connections, rooms and store. */
export class Engine {
  readonly #options: EngineOptions;
  /** What the connections have in common. */
  readonly #connectionOptions: ConnectionOptions;
  readonly #logger: Logger;
  readonly #hub: Hub;
  readonly #store: Store;
  readonly #pump: Pump;
  readonly #dispatcher: Dispatcher;
  readonly #clock = new Clock();
  readonly #connections = new Set<Connection>();
  readonly #closedSockets: ClosedSockets;
  /** Departures that are still to be told: of connections that have ended, and of who was away for too long. */
  readonly #departing = new Backlog();
  readonly #readBuffers = new ReadBuffers<Connection>();
  readonly #hands: Hands<void> = {
    send: (to, text) => this.#reply(to, text),
    close: (closing) => this.#dismiss(closing),
    deliver: (member) => this.#pump.deliver(member),
    pass: (room) => this.#pump.pass(room),
    append: (roomId, drafts) => this.#append(roomId, drafts),
    tell: (notice) => this.#tell(notice),
    ask: (question) => this.#ask(question),
  };
  #accepted = 0;
  #failure: string | undefined;
  #ticker: Timer | undefined;
  #closing: Promise<void> | undefined;

  /**
   * Makes an engine with nobody in it but those whom its store remembers.
   *
   * @throws what `openStore` throws.
   */
  constructor(options: EngineOptions, logger: Logger, openStore: OpenStore = openMemoryStore) {
    this.#options = options;
    this.#closedSockets = new ClosedSockets(options.maxConnections);
    this.#connectionOptions = {
      events: {
        heard: (connection, data) => this.#dispatcher.hear(connection, data),
        ended: (connection, code) => {
          this.#closedSockets.delete(connection);
          this.#guard(connection, () => this.#end(connection, code || CLOSE.abnormal));
        },
        full: (connection) => this.#pump.watch(connection),
      },
      limits: options,
      rate: rateOf(options.rate),
    };
    this.#logger = logger;
    this.#pump = new Pump({
      overrun: (outlet) => this.#evict(outlet, CLOSE.slowReader, "Reads too slowly"),
      failed: (outlet, error) => {
        this.#logger.error("delivery failed", faultOf(error));
        this.#evict(outlet, CLOSE.internal, "Internal error");
      },
    }, this.#clock);
    this.#store = openStore({
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
    }, options);
    if (this.#store.bus !== undefined && options.secret === undefined) {
      this.#store.close();
      throw new RangeError(
        "Servers that share a store need the same secret: --secret-file or CHAT_SECRET",
      );
    }
    const lasting = options.secret ?? this.#store.clients?.key;
    const random: RandomBytes = (bytes) => crypto.getRandomValues(bytes);
    const sign = tokenSigner(lasting ?? newKey(random));
    const signRoom = lasting === undefined ? undefined : roomSigner(lasting);
    this.#hub = new Hub(options, random, sign, this.#store, signRoom);
    const parts = { hub: this.#hub, store: this.#store, pump: this.#pump, clock: this.#clock };
    this.#dispatcher = new Dispatcher(parts, options.helloMs, {
      effects: (effects) => this.#perform(effects),
      refused: (connection, error, text) => {
        this.#guard(connection, () => this.#refuse(connection, error, text));
      },
      large: (connection, units) => this.#readBuffers.note(connection, units),
      waiting: (connection, units) => this.#readBuffers.wait(connection, units),
      flooded: (connection) => this.#evict(connection, CLOSE.flooding, "Too many messages"),
      emptied: (connection, code) => this.#end(connection, code),
    });
    const remembered = this.#store.clients?.remembered?.() ?? [];
    const t = this.#clock.read();
    for (const client of remembered) this.#perform(this.#hub.handover.adopt(client, t));
    if (remembered.length > 0) this.#tick();
  }

  /** Whether another connection can be taken in. Sockets count until they are gone, whoever has closed them. */
  get accepting(): boolean {
    const sockets = this.#connections.size + this.#closedSockets.size + this.#departing.size;
    return !this.closing && sockets < this.#options.maxConnections;
  }

  /** Whether it has begun to close, for good. */
  get closing(): boolean {
    return this.#closing !== undefined;
  }

  /** Why nothing can be stored right now; undefined where it can. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** How many connections there are. */
  get connections(): number {
    return this.#connections.size;
  }

  /** How many rooms are open. */
  get rooms(): number {
    return this.#hub.rooms.size;
  }

  /** Takes in a socket that has just been upgraded. */
  accept(socket: WebSocket, dialect: Dialect): void {
    const id = ++this.#accepted;
    socket.binaryType = "arraybuffer";
    const takeIn = () => this.#guard(undefined, () => this.#takeIn(id, socket, dialect));
    // Plain clients are spoken to first, which only an open socket can be. Nobody else waits for
    // that event: a listener of it is a part of what an idle connection takes.
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

  /** Deletes a room with its log; says whether it was open. Its members are told at their next word. */
  deleteRoom(roomId: string): boolean {
    const id = normalizeRoomId(roomId);
    this.#store.delete(id);
    return this.#forgetRoom(id);
  }

  /** Forgets a room whose log ends. What was said in it is delivered first: its authors wait for that. */
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
   * Tells every client that the server goes away and when to come back, closes with
   * 1001, and resolves when all have taken it, or after `closeMs`. Never rejects.
   */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    const deadline = performance.now() + this.#options.closeMs;
    const stored = this.#store.settled?.();
    let settled = stored === undefined;
    stored?.then(() => settled = true);
    while (!settled && performance.now() < deadline) await sleep(LOOK_MS);
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
    await this.#store.close();
  }

  /** Closes a connection that shall come back, each at its own moment, so that it is no stampede. */
  #sendAway(peer: Peer, turn: number, code: number, reason: string): void {
    const retryAfterMs = Math.ceil((turn + 1) * 1_000 / this.#options.resumesPerSecond);
    this.#perform(this.#hub.dismiss(peer, code, reason, this.#clock.read(), retryAfterMs));
  }

  /** Forgets a room that the store has no more. Whoever was in one that is lost comes back, and is told so. */
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
        // Of a plain client that answers no ping and reads nothing, the close event never comes.
        for (const peer of this.#connections) {
          if (peer.plain && peer.lost) this.#end(peer, CLOSE.abnormal);
        }
        const t = this.#clock.read();
        this.#closedSockets.tick(t.now);
        this.#readBuffers.takeExcess().forEach((connection, turn) => {
          this.#pump.deliverAll(connection);
          this.#sendAway(connection, turn, CLOSE.goingAway, "Large frames: connect again");
        });
        this.#tickHub();
      });
    }, TICK_MS);
  }

  /** Does what is due by now: where that is much, the rest of it in later turns. */
  #tickHub(): void {
    const effects = this.#hub.tick(this.#clock.read());
    this.#perform(effects);
    if (effects.length < EFFECTS_PER_TICK) return;
    this.#departing.add(() => this.#guard(undefined, () => this.#tickHub()));
  }

  #end(connection: Connection, code: number): void {
    if (!this.#dispatcher.end(connection, code) || !this.#connections.delete(connection)) return;
    connection.close(CLOSE.normal, "");
    this.#letGo(connection);
    const forGood = code === CLOSE.normal;
    // Whoever was in a hundred rooms is told of in each of them, and many may be cut off at once.
    this.#departing.add(() =>
      this.#guard(connection, () => {
        this.#perform(this.#hub.disconnect(connection, this.#clock.read(), forGood));
      })
    );
    this.#logger.debug("disconnected", { connection: connection.id, code });
  }

  #refuse(connection: Connection, error: unknown, text: string): void {
    if (!(error instanceof ChatError)) {
      this.#logger.error("request failed", { connection: connection.id, ...faultOf(error) });
    }
    const told = error instanceof ChatError ? error : new ChatError("internal", "Internal error");
    const address = addressOf(text);
    connection.session?.stumble(address && address.n !== undefined);
    this.#reply(connection, encodeError(connection.dialect, told, address ?? {}));
  }

  #perform(effects: readonly Effect[]): void {
    perform(effects, this.#hands);
  }

  /** Asks the store, and lets the peer wait for what comes of it. */
  #ask(question: Question): void {
    const { peer, frame } = question;
    const answer = ask(question, this.#hub, this.#store, this.#hands);
    this.#dispatcher.hold(peer, frame.ref, answer, (t, proceed) => proceed(t));
  }

  #tell(notice: Notice): void {
    tell(notice, this.#store);
    if (notice.type === "release") this.#logger.debug("room forgotten", { room: notice.roomId });
  }

  /** Stores drafts; what a store throws is as good as a refusal. */
  #append(roomId: string, drafts: readonly Draft[]): void {
    for (const draft of drafts) {
      try {
        this.#store.append(roomId, draft);
      } catch (error) {
        this.#logger.error("store failed", { room: roomId, ...faultOf(error) });
        this.#refused(draft, new ChatError("internal", "Internal error"));
        return;
      }
    }
  }

  #refused(draft: Draft, error: ChatError, doubtful?: boolean): void {
    this.#perform(this.#hub.messages.refused(draft, error, this.#clock.read(), doubtful));
  }

  /** Sends an answer. Plain clients tell answers by their order: those that lie in a log go first. */
  #reply(to: Outlet, text: string): void {
    if (to.plain && to instanceof Connection && !this.#pump.deliverAll(to)) {
      this.#evict(to, CLOSE.slowReader, "Reads too slowly");
    }
    to.send(text);
  }

  #evict(outlet: Outlet, code: number, reason: string): void {
    if (!(outlet instanceof Connection) || !this.#connections.has(outlet)) return;
    this.#logger.warn("evicted", { connection: outlet.id, code, reason });
    this.#guard(undefined, () => {
      this.#perform(this.#hub.dismiss(outlet, code, reason, this.#clock.read()));
    });
  }

  /** Says goodbye and forgets the connection at once: the close event of a stuck peer never comes. */
  #dismiss({ peer, code, reason, goodbye }: Closing): void {
    if (!(peer instanceof Connection)) return;
    peer.close(code, reason, goodbye);
    this.#connections.delete(peer);
    this.#letGo(peer);
  }

  /** Forgets a connection that was closed, but for its socket, which may still be there. */
  #letGo(connection: Connection): void {
    this.#pump.forget(connection);
    this.#readBuffers.delete(connection);
    // What it waits for may hold the connection for long.
    connection.held.length = 0;
    this.#closedSockets.add(connection, this.#clock.read().now);
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
