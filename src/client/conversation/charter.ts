// This module runs in browsers.

/**
 * The settings of a room and the roles in it, as far as its member may know them.
 *
 * @module
 */

import {
  type ChangedSettings,
  DEFAULT_SETTINGS,
  isRole,
  type Role,
  type RoomSettings,
} from "../../protocol/roles.ts";
import type { ChatRoom, JoinReply } from "../room.ts";
import type { RoomEvent } from "../room_events.ts";

/** The most roles that are kept by name; a room gives no more. */
const MAX_ROLES = 4_096;

/** A role, and when it ends, in milliseconds since 1970. */
interface HeldRole {
  role: Role;
  until?: number | undefined;
}

/**
 * The charter of a room: begins with what the server said when this client joined, and goes on with
 * the events that it is given. So it is as old as the newest of these.
 */
export class RoomCharter {
  readonly #room: ChatRoom;
  readonly #clientId: string;
  /** The reply that it began with. */
  #reply: JoinReply | undefined;
  #settings: RoomSettings = DEFAULT_SETTINGS;
  #own: HeldRole | undefined;
  readonly #roles = new Map<string, HeldRole>();

  /** Makes the charter of a room, for the client with this id. */
  constructor(room: ChatRoom, clientId: string) {
    this.#room = room;
    this.#clientId = clientId;
    this.#begin();
  }

  /** The settings of the room. */
  get settings(): RoomSettings {
    return this.#settings;
  }

  /** The role of this client at a time in milliseconds since 1970; undefined where the server knows no roles. */
  role(at: number): Role | undefined {
    const own = this.#own;
    return own === undefined ? undefined : isOver(own, at) ? this.#settings.default : own.role;
  }

  /**
   * The role that somebody was given, by client id or `sub`, at a time in milliseconds since 1970.
   * Undefined for whoever was given none; moderators alone know roles of before they came.
   */
  roleOf(to: string, at: number): Role | undefined {
    const given = this.#roles.get(to);
    return given === undefined || isOver(given, at) ? undefined : given.role;
  }

  /** All roles that were given, by client id or `sub`, at a time in milliseconds since 1970: see `roleOf`. */
  roles(at: number): Map<string, Role> {
    const given = [...this.#roles].filter(([, held]) => !isOver(held, at));
    return new Map(given.map(([to, { role }]) => [to, role]));
  }

  /** Takes in an event of the room, in the order in which they come; says whether it was moderation. */
  take(event: RoomEvent): boolean {
    // The room was joined again.
    if (this.#room.reply !== this.#reply) this.#begin();
    if (event.type !== "role" && event.type !== "kick" && event.type !== "room") return false;
    if (event.seq <= this.#room.head) return true;
    if (event.type === "room") this.#change(event);
    if (event.type === "role" && isRole(event.role)) {
      const { to, role, until } = event;
      this.#give(to, { role, until });
      if (this.#isOwn(to)) this.#own = { role, until };
    }
    return true;
  }

  #begin(): void {
    const { reply } = this.#room;
    this.#reply = reply;
    const { you, settings, roles = [] } = reply;
    this.#settings = DEFAULT_SETTINGS;
    this.#change(settings ?? {});
    this.#own = isRole(you?.role) ? { role: you.role } : undefined;
    this.#roles.clear();
    for (const { to, role, until } of Array.isArray(roles) ? roles : []) {
      if (typeof to !== "string" || !isRole(role)) continue;
      this.#give(to, { role, until });
      if (this.#isOwn(to)) this.#own = { role, until };
    }
  }

  #give(to: string, given: HeldRole): void {
    this.#roles.delete(to);
    this.#roles.set(to, given);
    const [first] = this.#roles.keys();
    if (this.#roles.size > MAX_ROLES) this.#roles.delete(first!);
  }

  /** Takes in settings, but for values that a server of this version does not have. */
  #change({ join, default: role, slow_ms, history, topic }: ChangedSettings): void {
    const before = this.#settings;
    this.#settings = {
      join: join ?? before.join,
      default: role ?? before.default,
      slow_ms: typeof slow_ms === "number" ? slow_ms : before.slow_ms,
      history: history ?? before.history,
      topic: typeof topic === "string" ? topic : before.topic,
    };
    // Whoever was given no role has that of the room.
    const hasNone = this.#own?.role === before.default && !this.#roles.has(this.#clientId);
    if (hasNone && isRole(role)) this.#own = { role };
  }

  #isOwn(to: string): boolean {
    return to === this.#clientId || to === this.#room.members.get(this.#clientId)?.sub;
  }
}

function isOver({ until = Infinity }: HeldRole, at: number): boolean {
  return at >= until;
}
