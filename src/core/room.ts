/**
 * One room: its log, and the members that read it, each a cursor.
 *
 * @module
 */

import type { MemberInfo } from "../protocol/frames.ts";
import type { Roster } from "../protocol/roster.ts";
import { Batches, CATCH_UP_BYTES, MAX_ENTRIES_BYTES, type PlainSteps } from "./batches.ts";
import { FairShare } from "./fair_share.ts";
import type { Log } from "./log.ts";
import type { StoredRoom } from "./store.ts";

/**
 * What the runtime may keep for all members of a room, which is as much for each as the largest
 * frame it was ever sent: the more there are, the smaller their frames.
 */
const MOST_KEPT_BYTES = 16_777_216;

/** How many frames of the moment a round has at the most. */
const MOST_PASSING = 8;

/** For how long each of them is enough, in milliseconds for each member, and how much may come at once. */
const PASSING_MS = 0.25;
const PASSING_BURST_MS = 1_000;

/** A part of the log that nobody may wait for: see {@linkcode Room.owing}. */
export const OWING_AT_MOST = 0.5;

/** In rooms of fewer members nothing said is more than they can be sent. */
const CROWD = 16;

/** What a room may owe its members together: UTF-16 units, and frames to those of the plain dialect. */
const MOST_UNITS = 67_108_864;
const MOST_PLAIN_FRAMES = 32_768;

/** About as much as an entry has beside its body, in UTF-16 units. */
const ENTRY_UNITS = 128;

/** A client as its rooms know it. */
export interface Person {
  /** The public id. */
  readonly id: string;
  /** How others see it. */
  name: string | undefined;
  /** Where it is a member; in one room unless given. */
  readonly rooms?: { readonly size: number };
}

/** Where a member's frames go: the socket behind it, as far as a room may know it. */
export interface Outlet {
  /** Whether it speaks the plain protocol: one frame an entry. */
  readonly plain: boolean;
  /** Whether it can take more; where not, cursors stay until it can. */
  readonly ready: boolean;
  /** Whether it waits for nothing at all to be taken. */
  readonly idle: boolean;
  /** Sends one text frame. */
  send(text: string): void;
}

/** The place in a log where somebody who comes in wants to begin to read; the head unless given. */
export interface Start {
  /** The number of entries of history to begin with. */
  readonly last?: number;
  /** The `seq` of the last entry that was read; it means something in this epoch only. */
  readonly after?: number;
  /** The log's epoch at that time. */
  readonly epoch?: string;
}

/** A person in a room, and how far it has read. */
export class Member {
  // These two come first, see `Connection`.
  /** The `seq` of the last entry it was sent. */
  cursor: number;
  /** Where its entries go; none while it is away. Set by {@linkcode Room.enter} and {@linkcode Room.unseat}. */
  outlet: Outlet | undefined = undefined;
  /** Who it is. */
  readonly person: Person;
  /** Where it is. */
  readonly room: Room;
  /** When it was connected here, on the monotonic clock in milliseconds; set by {@linkcode Room.enter}. */
  since = 0;
  /** How long it keeps its place while it is away, on the monotonic clock in milliseconds. */
  awayUntil = 0;
  /** Until when it tells nobody again that it is typing, on the same clock. */
  typedUntil = 0;
  /** Whether it went without a word to the others, who still take it for present. */
  paused = false;
  /** The place in `room.members`. */
  index: number;
  /** Whether it speaks the plain protocol. */
  readonly plain: boolean;

  /** Made by {@linkcode Room.add} only. */
  constructor(person: Person, room: Room, index: number, plain: boolean) {
    this.plain = plain;
    this.person = person;
    this.room = room;
    this.cursor = room.log.head;
    this.index = index;
  }
}

/** Frames of the moment, and whom each is about. */
type Passing = ReadonlyMap<string, Person | undefined>;

const NOTHING_PASSING: Passing = new Map();

/** One walk over the members of a room: each is sent what lies between its cursor and a head that is fixed. */
export class Round {
  /** What they are sent, made once for all of them. */
  readonly batches: Batches;
  /** Which part of the log somebody may need until it is over. */
  readonly part: number;
  /** The frames of the moment that the members are sent besides, and whom each is about. */
  readonly passing: Passing;
  /** What those that it is about take of what a room may owe: see {@linkcode Room.admit}. */
  readonly taken: number;
  /** The member that was sent those last. */
  passedTo: Member | undefined;
  /** The index of the member whose turn it is; those before it are done. */
  next = 0;

