/**
 * The voice of the program around a chat: rooms that it makes and looks at, and what it says there.
 *
 * @module
 */

import type { HelloRequest } from "../core/authority/authenticate.ts";
import type { Effect } from "../core/state/effects.ts";
import type { Hub } from "../core/hub.ts";
import {
  isRoomName,
  newClientId,
  newRoomId,
  normalizeRoomId,
  type RandomBytes,
} from "../core/authority/ids.ts";
import type { Page, PageQuery } from "../core/log/log.ts";
import { admit } from "../core/perform.ts";
import type { CheckedProof } from "../core/authority/proof.ts";
import type { Outlet, Room } from "../core/state/room.ts";
import type { Peer, Session } from "../core/state/sessions.ts";
import { checkedPage, checkedRoom } from "../core/store/store_answers.ts";
import type { Store } from "../core/store/store.ts";
import { deferred } from "../protocol/deadline.ts";
import { decode } from "../protocol/decode.ts";
import { ChatError, type ErrorCode, isErrorCode } from "../protocol/errors.ts";
import type { Entry, MemberInfo } from "../protocol/frames.ts";
import type { Clock } from "./connections/clock.ts";
import { HostActs } from "./host_acts.ts";
import { ProvenReader } from "./proven_reader.ts";

/** The longest that a word waits for its answer, in milliseconds. */
const ANSWER_MS = 10_000;

/** The time after which a word may come again that got none, in milliseconds. */
const RETRY_MS = 1_000;

/** The most UTF-16 units of a page of entries. */
const PAGE_UNITS = 1_048_576;

/** The most rooms or entries of a page. */
export const MOST_LISTED = 1_000;

/** The most characters of a key. */
export const MAX_KEY_CHARS = 255;

/** A room as the host sees it. */
export interface HostRoom {
  /** The id that people give each other to meet here. */
  roomId: string;
  /** Its name. */
  name: string;
  /** The name of this life of its log. */
  epoch: string;
  /** The `seq` of its newest entry. */
  head: number;
  /** The number of people in it. */
  members: number;
}

/** Settings of something that the host says. */
export interface SayOptions {
  /**
   * Names what is said, in this room: said again with the same key, it is stored once, for as long as
   * a client is remembered that has gone.
   */
  key?: string;
  /** The name that it is said under. */
  as?: string;
  /** A value for programs, besides the text. */
  data?: unknown;
  /** The `seq` of the message that it answers. */
  re?: number;
}

/** The outcome of something that the host said. */
export interface Said {
  /** Its place in the log; missing where it was stored too long ago to tell. */
  seq?: number;
  /** The life of the log that `seq` belongs to. */
  epoch: string;
  /** Set where it was stored before. */
  duplicate?: true;
}

/** Entries of a room, and whether there are more. */
export interface EntryPage {
  /** The entries, the oldest first, as they are on the wire. */
  entries: Entry[];
  /** `true` where the log goes on in the direction that was asked for. */
  more: boolean;
  /** `true` where nothing is missing between the place that was asked for and the entries. */
  complete: boolean;
  /** The life of the log that each `seq` belongs to. */
  epoch: string;
}

/** The place of a page of entries. */
export interface EntryQuery {
  /** The entries before this `seq`; the newest ones where neither is given. */
  before?: number;
  /** The entries behind this `seq`. */
  after?: number;
  /** The most entries, from 1 to 1,000; 100 unless given. */
  limit?: number;
}

/** The parts of an engine that its host speaks with. */
export interface VoiceParts {
  readonly hub: Hub;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Finds out who brings a token; not there where nobody proves anything. */
  readonly prove?: (request: HelloRequest, token: string) => Promise<CheckedProof | undefined>;
  /** The named rooms that there always are, by id: their names. */
  readonly rooms: ReadonlyMap<string, string> | undefined;
  /** Makes a text that nobody else can, of another one. */
  sign(text: string): string;
  /** Carries effects out. */
  perform(effects: readonly Effect[]): void;
  /** `true` once the chat has begun to close. */
  closing(): boolean;
}

/** The answer to a word: its place in the log, as far as that is known, and whether it was there before. */
interface SpokenAnswer {
  seq?: number;
  duplicate?: true;
}

/** Nobody: rooms are opened for it. */
const NOBODY: Peer = { plain: false, ready: true, idle: true, session: undefined, send() {} };

/** A key that was used for something else. */
export class KeyReusedError extends ChatError {
  /** Makes the error, which is an `invalid_frame`. */
  constructor() {
    super("invalid_frame", "This key was used for another body");
  }
}

/** Somebody who speaks once, and hears only what answers that. */
class HostPeer implements Peer, Outlet {
  readonly plain = false;
  readonly ready = true;
  readonly idle = true;
  session: Session | undefined;
  readonly #id: string;
  readonly #answer = deferred<SpokenAnswer>("An answer", ANSWER_MS);

