/**
 * Everything that the stores of a world ever logged, whether or not a log still has it: what all
 * others are compared with.
 *
 * @module
 */

import type { Log } from "../../src/core/log/log.ts";
import type { OpenStore, Store, StoredRoom } from "../../src/core/store/store.ts";
import type { Entry } from "../../src/protocol/frames.ts";
import type { StoredEntry } from "./disk.ts";
import { isBare, LogBook, markOf } from "./log_book.ts";

/** A place of a message: in which life of which log. */
export interface Place {
  readonly epoch: string;
  readonly seq: number;
}

/** All logs. */
export class Chronicle {
  readonly books = new Map<string, LogBook>();
  /** The places of messages, by their marks. */
  readonly places = new Map<string, Place[]>();
  readonly #unread = new Map<string, { seq: number; text: string }[]>();
  /** The `seq` up to which the logs of nodes were compared. */
  readonly #checked = new WeakMap<Log, number>();
  /** Set where nodes share logs: what is stored, the store itself says. */
  isShared = false;
  /** Set where logs outlive processes. */
  isDurable = false;
  /** Called with each entry that is new, and with what is wrong. */
  stored: (book: LogBook, entry: Entry) => void = () => {};
  wrong: (what: string) => void = () => {};

  /** Takes in an entry that is stored, if it was not known. */
  found({ roomId, epoch, seq, text }: StoredEntry): void {
    const book = this.books.get(epoch) ?? new LogBook(roomId, epoch, this.isShared);
    this.books.set(epoch, book);
    this.#take(book, seq, text);
  }

  /**
   * Takes in an entry that the store of all nodes has stored: it belongs to the newest life of the log of
   * its room.
   */
  truth(roomId: string, seq: number, text: string): void {
    const book = [...this.books.values()].findLast((book) => book.roomId === roomId);
    if (book !== undefined && !book.isOver) this.#expect(book, seq, text);
    else if (!this.#unread.has(roomId)) this.#unread.set(roomId, [{ seq, text }]);
    else this.#unread.get(roomId)!.push({ seq, text });
  }

  /** Takes in an entry of a stream, which is in the log once a node has judged it: until then it may be void. */
  #expect(book: LogBook, seq: number, text: string): void {
    book.unjudged.set(seq, text);
    const mark = markOf(JSON.parse(text));
    if (mark !== undefined) this.#place(book, seq, mark);
  }

