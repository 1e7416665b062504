/**
 * The roles that people have in rooms, and the settings of rooms, as both sides of the wire know
 * them. `src/core/authority/authority.ts` says what a role may do.
 *
 * @module
 */

/** A role in a room; whoever has a greater one may do what those below may. */
export type Role = "none" | "reader" | "member" | "moderator" | "owner";

/** The roles, from the one that may do nothing to the one that may do everything. */
export const ROLES: readonly Role[] = ["none", "reader", "member", "moderator", "owner"];

/** The longest `sub`, in UTF-16 units: 255, as in OpenID Connect. */
export const MAX_SUB_CHARS: number = 255;

/** The longest topic of a room or reason of an act, in UTF-16 units: 256. */
export const MAX_REMARK_CHARS: number = 256;

/** The longest time between two messages of one person that a room may ask for, in milliseconds: six hours. */
export const MAX_SLOW_MS: number = 21_600_000;

/** The longest time for which a role can be given, in milliseconds: a hundred years. */
export const MAX_ROLE_MS: number = 3_155_760_000_000;

/** Settings of a room; those that are missing stay, or are as in a new one. */
export interface ChangedSettings {
  /**
   * The people who may come in. `open`: whoever has its id; `link`: who was given a role there, by name, by a
   * token or by a link; `closed`: no newcomers but those that its log has given a role by name.
   */
  join?: "open" | "link" | "closed";
  /** The role of whoever comes in and was given no other. */
  default?: "member" | "reader";
  /** Milliseconds between two messages of one member; 0 for no limit. Moderators need not wait. */
  slow_ms?: number;
  /** The past that readers and members may read: all that there is, or since they joined. */
  history?: "all" | "since_join";
  /** The subject of the room; empty for none. */
  topic?: string;
}

/** All settings of a room. */
export type RoomSettings = Readonly<Required<ChangedSettings>>;

/** The ways in which a room lets people in. */
export const JOINS: readonly RoomSettings["join"][] = ["open", "link", "closed"];

/** The roles that a room may give whoever was given no other. */
export const DEFAULT_ROLES: readonly RoomSettings["default"][] = ["member", "reader"];

/** The pasts that a room may let its members read. */
export const HISTORIES: readonly RoomSettings["history"][] = ["all", "since_join"];

/** The settings of a room for which nothing else was said. */
export const DEFAULT_SETTINGS: RoomSettings = {
  join: "open",
  default: "member",
  slow_ms: 0,
  history: "all",
  topic: "",
};

/** The rank of a role: the greater, the more it may do. */
export function rankOf(role: Role): number {
  return ROLES.indexOf(role);
}

/** The greater of two roles. */
export function higher(a: Role, b: Role): Role {
  return rankOf(a) >= rankOf(b) ? a : b;
}

/** The lesser of two roles. */
export function lower(a: Role, b: Role): Role {
  return rankOf(a) <= rankOf(b) ? a : b;
}

/** Says whether a value is a role. */
export function isRole(value: unknown): value is Role {
  return (ROLES as readonly unknown[]).includes(value);
}
