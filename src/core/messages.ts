/**
 * Messages that clients send to rooms: the numbers they take, and what their authors are told of them.
 *
 * @module
 */

import * as CLOSE from "../protocol/close_codes.ts";
import { PLAIN_SENT } from "../protocol/encode.ts";
import { ChatError, type ErrorCode, stacklessError } from "../protocol/errors.ts";
import type { ClientDraft, Draft, MessageFrame } from "../protocol/frames.ts";
import { roleOf } from "./authority/authority.ts";
import type { Charter } from "./authority/charter.ts";
import type { Departures } from "./departures.ts";
import type { Effect } from "./state/effects.ts";
import { authorOf } from "./moderation.ts";
import { costOfSaying, unitsOf } from "./limits/rate_limit.ts";
import { duplicate, goodbye, refusal } from "./state/replies.ts";
import type { Member } from "./state/room.ts";
import type { Peer, Session, Sessions } from "./state/sessions.ts";
import { isCount } from "./store/store_answers.ts";
import type { Store } from "./store/store.ts";
import type { Instant } from "./state/time.ts";

/** Facts about a store that decide what becomes of a message. */
export type MessageFacts = Pick<Store, "bus">;

/** Refusals after which a message comes again under its number. */
const PASSING: ReadonlySet<string> = new Set<ErrorCode>([
  "unavailable",
  "out_of_order",
  "rate_limited",
]);

/** Takes messages, each once. */
export class Messages {
  readonly #sessions: Sessions;
  readonly #departures: Departures;
  readonly #store: MessageFacts;
  readonly #isLimited: boolean;

  /** Works on the clients of a hub. Where that `isLimited`, rooms slow down who says more than they can send. */
  constructor(
    sessions: Sessions,
    departures: Departures,
    store: MessageFacts,
    isLimited: boolean,
  ) {
    this.#sessions = sessions;
    this.#departures = departures;
    this.#store = store;
    this.#isLimited = isLimited;
  }

  /**
   * Takes what a client says in a room.
   *
   * @throws {ChatError} where it is refused, with nothing changed.
   */
  take(session: Session, peer: Peer, frame: MessageFrame, t: Instant): Effect[] {
    // Entries show their author that they are stored: then it goes on behind them.
    this.settle(session);
    const { id: from, name, sub, bot, n: taken } = session;
    const { ref } = frame;
    const first = session.numberOf(frame.n);
    const { parts, change } = frame;
    const drafts: ClientDraft[] = parts !== undefined
      ? [{ at: t.at, from, n: first, name, sub, bot, body: frame.bodies[0]!, ref, ...parts }]
      : change !== undefined
      ? [{ at: t.at, from, n: first, name, sub, bot, ref, ...change }]
      : frame.bodies.map((body, i) => (
        { at: t.at, from, n: first + i, name, sub, bot, body, ref }
      ));
    // What was taken before is answered wherever its author is by now: the store knows it.
    let count = Math.min(drafts.length, taken - first + 1);
    let roomId = frame.roomId ?? "";
    let told = 0;
    let refused: ChatError | undefined;
    if (count < drafts.length) {
      try {
        const member = session.memberOf(peer, frame.roomId, "You must join a room first");
        const { room, author } = member;
        roomId = room.id;
        told = room.here;
        if (author !== undefined) drafts.forEach((draft) => Object.assign(draft, { by: author }));
        for (; count < drafts.length; count++) this.#admit(member, drafts[count]!, session, t.now);
      } catch (error) {
        if (!(error instanceof ChatError)) throw error;
        if (this.#mustStartOver(session, error)) return this.#startOver(session, peer, t);
        if (count === 0) throw error;
        refused = error;
      }
    }
    session.budget.spend(costOfSaying(drafts, told));
    session.take(first, first + count - 1);
    const append: Effect = { type: "append", roomId, drafts };
    if (refused === undefined) return [append];
    session.stumble(frame.n !== undefined);
    const [next] = drafts.splice(count);
    return [append, refusal(peer, next!, refused)];
  }

  /**
   * Lets a message into a room that has a place for it.
   *
   * @throws {ChatError} where its author has to wait, as the room cannot keep up or is in slow mode,
   * or where it answers something that was never said.
   */
  #admit(member: Member, draft: ClientDraft, author: Session, now: number): void {
    const { room } = member;
    const { re } = draft;
    if (!("body" in draft) && room.states === undefined) {
      throw stacklessError("unsupported", "The store of this server lets no messages be changed");
    }
    if (re !== undefined && re > room.log.head) {
      throw stacklessError("message_not_found", `Room ${room.id} has no message ${re}`);
    }
    if (room.charter?.strict) checkSlow(member, room.charter, draft.at);
    const retryAfterMs = this.#isLimited ? room.admit(author, unitsOf(draft), now) : 0;
    if (retryAfterMs === 0) return;
    const message = `Room ${room.id} cannot keep up: wait ${retryAfterMs} ms`;
    throw stacklessError("rate_limited", message, { retryAfterMs });
  }

