/**
 * The charter of a room: its settings and the roles in it, as the entries of its log add up. It is
 * to moderation what the roster is to presence.
 *
 * @module
 */

import type { ModerationDraft, RoleInfo } from "../protocol/moderation.ts";
import {
  type ChangedSettings,
  DEFAULT_SETTINGS,
  rankOf,
  type Role,
  type RoomSettings,
} from "../protocol/roles.ts";

/** The most roles that a room gives by name. */
export const MAX_ROLES = 4_096;

/** A charter as it is kept, in JSON; all that is missing is as in a room where nothing was said. */
export interface StoredCharter {
  /** The settings that differ from the default. */
  readonly settings?: ChangedSettings;
  /** The roles that the log gives. */
  readonly roles?: readonly RoleInfo[];
}

/** Moderation, as far as it changes a charter. */
export type CharterChange =
  & Pick<ModerationDraft, "at" | "event">
  & ChangedSettings
  & Partial<RoleInfo>;

/** Roles by `sub`. */
type Roles = ReadonlyMap<string, Omit<RoleInfo, "to">>;

/** The settings of a room and the roles in it at one position of its log. It never changes. */
export class Charter {
  /** The charter of a room in which nobody has a role and nothing is set: open, and everybody a member. */
  static readonly open: Charter = new Charter(DEFAULT_SETTINGS, new Map());
  /** The settings. */
  readonly settings: RoomSettings;
  /** `false` where everybody who was given nothing by name, token or link may send at any time. */
  readonly strict: boolean;
  readonly #roles: Roles;

  private constructor(settings: RoomSettings, roles: Roles) {
    this.settings = settings;
    this.#roles = roles;
    this.strict = settings.default !== "member" || settings.slow_ms > 0 ||
      [...roles.values()].some(({ role }) => rankOf(role) < rankOf("member"));
  }

  /** The charter of a new room that `owner`, a `sub`, has made; of one that nobody owns without. */
  static of(owner?: string): Charter {
    if (owner === undefined) return Charter.open;
    return new Charter(DEFAULT_SETTINGS, new Map([[owner, { role: "owner" }]]));
  }

  /** The charter that was kept as JSON. */
  static from({ settings, roles = [] }: StoredCharter): Charter {
    const byName = new Map(roles.map(({ to, ...given }) => [to, given]));
    return new Charter({ ...DEFAULT_SETTINGS, ...settings }, byName);
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

  /** The charter behind the next entry about it. */
  fold({ at, event, to, role, until, ...rest }: CharterChange): Charter {
    if (event === "room") {
      return new Charter({ ...this.settings, ...settingsIn(rest) }, this.#roles);
    }
    if (event !== "role" || to === undefined || role === undefined) return this;
    const roles = new Map([...this.#roles].filter(([, given]) => !isOver(given, at)));
    roles.set(to, { role, ...(until === undefined ? {} : { until }) });
    return new Charter(this.settings, roles);
  }

  /** The same as JSON; undefined where nothing was said. */
  toJSON(): StoredCharter | undefined {
    const settings = Object.fromEntries(
      Object.entries(this.settings).filter(([key, value]) =>
        value !== DEFAULT_SETTINGS[key as keyof RoomSettings]
      ),
    );
    const roles = [...this.#roles].map(([to, given]) => ({ to, ...given }));
    if (roles.length === 0 && Object.keys(settings).length === 0) return undefined;
    return { settings, roles };
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
