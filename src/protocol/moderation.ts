/**
 * Moderation on the wire: entries of a room's log that say who may do what there, and the requests
 * that make them.
 *
 * @module
 */

import type { Role, RoomSettings } from "./roles.ts";

/** An entry about who may do what: all of them are in the one order of the log. */
interface Moderation {
  /** The position in the room's log. */
  seq: number;
  /** The time at which the server took it, in milliseconds since 1970. */
  at: number;
  /** The client id of whoever did it. */
  from: string;
  /** The name of that client, where there is one. */
  name?: string;
}

/** Somebody has another role: a mute is `reader`, a ban `none`. */
export interface RoleEntry extends Moderation {
  /** The kind of entry. */
  event: "role";
  /** The `sub` that has it; for whoever has proved none, the client id. */
  to: string;
  /** The role from here on. */
  role: Role;
  /** The time at which that ends, in milliseconds since 1970; missing where it does not. */
  until?: number;
  /** The reason, for people. */
  reason?: string;
}

/** Somebody was made to leave; the `leave` follows. */
export interface KickEntry extends Moderation {
  /** The kind of entry. */
  event: "kick";
  /** The `sub` that leaves; for whoever has proved none, the client id. */
  to: string;
  /** The reason, for people. */
  reason?: string;
}

/** The room has other settings: those that are named have changed. */
export interface SettingsEntry extends Moderation, Partial<RoomSettings> {
  /** The kind of entry. */
  event: "room";
}

/** An entry of a room's log about who may do what. */
export type ModerationEntry = RoleEntry | KickEntry | SettingsEntry;

/** An {@linkcode Entry} without what only the store, or the author's name, gives it. */
type DraftOf<Entry extends Moderation> = Readonly<Omit<Entry, "seq" | "name">> & {
  /** Moderation has no number, and is never repeated. */
  readonly n: 0;
  /** The name of the client, if there is one. */
  readonly name: string | undefined;
};

/** An entry about who may do what, which has no `seq` yet. */
export type ModerationDraft = DraftOf<RoleEntry> | DraftOf<KickEntry> | DraftOf<SettingsEntry>;

/** A role that the log of a room gives somebody. */
export interface RoleInfo {
  /** The `sub` that has it; for whoever has proved none, the client id. */
  to: string;
  /** The role. */
  role: Role;
  /** The time at which that ends, in milliseconds since 1970; missing where it does not. */
  until?: number;
}