  /** Made by {@linkcode Room.begin} only. */
  constructor(batches: Batches, part: number, taken: number, passing: Passing) {
    this.batches = batches;
    this.part = part;
    this.taken = taken;
    this.passing = passing;
  }
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
  readonly #changed: ((room: Room) => void) | undefined;
  #maker: string | undefined;
  #alone: boolean;
  #here = 0;
  #stayed = 0;
  #round: Round | undefined;
  /** What has been taken of what the room may owe since the round began. */
  #taken = 0;
  #share: FairShare | undefined;
  #quiet = false;
  /** How many members speak the plain protocol: each entry goes to each of them in a frame of its own. */
  #plain = 0;
  // What is owed, as plain members see it: one who is refused something is sent all of it at once.
  #steps: PlainSteps | undefined;
  // The frames of the moment that wait for the next round, and whom each is about; nearly always none.
  #passing: Map<string, Person | undefined> | undefined;
  // Up to when the members have had enough of them, on the monotonic clock in milliseconds.
  #passedUpTo = 0;

  /**
   * Opens a room, with nobody here in it, at the monotonic time `now`. It says when it has `changed`:
   * in whether anybody is connected, or in whether it is its maker's alone.
   */
  constructor(
    { id, name, log, roster, shared }: StoredRoom,
    now: number,
    token?: string,
    changed?: (room: Room) => void,
  ) {
    this.#changed = changed;
    this.#alone = shared !== true && log.head === 0;
    this.id = id;
    this.token = token;
    this.name = name;
    this.log = log;
    this.roster = roster;
    this.shared = shared === true;
    this.emptySince = now;
  }

  /** Whether nobody but its maker was ever in it: nobody else would miss it. */
  get alone(): boolean {
    return this.#alone;
  }

  /** How many of its members are connected. Those who are away count for nothing but their place. */
  get here(): number {
    return this.#here;
  }

  /**
   * How long people have stayed here who are not connected any more, added up, in milliseconds: of
   * somebody in several rooms it is a part of the time.
   */
  get stayed(): number {
    return this.#stayed;
  }

