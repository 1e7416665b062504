/**
 * Replies of the hub, in the words of each dialect.
 *
 * @module
 */

import * as CLOSE from "../../protocol/close_codes.ts";
import { encodeError, encodeFrame, encodePlain } from "../../protocol/encode.ts";
import { type ChatError, wireCodeOf } from "../../protocol/errors.ts";
import {
  type ClientDraft,
  type CreateFrame,
  type JoinFrame,
  MAX_BATCH,
  MAX_BODY_BYTES,
  MAX_FRAME_CHARS,
  MAX_LISTED,
  MAX_NAME_BYTES,
  MAX_NAME_CHARS,
  type Ref,
  type SuccessFrame,
} from "../../protocol/frames.ts";
import { may, roleOf } from "../authority/authority.ts";
import type { Effect } from "./effects.ts";
import type { HubOptions } from "./options.ts";
import { MEMBERS_PER_PRICE, rateOf } from "../limits/rate_limit.ts";
import type { Member } from "./room.ts";
import type { Peer, Session } from "./sessions.ts";

/** The fields of a reply that says yes. */
export type Success = Omit<SuccessFrame, "status">;

/** Says yes in `parley.v1`. */
export function success(to: Peer, fields: Success, ref?: Ref): Effect {
  return { type: "send", to, text: encodeFrame({ status: "success", ...fields }, ref) };
}

/** Says yes to a plain client. */
export function plainSuccess(to: Peer, fields: Record<string, string>): Effect {
  return { type: "send", to, text: encodePlain({ status: "success", ...fields }) };
}

/** Tells the author of a message that it was stored before, as `seq`; 0 where that is not known any more. */
export function duplicate(to: Peer, { n, ref }: ClientDraft, seq: number): Effect {
  return success(to, { n, duplicate: true, ...(seq > 0 ? { seq } : {}) }, ref);
}

/** Tells the author of a message why it is not stored. */
export function refusal(to: Peer, { n, ref }: ClientDraft, error: ChatError): Effect {
  const address = { ...(ref === undefined ? {} : { ref }), n };
  const text = encodeError(to.plain ? "plain" : "v1", error, address);
  return { type: "send", to, text, refusal: wireCodeOf(error) };
}

/** Welcomes a plain client. */
export function plainWelcome(to: Peer, session: Session): Effect {
  const text = encodePlain({ status: "connected", client_id: session.id, message: "Welcome!" });
  return { type: "send", to, text };
}

/** Answers `hello`. */
export function welcome(
  to: Peer,
  session: Session,
  told: Pick<HubOptions, "heartbeatMs" | "maxRoomsPerClient" | "rate"> & {
    token: string;
    resumed: boolean;
    bodyBytes: number | undefined;
    features: string[];
    leftMs?: number | undefined;
  },
  ref: Ref | undefined,
): Effect {
  const { perSecond: rate, burst, start } = rateOf(told.rate);
  const { bodyBytes = MAX_BODY_BYTES } = told;
  const text = encodeFrame({
    status: "connected",
    client_id: session.id,
    session: told.token,
    resumed: told.resumed,
    ...proved(to, told.leftMs),
    ...(to.proof?.name === undefined ? {} : { name: to.proof.name }),
    n: session.n,
    heartbeat_ms: told.heartbeatMs,
    limits: {
      body_bytes: bodyBytes > 0 ? Math.min(MAX_BODY_BYTES, bodyBytes) : MAX_BODY_BYTES,
      name_chars: MAX_NAME_CHARS,
      name_bytes: MAX_NAME_BYTES,
      batch: MAX_BATCH,
      rooms: told.maxRoomsPerClient,
      frame_bytes: MAX_FRAME_CHARS,
      ...(rate < Infinity ? { rate, burst, start, price_members: MEMBERS_PER_PRICE } : {}),
    },
    features: told.features,
    message: "Welcome!",
  }, ref);
  return { type: "send", to, text };
}

/** Answers `auth`. */
export function renewed(to: Peer, leftMs: number | undefined, ref: Ref | undefined): Effect {
  return success(to, { ...proved(to, leftMs), message: "Token renewed" }, ref);
}

/** The fields that say who a client has proved to be, and for how many milliseconds. */
function proved(
  { proof }: Peer,
  leftMs: number | undefined,
): { sub?: string; expires_in_ms?: number } {
  return {
    ...(proof && { sub: proof.sub }),
    ...(leftMs === undefined ? {} : { expires_in_ms: leftMs }),
  };
}

