/**
 * Decides who may do what in a room. Every action and every way to read asks here, and nothing else
 * decides. PROTOCOL.md has the table.
 *
 * @module
 */

import { type ChatError, stacklessError } from "../../protocol/errors.ts";
import type { Author } from "../../protocol/moderation.ts";
import { higher, lower, rankOf, type Role } from "../../protocol/roles.ts";
import type { Charter } from "./charter.ts";
import { higherOf } from "./link_list.ts";

/** Permissions of a token. */
export interface Grants {
  /**
   * The roles that a token gives, by room id, with `*` for all rooms that it does not name. Nobody
   * has a greater one than the token says; in a room that it neither names nor covers by `*`, nobody
   * has any. Without a list it says nothing of rooms.
   */
  readonly rooms?: Readonly<Record<string, Role>>;
  /** Set where a token has the scope `admin`: it acts as owner in every room. */
  readonly admin?: true;
  /** Set where a token has the scope `rooms:create`: it makes named rooms. */
  readonly names?: true;
}

/** Somebody, as rooms know them over all connections. */
export interface Principal {
  /** The subject of a token; without a token the client id. Roles are given to it. */
  readonly sub: string;
  /** Set where a token has proved `sub`. */
  readonly proven?: true;
  /** The name that a token gives. */
  readonly name?: string;
  /** Set where a token says that it is a program. */
  readonly bot?: true;
  /** Permissions by token; those of anybody where there are none. */
  readonly grants?: Grants;
  /** The time at which the token ends, in milliseconds since 1970. */
  readonly expiresAt?: number;
}

/** The least role for each action. */
const LEAST = {
  /** Come in, read the history, the members, what is found: every way to read asks for this. */
  read: "reader",
  /** Set one's own read marker. */
  mark: "reader",
  /** Be shown to be typing. */
  type: "member",
  /** Send a message or a reply. */
  send: "member",
  /** Add or take back one's own reaction. */
  react: "member",
  /** Change the text of one's own message. */
  edit: "member",
  /** Take back one's own message. */
  redact: "member",
  /** Take back a message of somebody else. */
  redact_others: "moderator",
  /** Have somebody leave. */
  kick: "moderator",
  /** Give somebody another role: see {@linkcode mayGive}. */
  give: "moderator",
  /** See who has which role. */
  see_roles: "moderator",
  /** Say who may come in. A moderator can let in anybody by name, so this gives it nothing more. */
  join: "moderator",
  /** Set the time between two messages. */
  slow_ms: "moderator",
  /** Say what the room is about: that is said rather than ruled. */
  topic: "moderator",
  /** Set the role of whoever was given no other. */
  default: "owner",
  /** Set how far back members may read. */
  history: "owner",
  /** Read what was said before one joined, in a room that shows it to nobody else. */
  read_all: "moderator",
  /** Make, list and end links that give a role up to member. */
  link: "moderator",
  /** The same of all links. */
  link_any: "owner",
  /** Delete the room. */
  delete: "owner",
} as const satisfies Record<string, Role>;

/** Actions in the words of a refusal, where those are others. */
const WORDS: { readonly [Name in Action]?: string } = {
  redact_others: "redact what others said",
  give: "give roles",
  see_roles: "see roles",
  join: "set join",
  slow_ms: "set slow_ms",
  topic: "set topic",
  default: "set default",
  history: "set history",
  read_all: "read that far back",
  link: "make links or end them",
  link_any: "make such links or end them",
  delete: "delete the room",
};

/** Something that somebody may want to do in a room. */
export type Action = keyof typeof LEAST;

/** Every action. */
export const ROOM_ACTIONS = Object.keys(LEAST) as readonly Action[];

/** Says whether a role is enough for an action. This is the table. */
export function may(role: Role, action: Action): boolean {
  return rankOf(role) >= rankOf(LEAST[action]);
}

