// This module runs in browsers.

/**
 * Moderation by owners and moderators of rooms, for Deno and browsers. Who only talks need not load it.
 *
 * ```ts
 * import { connect } from "jsr:@parley/chat/client";
 * import { ban, setSettings } from "jsr:@parley/chat/client/moderation";
 *
 * await using chat = await connect("ws://localhost:8765");
 * const room = await chat.createRoom("Lobby"); // who makes a room is its owner
 * await setSettings(chat, room, { topic: "Cats", slow_ms: 5_000 });
 * await ban(chat, room, "9gm3y5hd7kzp", { forMs: 3_600_000, reason: "Spam" });
 * ```
 *
 * Each resolves when it is in the log of the room, with its `seq`. `to` is a client id, or the `sub`
 * of somebody who has proved one. All reject with a `ChatError`: `forbidden` where the role of the
 * client is not enough, `not_in_room`, `unsupported` where the store of the server has no roles,
 * `invalid_action` where the server is of an earlier version, `unavailable` where waiting helps.
 *
 * @module
 */

import type { WaitOptions } from "../../protocol/deadline.ts";
import { ChatError } from "../../protocol/errors.ts";
import type { SuccessFrame } from "../../protocol/frames.ts";
import type { ChangedSettings, Role } from "../../protocol/roles.ts";
import { check } from "../check.ts";
import type { RequestSender } from "./conversation.ts";

export { RoomCharter } from "./charter.ts";
export type { RoomSettings } from "../../protocol/roles.ts";
export type { ChangedSettings, RequestSender, Role };

/** A room, as far as these functions need it. */
export interface ModeratedRoom {
  /** The room's id. */
  readonly id: string;
}

/** Options of what is done to somebody. */
export interface KickOptions extends WaitOptions {
  /** The reason, which everybody in the room is told; at most 256 UTF-16 units. */
  reason?: string | undefined;
}

/** Options of a role. */
export interface RoleOptions extends KickOptions {
  /** Milliseconds after which it ends; for good unless given. */
  forMs?: number | undefined;
}

/** Moderation that is in the log of its room. */
export interface Moderated {
  /** The place in the log: nothing behind it was written by whoever may not any more. */
  seq: number;
}

/** Has somebody leave a room. It may come back. */
export function kick(
  chat: RequestSender,
  room: ModeratedRoom,
  to: string,
  { reason, ...wait }: KickOptions = {},
): Promise<Moderated> {
  return act(chat, "kick", { room_id: room.id, to, reason }, wait);
}

/** Gives somebody a role in a room: moderators up to `member`, owners any. */
export function setRole(
  chat: RequestSender,
  room: ModeratedRoom,
  to: string,
  role: Role,
  { forMs, reason, ...wait }: RoleOptions = {},
): Promise<Moderated> {
  check(forMs === undefined || Number.isSafeInteger(forMs) && forMs > 0, "forMs", forMs);
  return act(chat, "role", { room_id: room.id, to, role, for_ms: forMs, reason }, wait);
}

/** Lets somebody read and no longer write: the role `reader`. {@linkcode setRole} to `member` ends it. */
export function mute(
  chat: RequestSender,
  room: ModeratedRoom,
  to: string,
  options?: RoleOptions,
): Promise<Moderated> {
  return setRole(chat, room, to, "reader", options);
}

/** Removes somebody from a room, which does not exist for it any more: the role `none`. */
export function ban(
  chat: RequestSender,
  room: ModeratedRoom,
  to: string,
  options?: RoleOptions,
): Promise<Moderated> {
  return setRole(chat, room, to, "none", options);
}

/** Changes settings of a room; those that are not named stay. */
export function setSettings(
  chat: RequestSender,
  room: ModeratedRoom,
  settings: ChangedSettings,
  wait?: WaitOptions,
): Promise<Moderated> {
  return act(chat, "room", { ...settings, room_id: room.id }, wait);
}

/** Deletes a room for good, with its log. Only owners may. */
export async function deleteRoom(
  chat: RequestSender,
  room: ModeratedRoom,
  wait?: WaitOptions,
): Promise<void> {
  await chat.request({ action: "delete", body: { room_id: room.id } }, () => {}, wait);
}

function act(
  chat: RequestSender,
  action: string,
  body: Record<string, unknown>,
  wait?: WaitOptions,
): Promise<Moderated> {
  return chat.request({ action, body }, (reply) => {
    const { seq } = reply as Partial<SuccessFrame>;
    if (Number.isSafeInteger(seq)) return { seq: seq! };
    throw new ChatError("internal", "The server does not say where it is in the log");
  }, wait);
}
