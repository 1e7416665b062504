/**
 * One room: its log, and the members that read it, each a cursor.
 *
 * @module
 */

import type { MemberInfo } from "../../protocol/frames.ts";
import type { Author } from "../../protocol/moderation.ts";
import { described, type Roster } from "../../protocol/roster.ts";
import { Batches, CATCH_UP_BYTES, MAX_ENTRIES_BYTES, type PlainSteps } from "../log/batches.ts";
import { FairShare } from "../limits/fair_share.ts";
import type { Charter } from "../authority/charter.ts";
import type { MessageStates } from "../log/message_states.ts";
import type { Log } from "../log/log.ts";
import { SlowMode } from "./slow_mode.ts";
import type { StoredRoom } from "../store/store.ts";

/**
 * The most bytes that the runtime may keep for all members of a room. It keeps for each as much as
 * the largest frame that it was ever sent: so the more members there are, the smaller the frames.
 */
const MOST_KEPT_BYTES = 16_777_216;

/** The most frames of the moment in a round. */
const MOST_PASSING = 8;

/** The time for which one of them is enough, in milliseconds for each member, and the time that may be used up at once. */
const PASSING_MS = 0.25;
const PASSING_BURST_MS = 1_000;

/** The part of the log that a room may owe before it is served at once: see {@linkcode Room.owing}. */
export const OWING_AT_MOST = 0.5;

/** The least number of members in a room that may be unable to keep up. */
const CROWD = 16;

/** The most that a room may owe all its members: UTF-16 units, and frames to plain members. */
const MOST_UNITS = 67_108_864;
const MOST_PLAIN_FRAMES = 32_768;

/** The length of an entry without its body, about, in UTF-16 units. */
const ENTRY_UNITS = 128;

/** A client as its rooms know it. */
export interface Person {
  /** The public id. */
  readonly id: string;
  /** The name that others see. */
  name: string | undefined;
  /** The `sub` of the client, where that is proved. */
  readonly sub?: string | undefined;
  /** Set where a token says that it is a program. */
  readonly bot?: true | undefined;
  /** The places up to which it has read rooms, where they are known. */
  readonly markers?: { seqIn(roomId: string, log: Log): number } | undefined;
  /** The rooms that it is in; one unless given. */
  readonly rooms?: { readonly size: number };
}

/** The socket behind a member, as far as a room may know it. */
export interface Outlet {
  /** `true` where it speaks the plain protocol: one frame an entry. */
  readonly plain: boolean;
  /** `true` where it can take more. Else cursors stay until it can. */
  ready: boolean;
  /** `true` where nothing waits in it. */
  readonly idle: boolean;
  /** Sends one text frame, whose length in UTF-8 is `bytes`; it is counted unless given. */
  send(text: string, bytes?: number): void;
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

/** A person in a room, with its cursor. */
export class Member {
  // These two come first, for the caches' sake: see `Connection`.
  /** The `seq` of the last entry it was sent. */
  cursor: number;
  /** The socket that its entries go to; none while it is away. Set by {@linkcode Room.enter} and {@linkcode Room.unseat}. */
  outlet: Outlet | undefined = undefined;
  /** The client. */
  readonly person: Person;
  /** The room that it is in. */
  readonly room: Room;
  /** The time when it was connected here, on the monotonic clock in milliseconds; set by {@linkcode Room.enter}. */
  since = 0;
  /** The time when it loses its place if it is still away, on the same clock. */
  awayUntil = 0;
  /** The time until which the others know that it is typing, on the same clock. */
  typedUntil = 0;
  #joined: number | undefined;
  /** The author that it is here, where more is known of it than its client id. */
  author: Author | undefined;
  /** The link by which it comes back; none where it came without one. */
  link: string | undefined;
  /** `true` where it went without a word to the others, who still take it for present. */
  paused = false;
  /** The place in `room.members`. */
  index: number;
  /** `true` where it speaks the plain protocol. */
  readonly plain: boolean;

  /** Made by {@linkcode Room.add} only. */
  constructor(person: Person, room: Room, index: number, plain: boolean) {
    this.plain = plain;
    this.person = person;
    this.room = room;
    this.cursor = room.log.head;
    this.index = index;
  }

  /** The `seq` behind which its membership began, as far as the log still shows it. */
  get joined(): number {
    return this.#joined ??= joinedIn(this.room.log, this.person.id);
  }

