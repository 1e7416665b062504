/**
 * Effects: what the hub wants done, in words for the edge that does it.
 *
 * @module
 */

import type { ChatError, ErrorCode } from "../../protocol/errors.ts";
import type {
  CreateFrame,
  Draft,
  HelloFrame,
  HistoryFrame,
  JoinFrame,
  ModerationDraft,
  ReadFrame,
  RoomsFrame,
  SearchFrame,
} from "../../protocol/frames.ts";
import type { RevokeFrame } from "../../protocol/hello.ts";
import type { PageQuery } from "../log/log.ts";
import type { Member, Outlet, Room } from "./room.ts";
import type { Peer } from "./sessions.ts";
import type { Marker, SearchQuery } from "../store/store.ts";

/** A request before which the read markers of its person have to be known. */
export type MarkedFrame = CreateFrame | JoinFrame | RoomsFrame | ReadFrame;

/** Something to be done at the edge; a list of them is carried out in its order. */
export type Effect =
  /** Send one frame; `refusal` is the code where it says no. */
  | { type: "send"; to: Outlet; text: string; refusal?: ErrorCode }
  /** Send what a member has not been sent yet, as far as its socket takes it: it is about to leave. */
  | { type: "deliver"; member: Member }
  /** Send a last frame and close; the hub knows this peer no longer. */
  | { type: "close"; peer: Peer; code: number; reason: string; goodbye: string }
  /** Store entries, each only if the one before it was not refused. */
  | { type: "append"; roomId: string; drafts: Draft[] }
  /** Delete a room with its log; its members are sent first what they have not been sent. */
  | { type: "delete"; roomId: string }
  /** Make a room in the store, then call `opened`; hold what the peer says until then. */
  | {
    type: "create";
    peer: Peer;
    frame: CreateFrame | JoinFrame;
    roomId: string;
    name: string;
    owner?: string;
  }
  /**
   * Ask the store for a room, up to where the peer knows it; then call `opened`, and hold what it says until
   * then. With a `refusal` refuse it instead, whatever the answer: it may not see the room that it means.
   */
  | { type: "open"; peer: Peer; frame: JoinFrame; roomId: string; refusal?: ChatError }
  /** Send the members of a room, with its next entries, what it was given to pass on. */
  | { type: "pass"; room: Room }
  /** Hand a frame that is not stored to those in a room who are at other processes. */
  | { type: "relay"; roomId: string; text: string }
  /** Tell the store that nobody here is in the room. */
  | { type: "release"; roomId: string }
  /** Ask the store for a client, then call `recalled`; hold what the peer says until then. */
  | { type: "recall"; peer: Peer; frame: HelloFrame; clientId: string }
  /** Ask the store for pages of a log, then call `paged`; hold what the peer says until then. */
  | { type: "page"; peer: Peer; frame: HistoryFrame; roomId: string; queries: readonly PageQuery[] }
  /** Ask the store for messages, then call `found`; hold what the peer says until then. */
  | { type: "search"; peer: Peer; frame: SearchFrame; roomId: string; query: SearchQuery }
  /** Ask the store for the read markers of a person, then call `markersLoaded`; hold what the peer says until then. */
  | { type: "markers"; peer: Peer; frame: MarkedFrame; person: string }
  /** Set a read marker in the store, then call `marked`; hold what the peer says until then. */
  | { type: "mark"; peer: Peer; frame: ReadFrame; person: string; roomId: string; marker: Marker }
  /** Have the use of a link stored, then call `used`; hold what the peer says until then. */
  | { type: "use"; peer: Peer; frame: JoinFrame; roomId: string; draft: ModerationDraft }
  /** Keep in the store that somebody's tokens are revoked, then call `revoked`; hold what the peer says until then. */
  | { type: "revoke"; peer: Peer; frame: RevokeFrame; before: number; over: number }
  /** Tell the store of a client that may come back. */
  | { type: "remember"; clientId: string; name: string | undefined }
  /** Tell the store that a client is only remembered, and may come back late. */
  | { type: "trim"; clientId: string }
  /** Tell the store that a client will never come back. */
  | { type: "forget"; clientId: string };

/** The end of a connection. */
export type Closing = Extract<Effect, { type: "close" }>;

/** A question to the store, on behalf of a peer that waits for the answer. It is the last of its effects. */
export type Question = Extract<
  Effect,
  { type: "create" | "open" | "recall" | "page" | "search" | "markers" | "mark" | "use" | "revoke" }
>;

/** Word to the store that nobody waits for. */
export type Notice = Extract<
  Effect,
  { type: "relay" | "release" | "remember" | "trim" | "forget" }
>;
