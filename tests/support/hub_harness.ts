/**
 * A hub with nothing real around it: peers without sockets, a clock that stands
 * still, random bytes that are not random, and a store that is a `Map`.
 *
 * @module
 */

import { assertThrows } from "@std/assert";
import { Charter } from "../../src/core/authority/charter.ts";
import type { Effect, Question } from "../../src/core/state/effects.ts";
import { Hub, type StoreFacts } from "../../src/core/hub.ts";
import type { RandomBytes } from "../../src/core/authority/ids.ts";
import { Log } from "../../src/core/log/log.ts";
import { DEFAULTS } from "../../src/core/state/options.ts";
import type { HubOptions } from "../../src/core/state/options.ts";
import { type Hands, perform } from "../../src/core/perform.ts";
import type { CheckedProof } from "../../src/core/authority/proof.ts";
import type { Quota } from "../../src/core/state/quota.ts";
import type { Peer, Session } from "../../src/core/state/sessions.ts";
import type { Bus, StoredClient, StoredRoom } from "../../src/core/store/store.ts";
import type { Instant } from "../../src/core/state/time.ts";
import { denial, isModeration } from "../../src/core/authority/verdict.ts";
import { encodeEntry } from "../../src/protocol/encode.ts";
import { linkSigner } from "../../src/server/token_signer.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import type { CreateFrame, Draft, HelloFrame, JoinFrame } from "../../src/protocol/frames.ts";
import { Roster } from "../../src/protocol/roster.ts";

/** A peer that keeps what it was sent. */
export class FakePeer implements Peer {
  readonly plain: boolean;
  ready = true;
  idle = true;
  session: Session | undefined;
  proof: CheckedProof | undefined;
  readonly sent: string[] = [];
  readonly quota: Quota | undefined;

  constructor(plain: boolean, quota?: Quota) {
    this.plain = plain;
    this.quota = quota;
  }

  send(text: string): void {
    this.sent.push(text);
  }
}

/** Bytes that differ from call to call and are the same in every run. */
export function countingBytes(): RandomBytes {
  let count = 0;
  return (bytes) => {
    count++;
    return bytes.map((_, i) => (count >> (5 * (i % 4))) + i);
  };
}

/** Signs client ids with the key that nobody needs to have. */
const sign = (clientId: string) => `signed:${clientId}`;

/** The key that links are signed with. */
const KEY = "the secret of the tests";

const OPTIONS: HubOptions = {
  ...DEFAULTS,
  maxRooms: 100,
  maxRoomsPerClient: 10,
  presenceLimit: 50,
  emptyRoomMs: 1_000,
  graceMs: 1_000,
  heartbeatMs: 60_000,
  helloMs: 1_000,
};

/** A hub under test. */
export class HubBench {
  readonly hub: Hub;
  /** Now. */
  t: Instant = { now: 0, at: 1_700_000_000_000 };
  /** Whom the store remembers. */
  readonly clients = new Map<string, StoredClient>();
  /** Up to which number the messages of a client were seen in the store. */
  readonly seen = new Map<string, number>();
  readonly #rooms = new Map<string, StoredRoom & { charter: Charter }>();
  readonly #hands: Hands<void> = {
    send: (to, text) => to.send(text),
    close: () => {},
    deliver: (member) => member.cursor = member.room.log.head,
    pass: () => {},
    append: (roomId, drafts) => this.#append(roomId, drafts),
    delete: (roomId) => this.hub.deleteRoom(roomId),
    tell: () => {},
    ask: (question) => this.perform(this.#answer(question)),
  };

  constructor(options: Partial<HubOptions> = {}, shared = false, facts: StoreFacts = {}) {
    const bus: Bus = {
      relay: () => {},
      recall: (id) => Promise.resolve(this.clients.get(id)),
      storedUpTo: (id) => this.seen.get(id) ?? 0,
    };
    const store = shared ? { ...facts, bus } : facts;
    const all = { ...OPTIONS, ...options };
    this.hub = new Hub(all, countingBytes(), sign, store, undefined, undefined, linkSigner(KEY));
  }

  /** The session token of a client. */
  tokenOf({ session }: FakePeer): string {
    return `${session?.id}.${sign(session?.id ?? "")}`;
  }

  /** Lets time pass, in milliseconds. */
  pass(ms: number): void {
    this.t = { now: this.t.now + ms, at: this.t.at + ms };
  }

  peer(plain: boolean): FakePeer {
    return new FakePeer(plain);
  }

  plain(): FakePeer {
    const peer = this.peer(true);
    this.perform(this.hub.connect(peer, this.t));
    return peer;
  }

