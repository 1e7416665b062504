/**
 * The sender of one webhook: a reader of all logs. Its cursor in a room moves when the receiver has
 * taken what lies behind it, and stays where it has not.
 *
 * @module
 */

import { MemoryBound } from "../core/limits/memory_bound.ts";
import type { WebhookNumbers } from "../core/state/metrics.ts";
import type { Room } from "../core/state/room.ts";
import { sleep, withDeadline } from "../protocol/deadline.ts";
import { ChatError, reasonOf } from "../protocol/errors.ts";
import { faultOf } from "../server/logging/faults.ts";
import type { Logger } from "../server/logging/logger.ts";
import type { Voice } from "../server/voice.ts";
import { every, later, type Timer } from "../timers.ts";
import { batchBehind, MOST_ENTRIES, MOST_UNITS } from "./batch.ts";
import { Cursors } from "./cursors.ts";
import { CONNECTIONS, ForbiddenAddressError } from "./post.ts";
import { signedHeaders, type WebhookSecret } from "./signature.ts";
import { Occupied } from "./occupied.ts";

/** The waits before a request is tried again: the first one, and the longest; in milliseconds. */
export const WAITS = { firstMs: 1_000, mostMs: 3_600_000 };

/** The least part of such a wait: servers that lost a receiver in one moment come back in several. */
const LEAST_PART = 0.75;

/** Milliseconds between two looks at what waits. */
const LOOK_MS = 1_000;

/** The rooms that are listed at once. */
const LISTED_AT_ONCE = 500;

/** The most rooms that wait: those that are open no more, of a store that forgets them, with all they take. */
const MOST_KEPT = { rooms: 10_000, bytes: 67_108_864 };

/** The rooms of a lasting store that wait by name alone; where there are more, they are listed again. */
const MOST_WAITING = 100_000;

/** Milliseconds before a store that could not be read is asked again. */
const RELIST_MS = 5_000;

/** Something that sends a body with headers and resolves with the status of the answer. */
export interface Post {
  post(headers: Record<string, string>, body: string): Promise<number>;
  close(): void;
}

/** The parts and settings of a sender. */
export interface SenderParts {
  /** The voice of the chat whose logs are read. */
  readonly voice: Voice;
  readonly logger: Logger;
  readonly numbers: WebhookNumbers;
  /** Sends requests to the receiver. */
  readonly poster: Post;
  /** The name of the receiver for the log, which holds no secret. */
  readonly receiver: string;
  /** The name of the receiver for its cursors. */
  readonly cursorName: string;
  readonly secrets: readonly WebhookSecret[];
  /** The version of the program, for `User-Agent`. */
  readonly version: string;
  /** The first wait before a request is tried again, and the longest. */
  readonly waits: typeof WAITS;
}

/** A room that may have something for the receiver. */
interface Source {
  readonly id: string;
  /** The room itself, where the store forgets it. */
  readonly room: Room | undefined;
  /** Entries up to this `seq` may have been sent before. */
  doubtUpTo: number;
  isBusy: boolean;
  /** Set when the log has grown since it was read last. */
  hasGrown: boolean;
}

/** Sends to one receiver. */
export class WebhookSender {
  readonly #parts: SenderParts;
  readonly #isLasting: boolean;
  readonly #cursors: Cursors;
  /** Those that wait, in the order of their turns: by id, or by room where the store forgets it. */
  readonly #sources = new Map<string | Room, Source>();
  readonly #kept = new MemoryBound(MOST_KEPT.bytes);
  readonly #occupied: Occupied;
  readonly #timer: Timer;
  #active = 0;
  /** Set until a request may be tried again. */
  #wait: Timer | undefined;
  #failures = 0;
  #isListed = false;
  #isListing = false;
  #closed = false;
  /** Set when a cursor could not be stored. */
  #hasForgotten = false;
  #idle = Promise.withResolvers<void>();

