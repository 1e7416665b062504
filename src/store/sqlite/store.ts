/**
 * Keeps the logs in a SQLite file: they survive the process, however it ends. An acknowledged
 * message is on the disk. Everything of one turn of the event loop is one transaction.
 *
 * @module
 */

import { judge } from "../../core/state/numbers.ts";
import type {
  ClientStore,
  Store,
  StoredClient,
  StoredRoom,
  StoreEvents,
  StoreLimits,
} from "../../core/store/store.ts";
import { RetentionClock } from "../../core/state/time.ts";
import { isModeration } from "../../core/authority/verdict.ts";
import { reasonOf, roomGone } from "../../protocol/errors.ts";
import type { Draft } from "../../protocol/frames.ts";
import { later, type Timer } from "../../timers.ts";
import { FileLostError, isDiskError, RETRY_MS, unavailable } from "./file/errors.ts";
import { SqliteFile } from "./file/file.ts";
import { SqliteHistory } from "./history.ts";
import { SqliteMarkers } from "./markers.ts";
import { RoomReader } from "./room_reader.ts";
import { SqliteRevocations } from "./revocations.ts";
import { SqliteRoom } from "./room.ts";
import { SqliteScrubber } from "./scrubber.ts";
import { SqliteSearch } from "./search.ts";
import { SqliteSweeper } from "./sweeper.ts";
import { NOTHING, Transactions, type Written } from "./transactions.ts";
import { isRepeatable, type LastNumbers, type Write } from "./writes.ts";

/** The most writes that no client can repeat, like presence, that wait for a failing disk. */
const MAX_KEPT = 10_000;

/** The most of them that are tried again with the next message: more would delay each message. */
const TRIED_AT_ONCE = 1_000;
/** Milliseconds between two looks at the file, and at some rooms for entries that are too old. */
const LOOK_MS = 1_000;

/** The rest behind a step of that, as a multiple of the time that it took: so people wait for few of them. */
const REST = 3;