  /** Notes that its membership begins behind a `seq`. */
  set joined(seq: number) {
    this.#joined = seq;
  }
}

/**
 * The `seq` before the newest `join` of a client in a log. One whose `join` the log does not have any
 * more joined before all that it has.
 */
function joinedIn(log: Log, id: string): number {
  for (let i = log.size - 1; i >= 0; i--) {
    const { seq, text } = log.at(i);
    if (!text.includes('"join"')) continue;
    const { event, from } = JSON.parse(text);
    if (event === "join" && from === id) return seq - 1;
  }
  return log.tail;
}

/** Frames of the moment, each with the person that it is about. */
type Passing = ReadonlyMap<string, Person | undefined>;

const NOTHING_PASSING: Passing = new Map();

/** One walk over the members of a room. Each is sent the entries between its cursor and a head that is fixed. */
export class Round {
  /** The frames of entries, each made once for all members. */
  readonly batches: Batches;
  /** The part of the log that somebody may need until it is over. */
  readonly part: number;
  /** The frames of the moment that the members are sent besides. */
  readonly passing: Passing;
  /** The share that its entries take of what a room may owe: see {@linkcode Room.admit}. */
  readonly taken: number;
  /** The member that was sent the frames of the moment last. */
  passedTo: Member | undefined;
  /** The index of the member whose turn it is. All before it are done. */
  next = 0;

  /** Made by {@linkcode Room.begin} only. */
  constructor(batches: Batches, part: number, taken: number, passing: Passing) {
    this.batches = batches;
    this.part = part;
    this.taken = taken;
    this.passing = passing;
  }
}

/** A room: its log, and the members that read it. */
export class Room {
  /** The id that people give each other to meet here. */
  readonly id: string;
  /** The name that its maker gave it. */
  readonly name: string;
  /** The proof of its name, for a server that has lost the room; none where nobody could check it. */
  readonly token: string | undefined;
  /** The newest entries. */
  readonly log: Log;
  /** The members at the head of the log, wherever they are connected. */
  readonly roster: Roster;
  /** The present states of its messages; undefined where its store does not know them. */
  readonly states: MessageStates | undefined;
  /** `true` where other processes can have members in it. */
  readonly shared: boolean;
  /** The members that are connected here, or were, in no order. It is an array, as the pump walks it for each message. */
  readonly members: Member[] = [];
  /** The time when its last member left, on the monotonic clock in milliseconds; undefined while there are any. */
  emptySince: number | undefined;
  /** Set once the room was deleted. Its members are told so at their next word. */
  gone = false;
  readonly #stored: StoredRoom;
  readonly #changed: ((room: Room) => void) | undefined;
  #slow: SlowMode | undefined;
  #maker: string | undefined;
  #alone: boolean;
  #here = 0;
  #stayed = 0;
  #round: Round | undefined;
  /** The share of what the room may owe that was taken since the round began. */
  #taken = 0;
  #share: FairShare<Person> | undefined;
  /** The head up to which a round has begun, and when the first and last entry behind it were heard. */
  #begunUpTo: number;
  #heardFrom = 0;
  #heardTo = 0;
  #quiet = false;
  /** The number of plain members. Each entry goes to each of them in a frame of its own. */
  #plain = 0;
  // The entries that are owed, as plain members see them. One that is refused something is sent all at once.
  #steps: PlainSteps | undefined;
  // The frames of the moment that wait for the next round; nearly always none.
  #passing: Map<string, Person | undefined> | undefined;
  // The time until which the members have had enough of them, on the monotonic clock in milliseconds.
  #passedUpTo = 0;

  /**
   * Opens a room with nobody here in it, at the monotonic time `now`. It calls `changed` when the
   * first member is connected or the last one is not any more, and when somebody else than its maker
   * comes in.
   */
  constructor(
    stored: StoredRoom,
    now: number,
    token?: string,
    changed?: (room: Room) => void,
  ) {
    const { id, name, log, roster, shared } = stored;
    this.#stored = stored;
    this.#changed = changed;
    this.#begunUpTo = log.head;
    this.#alone = shared !== true && log.head === 0;
    this.id = id;
    this.token = token;
    this.name = name;
    this.log = log;
    this.roster = roster;
    this.states = stored.states;
    this.shared = shared === true;
    this.emptySince = now;
  }

  /** The time that its members wait between two messages. */
  get slow(): SlowMode {
    return this.#slow ??= new SlowMode(this.log);
  }

  /** The settings and roles at the head of the log; undefined where the store knows of none. */
  get charter(): Charter | undefined {
    return this.#stored.charter;
  }

  /** `true` where nobody but its maker was ever in it. Nobody else would miss it. */
  get alone(): boolean {
    return this.#alone;
  }

  /** The number of members that are connected. Those that are away count for nothing but their place. */
  get here(): number {
    return this.#here;
  }

