/**
 * A store of one's own: a file to which a line of JSON is added for whatever happens. Rooms,
 * messages and clients survive a crash: an acknowledgement means that the disk has the line.
 *
 *     const chat = createChat({ store: fileStore("chat.jsonl") });
 *
 * It is short, and therefore simple. All rooms are in memory. The file only grows, and is read from
 * its beginning when the chat starts. Two programs must not use the same file.
 *
 * @module
 */

import fs from "node:fs";
import { setImmediate } from "node:timers";
import {
  ChatError,
  type ClientStore,
  type Draft,
  MemoryStore,
  type OpenStore,
  type Store,
  type StoredClient,
  type StoredRoom,
  type StoreEvents,
  type StoreOptions,
} from "@parley/chat/store";

/** Something that has happened. */
type Line =
  | { type: "key"; key: string }
  | { type: "create"; id: string; name: string; owner?: string | undefined; epoch: string }
  | { type: "append"; id: string; draft: Draft }
  | { type: "delete"; id: string }
  | { type: "remember"; id: string; name?: string | undefined }
  | { type: "forget"; id: string };

/** Names the file of a store, which is made where there is none. */
export function fileStore(path: string): OpenStore {
  return (events, options) => new FileStore(path, events, options);
}

/** A store around one in memory, which hears of nothing before the disk has it. */
class FileStore implements Store, ClientStore {
  readonly clients: ClientStore = this;
  readonly #events: StoreEvents;
  readonly #options: StoreOptions;
  readonly #file: number;
  readonly #memory: MemoryStore;
  readonly #names = new Map<string, string | undefined>();
  /** The rooms that somebody here is interested in. */
  readonly #open = new Set<string>();
  #key = "";
  #epoch = "";
  /** Lines that wait for the end of this turn of the event loop, to share one wait for the disk. */
  #lines: Line[] = [];
  #turn: Promise<void> | undefined;
  #failed = false;
  #closed = false;

  constructor(path: string, events: StoreEvents, options: StoreOptions) {
    this.#events = events;
    this.#options = options;
    this.#file = fs.openSync(path, "a", 0o600);
    // A crash may have left a part of a line.
    const bytes = fs.readFileSync(path);
    const end = bytes.lastIndexOf("\n") + 1;
    fs.ftruncateSync(this.#file, end);
    // What an earlier process has reported is not reported again.
    let told = false;
    this.#memory = new MemoryStore(
      {
        ...events,
        stored: (roomId) => told && events.stored(roomId),
        moderated: (roomId, draft, seq) => told && events.moderated(roomId, draft, seq),
        repeated: (draft, seq) => told && events.repeated(draft, seq),
        refused: (draft, error) => told && events.refused(draft, error),
      },
      options,
      () => this.#epoch,
    );
    const lines = bytes.subarray(0, end).toString().split("\n");
    for (const line of lines) if (line !== "") this.#apply(JSON.parse(line));
    told = true;
    if (this.#key === "") {
      this.#lines.push({ type: "key", key: crypto.randomUUID() });
      this.#commit();
    }
  }

  get key(): Uint8Array {
    return new TextEncoder().encode(this.#key);
  }

  async create(id: string, name: string, owner?: string): Promise<StoredRoom> {
    await this.#write({ type: "create", id, name, owner, epoch: crypto.randomUUID() });
    if (this.#failed) throw unavailable();
    return this.#enter(await this.#memory.create(id, name));
  }

  async open(id: string): Promise<StoredRoom | undefined> {
    await this.#turn;
    const room = await this.#memory.open(id);
    return room && this.#enter(room);
  }

  append(id: string, draft: Draft): void {
    if (this.#failed) this.#events.refused(draft, unavailable());
    else this.#write({ type: "append", id, draft });
  }

  settled(): Promise<void> | undefined {
    return this.#turn;
  }

  release(id: string): void {
    this.#open.delete(id);
  }

  delete(id: string): void {
    this.#open.delete(id);
    this.#write({ type: "delete", id });
  }

  remember(id: string, name: string | undefined): void {
    this.#write({ type: "remember", id, name });
  }

  remembered(): StoredClient[] {
    return [...this.#names].map(([id, name]) => ({ id, name, n: this.#memory.lastOf(id) }));
  }

  forget(id: string): void {
    this.#write({ type: "forget", id });
  }

  async close(): Promise<void> {
    await this.#turn;
    if (!this.#closed) fs.closeSync(this.#file);
    this.#closed = true;
  }

  /** Opens a room. Who was in it when nobody here was interested any more is to be taken over. */
  #enter(room: StoredRoom): StoredRoom {
    room.log.expire(Date.now() - this.#options.logAgeMs);
    const orphans = this.#open.has(room.id) ? [] : [...room.roster.members.keys()];
    this.#open.add(room.id);
    return {
      ...room,
      // It is another one behind each entry about it.
      get charter() {
        return room.charter;
      },
      orphans,
    };
  }

  /** Writes a line at the end of this turn; resolves when that is done, or has failed. */
  #write(line: Line): Promise<void> {
    if (this.#failed) return Promise.resolve();
    this.#lines.push(line);
    return this.#turn ??= new Promise((resolve) => {
      setImmediate(() => resolve(this.#commit()));
    });
  }

  #commit(): void {
    const lines = this.#lines;
    this.#lines = [];
    this.#turn = undefined;
    try {
      fs.appendFileSync(this.#file, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
      fs.fdatasyncSync(this.#file);
    } catch (error) {
      // Nobody knows what of it the disk has before the next start reads the file.
      this.#failed = true;
      this.#events.failing(String(error));
      for (const line of lines) {
        if (line.type === "append") this.#events.refused(line.draft, unavailable(), true);
      }
      return;
    }
    for (const line of lines) this.#apply(line);
  }

  #apply(line: Line): void {
    switch (line.type) {
      case "key":
        this.#key = line.key;
        break;
      case "create":
        this.#epoch = line.epoch;
        // A room that was deleted is not made again.
        this.#memory.create(line.id, line.name, line.owner).catch(() => {});
        break;
      case "append":
        this.#memory.append(line.id, line.draft);
        break;
      case "delete":
        this.#memory.delete(line.id);
        break;
      case "remember":
        this.#names.set(line.id, line.name);
        break;
      case "forget":
        this.#names.delete(line.id);
        this.#memory.forget(line.id);
        break;
      default:
        line satisfies never;
    }
  }
}

function unavailable(): ChatError {
  return new ChatError("unavailable", "The message cannot be stored now", { retryAfterMs: 5_000 });
}
