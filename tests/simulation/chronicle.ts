/**
 * Everything that the stores of a world ever logged, whether or not a log still has it: what all
 * others are compared with.
 *
 * @module
 */

import type { Log } from "../../src/core/log.ts";
import type { OpenStore, Store, StoredRoom } from "../../src/core/store.ts";
import type { Entry } from "../../src/protocol/frames.ts";
import type { StoredEntry } from "./disk.ts";

/** A member as the presence entries of a log add up. */
export interface LoggedMember {
  name: string | undefined;
  away: boolean;
}

/** Members by client id; undefined once a room is too large to log who comes and goes. */
export type LoggedMembers = ReadonlyMap<string, LoggedMember> | undefined;

/** A place of a message: in which life of which log. */
export interface Place {
  readonly epoch: string;
  readonly seq: number;
}

/** One life of the log of a room, from its first entry. */
export class LogBook {
  readonly epoch: string;
  readonly roomId: string;
  readonly #staysQuiet: boolean;
  readonly entries = new Map<number, Entry>();
  /** The `seq` of the entry before each. */
  readonly before = new Map<number, number>();
  readonly #texts = new Map<number, string>();
  readonly #rosters: { seq: number; members: LoggedMembers }[] = [{ seq: 0, members: new Map() }];
  head = 0;
  /** Set where entries before the first are not known. */
  isPartial = false;
  /** Set where the store has lost it. */
  isOver = false;
  /** The entries that a node was found to have as they were stored. */
  readonly checked = new Set<number>();

  /** The `seq` of the first entry. */
  get first(): number {
    const [first = Infinity] = this.entries.keys();
    return first;
  }

  /** Makes an empty one; a room that nodes share `staysQuiet` for as long as it is there. */
  constructor(roomId: string, epoch: string, staysQuiet: boolean) {
    this.roomId = roomId;
    this.epoch = epoch;
    this.#staysQuiet = staysQuiet;
  }

  /** Takes the next entry; or says what is wrong with it, where it was another one before. */
  take(seq: number, text: string): Entry | string | undefined {
    const known = this.#texts.get(seq);
    if (known === text) return undefined;
    if (known !== undefined) return `${seq} is ${text}, and was ${known}`;
    if (seq <= this.head) return `${seq} comes behind ${this.head}: ${text}`;
    const entry: Entry = JSON.parse(text);
    if (entry.seq !== seq) return `${seq} says that it is ${entry.seq}`;
    this.#texts.set(seq, text);
    this.entries.set(seq, entry);
    this.before.set(seq, this.head);
    this.head = seq;
    if ("event" in entry) {
      this.#rosters.push({ seq, members: after(this.members(), entry, this.#staysQuiet) });
    }
    return entry;
  }

  /** Says whether readers are told of something that lies between two places. */
  hasBetween(after: number, before: number): boolean {
    for (const [seq, entry] of this.entries) {
      if (seq > after && seq < before && isTold(entry)) return true;
    }
    return false;
  }

  /** The members behind the entry at `seq`; at the head unless given. */
  members(seq = Infinity): LoggedMembers {
    if (this.isPartial) return undefined;
    return this.#rosters.findLast((roster) => roster.seq <= seq)?.members;
  }
}

function after(
  members: LoggedMembers,
  { event, from, name }: Extract<Entry, { event: unknown }>,
  staysQuiet: boolean,
): LoggedMembers {
  if (event === "quiet") return undefined;
  // Once it has been empty, a room tells again who comes and goes, from the first who joins.
  if (members === undefined && (staysQuiet || event !== "join")) return undefined;
  const next = new Map(members);
  const away = event === "away" || event === "rename" && members?.get(from)?.away === true;
  if (event === "leave") next.delete(from);
  else next.set(from, { name, away });
  return next;
}

/** The mark of a message that its body begins with. */
export function markOf(body: string): string {
  return body.split(" ", 1)[0]!;
}

/** Says whether readers see an entry: links are no event of the client. */
export function isTold(entry: Entry | undefined): boolean {
  return entry === undefined || !("event" in entry) || entry.event !== "use";
}

/** Says how an event of a client differs from its entry in the log; undefined where it does not. */
export function differenceOf(
  event: { type: string; from: string; name?: string; body?: string; sentAt: number },
  entry: Entry,
): string | undefined {
  const [type, body] = "body" in entry
    ? ["message", entry.body]
    : ["event" in entry ? entry.event : "change", undefined];
  const logged = JSON.stringify([type, entry.from, entry.name, body, entry.at]);
  const seen = JSON.stringify([event.type, event.from, event.name, event.body, event.sentAt]);
  return logged === seen ? undefined : `${seen}, and the log has ${logged}`;
}

/** All logs. */
export class Chronicle {
  readonly books = new Map<string, LogBook>();
  /** The places of messages, by their marks. */
  readonly places = new Map<string, Place[]>();
  readonly #unread = new Map<string, { seq: number; text: string }[]>();
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
    if (book !== undefined && !book.isOver) this.#take(book, seq, text);
    else if (!this.#unread.has(roomId)) this.#unread.set(roomId, [{ seq, text }]);
    else this.#unread.get(roomId)!.push({ seq, text });
  }

  /** Takes in that all logs are over: what comes next belongs to others. */
  over(): void {
    for (const book of this.books.values()) book.isOver = true;
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
    for (let i = from; i < log.size; i++) this.#take(book, log.at(i).seq, log.at(i).text);
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
        if (seq > log.tail) this.#take(book, seq, text);
      }
      this.#unread.delete(roomId);
    }
    this.note(roomId, log);
    const book = this.books.get(log.epoch)!;
    for (let i = 0; i < log.size; i++) this.#take(book, log.at(i).seq, log.at(i).text);
  }

  /** Compares what a node has with what the store has. */
  #check(book: LogBook, log: Log): void {
    if (book.isOver) return;
    for (let i = log.size; i-- > 0;) {
      const { seq, text } = log.at(i);
      const known = book.entries.get(seq);
      if (known === undefined) {
        // What was there before anybody looked.
        if (book.isPartial || seq < book.first) continue;
        return this.wrong(`Room ${book.roomId} has ${seq} at a node, which is not stored: ${text}`);
      }
      if (book.checked.has(seq)) return;
      const wrong = book.take(seq, text);
      if (typeof wrong === "string") return this.wrong(`In room ${book.roomId}, ${wrong}`);
      book.checked.add(seq);
    }
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
    if ("body" in entry) {
      const mark = markOf(entry.body);
      this.places.set(mark, [...this.places.get(mark) ?? [], { epoch: book.epoch, seq }]);
    }
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
          if (unseen === true && "body" in draft && isAlive()) {
            this.places.set(markOf(draft.body), [{ epoch: "", seq }]);
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