  /** Takes in what the store knows by now of a client where something was in doubt. */
  settle(session: Session): void {
    if (session.doubtful) session.settle(this.#store.bus?.storedUpTo(session.id) ?? 0);
  }

  /**
   * Tells the author of a draft that it was stored before; where it is `unseen`, it was stored only
   * now, and nothing else answers its author.
   */
  repeated(draft: Draft, seq: number, unseen = false): Effect[] {
    const session = this.#sessions.get(draft.from);
    if (session === undefined || "event" in draft) return [];
    checkSaid(session, draft);
    const { peer } = session;
    if (peer === undefined) return [];
    if (peer.plain) return unseen ? [{ type: "send", to: peer, text: PLAIN_SENT }] : [];
    return [duplicate(peer, draft, seq)];
  }

  /**
   * Tells the author of a draft that the store refused it: its number is free again. Where that is
   * `doubtful`, it may be stored all the same.
   */
  refused(draft: Draft, error: ChatError, t: Instant, doubtful = false): Effect[] {
    const session = this.#sessions.get(draft.from);
    if (session === undefined || "event" in draft) return [];
    checkSaid(session, draft);
    session.n = Math.min(session.n, draft.n - 1);
    session.stumble(undefined);
    if (doubtful) session.doubtUpTo = Math.max(session.doubtUpTo, draft.n);
    const { peer } = session;
    if (peer === undefined) return [];
    return this.#mustStartOver(session, error)
      ? this.#startOver(session, peer, t)
      : [refusal(peer, draft, error)];
  }

  /**
   * Says whether a message is refused for good that may be stored all the same, or be yet. Its
   * number would go to the next message, which would then be taken for a repeat.
   */
  #mustStartOver({ doubtful }: Session, { code }: ChatError): boolean {
    return doubtful && !PASSING.has(code);
  }

  /** Ends a client and its connection: it comes back as another one, and knows what that means. */
  #startOver(session: Session, peer: Peer, t: Instant): Effect[] {
    const reason = `It is not known what is stored of ${session.id}: come back and be told`;
    session.detach(peer, t.now);
    return [goodbye(peer, CLOSE.internal, reason), ...this.#departures.end(session, t)];
  }
}

/**
 * Holds a message back where its room is in slow mode, and its author no moderator.
 *
 * @throws {ChatError} where it has to wait.
 */
function checkSlow(member: Member, charter: Charter, at: number): void {
  const { slow_ms } = charter.settings;
  if (slow_ms === 0) return;
  const author = authorOf(member);
  const role = roleOf(author, charter, at);
  // Who may not send at all is told so by the store.
  if (role !== "member") return;
  const retryAfterMs = member.room.slow.take(author.sub, member.person.id, at, slow_ms);
  if (retryAfterMs === 0) return;
  const message = `Room ${member.room.id} is in slow mode: wait ${retryAfterMs} ms`;
  throw stacklessError("rate_limited", message, { retryAfterMs });
}

/**
 * Checks that a store reports something that a client has said: here, or at another process before.
 *
 * @throws {RangeError} where it cannot have.
 */
function checkSaid({ id, said, n, doubtUpTo }: Session, draft: Draft): void {
  const most = Math.max(said, n, doubtUpTo);
  if (isCount(draft.n) && draft.n > 0 && draft.n <= most) return;
  throw new RangeError(`The store reports message ${draft.n} of ${id}, which has said ${most}`);
}