  /** Whether more than so many are in it and connected, wherever that is. */
  hasMoreThan(limit: number): boolean {
    if (!this.shared || this.#here > limit) return this.#here > limit;
    if (this.roster.members.size <= limit) return false;
    return [...this.roster.members.values()].filter(({ away }) => !away).length > limit;
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
  add(person: Person, plain = false): Member {
    const member = new Member(person, this, this.members.length, plain);
    this.members.push(member);
    if (plain) this.#plain++;
    this.emptySince = undefined;
    this.#maker ??= person.id;
    if (this.#alone && this.#maker !== person.id) {
      this.#alone = false;
      this.#changed?.(this);
    }
    return member;
  }

  /**
   * Connects a member, at the monotonic time `now`, and places its cursor: from there on the pump
   * moves it. History is a cursor that starts earlier. A member that is connected already goes on
   * where it was unless it asks for more, as the pump may owe it something.
   *
   * Says whether all is still there that comes behind `after`; `undefined` where nobody asks for that.
   */
  enter(
    member: Member,
    outlet: Outlet,
    now: number,
    { last, after, epoch }: Start = {},
  ): boolean | undefined {
    const { log } = this;
    if (member.outlet === undefined) {
      member.cursor = log.head;
      member.since = now;
      if (this.#here++ === 0) this.#changed?.(this);
    }
    member.outlet = outlet;
    if (last !== undefined) member.cursor = Math.min(member.cursor, log.cursorBefore(last));
    if (after === undefined) return undefined;
    const recovers = epoch === log.epoch && log.reaches(after);
    if (recovers) member.cursor = after;
    return recovers;
  }

  /** Ends the connection of a member, which keeps its place, at the monotonic time `now`. */
  unseat(member: Member, now: number): void {
    if (member.outlet === undefined) return;
    member.outlet = undefined;
    this.#stayed += (now - member.since) / Math.max(1, member.person.rooms?.size ?? 1);
    if (--this.#here === 0) this.#changed?.(this);
  }

  /** Removes a member of this room in constant time. */
  remove(member: Member, now: number): void {
    if (this.members[member.index] !== member) {
      throw new RangeError(`Cannot remove from room ${this.id}: ${member.person.id} is not in it`);
    }
    this.unseat(member, now);
    let hole = member.index;
    const round = this.#round;
    if (round !== undefined && hole < round.next) {
      // Who is done stays before who is not, so that the round passes nobody over.
      hole = this.#place(this.members[--round.next]!, hole);
    }
    if (member.plain) this.#plain--;
    const last = this.members.pop()!;
    if (hole < this.members.length) this.#place(last, hole);
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

  /** The walk over the members that has begun. */
  get round(): Round | undefined {
    return this.#round;
  }

  /**
   * Which part of the log somebody here may not have been sent yet, who can take it: at 1 and above
   * the log may have forgotten what is needed.
   */
  get owing(): number {
    return this.log.fresh + (this.#round?.part ?? 0);
  }

  /**
   * Takes a place for a message of so many UTF-16 `units`, and returns 0; or, in a room that is
   * behind, the milliseconds for which its author should wait. See {@linkcode FairShare}.
   */
  admit(author: Person, units: number, now: number): number {
    if (this.#here < CROWD) return 0;
    const size = units + ENTRY_UNITS;
    const amount = Math.max(
      this.log.partOf(size) / OWING_AT_MOST,
      size * this.#here / MOST_UNITS,
      this.#plain / MOST_PLAIN_FRAMES,
    );
    const taken = this.#taken + (this.#round?.taken ?? 0);
    const owed = Math.max(taken, this.owing / OWING_AT_MOST);
    this.#share ??= new FairShare();
    const wait = this.#share.take(author, amount, owed, now);
    if (wait === 0) this.#taken += amount;
    return wait;
  }

  /** What those who are behind are sent, made anew for each time, and for all of them. */
  batches(): Batches {
    return new Batches(this.id, this.log, CATCH_UP_BYTES, this.#plainSteps());
  }

  /** Begins a round, of all that is there now. There must be none. */
  begin(): Round {
    const { log } = this;
    const batches = new Batches(this.id, log, entriesBytes(this.#here), this.#plainSteps());
    this.#round = new Round(batches, log.fresh, this.#taken, this.#passing ?? NOTHING_PASSING);
    log.fresh = 0;
    this.#taken = 0;
    this.#passing = undefined;
    return this.#round;
  }

  /** Ends the round, and lets go of what was put together for it. */
  end(): void {
    // What was text weighs more as bytes, and is counted so only when it is read.
    if (this.#round?.batches.head === this.log.head) this.log.fresh = 0;
    this.#round = undefined;
    this.#steps = undefined;
  }

  /** What is kept for plain members from one time to the next, as long as the room owes somebody something. */
  #plainSteps(): PlainSteps | undefined {
    if (this.#plain === 0 || this.owing === 0) return undefined;
    return this.#steps ??= new Map();
  }

  /**
   * Takes a frame of the moment into the next round; says whether it does. It is dropped where the
   * members are behind with what is said, or would be sent more of such frames than they need.
   */
  pass(text: string, about: Person | undefined, now: number): boolean {
    const waiting = this.#passing?.size ?? 0;
    if (this.quiet || this.#round !== undefined || waiting >= MOST_PASSING) return false;
    if (this.#passedUpTo > now + PASSING_BURST_MS || this.#passing?.has(text)) return false;
    this.#passedUpTo = Math.max(this.#passedUpTo, now) + this.#here * PASSING_MS;
    (this.#passing ??= new Map()).set(text, about);
    return true;
  }

  /** Puts a member where another one was, and returns where it was itself. */
  #place(member: Member, index: number): number {
    const before = member.index;
    this.members[index] = member;
    member.index = index;
    return before;
  }
}

/** How much of entries may be in a frame for so many members: what is kept for them all has a bound. */
function entriesBytes(members: number): number {
  return Math.max(CATCH_UP_BYTES / 4, Math.min(MAX_ENTRIES_BYTES, MOST_KEPT_BYTES / members));
}
