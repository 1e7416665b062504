/**
 * The server's rules: who may say what where. Frames go in, effects come out. Nothing is sent, stored
 * or waited for here.
 *
 * @module
 */

import * as CLOSE from "../protocol/close_codes.ts";
import { encodeFrame } from "../protocol/encode.ts";
import { ChatError } from "../protocol/errors.ts";
import type { ClientFrame, Draft, HelloFrame } from "../protocol/frames.ts";
import { Departures } from "./departures.ts";
import type { Effect } from "./state/effects.ts";
import { leftOf } from "./expiries.ts";
import { GracePeriod } from "./grace_period.ts";
import { Handover } from "./handover.ts";
import { Host } from "./host.ts";
import type { RandomBytes } from "./authority/ids.ts";
import { Joining } from "./joining.ts";
import { Links, type LinkSigner } from "./authority/links.ts";
import { Liveness } from "./liveness.ts";
import { listenersIn } from "./state/memberships.ts";
import { Messages } from "./messages.ts";
import { count, Metrics } from "./state/metrics.ts";
import { demandOf, Moderation } from "./moderation.ts";
import type { HubOptions } from "./state/options.ts";
import { renaming, typing } from "./state/presence.ts";
import { Proofs } from "./proofs.ts";
import { type RevocationFacts, Revocations } from "./store/revocations.ts";
import { costOfRenaming, costOfTelling, rateOf } from "./limits/rate_limit.ts";
import { featuresOf, Reading, type ReadingFacts } from "./reading.ts";
import {
  ask,
  goodbye,
  leaveReply,
  plainWelcome,
  sessionTaken,
  success,
  welcome,
} from "./state/replies.ts";
import type { Room } from "./state/room.ts";
import { Rooms } from "./state/rooms.ts";
import { type Peer, type Session, Sessions, type Sign } from "./state/sessions.ts";
import type { Marker, Store, StoredClient } from "./store/store.ts";
import type { Instant } from "./state/time.ts";
import { isModeration } from "./authority/verdict.ts";

/** Facts about a store that the rules depend on. */
export type StoreFacts = Pick<Store, "bodyBytes" | "settled"> & RevocationFacts & ReadingFacts;

/** All sessions and rooms of one process. */
export class Hub {
  /** The rules for reading. */
  readonly reading: Reading;
  /** The rules for messages in rooms. */
  readonly messages: Messages;
  /** The proofs of clients. */
  readonly proofs: Proofs;
  /** The program around the chat, which speaks in rooms. */
  readonly host: Host;
  /** The rules for moderation. */
  readonly moderation: Moderation;
  /** The rules for clients that go from one process to another. */
  readonly handover: Handover;
  /** The rules for coming into rooms. */
  readonly joining: Joining;
  readonly #options: HubOptions;
  readonly #rooms: Rooms;
  readonly #sessions: Sessions;
  readonly #store: StoreFacts;
  readonly #grace: GracePeriod;
  readonly #departures: Departures;
  readonly #liveness: Liveness;
  readonly #metrics: Metrics;

