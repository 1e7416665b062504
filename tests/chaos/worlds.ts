/**
 * Two worlds in which the same random story can take place: the server's rules alone,
 * with a clock that is turned by hand, and a whole server with real sockets.
 *
 * @module
 */

import type { Effect, Question } from "../../src/core/state/effects.ts";
import { Hub } from "../../src/core/hub.ts";
import { newEpoch } from "../../src/core/authority/ids.ts";
import { DEFAULTS, type HubOptions } from "../../src/core/state/options.ts";
import { ask, type Hands, perform, tell } from "../../src/core/perform.ts";
import type { Peer, Session } from "../../src/core/state/sessions.ts";
import { decode } from "../../src/protocol/decode.ts";
import { encodeError } from "../../src/protocol/encode.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import type { Entry, MemberInfo } from "../../src/protocol/frames.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { IGNORE } from "../../src/store/suite/bench.ts";
import type { Frame, RawSocket, TestChat } from "../support/fixtures.ts";
import { until } from "../support/waiting.ts";
import { chance } from "./setting.ts";

/** A connection of a world. */
export interface Speaker {
  /** The answer to `hello`. */
  welcome: Frame;
  /** Says something and returns the answer. */
  ask(frame: Frame): Promise<Frame>;
  /** Ends the connection; `forGood` says that the client will not come back. */
  end(forGood: boolean): Promise<void>;
  /** Pauses, for so many milliseconds or as long as it may, and ends the connection. */
  pause(forMs: number | undefined): Promise<void>;
}

/** A place where a story can take place. */
export interface World {
  /** Connects, with the session of an earlier connection or as somebody new. */
  connect(session: string | undefined): Promise<Speaker>;
  /** Lets time pass; does nothing where time is real. */
  pass(ms: number): Promise<void>;
  /** A room's whole log; undefined where the world cannot look without changing it. */
  log(roomId: string): Entry[] | undefined;
  /** Who is in a room; undefined where the world cannot look, or there is no such room. */
  roster(roomId: string): MemberInfo[] | undefined;
  /** Counts the clients and rooms that it keeps; undefined where it cannot tell. */
  sizes(): { clients: number; rooms: number } | undefined;
}

const TICK_MS = 500;

class Puppet implements Peer, Speaker {
  readonly plain = false;
  readonly ready = true;
  readonly idle = true;
  session: Session | undefined;
  welcome: Frame = {};
  #answer: Frame = {};
  readonly #world: HubWorld;

  constructor(world: HubWorld) {
    this.#world = world;
  }

  send(text: string): void {
    const frame: Frame = JSON.parse(text);
    if ("status" in frame) this.#answer = frame;
  }

  async ask(frame: Frame): Promise<Frame> {
    // What is stored without a word of its own has none here: its entry is the answer.
    this.#answer = {};
    await this.#world.receive(this, JSON.stringify(frame));
    return this.#answer;
  }

  end(forGood: boolean): Promise<void> {
    return this.#world.end(this, forGood);
  }

  async pause(forMs: number | undefined): Promise<void> {
    await this.ask({ action: "pause", body: { for_ms: forMs } });
  }
}

/** The hub over a store in memory: no sockets, and its own time. */
export class HubWorld implements World {
  readonly #hub: Hub;
  readonly #store: MemoryStore;
  readonly #hands: Hands<Promise<void>> = {
    send: (to, text) => to.send(text),
    close: () => {},
    deliver: () => {},
    pass: () => {},
    append: (roomId, drafts) => drafts.forEach((draft) => this.#store.append(roomId, draft)),
    delete: () => {},
    tell: (notice) => tell(notice, this.#store),
    ask: (question) => this.#ask(question),
  };
  #now = 0;

  /** Makes an empty world. */
  constructor(options: Partial<HubOptions> & { seed: number }) {
    const random = chance(options.seed);
    const bytes = (array: Uint8Array<ArrayBuffer>) => array.map(() => Math.floor(256 * random()));
    // Nobody has to be heard here.
    this.#hub = new Hub({ ...DEFAULTS, ...options, heartbeatMs: Infinity }, bytes, (id) => id);
    this.#store = new MemoryStore(
      {
        ...IGNORE,
        repeated: (draft, seq) => void this.#perform(this.#hub.messages.repeated(draft, seq)),
        refused: (draft, error) =>
          void this.#perform(this.#hub.messages.refused(draft, error, this.#instant)),
      },
      { ...DEFAULTS, logEntries: 100_000 },
      () => newEpoch(bytes),
    );
  }

