/**
 * Clients over all their connections: who they are, where they are members, and
 * how many of their messages were taken.
 *
 * @module
 */

import { ChatError, roomGone, stacklessError } from "../../protocol/errors.ts";
import type { Principal } from "../authority/authority.ts";
import { newClientId, normalizeRoomId, type RandomBytes, sameSecret } from "../authority/ids.ts";
import type { PersonMarkers } from "./markers.ts";
import { Memberships } from "./memberships.ts";
import { judge } from "./numbers.ts";
import { type CheckedProof, principalOf } from "../authority/proof.ts";
import type { Quota } from "./quota.ts";
import { type Rate, TokenBucket } from "../limits/rate_limit.ts";
import type { Member, Outlet, Person, Room } from "./room.ts";
import type { StoredClient } from "../store/store.ts";

/** A connection, as the hub knows it. The hub alone sets `session`. */
export interface Peer extends Outlet {
  /** Who speaks here; none before `hello`, and none again once the hub has let go of it. */
  session: Session | undefined;
  /** The share of the address that it comes from; none where that is not limited. */
  readonly quota?: Quota | undefined;
  /** The proof of whoever speaks here: set before `hello` is received, and by a new token. */
  proof?: CheckedProof | undefined;
}

/** A client: the same one for as long as it comes back within the grace time. */
export class Session implements Person {
  readonly id: string;
  name: string | undefined;
  /** Who it is in rooms, where more is known than its id. */
  principal: Principal | undefined;
  /** Who it is, where a token has proved that: then it is the same for as long as it lives. */
  sub: string | undefined;
  /** Set where a token says that it is a program. */
  bot: true | undefined;
  /** When that was said, in milliseconds since 1970; 0 where nothing is proved. */
  provedAt = 0;
  /** Where it is a member. A plain client is in one room at most. */
  readonly rooms: Memberships = new Memberships();
  /** The number of its last message that was taken. */
  n = 0;
  /** The greatest number that was ever taken: more a store cannot have heard of. */
  said = 0;
  /**
   * Its messages behind `n` up to this one may be in a log as well: stored by another process, or
   * on the way to a store that did not answer. 0 where that cannot be.
   */
  doubtUpTo = 0;
  /** Set where it has come in at another process since it was here. */
  elsewhere = false;
  /** The connection it speaks on; none while it is away. */
  peer: Peer | undefined;
  /** When it was last heard, on the monotonic clock in milliseconds. */
  seenAt = 0;
  /** When it came back last, on the same clock. */
  resumedAt = -Infinity;
  /** The rate that it has left. */
  readonly budget: TokenBucket;
  /** The share of the address that it connected from last; none where that is not limited. */
  quota: Quota | undefined;
  /** The read markers of the person that it belongs to; undefined before they were asked for. */
  markers: PersonMarkers | undefined;

  /** The time that it was connected since it came into rooms, over all its connections, in milliseconds. */
  stayed = 0;

  /** The party that says who it is; empty where there is none. */
  #issuer = "";
  /** Since when that counts for its present connection. */
  #enteredAt: number | undefined;
  /** Set once it has numbered a message. */
  #numbers = false;
  /** Set where one with a number was refused since the last that was taken. */
  #stumbled = false;

  /** Made by {@linkcode Sessions} only. */
  constructor(client: StoredClient, budget: TokenBucket) {
    this.id = client.id;
    this.name = client.name;
    this.budget = budget;
    this.recount(client);
  }

  /**
   * The person that it belongs to: clients with the same subject, proved by the same issuer, are one. No
   * client id has a colon, and the length tells where the issuer ends.
   */
  get person(): string {
    if (this.principal?.proven !== true) return this.id;
    const { sub } = this.principal;
    const issuer = this.#issuer;
    return issuer === "" ? `sub:${sub}` : `iss:${issuer.length}:${issuer}:${sub}`;
  }