  /** Makes a sender, which begins to read. */
  constructor(parts: SenderParts) {
    this.#parts = parts;
    const { voice, cursorName } = parts;
    const { markers, history } = voice.store;
    this.#isLasting = markers !== undefined && history?.list !== undefined;
    this.#cursors = new Cursors(cursorName, this.#isLasting ? markers : undefined);
    this.#occupied = new Occupied(voice);
    this.#timer = every(() => this.#look(), LOOK_MS);
    if (this.#isLasting) this.#list();
    else this.#isListed = true;
  }

  /** The rooms with something that the receiver has not taken. */
  get behind(): number {
    return this.#sources.size;
  }

  /** Notes that the log of an open room has grown. */
  grown(room: Room): void {
    const known = this.#sources.get(this.#isLasting ? room.id : room);
    if (known === undefined) this.#add(room.id, room, 0);
    else known.hasGrown = true;
  }

  /** Ends it, when all is sent or after a time in milliseconds. */
  async close(ms: number): Promise<void> {
    if (this.#sources.size > 0 && this.#wait === undefined) {
      await withDeadline(ms, this.#idle.promise);
    }
    this.#closed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#wait);
    const { poster, numbers } = this.#parts;
    poster.close();
    numbers.behind.delete(this);
    numbers.waitSeconds.delete(this);
  }

  #add(id: string, room: Room | undefined, doubtUpTo: number): void {
    if (this.#sources.size === 0) this.#idle = Promise.withResolvers();
    const key = this.#isLasting || room === undefined ? id : room;
    if (this.#isLasting && this.#sources.size >= MOST_WAITING) {
      this.#isListed = false;
      return;
    }
    this.#sources.set(key, {
      id,
      room: this.#isLasting ? undefined : room,
      doubtUpTo,
      isBusy: false,
      hasGrown: false,
    });
    this.#go();
  }