  /**
   * Makes an empty hub. `random` fills arrays for ids, and `sign` signs them for session tokens.
   * Where the store has a bus, clients may have been at other processes since they were here.
   * With `signRoom`, lost rooms are made again only with the names that they had. It counts in
   * `metrics`. With `signLink` there are links into rooms.
   */
  constructor(
    options: HubOptions,
    random: RandomBytes,
    sign: Sign,
    store: StoreFacts = {},
    signRoom?: Sign,
    metrics: Metrics = new Metrics(),
    signLink?: LinkSigner,
  ) {
    this.#metrics = metrics;
    this.#store = store;
    this.#options = options;
    this.#rooms = new Rooms(options, signRoom);
    this.#grace = new GracePeriod(options);
    this.#liveness = new Liveness(options, metrics.receiveLag);
    this.reading = new Reading(store);
    this.#sessions = new Sessions(random, sign, rateOf(options.rate));
    this.#departures = new Departures(this.#sessions, this.#grace, options);
    const [sessions, grace, departures] = [this.#sessions, this.#grace, this.#departures];
    const parts = { sessions, grace, departures, rooms: this.#rooms.byId };
    this.handover = new Handover(parts, store.bus !== undefined);
    const links = signLink && new Links(signLink);
    const maker = links && { links, random };
    this.moderation = new Moderation(sessions, departures, this.#rooms.byId, maker);
    this.proofs = new Proofs(this.moderation, sessions, this.#departures, new Revocations(store));
    this.joining = new Joining({
      ...{ options, random, metrics, sessions, departures, links },
      ...{ rooms: this.#rooms, handover: this.handover },
    });
    this.messages = new Messages(this.#sessions, this.#departures, store, options.rate > 0);
    this.host = new Host({ ...parts, hub: this, isShared: store.bus !== undefined });
  }

  /** The open rooms, by id. */
  get rooms(): ReadonlyMap<string, Room> {
    return this.#rooms.byId;
  }

  /** The number of clients, and of those of them that have no connection and may come back. */
  get size(): { clients: number; away: number } {
    return { clients: this.#sessions.size, away: this.#grace.size };
  }

  /** Takes a new connection in. Call `receive` for each of its frames and `disconnect` at its end. */
  connect(peer: Peer, t: Instant): Effect[] {
    if (!peer.plain) {
      this.#liveness.arrive(peer, t.now);
      return [];
    }
    const session = this.#sessions.add(t.now);
    session.attach(peer, t.now);
    return [plainWelcome(peer, session)];
  }

  /** Notes that a connection has said something, even if it will be refused. */
  heard({ session }: Peer, now: number): void {
    if (session !== undefined) session.seenAt = now;
  }

  /**
   * Takes one frame of a connection.
   *
   * @throws {ChatError} where it is refused, with nothing changed.
   */
  receive(peer: Peer, frame: ClientFrame, t: Instant): Effect[] {
    const session = peer.session;
    if (session === undefined) {
      // A frame that has waited for the store may come when its connection has gone.
      if (!this.#liveness.awaits(peer)) return [];
      if (frame.action === "hello") return this.#hello(peer, frame, t);
      throw new ChatError("hello_required", `Say hello before ${frame.action}`);
    }
    switch (frame.action) {
      case "message":
      case "messages":
        return this.messages.take(session, peer, frame, t);
      case "create":
        return this.reading.before(session, peer, frame) ??
          this.joining.create(session, peer, frame, t);
      case "join":
        return this.reading.before(session, peer, frame) ??
          this.joining.join(session, peer, frame, t);
      case "history":
      case "search":
      case "rooms":
      case "read":
        return this.reading.take(session, peer, frame, t);
      case "leave": {
        const member = session.memberOf(peer, frame.roomId, "Not in any room");
        session.budget.spend(costOfTelling(1, listenersIn([member])));
        return [
          { type: "deliver", member },
          leaveReply(peer, member, frame.ref),
          ...this.#departures.leave(session, member, t),
        ];
      }
      case "kick":
      case "role":
      case "room":
      case "delete":
      case "link":
      case "unlink":
      case "links": {
        const member = session.memberOf(peer, frame.roomId);
        session.budget.spend(costOfTelling(1, member.room.here));
        return this.moderation.take(session, member, peer, frame, t);
      }
      case "typing": {
        const member = session.memberOf(peer, frame.roomId);
        demandOf(member, "type", t.at);
        session.budget.spend(costOfTelling(1, listenersIn([member])));
        return typing(member, t);
      }
      case "rename":
        if (peer.proof?.name !== undefined && frame.name !== session.name) {
          throw new ChatError("forbidden", `Your token says that you are '${peer.proof.name}'`);
        }
        session.budget.spend(costOfRenaming(session.rooms.size, listenersIn(session.rooms)));
        return [
          success(peer, { message: `You are '${frame.name}' now` }, frame.ref),
          ...renaming(session, frame.name, t),
        ];
      case "ping":
        return [{ type: "send", to: peer, text: encodeFrame({ event: "pong" }, frame.ref) }];
      case "pong":
        this.#liveness.answered(peer, t.now);
        return [];
      case "pause":
        return [
          goodbye(peer, CLOSE.paused, "Paused"),
          ...this.#departures.pause(session, frame.forMs, t),
          ...this.#departures.shed(t),
        ];
      case "hello":
        throw new ChatError("already_connected", `Already connected as ${session.id}`);
      case "revoke":
        return this.proofs.revoke(session, peer, frame, t);
      case "auth":
        throw new ChatError("token_invalid", "This server knows no tokens");
      default:
        return frame satisfies never;
    }
  }

  /** Goes on with a `hello` whose client the store has looked for. */
  recalled(
    peer: Peer,
    frame: HelloFrame,
    clientId: string,
    stored: StoredClient | undefined,
    t: Instant,
  ): Effect[] {
    if (!this.#liveness.awaits(peer)) return this.handover.keep(clientId, stored, t);
    return this.#welcome(peer, frame, this.handover.recalled(clientId, stored, t.now), t);
  }

  /** Goes on with a request when the store has the markers of its person; without them, people come in all the same. */
  markersLoaded(
    { peer, frame }: Extract<Effect, { type: "markers" }>,
    markers: ReadonlyMap<string, Marker> | undefined,
    error: unknown,
    t: Instant,
  ): Effect[] {
    const { session } = peer;
    if (session === undefined) return [];
    if (markers !== undefined) this.reading.markers.loaded(session, markers);
    if (frame.action === "create") return this.joining.create(session, peer, frame, t);
    if (frame.action === "join") return this.joining.join(session, peer, frame, t);
    if (markers === undefined) throw error;
    return this.reading.take(session, peer, frame, t);
  }

  /**
   * Lets go of a connection that has ended, or that the caller is about to end. With `forGood` its
   * client will not come back. It may be called again.
   */
  disconnect(peer: Peer, t: Instant, forGood = false): Effect[] {
    this.#liveness.greeted(peer);
    const session = peer.session;
    if (session === undefined) return [];
    if (!forGood && !peer.plain) {
      return [...this.#departures.cutOff(session, t), ...this.#departures.shed(t)];
    }
    session.detach(peer, t.now);
    return this.#departures.end(session, t);
  }

  /**
   * Does what is due by now. Call it at least twice a second. Call it again soon where it returns
   * `EFFECTS_PER_TICK` of departures.ts or more effects: there may be more.
   */
  tick(t: Instant): Effect[] {
    const effects: Effect[] = [];
    for (const due of this.#liveness.due(this.#sessions, t.now)) {
      if (due.ask) effects.push(ask(due.peer));
      else effects.push(...this.dismiss(due.peer, due.code, due.reason, t));
    }
    effects.push(...this.proofs.tick(t));
    return [...effects, ...this.#departures.tick(t), ...this.#rooms.tick(t)];
  }

  /** Lets go of a peer and tells it why. With `retryAfterMs` it is asked to come back after that time. */
  dismiss(peer: Peer, code: number, reason: string, t: Instant, retryAfterMs?: number): Effect[] {
    return [goodbye(peer, code, reason, retryAfterMs), ...this.disconnect(peer, t)];
  }

  /** Tells the author of a draft that the store refused it: see {@linkcode Messages.refused}. */
  refused(draft: Draft, error: ChatError, t: Instant, doubtful?: boolean): Effect[] {
    if (isModeration(draft)) return this.moderation.refused(draft, error);
    return this.messages.refused(draft, error, t, doubtful);
  }

  /** The id of the client that a frame comes from; of a `hello`, the client that it goes on as. */
  clientOf(peer: Peer, frame: ClientFrame): string | undefined {
    if (frame.action !== "hello") return peer.session?.id;
    return frame.session && this.#sessions.verify(frame.session, peer.proof?.sub);
  }

  /** Says whether a connection is still there. One that has gone waits for nothing. */
  isHere(peer: Peer): boolean {
    return peer.session !== undefined || this.#liveness.awaits(peer);
  }

  /** Forgets a room with everybody in it: their next word for it is answered with `room_gone`. */
  deleteRoom(roomId: string): boolean {
    return this.#rooms.delete(roomId);
  }

  #hello(peer: Peer, frame: HelloFrame, t: Instant): Effect[] {
    const clientId = this.clientOf(peer, frame);
    if (clientId === undefined) return this.#welcome(peer, frame, undefined, t);
    const known = this.#sessions.get(clientId);
    // Messages that are on their way are neither stored nor refused so far.
    const settled = this.#store.settled?.(clientId);
    // Nobody waits for it here: if it fails, that is nothing to anybody.
    settled?.catch(() => {});
    if (settled !== undefined) known?.doubt(frame.n);
    if (this.#store.bus === undefined) return this.#welcome(peer, frame, known, t);
    return [{ type: "recall", peer, frame, clientId }];
  }

  #welcome(peer: Peer, frame: HelloFrame, known: Session | undefined, t: Instant): Effect[] {
    const effects: Effect[] = [];
    const earlier = known?.canGoOn(frame.n) ? known : undefined;
    // A client that cannot go on with its numbers is a new one. Nobody is the earlier one any more.
    if (known !== undefined && earlier === undefined && known.peer === undefined) {
      effects.push(...this.#departures.end(known, t));
    }
    if (earlier?.peer !== undefined) {
      effects.push(sessionTaken(earlier.peer), ...this.#departures.cutOff(earlier, t));
    }
    const session = earlier ?? this.#sessions.add(t.now);
    this.#liveness.greeted(peer);
    session.attach(peer, t.now);
    this.#grace.welcome(session, t.now);
    const resumed = earlier !== undefined;
    if (resumed) session.resumedAt = t.now;
    if (frame.session !== undefined) count(this.#metrics.resumes, resumed ? "resumed" : "unknown");
    const name = peer.proof?.name ?? frame.name ?? session.name;
    if (!resumed || name !== session.name) {
      session.name = name;
      effects.push({ type: "remember", clientId: session.id, name });
    }
    const token = this.#sessions.tokenOf(session.id, session.sub);
    this.proofs.watch(peer, t);
    const { bodyBytes } = this.#store;
    this.reading.welcome(session);
    this.messages.settle(session);
    session.settle(frame.n ?? 0);
    const told = {
      ...this.#options,
      ...{ token, resumed, bodyBytes, features: featuresOf(this.#store) },
      leftMs: leftOf(peer.proof, t),
    };
    return [...effects, welcome(peer, session, told, frame.ref)];
  }
}