  constructor(id: string) {
    this.#id = id;
    // Where nobody waits any more, a refusal is nobody's.
    this.#answer.promise.catch(() => {});
  }

  get answer(): Promise<SpokenAnswer> {
    return this.#answer.promise;
  }

  /** Ends the wait, whether or not there was an answer. */
  end(): void {
    this.#answer.resolve({});
  }

  send(text: string): void {
    const { status, code, message, entries, duplicate, seq, retry_after_ms } = JSON.parse(text);
    if (status === "error") {
      const known: ErrorCode = isErrorCode(code) ? code : "internal";
      this.#answer.reject(
        new ChatError(known, message, {
          ...(retry_after_ms === undefined ? {} : { retryAfterMs: retry_after_ms }),
        }),
      );
    } else if (duplicate === true) {
      this.#answer.resolve({ ...(seq === undefined ? {} : { seq }), duplicate });
    }
    const own = (entries as { from: string; n?: number; seq: number }[] | undefined)
      ?.find(({ from, n }) => from === this.#id && n === 1);
    if (own !== undefined) this.#answer.resolve({ seq: own.seq });
  }
}

/** The deeds of the program around a chat. */
export class Voice {
  /** All that is done besides. */
  readonly acts: HostActs;
  readonly #parts: VoiceParts;

  /** Speaks with the parts of an engine. */
  constructor(parts: VoiceParts) {
    this.#parts = parts;
    this.acts = new HostActs({ ...parts, room: (roomId) => this.room(roomId) });
  }

  /**
   * Finds out who brings a token, and rejects with a ChatError where that is nobody; not there where
   * nobody proves anything.
   */
  get prove(): VoiceParts["prove"] {
    return this.#parts.prove;
  }

  /** Somebody who reads rooms with a proof of `prove`. */
  readerOf(proof: CheckedProof): ProvenReader {
    const { hub, store, random, clock } = this.#parts;
    return new ProvenReader({
      store,
      random,
      room: (roomId) => this.room(roomId),
      now: () => clock.read().at,
      check: (proof) => hub.proofs.check(proof),
    }, proof);
  }

  /** The open rooms, by id. */
  get openRooms(): ReadonlyMap<string, Room> {
    return this.#parts.hub.rooms;
  }

  /** The store of their logs. */
  get store(): Store {
    return this.#parts.store;
  }

  /**
   * Makes a room, a named one with an id like `#lobby`; rejects with a ChatError where a name will not do,
   * or there is no place for it: `room_exists` where there is one with that id.
   */
  async createRoom(name: string, roomId?: string): Promise<HostRoom> {
    const { random } = this.#parts;
    const frame = decode(JSON.stringify({ action: "create", body: name }), "v1");
    if (frame.action !== "create") throw new ChatError("internal", "Internal error");
    this.#checkOpen();
    const id = roomId === undefined ? newRoomId(random) : await this.#newName(roomId);
    await this.#make(id, frame.name);
    return describe(await this.room(id));
  }

  /** Looks a room up; rejects with `room_not_found` where there is none. */
  async describe(roomId: string): Promise<HostRoom> {
    return describe(await this.room(roomId));
  }