  /** Sends what may be sent now. */
  #go(): void {
    if (this.#closed || this.#wait !== undefined || this.#isListing) return;
    // One is enough to find out whether the receiver works again.
    const most = this.#failures > 0 ? 1 : CONNECTIONS;
    for (const [key, source] of this.#sources) {
      if (this.#active >= most) return;
      if (!source.isBusy) this.#serve(key, source);
    }
    if (this.#sources.size === 0) this.#idle.resolve();
  }

  async #serve(key: string | Room, source: Source): Promise<void> {
    this.#active++;
    source.isBusy = true;
    source.hasGrown = false;
    try {
      const room = source.room ?? await this.#parts.voice.room(source.id);
      const more = await this.#send(room, source);
      this.#sources.delete(key);
      if (more || source.hasGrown) this.#sources.set(key, source);
      else if (this.#isKept(source)) source.room?.log.countIn(undefined);
    } catch (error) {
      this.#sources.delete(key);
      const isGone = error instanceof ChatError && error.code === "room_not_found";
      if (!isGone) {
        this.#sources.set(key, source);
        this.#failed(error);
      }
    }
    source.isBusy = false;
    this.#active--;
    this.#go();
  }

  /** Sends what lies behind the cursor in a room; says whether there is more. */
  async #send(room: Room, source: Source): Promise<boolean> {
    const { voice, secrets, poster, numbers, logger, version } = this.#parts;
    const { log } = room;
    const cursor = await this.#cursors.of(room);
    const query = { to: "newer", from: cursor, limit: MOST_ENTRIES, units: MOST_UNITS } as const;
    const page = await voice.page(room, query);
    const at = Date.now();
    const doubtUpTo = this.#hasForgotten ? Infinity : source.doubtUpTo;
    const batch = batchBehind(room, cursor, page, doubtUpTo, at);
    if (batch === undefined) return false;
    source.doubtUpTo = Math.max(source.doubtUpTo, batch.upTo);
    const status = await poster.post({
      "content-type": "application/json",
      "user-agent": `Parley/${version}`,
      ...signedHeaders(secrets, batch.id, at, batch.body),
    }, batch.body);
    if (status < 200 || status > 299) throw new Error(`It answers with ${status}`);
    if (this.#failures > 0) logger.info("webhook works again", { receiver: this.#parts.receiver });
    this.#failures = 0;
    numbers.requests.taken++;
    numbers.entries += batch.entries;
    numbers.missed += batch.missed;
    try {
      await this.#cursors.move(room, batch.upTo);
    } catch (error) {
      // It is kept in memory, while the room is open: these entries may be sent once more.
      this.#hasForgotten = true;
      logger.warn("webhook cursor not kept", { room: room.id, error: reasonOf(error) });
    }
    return log.head > batch.upTo;
  }

  /** Says whether a room is there for the receiver alone: the log of an open one counts elsewhere. */
  #isKept({ id, room }: Source): boolean {
    return room !== undefined && this.#parts.voice.openRooms.get(id) !== room;
  }

  #failed(error: unknown): void {
    const { numbers, logger, receiver } = this.#parts;
    if (this.#closed) return;
    const isForbidden = error instanceof ForbiddenAddressError;
    numbers.requests[isForbidden ? "refused" : "failed"]++;
    if (this.#wait !== undefined) return;
    const { firstMs, mostMs } = this.#parts.waits;
    const most = Math.min(mostMs, firstMs * 2 ** this.#failures++);
    const ms = Math.round(most * (LEAST_PART + (1 - LEAST_PART) * Math.random()));
    numbers.waitSeconds.set(this, ms / 1_000);
    const fields = { receiver, error: reasonOf(error), again_in_ms: ms, rooms: this.behind };
    if (most === mostMs) logger.error("webhook does not work", fields);
    else logger.warn("webhook failed", fields);
    this.#wait = later(() => {
      this.#wait = undefined;
      numbers.waitSeconds.delete(this);
      this.#go();
    }, ms);
  }

  /** Looks at what waits: rooms that are open no more count among those that are kept for the receiver. */
  #look(): void {
    const { numbers, logger, receiver } = this.#parts;
    this.#occupied.look();
    numbers.behind.set(this, this.#sources.size);
    if (!this.#isListed && this.#sources.size < MOST_WAITING / 2) this.#list();
    if (this.#isLasting) return;
    let kept = 0;
    let dropped = 0;
    for (const [key, source] of [...this.#sources].reverse()) {
      if (!this.#isKept(source)) continue;
      source.room?.log.countIn(this.#kept);
      if (++kept <= MOST_KEPT.rooms || source.isBusy) continue;
      source.room?.log.countIn(undefined);
      this.#sources.delete(key);
      dropped++;
    }
    if (dropped > 0) logger.error("webhook misses rooms", { receiver, rooms: dropped });
  }

  /** Looks for rooms of the store with something that was not sent, and for those that somebody was left in. */
  async #list(): Promise<void> {
    if (this.#isListing) return;
    this.#isListing = true;
    this.#isListed = true;
    const { voice, logger } = this.#parts;
    const seqs = new Map<number, ReadonlyMap<string, { epoch: string; seq: number }>>();
    try {
      for (let after = ""; !this.#closed;) {
        const rooms = await voice.store.history!.list!(after, LISTED_AT_ONCE);
        for (const { id, epoch, head, hasMembers } of rooms) {
          after = id;
          const shard = this.#cursors.shardOf(id);
          const markers = seqs.get(shard) ?? await this.#cursors.load(id);
          seqs.set(shard, markers);
          const marker = markers.get(id);
          const cursor = marker?.epoch === epoch ? marker.seq : 0;
          const known = this.#sources.get(id);
          if (known !== undefined) known.doubtUpTo = Math.max(known.doubtUpTo, head);
          else if (cursor < head) this.#add(id, undefined, head);
          if (hasMembers) this.#occupied.add(id);
        }
        if (rooms.length < LISTED_AT_ONCE) break;
      }
    } catch (error) {
      this.#isListed = false;
      const isKnown = error instanceof ChatError;
      logger.warn("webhook cannot list rooms", isKnown ? { error: error.message } : faultOf(error));
      await sleep(RELIST_MS);
    }
    this.#isListing = false;
    this.#occupied.look();
    this.#go();
  }
}