/** A store whose rooms, sessions and numbers are in one file. */
export class SqliteStore implements Store, ClientStore {
  readonly clients: ClientStore = this;
  readonly changes = true;
  readonly key: Uint8Array;
  readonly history: SqliteHistory;
  readonly markers: SqliteMarkers;
  readonly search: SqliteSearch;
  readonly revocations: SqliteRevocations;
  readonly #events: StoreEvents;
  readonly #limits: StoreLimits;
  readonly #file: SqliteFile;
  readonly #rooms = new Map<string, SqliteRoom>();
  readonly #lastNumbers = new Map<string, LastNumbers>();
  /** Rooms that are being made; and rooms that are being deleted. */
  readonly #creating = new Map<string, Promise<StoredRoom>>();
  readonly #deleting = new Set<string>();
  /** Rooms that have no members here any more, but still have changes to be written. */
  readonly #released = new Set<string>();
  #writes: Write[] = [];
  /** Set while a commit is due at the end of this turn; resolves when it is done. */
  #turn: PromiseWithResolvers<void> | undefined;
  #retry: Timer | undefined;
  #timer: Timer;
  readonly #transactions: Transactions;
  readonly #sweeper: SqliteSweeper;
  readonly #reader = new RoomReader({
    opened: (room) => this.#rooms.set(room.id, room),
    failed: (id, error) => {
      this.#events.troubled(`room ${id} cannot be read: ${reasonOf(error)}`);
      return unavailable("read", error);
    },
  });
  readonly #scrubber: SqliteScrubber;
  readonly #clock = new RetentionClock();
  #failing = false;
  #closed = false;

  /**
   * Opens the file at `path`; `newEpoch` names each new log, `newKey` makes the key of the sessions.
   *
   * @throws {Error} with one line that names the file and says why it cannot be used.
   */
  constructor(
    path: string,
    events: StoreEvents,
    limits: StoreLimits,
    { newEpoch, newKey }: { newEpoch: () => string; newKey: () => Uint8Array },
  ) {
    this.#events = events;
    this.#limits = limits;
    this.#file = new SqliteFile(path, events.troubled);
    this.history = new SqliteHistory(this.#file, events.troubled);
    this.search = new SqliteSearch(this.#file, events.troubled);
    this.markers = new SqliteMarkers(this.#file, (write) => this.#write(write), events.troubled);
    this.revocations = new SqliteRevocations(this.#file);
    try {
      this.key = this.#file.key("sessions", newKey);
      this.#file.check();
    } catch (error) {
      this.#file.close();
      throw new Error(`Cannot open ${path}: ${reasonOf(error)}`, { cause: error });
    }
    this.#transactions = new Transactions(this.#file, {
      ...{ limits, newEpoch, clock: this.#clock, troubled: events.troubled },
      grown: (id) => this.search.note(id),
    });
    const isOpen = (id: string) => this.#rooms.has(id) || this.#creating.has(id);
    const isBeingRead = (id: string) => this.#reader.get(id) !== undefined;
    this.#sweeper = new SqliteSweeper(this.#file, isOpen, isBeingRead);
    this.#scrubber = new SqliteScrubber(this.#file);
    this.#timer = later(() => this.#look(), LOOK_MS);
  }

  create(id: string, name: string, owner?: string): Promise<StoredRoom> {
    const open = this.#openRoom(id);
    if (open !== undefined) return Promise.resolve(open);
    const pending = this.#creating.get(id);
    if (pending !== undefined) return pending;
    const opening = this.#reader.get(id);
    if (opening !== undefined) return opening.then((room) => room ?? this.create(id, name, owner));
    const made = Promise.withResolvers<StoredRoom>();
    this.#creating.set(id, made.promise);
    this.#write({ type: "create", id, name, owner, made });
    return made.promise;
  }

  open(id: string): Promise<StoredRoom | undefined> {
    const known = this.#creating.get(id) ?? this.#openRoom(id) ?? this.#reader.get(id);
    if (known !== undefined || this.#deleting.has(id)) return Promise.resolve(known);
    return this.#reader.add(id, this.#read(id));
  }

  append(roomId: string, draft: Draft): void {
    const { from, n } = draft;
    const last = n > 0 ? this.#lastNumbersOf(from) : undefined;
    if (last !== undefined) {
      const place = judge(n, last.accepted);
      if (place === "repeat") {
        // A message that waits may still fail.
        if (n > last.stored) this.#write({ type: "repeat", draft });
        else this.#events.repeated(draft, this.#seqOf(draft));
        return;
      }
      if (place !== "next") return this.#events.refused(draft, place);
    }
    const room = this.#rooms.get(roomId);
    if (room === undefined) {
      this.#events.refused(draft, roomGone());
      return;
    }
    if (last !== undefined) last.accepted = n;
    this.#write({ type: "entry", room, draft, last, entry: undefined });
  }

  settled(clientId?: string): Promise<void> | undefined {
    if (this.#turn === undefined || clientId === undefined) return this.#turn?.promise;
    // From the end: a client mostly asks about its newest messages.
    const last = this.#writes.findLast((write) =>
      "draft" in write && write.draft.from === clientId
    );
    return last && this.#turn.promise;
  }

  get pending(): number {
    return this.#writes.length;
  }

  release(roomId: string): void {
    if (this.#writes.length === 0) this.#rooms.delete(roomId);
    else if (this.#rooms.has(roomId)) this.#released.add(roomId);
  }

  delete(roomId: string): void {
    this.#reader.cancel(roomId);
    this.#rooms.delete(roomId);
    this.#released.delete(roomId);
    this.#deleting.add(roomId);
    this.#write({ type: "delete", id: roomId });
  }

  remembered(): StoredClient[] {
    const clients = this.#file.clients();
    for (const { id, n = 0 } of clients) this.#lastNumbers.set(id, { accepted: n, stored: n });
    return clients;
  }

  remember(id: string, name: string | undefined): void {
    this.#write({ type: "remember", id, name, last: this.#lastNumbersOf(id) });
  }

  forget(id: string): void {
    if (this.#lastNumbers.delete(id)) this.#write({ type: "forget", id });
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#commit();
    this.#closed = true;
    this.#reader.close(unavailable("read", undefined));
    clearTimeout(this.#retry);
    clearTimeout(this.#timer);
    this.#scrubber.step(Infinity);
    this.#file.close();
    return Promise.resolve();
  }

  /** Reads a room that is in the file, in steps. */
  *#read(id: string): Generator<undefined, SqliteRoom | undefined> {
    const row = this.#file.room(id);
    return row && (yield* SqliteRoom.read(this.#file, id, row, this.#limits));
  }

  #openRoom(id: string): SqliteRoom | undefined {
    const room = this.#rooms.get(id);
    // Its members have left, even if that is not written yet.
    if (this.#released.delete(id) && room !== undefined) room.orphans = [];
    return room;
  }

  #lastNumbersOf(clientId: string): LastNumbers {
    let last = this.#lastNumbers.get(clientId);
    if (last === undefined) {
      last = { accepted: 0, stored: 0 };
      this.#lastNumbers.set(clientId, last);
    }
    return last;
  }

  /** Returns the `seq` of a stored message; 0 where it cannot be read. */
  #seqOf({ from, n }: Draft): number {
    try {
      return this.#file.seqOf(from, n);
    } catch (error) {
      this.#events.troubled(`message ${n} of ${from} cannot be looked up: ${reasonOf(error)}`);
      return 0;
    }
  }

  #write(write: Write): void {
    this.#writes.push(write);
    if (this.#turn !== undefined) return;
    this.#turn = Promise.withResolvers();
    if (this.#retry !== undefined && this.#writes.length > TRIED_AT_ONCE) return;
    // After a whole turn, as in the pump: all that has come in by then shares one wait for the
    // disk.
    setImmediate(() => this.#commit());
  }

  /** Writes all that waits as one transaction, then reports the outcome. */
  #commit(): void {
    if (this.#closed) return;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const turn = this.#turn;
    this.#turn = undefined;
    const writes = this.#writes;
    this.#writes = [];
    let written: Written = NOTHING;
    try {
      if (writes.length > 0 || this.#failing) written = this.#transactions.write(writes);
    } catch (error) {
      this.#fail(writes, error);
      turn?.resolve();
      return;
    }
    if (this.#failing) {
      this.#failing = false;
      this.#events.failing(undefined);
    }
    const { made, failed } = written;
    for (const [id, room] of made) this.#rooms.set(id, room);
    for (const write of writes) if (!failed.has(write)) this.#done(write, written);
    this.#refuse(failed);
    if (this.#writes.length === 0) {
      for (const id of this.#released) this.#rooms.delete(id);
      this.#released.clear();
    }
    turn?.resolve();
  }

  #done(write: Write, { made, denials }: Written): void {
    const denied = "draft" in write ? denials.of(write.draft) : undefined;
    if (denied !== undefined && "draft" in write) {
      if (write.type === "entry" && write.last !== undefined) {
        write.last.accepted = write.last.stored;
      }
      this.#events.refused(write.draft, denied);
      return;
    }
    switch (write.type) {
      case "entry": {
        const { room, draft, last, entry } = write;
        if (entry === undefined) break;
        room.committed(entry, draft);
        if ("redact" in draft) this.#scrubber.note();
        if (last !== undefined) last.stored = draft.n;
        // A room that was deleted in the same turn has no members who would see this.
        if (this.#rooms.get(room.id) === room) this.#events.stored(room.id);
        else this.#events.repeated(draft, entry.seq, true);
        if (isModeration(draft)) this.#events.moderated(room.id, draft, entry.seq);
        break;
      }
      case "repeat":
        this.#events.repeated(write.draft, this.#seqOf(write.draft));
        break;
      case "create": {
        this.#creating.delete(write.id);
        const room = made.get(write.id);
        if (room === undefined) {
          write.made.reject(roomGone());
        } else write.made.resolve(room);
        break;
      }
      case "delete":
        this.#deleting.delete(write.id);
        break;
      case "read":
        write.set.resolve();
        break;
      case "remember":
      case "forget":
        break;
      default:
        write satisfies never;
    }
  }

  /** Refuses what clients can repeat of a failed transaction; the rest waits for the disk. */
  #fail(writes: readonly Write[], error: unknown): void {
    if (!this.#failing) this.#events.failing(reasonOf(error));
    this.#failing = true;
    const kept: Write[] = [];
    for (const write of writes) {
      // Without its deletion, a room would be there again.
      const isKept = kept.length < MAX_KEPT || write.type === "delete";
      if (!isRepeatable(write) && isKept && isDiskError(error)) kept.push(write);
    }
    this.#writes = [...kept, ...this.#writes];
    this.#refuse(new Map(writes.map((write) => [write, error])));
    // Also where nothing waits: without it, nobody would notice that the disk works again. This
    // timer keeps a program alive, so that waiting writes reach the disk.
    this.#retry = setTimeout(() => this.#commit(), RETRY_MS);
  }

  /** Refuses what was not written to clients that can repeat it, and frees its numbers. */
  #refuse(failed: ReadonlyMap<Write, unknown>): void {
    for (const write of failed.keys()) {
      if (write.type !== "entry") continue;
      write.room.rollBack();
      if (write.last !== undefined) write.last.accepted = write.last.stored;
    }
    for (const [write, error] of failed) {
      if (write.type === "create") {
        this.#creating.delete(write.id);
        write.made.reject(unavailable("written", error));
      } else if (write.type === "read") {
        write.set.reject(unavailable("written", error));
      } else if ("draft" in write && isRepeatable(write)) {
        this.#events.refused(write.draft, unavailable("written", error));
      }
    }
  }

  /** Looks whether the file is there, then for entries that are too old. */
  #look(): void {
    let more = false;
    const began = performance.now();
    try {
      this.#file.look();
      const { lost } = this.#file;
      if (lost === undefined) {
        const time = this.#clock.time({ now: performance.now(), at: Date.now() });
        more = this.#sweeper.step(time - this.#limits.logAgeMs);
        if (this.search.step()) more = true;
        this.#scrubber.step(performance.now());
      } else if (!this.#failing) this.#fail([], new FileLostError(lost));
    } catch (error) {
      // A failing disk is no reason to stop: old entries stay until another time.
      if (!isDiskError(error)) {
        this.#events.troubled(`what is too old cannot be dropped: ${reasonOf(error)}`);
      }
    }
    this.#timer = later(() => this.#look(), more ? REST * (performance.now() - began) : LOOK_MS);
  }
}
