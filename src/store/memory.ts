// This module is pure: no sockets, no clock, no Deno.

/**
 * Logs in the memory of this process: the fastest store, and the one that forgets
 * everything when the process ends. An acknowledgement means that this process has it.
 *
 * @module
 */

import { Charter } from "../core/authority/charter.ts";
import { Log, type LogLimits } from "../core/log/log.ts";
import { LoggedStates } from "../core/log/logged_states.ts";
import { isChange } from "../core/log/message_states.ts";
import { MemoryBound } from "../core/limits/memory_bound.ts";
import { judge } from "../core/state/numbers.ts";
import { DELETED, type Store, type StoredRoom, type StoreEvents } from "../core/store/store.ts";
import { denial, isModeration } from "../core/authority/verdict.ts";
import { encodeEntry } from "../protocol/encode.ts";
import { roomGone } from "../protocol/errors.ts";
import type { Draft } from "../protocol/frames.ts";
import { Roster } from "../protocol/roster.ts";
import { DedupWindow, MAX_WINDOW_BYTES } from "./dedup_window.ts";

/** A room in memory. */
interface MemoryRoom extends StoredRoom {
  charter: Charter;
  readonly states: LoggedStates;
}

/**
 * A store whose rooms live as long as this process has somebody interested in them. A store of
 * one's own may be made around it: it keeps the rooms for those who do not `release` them.
 */
export class MemoryStore implements Store {
  readonly changes = true;
  readonly #events: StoreEvents;
  readonly #limits: LogLimits;
  readonly #newEpoch: () => string;
  readonly #rooms = new Map<string, MemoryRoom>();
  readonly #windows = new Map<string, DedupWindow>();
  readonly #memory = new MemoryBound(MAX_WINDOW_BYTES);
  /** The ids of rooms that were deleted, the oldest first. */
  readonly #deleted = new Set<string>();

  /** Makes an empty store; `newEpoch` names each new log. */
  constructor(events: StoreEvents, limits: LogLimits, newEpoch: () => string) {
    this.#events = events;
    this.#limits = limits;
    this.#newEpoch = newEpoch;
  }

  create(id: string, name: string, owner?: string): Promise<StoredRoom> {
    if (this.#deleted.has(id)) return Promise.reject(roomGone());
    let room = this.#rooms.get(id);
    if (room === undefined) {
      const log = new Log(this.#newEpoch(), this.#limits);
      const states = new LoggedStates(log);
      room = { id, name, log, roster: new Roster(), charter: Charter.of(owner), states };
      this.#rooms.set(id, room);
    }
    return Promise.resolve(room);
  }

  open(id: string): Promise<StoredRoom | undefined> {
    return Promise.resolve(this.#rooms.get(id));
  }

  append(roomId: string, draft: Draft): void {
    const { from, n } = draft;
    const window = n > 0 ? this.#windowOf(from) : undefined;
    if (window !== undefined) {
      const place = judge(n, window.last);
      if (place === "repeat") return this.#events.repeated(draft, window.seqOf(n));
      if (place !== "next") return this.#events.refused(draft, place);
    }
    const room = this.#rooms.get(roomId);
    if (room === undefined) {
      this.#events.refused(draft, roomGone());
      return;
    }
    const { log, states } = room;
    const target = isChange(draft) ? states.target(draft.re) : undefined;
    const denied = denial(room.charter, draft, roomId, target);
    if (denied !== undefined) return this.#events.refused(draft, denied);
    const seq = log.head + 1;
    window?.add(n, seq);
    log.push(seq, encodeEntry(seq, draft));
    if (isModeration(draft)) room.charter = room.charter.fold(draft);
    else if ("event" in draft) room.roster.apply(draft);
    else if (draft.re !== undefined) states.take(seq, draft);
    this.#events.stored(roomId);
    if (isModeration(draft)) this.#events.moderated(roomId, draft, seq);
  }

  /** Nothing is left of it: whoever comes back makes it again. */
  release(roomId: string): void {
    this.#rooms.delete(roomId);
  }

  delete(roomId: string): void {
    this.#rooms.delete(roomId);
    this.#deleted.delete(roomId);
    this.#deleted.add(roomId);
    const [oldest] = this.#deleted;
    if (this.#deleted.size > DELETED.rooms) this.#deleted.delete(oldest!);
  }

  /** The number of the last message of a client that is stored; 0 where there is none. */
  lastOf(clientId: string): number {
    return this.#windows.get(clientId)?.last ?? 0;
  }

  trim(clientId: string): void {
    this.#windows.get(clientId)?.trim();
  }

  forget(clientId: string): void {
    this.#windows.get(clientId)?.close();
    this.#windows.delete(clientId);
  }

  close(): Promise<void> {
    this.#rooms.clear();
    this.#windows.clear();
    return Promise.resolve();
  }

  #windowOf(clientId: string): DedupWindow {
    let window = this.#windows.get(clientId);
    if (window === undefined) {
      window = new DedupWindow(0, this.#memory);
      this.#windows.set(clientId, window);
    }
    return window;
  }
}