  /** Takes a frame of a puppet. */
  async receive(peer: Puppet, text: string): Promise<void> {
    try {
      await this.#perform(this.#hub.receive(peer, decode(text, "v1"), this.#instant));
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      peer.send(encodeError("v1", error, {}));
    }
  }

  /** Lets a puppet go. */
  async end(peer: Puppet, forGood: boolean): Promise<void> {
    await this.#perform(this.#hub.disconnect(peer, this.#instant, forGood));
  }

  async connect(session: string | undefined): Promise<Speaker> {
    const puppet = new Puppet(this);
    await this.#perform(this.#hub.connect(puppet, this.#instant));
    puppet.welcome = await puppet.ask({ action: "hello", body: { session } });
    return puppet;
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += TICK_MS) {
      this.#now += TICK_MS;
      await this.#perform(this.#hub.tick(this.#instant));
    }
  }

  log(roomId: string): Entry[] {
    const log = this.#hub.rooms.get(roomId)?.log;
    return log === undefined
      ? []
      : Array.from({ length: log.size }, (_, i) => JSON.parse(log.at(i).text));
  }

  roster(roomId: string): MemberInfo[] | undefined {
    const room = this.#hub.rooms.get(roomId);
    return room && [...room.roster.members.values()];
  }

  sizes(): { clients: number; rooms: number } {
    return { clients: this.#hub.size.clients, rooms: this.#hub.rooms.size };
  }

  get #instant() {
    return { now: this.#now, at: 0 };
  }

  async #perform(effects: Effect[]): Promise<void> {
    await perform(effects, this.#hands);
  }

  async #ask(question: Question): Promise<void> {
    const proceed = await ask(question, this.#hub, this.#store, this.#hands);
    await proceed(this.#instant);
  }
}

/** A server on a port, and sockets. */
export class SocketWorld implements World {
  readonly #server: TestChat;
  #refs = 0;

  /** Makes a world of a server, which must be used for nothing else. */
  constructor(server: TestChat) {
    this.#server = server;
  }

  async connect(session: string | undefined): Promise<Speaker> {
    const socket = await this.#server.v1(session === undefined ? {} : { session });
    return {
      welcome: socket.welcome,
      ask: (frame) => this.#ask(socket, frame),
      pause: async (forMs) => {
        socket.send({ action: "pause", body: { for_ms: forMs } });
        await socket.closed();
      },
      end: async (forGood) => {
        // What another connection of the session has replaced is closed already.
        const { connections } = this.#server.chat.size;
        const wasOpen = await this.#isOpen(socket);
        await socket.close(forGood ? 1000 : undefined);
        const left = connections - (wasOpen ? 1 : 0);
        await until(() => this.#server.chat.size.connections <= left, "the server keeps a peer");
      },
    };
  }

  pass(): Promise<void> {
    return Promise.resolve();
  }

  log(): undefined {}
  roster(): undefined {}
  sizes(): undefined {}

  async #ask(socket: RawSocket, frame: Frame): Promise<Frame> {
    const ref = ++this.#refs;
    socket.send({ ...frame, ref });
    const n = typeof frame.n === "number" ? frame.n : undefined;
    for (;;) {
      const answer = await socket.next();
      if (answer.ref === ref || (answer.duplicate === true && answer.n === n)) return answer;
      // An entry of one's own is the answer to a message.
      for (const entry of (answer.entries ?? []) as Entry[]) {
        if ("n" in entry && entry.n === n && entry.from === socket.id) {
          return { status: "success", n, seq: entry.seq };
        }
      }
    }
  }

  async #isOpen(socket: RawSocket): Promise<boolean> {
    try {
      await this.#ask(socket, { action: "ping" });
      return true;
    } catch {
      return false;
    }
  }
}
