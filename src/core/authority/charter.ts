/**
 * The charter of a room: its settings and the roles in it, as the entries of its log add up. It is
 * to moderation what the roster is to presence.
 *
 * @module
 */

import type { Author, ModerationDraft, RoleInfo } from "../../protocol/moderation.ts";
import { LinkList, type StoredLinks } from "./link_list.ts";
import {
  type ChangedSettings,
  DEFAULT_SETTINGS,
  higher,
  rankOf,
  type Role,
  type RoomSettings,
} from "../../protocol/roles.ts";

/** The most roles that a room gives by name. */
export const MAX_ROLES = 4_096;

/** A charter as it is kept, in JSON; all that is missing is as in a room where nothing was said. */
export interface StoredCharter extends StoredLinks {
  /** The settings that differ from the default. */
  readonly settings?: ChangedSettings;
  /** The roles that the log gives. */
  readonly roles?: readonly RoleInfo[];
}

/** Moderation, as far as it changes a charter; of each kind what that has, which a type of all would lose. */
export type CharterChange = ModerationDraft extends infer Any
  ? Any extends ModerationDraft
    ? Omit<Any, "from" | "name" | "n" | "by"> & Partial<Pick<Any, "from" | "by">>
  : never
  : never;

/** Roles by `sub`. */
type Roles = ReadonlyMap<string, Omit<RoleInfo, "to">>;

/** The settings of a room and the roles in it at one position of its log. It never changes. */
export class Charter {
  /** The charter of a room in which nobody has a role and nothing is set: open, and everybody a member. */
  static readonly open: Charter = new Charter(DEFAULT_SETTINGS, new Map());
  /** The settings. */
  readonly settings: RoomSettings;
  /** `false` where everybody who was given nothing by name or token may send at any time. */
  readonly strict: boolean;
  /** The links into the room. */
  readonly links: LinkList;
  readonly #roles: Roles;

  private constructor(settings: RoomSettings, roles: Roles, links = LinkList.first) {
    this.settings = settings;
    this.links = links;
    this.#roles = roles;
    this.strict = settings.default !== "member" || settings.slow_ms > 0 ||
      [...roles.values()].some(({ role }) => rankOf(role) < rankOf("member")) ||
      settings.join !== "open" && links.hasReaders;
  }

  /** The charter of a new room that `owner`, a `sub`, has made; of one that nobody owns without. */
  static of(owner?: string): Charter {
    if (owner === undefined) return Charter.open;
    return new Charter(DEFAULT_SETTINGS, new Map([[owner, { role: "owner" }]]));
  }

  /** The charter that was kept as JSON. */
  static from({ settings, roles = [], ...links }: StoredCharter): Charter {
    const byName = new Map(roles.map(({ to, ...given }) => [to, given]));
    return new Charter({ ...DEFAULT_SETTINGS, ...settings }, byName, LinkList.from(links));
  }

  /** The role that the log gives somebody by name, at a time in milliseconds since 1970. */
  roleOf(sub: string, at: number): Role | undefined {
    const given = this.#roles.get(sub);
    return given === undefined || isOver(given, at) ? undefined : given.role;
  }

  /** The roles that the log gives at a time in milliseconds since 1970. */
  roles(at: number): RoleInfo[] {
    return [...this.#roles].flatMap(([to, given]) => isOver(given, at) ? [] : [{ to, ...given }]);
  }

  /** The number of owners by name. */
  get owners(): number {
    return [...this.#roles.values()].filter(({ role }) => role === "owner").length;
  }

  /** Says whether one more person can be given a role at a time in milliseconds since 1970. */
  hasPlaceFor(sub: string, at: number): boolean {
    return this.#roles.size < MAX_ROLES || this.#roles.has(sub) ||
      this.roles(at).length < MAX_ROLES;
  }

  /** The charter behind the next entry about it, whose author is known where that is a ban. */
  fold(change: CharterChange): Charter {
    const { settings, links } = this;
    switch (change.event) {
      case "room":
        return new Charter({ ...settings, ...settingsIn(change) }, this.#roles, links);
      case "role": {
        const { at, to, role, until, by } = change;
        const roles = new Map([...this.#roles].filter(([, given]) => !isOver(given, at)));
        roles.set(to, { role, ...(until === undefined ? {} : { until }) });
        const isBan = role === "none" && by !== undefined;
        const left = isBan ? links.withoutGuest(to, this.#standingOf(by, at)) : links;
        return new Charter(settings, roles, left);
      }
      case "link": {
        const { at, id, role, until, uses, to } = change;
        const terms = { ...(until && { until }), ...(uses && { uses }), ...(to && { to }) };
        return new Charter(settings, this.#roles, links.withLink({ id, role, ...terms }, at));
      }
      case "unlink":
        return new Charter(settings, this.#roles, links.without(change.id));
      case "use": {
        const { sub, from = "" } = change;
        const next = links.withUse(sub ?? from, change, sub === undefined);
        return new Charter(settings, this.#roles, next);
      }
      case "kick":
        return this;
      default:
        return change satisfies never;
    }
  }

  /** The role of an author, as far as it is more than anybody's; roles that tokens narrow are no concern here. */
  #standingOf({ sub, given = "none", admin }: Author, at: number): Role {
    if (admin) return "owner";
    return this.roleOf(sub, at) ?? higher(given, this.links.roleOf(sub, at) ?? "none");
  }

  /** The same as JSON; undefined where nothing was said. */
  toJSON(): StoredCharter | undefined {
    const settings = Object.fromEntries(
      Object.entries(this.settings).filter(([key, value]) =>
        value !== DEFAULT_SETTINGS[key as keyof RoomSettings]
      ),
    );
    const roles = [...this.#roles].map(([to, given]) => ({ to, ...given }));
    const links = this.links.toJSON();
    const isPlain = roles.length === 0 && Object.keys(settings).length === 0;
    return isPlain && links === undefined ? undefined : { settings, roles, ...links };
  }
}

/** The settings among the fields of an entry. */
export function settingsIn(fields: ChangedSettings): ChangedSettings {
  return Object.fromEntries(
    Object.entries(fields).filter(([key, value]) =>
      Object.hasOwn(DEFAULT_SETTINGS, key) && value !== undefined
    ),
  );
}

function isOver({ until }: Omit<RoleInfo, "to">, at: number): boolean {
  return until !== undefined && until <= at;
}