  /** The membership in the room that `roomId` may mean; nearly always it is written as we write it. */
  roomOf(roomId: string): Member | undefined {
    return this.rooms.get(roomId) ?? this.rooms.get(normalizeRoomId(roomId));
  }

  /**
   * The membership that a frame of `peer`, its connection, is about; `otherwise` is what plain
   * clients are told where there is none.
   *
   * @throws {ChatError} where it is in no such room.
   */
  memberOf({ plain }: Peer, roomId?: string, otherwise?: string): Member {
    const member = plain ? this.rooms.any : this.roomOf(roomId ?? "");
    if (member === undefined || member.outlet === undefined && !member.room.gone) {
      const message = plain ? otherwise : undefined;
      throw stacklessError("not_in_room", message ?? `Not in room ${roomId}: join it first`);
    }
    if (member.room.gone) {
      this.rooms.delete(member.room.id);
      throw roomGone();
    }
    return member;
  }

  /** Gives it a place in a room that it has just been added to, at the monotonic time `now`. */
  enter(member: Member, now: number): void {
    this.rooms.add(member);
    this.#enteredAt ??= now;
  }

  /** Takes its place in a room away, if it has one there. */
  leave(room: Room): void {
    if (this.rooms.get(room.id)?.room === room) this.rooms.delete(room.id);
  }

  /**
   * Looks whether it may come into a room on `peer`, its connection, where it may be in `most`.
   *
   * @throws {ChatError} where it may not.
   */
  checkRooms({ plain }: Peer, most: number, roomId?: string): void {
    if (plain || this.rooms.size < most) return;
    const size = [...this.rooms].filter(({ room }) => !room.gone && room.id !== roomId).length;
    if (size < most) return;
    throw stacklessError("too_many_rooms", `You are in ${size} rooms, at most ${most}`);
  }

  /** Makes `peer` the connection this client speaks on, at the monotonic time `now`. */
  attach(peer: Peer, now: number): void {
    if (this.peer !== undefined) throw new RangeError(`Client ${this.id} has a connection already`);
    this.peer = peer;
    this.quota = peer.quota;
    this.budget.within = peer.quota?.frames;
    peer.session = this;
    this.prove(peer.proof);
    this.arrive(now);
  }

  /** Takes in what is proved of it. */
  prove(proof: CheckedProof | undefined): void {
    this.sub = proof?.sub;
    this.bot = proof?.bot;
    this.#issuer = proof?.issuer ?? "";
    this.principal = proof && principalOf(proof);
    this.provedAt = proof?.issuedAt ?? 0;
  }

  /** Notes that it is at this process, at the monotonic time `now`. */
  arrive(now: number): void {
    this.elsewhere = false;
    this.seenAt = now;
  }

  /** Notes that it has come in at another process, which counts its messages from now on. */
  goElsewhere(now: number): void {
    this.elsewhere = true;
    this.seenAt = now;
  }

  /** `true` where more than its messages up to `n` may be in a log. */
  get doubtful(): boolean {
    return this.doubtUpTo > this.n;
  }

  /**
   * Says whether this client can go on with its numbers, where it has, or needs, no answer any more
   * to its messages up to `n`. One that does not know can where nothing is in doubt.
   */
  canGoOn(n: number | undefined): boolean {
    return n === undefined ? !this.doubtful : n <= Math.max(this.n, this.doubtUpTo);
  }

  /**
   * The number of its next message, where it says that it is `n`.
   *
   * @throws {ChatError} where one before it is missing.
   */
  numberOf(n: number | undefined): number {
    const next = this.n + 1;
    if (n === undefined && this.#stumbled) {
      throw stacklessError("out_of_order", `Message ${next} was refused: send it first`);
    }
    if (n === undefined) return next;
    this.#numbers = true;
    const place = judge(n, this.n);
    if (place instanceof ChatError) throw place;
    return n;
  }

  /** Notes that its messages from `first` to `last` were taken: none before them is missing. */
  take(first: number, last = first): void {
    if (!(first <= this.n + 1)) {
      throw new RangeError(`Message ${first} of ${this.id} leaves a hole behind ${this.n}`);
    }
    this.n = Math.max(this.n, last);
    this.said = Math.max(this.said, last);
    this.#stumbled = false;
  }