  /**
   * The time that members stayed here who are not connected any more, in milliseconds, added up. Of
   * a client in several rooms each room counts a part of its time.
   */
  get stayed(): number {
    return this.#stayed;
  }

  /** Says whether more than `limit` members are connected, here or at other processes. */
  hasMoreThan(limit: number): boolean {
    if (!this.shared || this.#here > limit) return this.#here > limit;
    if (this.roster.members.size <= limit) return false;
    return [...this.roster.members.values()].filter(({ away }) => !away).length > limit;
  }

  /** `true` where it was too large to log who comes and goes, and has not been empty since. */
  get quiet(): boolean {
    return this.#quiet || this.roster.quiet;
  }

  /** Makes it quiet before its log says so. No presence may follow that entry. */
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
   * where it was unless it asks for more, as the pump may owe it something. Nobody is placed before
   * the `seq` `floor`.
   *
   * Says whether all is still there that comes behind `after`; `undefined` where nobody asks for that.
   */
  enter(
    member: Member,
    outlet: Outlet,
    now: number,
    { last, after, epoch }: Start = {},
    floor = 0,
  ): boolean | undefined {
    const { log } = this;
    if (member.outlet === undefined) {
      member.cursor = log.head;
      member.since = now;
      if (this.#here++ === 0) this.#changed?.(this);
    }
    member.outlet = outlet;
    if (!(member.cursor <= log.head)) {
      throw new RangeError(`Cannot read behind ${member.cursor}: the log is at ${log.head}`);
    }
    const recovers = after !== undefined && epoch === log.epoch && log.reaches(after) &&
      after >= floor;
    const start = recovers ? after : last === undefined ? log.head : log.cursorBefore(last);
    member.cursor = Math.min(member.cursor, Math.max(start, floor));
    return after === undefined ? undefined : recovers;
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
      // Members that are done stay before the others, so that the round passes nobody over.
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

  /** The members as `person` is told of them when it comes in, with itself; none where the room is quiet. */
  membersFor(person: Person): MemberInfo[] {
    if (this.quiet) return [];
    const members = new Map(this.roster.members);
    members.set(person.id, { client_id: person.id, ...described(person) });
    return [...members.values()];
  }

  /** The walk over the members that has begun. */
  get round(): Round | undefined {
    return this.#round;
  }

  /**
   * The part of the log that a member here may not have been sent, though it could take it. From 1 on
   * the log may have dropped entries that are needed.
   */
  get owing(): number {
    return this.log.fresh + (this.#round?.part ?? 0);
  }

  /**
   * Takes a place for a message of `units` UTF-16 units, and returns 0. Or returns, in a room that is
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

  /** The frames for members that are behind, up to the present head. */
  batches(): Batches {
    const steps = this.#plainSteps();
    return new Batches(this.id, this.log, CATCH_UP_BYTES, steps, this.states);
  }

  /** Notes that its log has grown by an entry that was heard at the monotonic time `now`. */
  heard(now: number): void {
    if (this.#heardFrom === 0) this.#heardFrom = now;
    this.#heardTo = now;
  }

  /** Begins a round up to the present head. There must be none. */
  begin(): Round {
    const { log } = this;
    const heard = { after: this.#begunUpTo, from: this.#heardFrom, to: this.#heardTo };
    const batches = new Batches(
      this.id,
      log,
      entriesBytes(this.#here),
      this.#plainSteps(),
      undefined,
      heard,
    );
    this.#begunUpTo = log.head;
    this.#heardFrom = 0;
    this.#round = new Round(batches, log.fresh, this.#taken, this.#passing ?? NOTHING_PASSING);
    log.fresh = 0;
    this.#taken = 0;
    this.#passing = undefined;
    return this.#round;
  }

  /** Ends the round, and lets go of its frames. */
  end(): void {
    // Text weighs more as bytes, and is counted as bytes only when it is read.
    if (this.#round?.batches.head === this.log.head) this.log.fresh = 0;
    this.#round = undefined;
    this.#steps = undefined;
  }

  /** The steps for plain members, which are kept as long as the room owes somebody something. */
  #plainSteps(): PlainSteps | undefined {
    if (this.#plain === 0 || this.owing === 0) return undefined;
    return this.#steps ??= new Map();
  }

  /**
   * Takes a frame of the moment into the next round, and says whether it did. The frame is dropped
   * where the members are behind with entries, or would be sent more such frames than they need.
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

/** The most bytes of entries in a frame of a room with that number of `members`: the runtime keeps a frame for each. */
function entriesBytes(members: number): number {
  return Math.max(CATCH_UP_BYTES / 4, Math.min(MAX_ENTRIES_BYTES, MOST_KEPT_BYTES / members));
}
