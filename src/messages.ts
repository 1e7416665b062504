// This module is pure: no sockets, no clock, no Deno.

/**
 * What clients say in rooms: which numbers it takes, and what its authors are told of it.
 *
 * @module
 */

import * as CLOSE from "./close_codes.ts";
import type { Departures } from "./departures.ts";
import type { Effect, Instant } from "./effects.ts";
import { PLAIN_SENT } from "./encode.ts";
import { ChatError } from "./errors.ts";
import type { Draft, MessageFrame } from "./protocol.ts";
import { duplicate, farewell, refusal } from "./replies.ts";
import type { Peer, Session, Sessions } from "./sessions.ts";
import type { Store } from "./store/store.ts";

/** What has to be known of a store. */
export type MessageFacts = Pick<Store, "storedUpTo">;

/** Takes messages, each once. */
export class Messages {
  readonly #sessions: Sessions;
  readonly #departures: Departures;
  readonly #store: MessageFacts;

  /** Works on the clients of a hub. */
  constructor(sessions: Sessions, departures: Departures, store: MessageFacts) {
    this.#sessions = sessions;
    this.#departures = departures;
    this.#store = store;
  }

  /**
   * Takes what a client says in a room.
   *
   * @throws {ChatError} where it is refused, with nothing changed.
   */
  take(session: Session, peer: Peer, frame: MessageFrame, t: Instant): Effect[] {
    // Entries show their author that they are stored: then it goes on behind them.
    this.settle(session);
    const { id: from, name, n: taken } = session;
    const { ref } = frame;
    const first = session.numberOf(frame.n);
    const drafts = frame.bodies.map((body, i) => (
      { at: t.at, from, n: first + i, name, body, ref }
    ));
    const last = first + drafts.length - 1;
    let roomId = frame.roomId ?? "";
    // What was taken before is answered wherever its author is by now: the store knows it.
    if (last > taken) {
      try {
        const { room } = session.memberOf(peer, frame.roomId, "You must join a room first");
        roomId = room.id;
        room.used();
      } catch (error) {
        if (!(error instanceof ChatError)) throw error;
        if (this.#mustStartOver(session, error)) return this.#startOver(session, peer, t);
        if (first > taken) throw error;
        const repeats = drafts.splice(0, taken - first + 1);
        return [{ type: "append", roomId, drafts: repeats }, refusal(peer, drafts[0]!, error)];
      }
    }
    session.take(last);
    return [{ type: "append", roomId, drafts }];
  }

  /** Takes in what the store knows by now of a client of which something was in doubt. */
  settle(session: Session): void {
    if (session.doubtful) session.settle(this.#store.storedUpTo?.(session.id) ?? 0);
  }

  /**
   * What to tell the author of a draft that was stored before; where it is `unseen`, it was stored
   * only now, and nothing else answers its author.
   */
  repeated(draft: Draft, seq: number, unseen = false): Effect[] {
    const peer = this.#sessions.get(draft.from)?.peer;
    if (peer === undefined || "event" in draft) return [];
    if (peer.plain) return unseen ? [{ type: "send", to: peer, text: PLAIN_SENT }] : [];
    return [duplicate(peer, draft, seq)];
  }

  /**
   * What to tell the author of a draft that the store refused: its number is free again. Where that
   * is `doubtful`, it may be stored all the same.
   */
  refused(draft: Draft, error: ChatError, t: Instant, doubtful = false): Effect[] {
    const session = this.#sessions.get(draft.from);
    if (session === undefined || "event" in draft) return [];
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
   * Whether a message is refused for good that may be stored all the same, or be yet. Its number
   * would go to the next message, which would then be taken for a repeat.
   */
  #mustStartOver({ doubtful }: Session, { code }: ChatError): boolean {
    return doubtful && code !== "unavailable" && code !== "out_of_order";
  }

  /** Ends a client and its connection: it comes back as another one, and knows what that means. */
  #startOver(session: Session, peer: Peer, t: Instant): Effect[] {
    const reason = `It is not known what is stored of ${session.id}: begin anew`;
    session.detach(peer, t.now);
    return [farewell(peer, CLOSE.internal, reason), ...this.#departures.end(session, t)];
  }
}