  v1(name: string, session?: string, n?: number): FakePeer {
    const peer = this.peer(false);
    this.perform(this.hub.connect(peer, this.t));
    const frame: HelloFrame = {
      action: "hello",
      name,
      ...(session === undefined ? {} : { session }),
      ...(n === undefined ? {} : { n }),
    };
    this.perform(this.hub.receive(peer, frame, this.t));
    return peer;
  }

  /** Makes a room and returns its id. */
  create(peer: FakePeer, name: string): string {
    const before = new Set(this.hub.rooms.keys());
    this.perform(this.hub.receive(peer, { action: "create", name }, this.t));
    const made = [...this.hub.rooms.keys()].find((id) => !before.has(id));
    if (made === undefined) throw new Error(`No room was made for ${name}`);
    return made;
  }

  join(peer: FakePeer, frame: Omit<JoinFrame, "action">): void {
    this.perform(this.hub.receive(peer, { action: "join", ...frame }, this.t));
  }

  say(peer: FakePeer, roomId: string, body: string): void {
    this.perform(this.hub.receive(peer, { action: "message", roomId, bodies: [body] }, this.t));
  }

  /** A room as a store hands it over, with an empty log. */
  stored(id: string, name: string, owner?: string): StoredRoom {
    const limits = { logEntries: 100, logBytes: 100_000 };
    const log = new Log(`epoch${this.#rooms.size}`, limits);
    const room = { id, name, log, roster: new Roster(), charter: Charter.of(owner) };
    this.#rooms.set(id, room);
    return room;
  }

  /** Asks the hub what it wants when the store has opened a room. */
  opened(peer: Peer, frame: CreateFrame | JoinFrame, stored: StoredRoom): Effect[] {
    return [
      ...this.hub.joining.admit(peer, stored, this.t),
      ...this.hub.joining.opened(peer, frame, stored, this.t),
    ];
  }

  /** Carries effects out. The store answers at once, and nothing is delivered by itself. */
  perform(effects: Effect[]): void {
    perform(effects, this.#hands);
  }

  #append(roomId: string, drafts: readonly Draft[]): void {
    const { log, roster } = this.hub.rooms.get(roomId) ?? {};
    const room = this.#rooms.get(roomId);
    for (const draft of drafts) {
      const denied = room && denial(room.charter, draft, roomId);
      if (denied !== undefined) {
        this.perform(this.hub.refused(draft, denied, this.t));
        continue;
      }
      const seq = (log?.head ?? 0) + 1;
      log?.push(seq, encodeEntry(seq, draft));
      if (room !== undefined && isModeration(draft)) {
        room.charter = room.charter.fold(draft);
        this.perform(this.hub.moderation.enacted(roomId, draft, seq, this.t, this.#hands));
      } else if ("event" in draft) roster?.apply(draft);
    }
  }

  #answer(question: Question): Effect[] {
    const { peer } = question;
    switch (question.type) {
      case "create":
        return this.opened(
          peer,
          question.frame,
          this.stored(question.roomId, question.name, question.owner),
        );
      case "open":
        return this.hub.joining.opened(peer, question.frame, undefined, this.t);
      case "recall": {
        const { frame, clientId } = question;
        return this.hub.recalled(peer, frame, clientId, this.clients.get(clientId), this.t);
      }
      case "use": {
        const { frame, roomId, draft } = question;
        let refusal: ChatError | undefined;
        this.hub.moderation.expect(draft, {
          enacted: () => [],
          refused: (error) => (refusal = error, []),
        });
        this.#append(roomId, [draft]);
        return this.hub.joining.used(question.peer, frame, roomId, refusal, this.t);
      }
      case "search":
      case "markers":
      case "mark":
      case "revoke":
      case "page":
        throw new Error("This store has no more than its logs");
    }
  }

  /** The presence among effects, in words. */
  told(effects: Effect[]): string[] {
    return effects.flatMap((effect) => {
      if (effect.type !== "append") return [];
      return effect.drafts.map((draft) =>
        `${"event" in draft ? draft.event : undefined} ${draft.name ?? draft.from}`
      );
    });
  }
}

/** A bench with one room and two `parley.v1` members. */
export function twoInRoom(options = {}): {
  bench: HubBench;
  ana: FakePeer;
  ben: FakePeer;
  roomId: string;
} {
  const bench = new HubBench(options);
  const ana = bench.v1("Ana");
  const ben = bench.v1("Ben");
  const roomId = bench.create(ana, "Lobby");
  bench.join(ben, { roomId });
  return { bench, ana, ben, roomId };
}

/** The code and the message that something is refused with. */
export function refusal(fn: () => unknown): [string, string] {
  const error = assertThrows(fn, ChatError);
  return [error.code, error.message];
}