/** Says whether somebody may act on somebody else: on strictly lower roles only. */
export function mayActOn(role: Role, other: Role): boolean {
  return rankOf(role) > rankOf(other);
}

/** Says whether a role may give another one: a moderator up to member, an owner any. */
export function mayGive(role: Role, given: Role): boolean {
  return may(role, "give") && (role === "owner" || rankOf(given) <= rankOf("member"));
}

/** A principal as one room knows it; undefined where it is the client `clientId`, and nothing else is known. */
export function authorIn(
  { sub, grants }: Principal,
  roomId: string,
  clientId?: string,
): Author | undefined {
  if (grants === undefined) return sub === clientId ? undefined : { sub };
  const { rooms, admin } = grants;
  // A token names a person, and narrows it too; a link names nobody, and only gives.
  const most = rooms && (ownRole(rooms, roomId) ?? ownRole(rooms, "*") ?? "none");
  const given = most === undefined ? {} : { given: most, most };
  return { sub, ...given, ...(admin && { admin }) };
}

/**
 * The role of an author in a room, at a time in milliseconds since 1970: (1) the one that the log
 * gives by name, so that a ban or a mute holds against every token; (2) else the greatest one of
 * token, link and the default of the room; (3) not more than a token allows, nor, where the room is
 * not open, more than the link by which it came; (4) an admin acts as owner.
 */
export function roleOf({ sub, given, most, admin }: Author, charter: Charter, at: number): Role {
  if (admin) return "owner";
  const role = charter.roleOf(sub, at) ?? higher(given ?? "none", roleByLink(sub, charter, at));
  return most === undefined ? role : lower(role, most);
}

/** The role of somebody who was given none by name: that of the link, or the default of the room. */
function roleByLink(sub: string, { links, settings }: Charter, at: number): Role {
  const came = links.cameFor(sub);
  if (came === undefined) return settings.default;
  // Into an open room it could come without a link.
  const least = settings.join === "open" ? settings.default : lower(settings.default, came);
  return higher(links.roleOf(sub, at) ?? "none", least);
}

/**
 * Says whether somebody may come into a room: into one that is not open only where it is a member
 * already, or was given a role; see {@linkcode ChangedSettings.join}.
 */
export function mayEnter(
  author: Author,
  charter: Charter,
  at: number,
  isMember: boolean,
): boolean {
  const role = roleOf(author, charter, at);
  if (!may(role, "read")) return false;
  const { join } = charter.settings;
  if (join === "open" || isMember || may(role, "join")) return true;
  if (charter.roleOf(author.sub, at) !== undefined) return true;
  const given = higherOf(author.given, charter.links.roleOf(author.sub, at));
  return join === "link" && given !== undefined && may(given, "read");
}

/**
 * Refuses an action for which a role is not enough. Where it is not even enough to see the room,
 * the answer is that of a room that does not exist.
 *
 * @throws {ChatError} where it is not enough.
 */
export function demand(role: Role, action: Action, roomId: string): void {
  if (!may(role, action)) throw refusalOf(role, action, roomId);
}

/** The refusal of an action in a room. */
export function refusalOf(role: Role, action: Action, roomId: string): ChatError {
  if (!may(role, "read")) return notFound(roomId);
  const what = WORDS[action] ?? action;
  return forbidden(`A ${role} may not ${what} here: that takes a ${LEAST[action]}`);
}

/** The refusal of something that a role does not allow. */
export function forbidden(message: string): ChatError {
  return stacklessError("forbidden", message);
}

/** The answer about a room that does not exist, or that somebody may not see. */
export function notFound(roomId: string): ChatError {
  return stacklessError("room_not_found", `Room ${roomId} does not exist`);
}

/** The role that a record gives, where a name stands in it by itself. */
function ownRole(roles: Readonly<Record<string, Role>>, name: string): Role | undefined {
  return Object.hasOwn(roles, name) ? roles[name] : undefined;
}
