/**
 * Moderation on the wire: entries of a room's log that say who may do what there, and the requests
 * that make them.
 *
 * @module
 */

import type { Request } from "./frames.ts";
import type {
  LinkEntry,
  LinkFrame,
  LinksFrame,
  UnlinkEntry,
  UnlinkFrame,
  UseEntry,
} from "./link_frames.ts";
import type { ChangedSettings, Role } from "./roles.ts";

/** `kick`: has somebody leave a room; it may come back. */
export interface KickFrame extends Request {
  /** The name of the request. */
  action: "kick";
  /** The id of the room. */
  roomId: string;
  /** The `sub` that is to leave; of whoever has proved none, the client id. */
  to: string;
  /** The reason, for people. */
  reason?: string;
}

/** `role`: gives somebody a role in a room. */
export interface RoleFrame extends Request {
  /** The name of the request. */
  action: "role";
  /** The id of the room. */
  roomId: string;
  /** The `sub` that is to have it; of whoever has proved none, the client id. */
  to: string;
  /** The role. */
  role: Role;
  /** Milliseconds after which that ends; for good where it is left out. */
  forMs?: number;
  /** The reason, for people. */
  reason?: string;
}

/** `room`: changes settings of a room; those that it does not name stay. */
export interface SettingsFrame extends Request {
  /** The name of the request. */
  action: "room";
  /** The id of the room. */
  roomId: string;
  /** The settings that are to change. */
  settings: ChangedSettings;
}

/** `delete`: deletes a room for good, with its log. */
export interface DeleteFrame extends Request {
  /** The name of the request. */
  action: "delete";
  /** The id of the room. */
  roomId: string;
}

/** A request that only some roles may make. */
export type ModerationFrame =
  | KickFrame
  | RoleFrame
  | SettingsFrame
  | DeleteFrame
  | LinkFrame
  | UnlinkFrame
  | LinksFrame;

/** An entry about who may do what: all of them are in the one order of the log. */
export interface Act {
  /** The position in the room's log. */
  seq: number;
  /** The time at which the server took it, in milliseconds since 1970. */
  at: number;
  /** The client id of whoever did it. */
  from: string;
  /** The name of that client, where there is one. */
  name?: string;
  /** The `sub` of that client, where it is proved. */
  sub?: string;
  /** Set where a token says that it is a program. */
  bot?: true;
}

/** Somebody was removed from a room: the client that is told is no member any more. */
export interface RemovedFrame {
  /** The name of the event. */
  event: "removed";
  /** The id of the room. */
  room_id: string;
  /** The `seq` of the `kick` or `role` that did it. */
  seq: number;
  /** The reason, for people. */
  reason?: string;
}

/** Roles in a room that a moderator joins: the reply that follows names the last. */
export interface RolesFrame {
  /** The name of the event. */
  event: "roles";
  /** The id of the room. */
  room_id: string;
  /** Some of the roles. */
  roles: RoleInfo[];
}

/** The role of the client that is told, in one room. */
export interface OwnRole {
  /** The role. */
  role: Role;
}

/** Somebody has another role: a mute is `reader`, a ban `none`. */
export interface RoleEntry extends Act {
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
export interface KickEntry extends Act {
  /** The kind of entry. */
  event: "kick";
  /** The `sub` that leaves; for whoever has proved none, the client id. */
  to: string;
  /** The reason, for people. */
  reason?: string;
}

/** The room has other settings: those that are named have changed. */
export interface SettingsEntry extends Act, ChangedSettings {
  /** The kind of entry. */
  event: "room";
}

/** An entry that its author was not allowed to write, where several servers share a room: nothing of it is told. */
export interface VoidEntry extends Act {
  /** The kind of entry; `from` is empty, and there is no `name`. */
  event: "void";
}

/** An entry of a room's log about who may do what. */
export type ModerationEntry =
  | RoleEntry
  | KickEntry
  | SettingsEntry
  | LinkEntry
  | UnlinkEntry
  | UseEntry;

/**
 * An author as one room knows it: somebody with what a token gives there. It goes with a
 * draft to the place where that gets its `seq`, so that it is judged there, and is not stored.
 */
export interface Author {
  /** The subject of its token; without one, its client id. */
  readonly sub: string;
  /** The role that a token gives in this room. */
  readonly given?: Role;
  /** The greatest role that a token allows in this room. */
  readonly most?: Role;
  /** Set where it acts as owner everywhere. */
  readonly admin?: true;
}

/** An {@linkcode Entry} without what only the store, or the author's name, gives it. */
export type DraftOf<Entry extends Act> = Readonly<Omit<Entry, "seq" | "name">> & {
  /** Moderation has no number, and is never repeated. */
  readonly n: 0;
  /** The name of the client, if there is one. */
  readonly name: string | undefined;
  /** The author, by which it is judged. */
  readonly by: Author;
};

/** An entry about who may do what, which has no `seq` yet. */
export type ModerationDraft =
  | DraftOf<RoleEntry>
  | DraftOf<KickEntry>
  | DraftOf<SettingsEntry>
  | DraftOf<LinkEntry>
  | DraftOf<UnlinkEntry>
  | DraftOf<UseEntry>;

/** A role that the log of a room gives somebody. */
export interface RoleInfo {
  /** The `sub` that has it; for whoever has proved none, the client id. */
  to: string;
  /** The role. */
  role: Role;
  /** The time at which that ends, in milliseconds since 1970; missing where it does not. */
  until?: number;
}