  /** Lists the rooms that are open here, by their ids, behind one of them. */
  rooms(after = "", limit = 100): HostRoom[] {
    const ids = [...this.#parts.hub.rooms.keys()].filter((id) => id > after).sort();
    return ids.slice(0, limit).map((id) => describe(this.#parts.hub.rooms.get(id)!));
  }

  /** Lists the people in a room. */
  async members(roomId: string): Promise<MemberInfo[]> {
    const room = await this.room(roomId);
    return [...room.roster.members.values()];
  }

  /** Reads entries of a room. */
  async entries(
    roomId: string,
    { before, after, limit = 100 }: EntryQuery,
  ): Promise<EntryPage> {
    const room = await this.room(roomId);
    const from = before ?? after ?? room.log.head + 1;
    const to = before === undefined && after !== undefined ? "newer" : "older";
    const page = await this.page(room, { to, from, limit, units: PAGE_UNITS });
    const { entries, more, complete } = page;
    return {
      entries: entries.map(({ text }) => JSON.parse(text)),
      more,
      complete,
      epoch: room.log.epoch,
    };
  }

  /** Reads entries of an open room as they are in its log. */
  async page(room: Room, query: PageQuery): Promise<Page> {
    const page = room.log.page(query);
    const { history } = this.#parts.store;
    if (history === undefined || room.log.tail === 0 || page.complete) return page;
    return checkedPage(await history.page(room.id, query), query);
  }

  /**
   * Says something in a room. Resolves when it is stored; rejects with a ChatError where it is not:
   * with `already_connected` while it is being said with the same key, and with `invalid_frame` where
   * the key was used for something else.
   */
  async publish(roomId: string, body: string, options: SayOptions = {}): Promise<Said> {
    const { hub, clock, random } = this.#parts;
    const { key, as, data, re } = options;
    const room = await this.room(roomId);
    const frame = decode(
      JSON.stringify({ action: "message", room_id: room.id, n: 1, body, data, re }),
      "v1",
    );
    if (frame.action !== "message") throw new ChatError("internal", "Internal error");
    const name = nameOf(as);
    const isKept = key !== undefined;
    if (isKept && (key === "" || key.length > MAX_KEY_CHARS)) {
      throw new ChatError("invalid_frame", `A key must have 1 to ${MAX_KEY_CHARS} characters`);
    }
    const id = isKept ? this.#idFor(room, key) : newClientId(random);
    const speaker = new HostPeer(id);
    let answer: SpokenAnswer;
    try {
      const said = hub.host.say(speaker, { id, name, isKept }, frame, clock.read());
      this.#parts.perform(said);
      answer = await speaker.answer;
    } catch (error) {
      throw error instanceof ChatError && isErrorCode(error.code) ? error : new ChatError(
        "unavailable",
        "Nobody knows whether this is stored: send it again with its key",
        { retryAfterMs: RETRY_MS, cause: error },
      );
    } finally {
      speaker.end();
      this.#parts.perform(hub.host.leave(speaker, isKept, clock.read()));
    }
    if (answer.duplicate) await this.#checkSame(room, answer.seq, body);
    return { ...answer, epoch: room.log.epoch };
  }

  /** Takes a name that something may be said under; throws a ChatError where it will not do. */
  checkedName(as: string): string {
    return nameOf(as) ?? as;
  }

  /** Says whether something with this key is known to have been said in a room. */
  knows(room: Room, key: string): boolean {
    return this.#parts.hub.host.knows(this.#idFor(room, key));
  }

  /** An open room, which is opened where it is not. */
  async room(roomId: string): Promise<Room> {
    const { hub, store } = this.#parts;
    this.#checkOpen();
    const id = normalizeRoomId(roomId);
    const open = hub.rooms.get(id);
    if (open !== undefined) return open;
    const named = this.#parts.rooms?.get(id);
    const stored = await store.open(id) ??
      (named === undefined ? undefined : await store.create(id, named));
    if (stored !== undefined) {
      const effects = admit(
        NOBODY,
        checkedRoom(stored, id),
        this.#parts.clock.read(),
        hub,
        store,
      );
      this.#parts.perform(effects);
    }
    const room = hub.rooms.get(id);
    if (room !== undefined) return room;
    throw new ChatError("room_not_found", `Room ${roomId} does not exist`);
  }

  #idFor(room: Room, key: string): string {
    return this.#parts.sign(`${room.id} ${key}`).slice(0, 16);
  }

  async #make(id: string, name: string): Promise<void> {
    const { hub, store } = this.#parts;
    const stored = await store.create(id, name);
    this.#parts.perform(
      admit(NOBODY, checkedRoom(stored, id), this.#parts.clock.read(), hub, store),
    );
  }

  /** The id of a named room that is not there yet. */
  async #newName(roomId: string): Promise<string> {
    const id = normalizeRoomId(roomId);
    if (!isRoomName(id)) {
      const text = JSON.stringify(roomId.slice(0, 80));
      throw new ChatError("invalid_frame", `The id of a named room is like #lobby, not ${text}`);
    }
    const there = await this.room(id).catch((error) => {
      if (error instanceof ChatError && error.code === "room_not_found") return undefined;
      throw error;
    });
    if (there === undefined) return id;
    throw new ChatError("room_exists", `There is a room ${id} already`);
  }

  #checkOpen(): void {
    if (!this.#parts.closing()) return;
    throw new ChatError("unavailable", "The server is going away", { retryAfterMs: RETRY_MS });
  }

  /** Looks whether a word that was stored before is the one that is said now, as far as the log still says. */
  async #checkSame(room: Room, seq: number | undefined, body: string): Promise<void> {
    if (seq === undefined) return;
    const { entries } = await this.entries(room.id, { before: seq + 1, limit: 1 });
    const [stored] = entries;
    if (stored?.seq !== seq || !("body" in stored) || stored.body === body) return;
    // What was redacted says nothing any more.
    if (stored.body === "") return;
    throw new KeyReusedError();
  }
}

/** The name that somebody is called, checked as in `hello`. */
function nameOf(as: string | undefined): string | undefined {
  if (as === undefined) return undefined;
  const frame = decode(JSON.stringify({ action: "hello", body: { name: as } }), "v1");
  return frame.action === "hello" ? frame.name : undefined;
}

function describe({ id, name, log, roster }: Room): HostRoom {
  return { roomId: id, name, epoch: log.epoch, head: log.head, members: roster.members.size };
}
