// This module runs in browsers.

/**
 * Everything that can happen in a room, as apps see it.
 *
 * @module
 */

import type { MessageNow, PresenceEvent } from "../protocol/frames.ts";
import type { ChangedSettings, Role } from "../protocol/roles.ts";
import { PRESENCE_EVENTS } from "../protocol/roster.ts";

/** An event that has its place in the room's log. */
export interface LoggedEvent {
  /** The place in the room's log; it only grows for as long as `epoch` is the same. */
  seq: number;
  /** The life of the log that `seq` belongs to: together they name an event for ever. */
  epoch: string;
  /** When the server took it, in milliseconds since 1970. */
  sentAt: number;
  /** The client id of the author, or of the one that something happened to; empty for `quiet`. */
  from: string;
  /** The name of that client, where there is one. */
  name?: string;
  /** Who that is, where a token has proved it: names prove nothing. */
  sub?: string;
  /** Set where a token says that it is a program. */
  bot?: true;
  /** `true` where that is this client. */
  own: boolean;
  /** The id of the room. */
  roomId: string;
}

/** A message in a room. */
export interface Message<Data = unknown> extends LoggedEvent {
  /** Tells it from other events. */
  type: "message";
  /** The text of the message. */
  body: string;
  /** The `seq` of the message that it answers, where it answers one. */
  re?: number;
  /** A value for programs, where it has one: check it like any input. */
  data?: Data;
  /** Its state since, where history says so: up to the entry with that `seq`. */
  now?: MessageNow;
}

/**
 * A change of an older message: it has one of `edit`, `redact`, `react` and `unreact`. The module
 * `./conversation` adds them up.
 */
export interface MessageChange extends LoggedEvent {
  /** Tells it from other events. */
  type: "change";
  /** The `seq` of the message that is changed. */
  re: number;
  /** The text that it has from now on. */
  edit?: string;
  /** Set where it has no text any more. */
  redact?: true;
  /** The reason of that, for people. */
  reason?: string;
  /** A reaction to it. */
  react?: string;
  /** A reaction that its author has taken back. */
  unreact?: string;
}

/** Somebody came, went, or changed the name: {@linkcode PresenceEvent} says what each kind is. */
export interface PresenceChange extends LoggedEvent {
  /** The kind of change. */
  type: PresenceEvent;
}

/** Somebody was given another role: a mute is `reader`, a ban `none`. */
export interface RoleChange extends LoggedEvent {
  /** Tells it from other events. */
  type: "role";
  /** The client id of whoever has it, or the `sub` where one is proved. */
  to: string;
  /** The role from here on. */
  role: Role;
  /** The time at which that ends, in milliseconds since 1970; missing where it does not. */
  until?: number;
  /** The reason, for people. */
  reason?: string;
}

/** Somebody was made to leave; the `leave` follows. */
export interface Kick extends LoggedEvent {
  /** Tells it from other events. */
  type: "kick";
  /** The client id of whoever leaves, or the `sub` where one is proved. */
  to: string;
  /** The reason, for people. */
  reason?: string;
}

/** The room has other settings: those that are named have changed. */
export interface SettingsChange extends LoggedEvent, ChangedSettings {
  /** Tells it from other events. */
  type: "room";
}

/** Everything that has its place in the log of a room. */
export type LoggedRoomEvent<Data = unknown> =
  | Message<Data>
  | MessageChange
  | PresenceChange
  | RoleChange
  | Kick
  | SettingsChange;

/** The events of the log that are neither messages nor changes of these. */
export const LOGGED_EVENTS: readonly string[] = [...PRESENCE_EVENTS, "role", "kick", "room"];

/**
 * Everything that can happen in a room.
 *
 * - `message`: somebody said something; this client's own messages come as well, with `own`.
 * - `change`: an older message has another text, none any more, or other reactions.
 * - `join`, `away`, `back`, `leave`, `rename`, `quiet`: see {@linkcode PresenceEvent}. History has
 *   them too.
 * - `role`, `kick`, `room`: moderation, which is about who may do what in the room.
 * - `typing`: somebody else is typing; forget it after six seconds.
 * - `gap`: the entries from `fromSeq` to `toSeq` will never come, as the server's log, or this
 *   client's buffer, kept them for too short a time. Reading goes on behind them.
 * - `recovered`: the room was joined again after the connection broke. With `true` nothing is
 *   missing, and events go on behind the last one. With `false` some are missing for good, and
 *   nobody knows how many. If the next event has another `epoch`, the server has lost the log, and
 *   `seq` begins anew; otherwise the log goes on. `false` also comes first where `joinRoom` was
 *   given an `after` that the log does not reach back to.
 * - `closed`: the last event. The room was left or deleted, the server did not let this client in
 *   again, or the client was closed; `reason` says so in words, for people. `removed` is set where
 *   a moderator has removed this client, and `reason` is the one that was given, if any. A
 *   connection that breaks is none of these. It is final: to come back, join again and use the new
 *   object.
 */
export type RoomEvent<Data = unknown> =
  | LoggedRoomEvent<Data>
  | { type: "typing"; from: string; name?: string }
  | { type: "gap"; fromSeq: number; toSeq: number }
  | { type: "recovered"; recovered: boolean }
  | { type: "closed"; reason: string; removed?: true };