  #place(book: LogBook, seq: number, mark: string): void {
    const places = this.places.get(mark) ?? [];
    if (places.some((place) => place.epoch === book.epoch && place.seq === seq)) return;
    this.places.set(mark, [...places, { epoch: book.epoch, seq }]);
  }

  /** Takes in that all logs are over: what comes next belongs to others. */
  over(): void {
    for (const book of this.books.values()) {
      // What a stream had is on its way to nodes: nobody judges it there any more.
      for (const [seq, text] of book.unjudged) this.#take(book, seq, text);
      book.unjudged.clear();
      book.isOver = true;
    }
    this.#unread.clear();
    this.isDurable = false;
  }

  /** Takes in what a log has more than was known. */
  note(roomId: string, log: Log): void {
    const book = this.books.get(log.epoch) ?? new LogBook(roomId, log.epoch, this.isShared);
    this.books.set(log.epoch, book);
    if (this.isShared) return this.#check(book, log);
    let from = log.size;
    while (from > 0 && log.at(from - 1).seq > book.head) from--;
    for (let i = from; i < log.size; i++) {
      const { seq, text } = log.at(i);
      this.#take(book, seq, text);
      this.#checkRedaction(book, log, seq);
    }
  }

  /** Compares all that a log has with what was known: another node must have the same. */
  compare(roomId: string, log: Log): void {
    const head = this.isShared ? 0 : this.books.get(log.epoch)?.head ?? 0;
    if (log.head < head) this.wrong(`Room ${roomId} had ${head}, and is back with ${log.head}`);
    const others = [...this.books.values()].filter((book) => book.roomId === roomId);
    if (this.isDurable && others.length > 0 && !this.books.has(log.epoch)) {
      this.wrong(`Room ${roomId} has lost its log, which had ${others[0]!.head} entries`);
    }
    if (this.isShared && !this.books.has(log.epoch)) {
      const book = new LogBook(roomId, log.epoch, this.isShared);
      // Who was a member before its first entry here is in no entry.
      book.isPartial = others.length > 0 || log.size > 0 && log.at(0).seq !== log.tail + 1;
      this.books.set(log.epoch, book);
      for (const { seq, text } of this.#unread.get(roomId) ?? []) {
        if (seq > log.tail) this.#expect(book, seq, text);
      }
      this.#unread.delete(roomId);
    }
    this.note(roomId, log);
    const book = this.books.get(log.epoch)!;
    for (let i = 0; i < log.size; i++) {
      const { seq, text } = log.at(i);
      if (!this.isShared || !this.#judge(book, seq, text)) this.#take(book, seq, text);
      this.#checkRedaction(book, log, seq);
    }
  }

  /** Looks whether a log still says what its entry `seq` has redacted, if it is a redaction. */
  #checkRedaction(book: LogBook, log: Log, seq: number): void {
    for (const redacted of book.redactedBy(seq)) {
      const text = log.find(redacted);
      if (text === undefined || isBare(text)) continue;
      this.wrong(`Room ${book.roomId} still says what was redacted at ${seq}: ${text}`);
    }
  }

  /** Compares what a node has more than it had with what the store has. */
  #check(book: LogBook, log: Log): void {
    if (book.isOver) return;
    let from = log.size;
    const upTo = this.#checked.get(log) ?? 0;
    while (from > 0 && log.at(from - 1).seq > upTo) from--;
    for (let i = from; i < log.size; i++) {
      const { seq, text } = log.at(i);
      this.#checked.set(log, seq);
      if (!this.#judge(book, seq, text)) {
        // What was there before anybody looked.
        if (book.isPartial || seq < book.first) continue;
        return this.wrong(`Room ${book.roomId} has ${seq} at a node, which is not stored: ${text}`);
      }
      this.#checkRedaction(book, log, seq);
    }
  }

  /** Takes in what a node makes of an entry of the stream; `false` where the stream has none there. */
  #judge(book: LogBook, seq: number, text: string): boolean {
    if (book.entries.has(seq)) {
      this.#take(book, seq, text);
      return true;
    }
    const stored = book.unjudged.get(seq);
    if (stored === undefined) return false;
    // Nobody has judged what fell off the stream before it was read.
    for (const [before, text] of book.unjudged) {
      if (before >= seq) break;
      book.unjudged.delete(before);
      this.#take(book, before, text);
    }
    book.unjudged.delete(seq);
    const isVoid = JSON.parse(text).event === "void";
    if (isVoid) this.#unplace(book, seq, markOf(JSON.parse(stored)) ?? "");
    this.#take(book, seq, isVoid ? text : stored);
    if (!isVoid) this.#take(book, seq, text);
    return true;
  }

  #unplace({ epoch }: LogBook, seq: number, mark: string): void {
    const left = this.places.get(mark)?.filter((one) => one.epoch !== epoch || one.seq !== seq) ??
      [];
    if (left.length > 0) this.places.set(mark, left);
    else this.places.delete(mark);
  }

  #take(book: LogBook, seq: number, text: string): void {
    const isKnown = this.isShared &&
      [...this.books.values()].some((other) =>
        other !== book && other.roomId === book.roomId && !other.isOver && other.entries.has(seq)
      );
    const entry = book.take(seq, text);
    // The same stream in another life has the same entries.
    if (entry === undefined || isKnown && typeof entry !== "string") return;
    if (typeof entry === "string") {
      this.wrong(`In room ${book.roomId}, ${entry}`);
      return;
    }
    const mark = markOf(entry);
    if (mark !== undefined) this.#place(book, seq, mark);
    this.stored(book, entry);
  }

  /** A store that is another one, and writes down what that logs. */
  watch(
    open: OpenStore,
    opened: (rooms: ReadonlyMap<string, StoredRoom>) => void,
    isAlive: () => boolean,
  ): OpenStore {
    return (events, options) => {
      const rooms = new Map<string, StoredRoom>();
      opened(rooms);
      const keep = <Room extends StoredRoom | undefined>(room: Room): Room => {
        if (room === undefined || !isAlive()) return room;
        rooms.set(room.id, room);
        this.compare(room.id, room.log);
        return room;
      };
      const store = open({
        ...events,
        stored: (roomId) => {
          const room = rooms.get(roomId);
          if (room !== undefined && isAlive()) this.note(roomId, room.log);
          events.stored(roomId);
        },
        repeated: (draft, seq, unseen) => {
          // It is in a log that nobody will read: its room was deleted in the same turn.
          const mark = markOf(draft as unknown as Entry);
          if (unseen === true && mark !== undefined && isAlive()) {
            this.places.set(mark, [{ epoch: "", seq }]);
          }
          events.repeated(draft, seq, unseen);
        },
        gone: (roomId, how) => {
          rooms.delete(roomId);
          events.gone(roomId, how);
        },
      }, options);
      const watched: Partial<Store> = {
        create: (...args) => store.create(...args).then(keep),
        open: (...args) => store.open(...args).then(keep),
        release: (roomId) => {
          rooms.delete(roomId);
          store.release(roomId);
        },
      };
      return new Proxy(store, {
        get: (_, key) => {
          const method = Reflect.get(watched, key) ?? Reflect.get(store, key);
          return typeof method === "function" ? method.bind(store) : method;
        },
      });
    };
  }
}