/** Tells a client that its token ends in `leftMs` milliseconds. */
export function expiring(to: Peer, leftMs: number): Effect {
  return { type: "send", to, text: encodeFrame({ event: "expiring", expires_in_ms: leftMs }) };
}

/** Asks a client that has fallen silent for a sign of life. */
export function ask(to: Peer): Effect {
  return { type: "send", to, text: encodeFrame({ event: "ping" }) };
}

/**
 * Answers `create` and `join` of a member whose cursor is placed, at the time `at`; `recovered` says whether all is
 * there that it asked for behind what it has, if it did.
 */
export function joinReply(
  peer: Peer,
  member: Member,
  frame: CreateFrame | JoinFrame,
  at: number,
  recovered?: boolean,
): Effect[] {
  const { room } = member;
  const { log } = room;
  const read = member.person.markers?.seqIn(room.id, log) ?? 0;
  const created = frame.action === "create";
  const message = created ? `Room '${room.name}' created` : `Joined room '${room.name}'`;
  if (peer.plain) {
    const told = created ? { room_id: room.id, message } : { message, room_id: room.id };
    return [plainSuccess(peer, told)];
  }
  const members = room.membersFor(member.person);
  const effects: Effect[] = [];
  while (members.length > MAX_LISTED) {
    const some = members.splice(0, MAX_LISTED);
    const text = encodeFrame({ event: "members", room_id: room.id, members: some });
    effects.push({ type: "send", to: peer, text });
  }
  const { roles = [], ...standing } = standingIn(member, at);
  while (roles.length > MAX_LISTED) {
    const some = roles.splice(0, MAX_LISTED);
    const text = encodeFrame({ event: "roles", room_id: room.id, roles: some });
    effects.push({ type: "send", to: peer, text });
  }
  const reply: Success = {
    room_id: room.id,
    room_name: room.name,
    ...(room.token === undefined ? {} : { room_token: room.token }),
    epoch: log.epoch,
    seq: log.head,
    after: member.cursor,
    members,
    presence: !room.quiet,
    ...(recovered === undefined ? {} : { recovered }),
    ...standing,
    ...(roles.length > 0 && { roles }),
    ...(read > 0 && { read }),
    ...(member.link === undefined ? {} : { link: member.link }),
  };
  return [...effects, success(peer, { message, ...reply }, frame.ref)];
}

/** The role of a member at the time `at`, the settings, and, for moderators, the roles of others. */
function standingIn(
  { author, person, room }: Member,
  at: number,
): Pick<Success, "you" | "settings" | "roles"> {
  const { charter } = room;
  if (charter === undefined) return {};
  const role = roleOf(author ?? { sub: person.id }, charter, at);
  const { settings = {} } = charter.toJSON() ?? {};
  return {
    you: { role },
    ...(Object.keys(settings).length > 0 && { settings }),
    ...(may(role, "see_roles") && { roles: charter.roles(at) }),
  };
}

/** Answers `leave`. */
export function leaveReply(peer: Peer, { room }: Member, ref: Ref | undefined): Effect {
  const message = "Left room";
  return peer.plain
    ? plainSuccess(peer, { message })
    : success(peer, { message, room_id: room.id }, ref);
}

/** Closes a peer that the hub has let go of; says why, and when it is asked to come back. */
export function goodbye(peer: Peer, code: number, reason: string, retryAfterMs?: number): Effect {
  const retry = retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs };
  const text = peer.plain
    ? encodePlain({ status: "error", message: reason })
    : encodeFrame({ event: "goodbye", code, reason, ...retry });
  return { type: "close", peer, code, reason, goodbye: text };
}

/** Closes the connection of a client that may have come in on a newer one: if it has not, it comes back. */
export function sessionDoubted(peer: Peer): Effect {
  return goodbye(peer, CLOSE.internal, "This session may go on on a newer connection");
}

/** Closes the connection of a client that has come in on a newer one. */
export function sessionTaken(peer: Peer): Effect {
  return goodbye(peer, CLOSE.sessionTaken, "This session continues on a newer connection");
}

/** The length of the frames among effects, in UTF-16 units. */
export function sizeOf(effects: readonly Effect[]): number {
  return effects.reduce(
    (sum, effect) => sum + (effect.type === "send" ? effect.text.length : 0),
    0,
  );
}