  /**
   * Notes that something it said was refused: with a number or without one, or undefined where it
   * could not be read. A message without a number must not take that of a refused one.
   */
  stumble(hadNumber: boolean | undefined): void {
    this.#stumbled ||= hadNumber ?? this.#numbers;
  }

  /** Goes on counting its messages where a store says that it is. */
  recount({ n, doubtUpTo = 0 }: Pick<StoredClient, "n" | "doubtUpTo">): void {
    this.n = n;
    this.doubtUpTo = doubtUpTo;
  }

  /**
   * Notes that what was taken of it last is neither stored nor refused: certain is only what it
   * says itself, that its messages up to `n` are answered.
   */
  doubt(n: number | undefined): void {
    this.doubtUpTo = Math.max(this.doubtUpTo, this.n);
    this.n = Math.min(this.n, n ?? 0);
  }

  /** Takes in that its messages up to `n` are stored or answered, where that was in doubt. */
  settle(n: number): void {
    if (this.doubtful) this.n = Math.max(this.n, n);
  }

  /** Ends the hold of its connection, which it must have. */
  detach(peer: Peer, now: number): void {
    this.peer = undefined;
    this.seenAt = now;
    // Whoever came into a room has stayed for a moment at least.
    if (this.#enteredAt !== undefined) this.stayed += Math.max(1, now - this.#enteredAt);
    this.#enteredAt = undefined;
    peer.session = undefined;
  }
}

/** Signs a client id: whoever does not have the key can neither make a signature nor find one. */
export type Sign = (clientId: string) => string;

/** All clients that are connected, or may still come back. */
export class Sessions {
  readonly #byId = new Map<string, Session>();
  readonly #random: RandomBytes;
  readonly #sign: Sign;
  readonly #rate: Rate;

  /**
   * Makes an empty set; `random` fills arrays for ids, `sign` makes tokens that cannot be guessed,
   * `rate` is what each client may say.
   */
  constructor(random: RandomBytes, sign: Sign, rate: Rate) {
    this.#random = random;
    this.#sign = sign;
    this.#rate = rate;
  }

  /** The number of clients. */
  get size(): number {
    return this.#byId.size;
  }

  /** Makes the session of a new client at the monotonic time `now`. */
  add(now: number): Session {
    return this.restore({ id: newClientId(this.#random), name: undefined, n: 0 }, now);
  }

  /** Takes in a client that was known before, and that is not among these, at the monotonic time `now`. */
  restore(client: StoredClient, now: number): Session {
    if (this.#byId.has(client.id)) throw new RangeError(`Client ${client.id} is here already`);
    const session = new Session(client, new TokenBucket(this.#rate, now));
    this.#byId.set(session.id, session);
    return session;
  }

  /** The session with this public id. */
  get(id: string): Session | undefined {
    return this.#byId.get(id);
  }

  /**
   * The token by which a later connection shows that it is the same client: one that has proved the
   * same `sub`, or none where it is undefined. Must never be logged.
   */
  tokenOf(id: string, sub?: string): string {
    // No id holds a full stop: what is signed for somebody is signed for nobody else.
    return `${id}.${this.#sign(sub === undefined ? id : `${id}.${sub}`)}`;
  }

  /**
   * The client that `token` was made for, compared in a time that tells nothing about it; undefined
   * where it was not made, or not for whoever has proved `sub`.
   */
  verify(token: string, sub?: string): string | undefined {
    const id = token.slice(0, token.indexOf("."));
    return sameSecret(this.tokenOf(id, sub), token) ? id : undefined;
  }

  /** Forgets a client for good. */
  delete(session: Session): void {
    this.#byId.delete(session.id);
    session.markers?.release(session);
  }

  /** All of them, in the order they came. */
  [Symbol.iterator](): Iterator<Session> {
    return this.#byId.values();
  }
}
