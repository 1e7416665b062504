// This module is pure: no sockets, no clock, no Deno.

/**
 * One room: its log, and the members that read it, each a cursor.
 *
 * @module
 */

import { encodeEntries, encodePlainEntry } from "./encode.ts";
import type { Log } from "./log.ts";
import type { MemberInfo } from "./protocol.ts";
import type { Roster } from "./roster.ts";
import type { StoredRoom } from "./store/store.ts";

/**
 * How much of entries may be in a frame that has more than one. They are counted in UTF-16 units as
 * long as nobody has read them: each is at most three bytes, and a single entry may be larger still,
 * so that no frame has more bytes than `MAX_FRAME_CHARS` of protocol.ts says.
 */
export const MAX_ENTRIES_BYTES = 131_072;

/**
 * The same in the frames in which a member that is behind catches up. The runtime keeps for each
 * connection a buffer as large as the largest frame it was sent, for as long as it lives: with all
 * history in one frame, a member of a room with 1,000 short messages took 159 KiB, and takes 52.
 * For what is new, smaller frames would cost more than they save (measured: 13 % with 256 messages
 * in flight in each of 32 rooms).
 */
export const CATCH_UP_BYTES = 16_384;

/** A client as its rooms know it. */
export interface Person {
  /** The public id. */
  readonly id: string;
  /** How others see it. */
  name: string | undefined;
}

/** Where a member's frames go: the socket behind it, as far as a room may know it. */
export interface Outlet {
  /** Whether it speaks the plain protocol: one frame an entry. */
  readonly plain: boolean;
  /** Whether it can take more; where not, cursors stay until it can. */
  readonly ready: boolean;
  /** Sends one text frame. */
  send(text: string): void;
}

/** A person in a room, and how far it has read. */
export class Member {
  // These two come first, see `Connection`.
  /** The `seq` of the last entry it was sent. */
  cursor: number;
  /** Where its entries go; none while it is away. */
  outlet: Outlet | undefined = undefined;
  /** Who it is. */
  readonly person: Person;
  /** Where it is. */
  readonly room: Room;
  /** How long it keeps its place while it is away, on the monotonic clock in milliseconds. */
  awayUntil = 0;
  /** Whether it went without a word to the others, who still take it for present. */
  paused = false;
  /** The place in `room.members`. */
  index: number;

  /** Made by {@linkcode Room.add} only. */
  constructor(person: Person, room: Room, index: number) {
    this.person = person;
    this.room = room;
    this.cursor = room.log.head;
    this.index = index;
  }
}

/** Entries put together for everybody at the same cursor. */
export interface Batch {
  /** The cursor before it. */
  readonly after: number;
  /** The frame. */
  readonly frame: string;
  /** The `seq` of the last entry in it. */
  readonly upTo: number;
}

/** One entry for plain members. */
export interface PlainStep {
  /** What they see of it, and whose it is; `null` where they see nothing. */
  readonly entry: { from: string; text: string } | null;
  /** Its `seq`. */
  readonly upTo: number;
}

/** A room: who is in it, and what was said. */
export class Room {
  /** What people give each other to meet here. */
  readonly id: string;
  /** How it is called. */
  readonly name: string;
  /** What shows a server that has lost the room that it is called so; none where nobody could check it. */
  readonly token: string | undefined;
  /** What was said, newest part. */
  readonly log: Log;
  /** Who is in it at the head of the log, wherever they are connected. */
  readonly roster: Roster;
  /** Whether other processes can have members in it. */
  readonly shared: boolean;
  /** Everybody in it that is connected here, or was, in no order: an array, because the pump walks it for each message. */
  readonly members: Member[] = [];
  /** When its last member left, on the monotonic clock in milliseconds; undefined while there are any. */
  emptySince: number | undefined;
  /** Set once the room was deleted: who was in it is told so at the next word. */
  gone = false;
  #quiet = false;
  // The batch asked for last: members at the same cursor, nearly always all of them, share it.
  #batch: Batch | undefined;
  #batchHead = 0;
  // All batches to the same head, by the cursors before them, where it takes more than one.
  readonly #batches = new Map<number, Batch>();
  // The entries as plain clients see them, by the cursors before them, as far as they were asked for.
  readonly #plain = new Map<number, PlainStep>();

  /** Opens a room, with nobody here in it, at the monotonic time `now`. */
  constructor({ id, name, log, roster, shared }: StoredRoom, now: number, token?: string) {
    this.id = id;
    this.token = token;
    this.name = name;
    this.log = log;
    this.roster = roster;
    this.shared = shared === true;
    this.emptySince = now;
  }

  /** Whether it has been too large to log who comes and goes, and has not been empty since. */
  get quiet(): boolean {
    return this.#quiet || this.roster.quiet;
  }

  /** Makes it quiet before its log says so: nothing may be told behind that. */
  hush(): void {
    this.#quiet = true;
  }

  /** Adds a person, which must not be in the room, with its cursor at the head. */
  add(person: Person): Member {
    const member = new Member(person, this, this.members.length);
    this.members.push(member);
    this.emptySince = undefined;
    return member;
  }

  /** Removes a member of this room in constant time. */
  remove(member: Member, now: number): void {
    const last = this.members.pop();
    if (last === undefined) throw new RangeError(`Cannot remove from room ${this.id}: it is empty`);
    if (last !== member) {
      this.members[member.index] = last;
      last.index = member.index;
    }
    if (this.members.length === 0) {
      this.emptySince = now;
      if (this.quiet && !this.shared) {
        this.#quiet = false;
        this.roster.reset();
      }
    }
  }

  /** Everybody in the room as `person` is told who comes in; nobody where the room is quiet. */
  membersFor({ id, name }: Person): MemberInfo[] {
    if (this.quiet) return [];
    const members = new Map(this.roster.members);
    members.set(id, { client_id: id, ...(name === undefined ? {} : { name }) });
    return [...members.values()];
  }

  /**
   * Everything behind `cursor`, as one frame, or as much of it as one of so many `bytes` may hold.
   * The cursor must be one that the log reaches, and older than its head. Members at the same
   * cursor get the same string, whoever asked for it first.
   */
  batchAfter(cursor: number, bytes = MAX_ENTRIES_BYTES): Batch {
    const { head } = this.log;
    if (this.#batchHead !== head) {
      this.#forgetBatches();
      this.#batchHead = head;
    }
    if (this.#batch?.after !== cursor) {
      this.#batch = this.#batches.get(cursor) ?? this.#makeBatch(cursor, bytes);
    }
    return this.#batch;
  }

  /** Lets go of what was put together: everybody who was in time has got it. */
  settle(): void {
    this.#forgetBatches();
    if (this.#plain.size > 0) this.#plain.clear();
  }

  /** The entry behind `cursor`, as plain clients see it; made once for all of them. */
  plainAfter(cursor: number): PlainStep {
    let step = this.#plain.get(cursor);
    if (step === undefined) {
      const { text, upTo } = this.log.after(cursor, 0);
      step = { entry: encodePlainEntry(text), upTo };
      this.#plain.set(cursor, step);
    }
    return step;
  }

  #forgetBatches(): void {
    this.#batch = undefined;
    if (this.#batches.size > 0) this.#batches.clear();
  }

  #makeBatch(cursor: number, bytes: number): Batch {
    const { text, upTo } = this.log.after(cursor, bytes);
    const batch = { after: cursor, frame: encodeEntries(this.id, text), upTo };
    if (upTo < this.log.head || this.#batches.size > 0) this.#batches.set(cursor, batch);
    return batch;
  }
}
