/**
 * The links into a room that count, and the people who came by them, as the entries of its log add up.
 * It is a part of the charter.
 *
 * @module
 */

import type { LinkInfo, UseEntry } from "../../protocol/link_frames.ts";
import { MAX_LINKS, OWNER_LINK } from "../../protocol/links.ts";
import { higher, lower, rankOf, type Role } from "../../protocol/roles.ts";

/** The most people who are known to have come by links: as many as have a role by name. */
const MAX_CAME = 4_096;

/** The most counters of a link, and the most links that were made of it and have ended. */
const MAX_PARTS = 256;

/** A link, as a charter keeps it. */
export interface StoredLink extends Omit<LinkInfo, "used"> {
  /** The uses so far, by counter. */
  readonly counts?: Readonly<Record<string, number>>;
  /** The ids of links that were made of it and count no more. */
  readonly ended?: readonly string[];
}

/** Somebody who came by a link. */
export interface Came {
  /** The `sub`, or the client id. */
  readonly to: string;
  /** The ids of the link, joined by `.`. */
  readonly id: string;
  /** The role that it gave. */
  readonly role: Role;
  /** The time at which that ends, in milliseconds since 1970. */
  readonly until?: number;
  /** Set where nothing was proved of them: others could be the same. */
  readonly unproven?: true;
}

/** A list as it is kept, in JSON. */
export interface StoredLinks {
  /** The links; where they are missing, the owner link alone. */
  readonly links?: readonly StoredLink[];
  /** The people who came by them. */
  readonly came?: readonly Came[];
}

/** A use, as far as a list needs it. */
export type LinkUse = Pick<UseEntry, "id" | "role" | "until" | "counts">;

const OWNER: StoredLink = { id: OWNER_LINK, role: "owner" };

/** The links of a room at one position of its log. It never changes. */
export class LinkList {
  /** The list of a new room: its owner link alone, which nobody came by. */
  static readonly first: LinkList = new LinkList(new Map([[OWNER_LINK, OWNER]]), new Map());
  readonly #links: ReadonlyMap<string, StoredLink>;
  readonly #came: ReadonlyMap<string, Came>;

  private constructor(links: ReadonlyMap<string, StoredLink>, came: ReadonlyMap<string, Came>) {
    this.#links = links;
    this.#came = came;
  }

  /** The list that was kept as JSON. */
  static from(stored: StoredLinks): LinkList {
    const { links = [OWNER], came = [] } = stored;
    if (stored.links === undefined && came.length === 0) return LinkList.first;
    return new LinkList(
      new Map(links.map((link) => [link.id, link])),
      new Map(came.map((one) => [one.to, one])),
    );
  }

  /** The role for which somebody came by a link, whether or not it still counts. */
  cameFor(sub: string): Role | undefined {
    return this.#came.get(sub)?.role;
  }

  /** `true` where somebody came by a link to read only. */
  get hasReaders(): boolean {
    return [...this.#came.values()].some(isReader);
  }

  /** The role that a link gives somebody, at a time in milliseconds since 1970. */
  roleOf(sub: string, at: number): Role | undefined {
    const came = this.#came.get(sub);
    return came && this.roleBy(came, at);
  }

  /** The role that a link gives, or one that was made of it; undefined where it counts no more. */
  roleBy({ id, role, until = Infinity }: LinkUse, at: number): Role | undefined {
    const [root = "", ...parts] = id.split(".");
    const link = this.#links.get(root);
    if (link === undefined || until <= at || (link.until ?? Infinity) <= at) return undefined;
    if (parts.some((part) => link.ended?.includes(part))) return undefined;
    return lower(role, link.role);
  }

  /** Says whether as many have come by a link as may; `to` would be the next. */
  isUsedUp(to: string, { id, counts = {} }: LinkUse): boolean {
    // A use that nobody knew to be stored comes twice, and counts once.
    if (this.#came.get(to)?.id === id) return false;
    // Of readers none is forgotten: they would be as everybody else.
    const isKnown = this.#came.size < MAX_CAME || this.#came.has(to);
    if (!isKnown && [...this.#came.values()].every(isReader)) return true;
    const { counts: used = {} } = this.#links.get(rootOf(id)) ?? {};
    const names = Object.keys(counts);
    const isFull = names.some((name) => !Object.hasOwn(used, name)) &&
      Object.keys(used).length + names.length > MAX_PARTS;
    return isFull ||
      names.some((name) => Object.hasOwn(used, name) && used[name]! >= counts[name]!);
  }

  /** The role of a link that was not made of another one; undefined where there is none. */
  roleOfLink(id: string): Role | undefined {
    return this.#links.get(rootOf(id))?.role;
  }

  /** Says whether one more link can be made. */
  get hasPlace(): boolean {
    return this.#links.size < MAX_LINKS;
  }

  /** The links at a time in milliseconds since 1970, up to one that gives `most`, the oldest first. */
  infos(most: Role, at: number): LinkInfo[] {
    return [...this.#links.values()].flatMap(({ counts, ended: _, ...link }) => {
      if ((link.until ?? Infinity) <= at || rankOf(link.role) > rankOf(most)) return [];
      // The first counter is that of the link itself: it counts before any that was made of it.
      const used = link.uses === undefined ? {} : { used: Object.values(counts ?? {})[0] ?? 0 };
      return [{ ...link, ...used }];
    });
  }

  /** The list with one more link, at a time in milliseconds since 1970. Links that have ended are forgotten. */
  withLink(link: StoredLink, at: number): LinkList {
    const kept = [...this.#links].filter(([, { until = Infinity }]) => until > at);
    return new LinkList(new Map([...kept, [link.id, link]]), this.#came);
  }

  /** The list behind a use of a link by somebody. Of too many one who came first is forgotten, but no reader. */
  withUse(to: string, { id, role, until, counts = {} }: LinkUse, unproven: boolean): LinkList {
    const root = rootOf(id);
    const link = this.#links.get(root);
    if (link === undefined) return this;
    const links = new Map(this.#links);
    if (Object.keys(counts).length > 0 && this.#came.get(to)?.id !== id) {
      const used = { ...link.counts };
      for (const name of Object.keys(counts)) used[name] = (used[name] ?? 0) + 1;
      links.set(root, { ...link, counts: used });
    }
    const came = new Map(this.#came);
    came.delete(to);
    came.set(to, {
      ...{ to, id, role },
      ...(until === undefined ? {} : { until }),
      ...(unproven && { unproven }),
    });
    if (came.size > MAX_CAME) {
      const oldest = [...came.values()].find((one) => !isReader(one));
      if (oldest !== undefined) came.delete(oldest.to);
    }
    return new LinkList(links, came);
  }

  /** The list without a link, or without one that was made of it. */
  without(id: string): LinkList {
    const [root = "", ...parts] = id.split(".");
    const link = this.#links.get(root);
    if (link === undefined) return this;
    const links = new Map(this.#links);
    const part = parts.at(-1);
    const { ended = [] } = link;
    if (part === undefined || ended.length >= MAX_PARTS) links.delete(root);
    else links.set(root, { ...link, ended: [...ended, part] });
    return new LinkList(links, this.#came);
  }

  /**
   * The list behind a ban of somebody: where nothing was proved of them, they could come back as somebody
   * else by the same link, so that one ends too. A link that gives as much as `role`, which banned
   * them, stays: only what was made of it ends.
   */
  withoutGuest(to: string, role: Role): LinkList {
    const came = this.#came.get(to);
    if (came?.unproven === undefined) return this;
    const link = this.#links.get(rootOf(came.id));
    if (link === undefined) return this;
    const endsAll = !came.id.includes(".") || (link.ended?.length ?? 0) >= MAX_PARTS;
    return endsAll && rankOf(link.role) >= rankOf(role) ? this : this.without(came.id);
  }

  /** The same as JSON; undefined where it is as in a new room. */
  toJSON(): StoredLinks | undefined {
    if (this === LinkList.first) return undefined;
    const came = [...this.#came.values()];
    return { links: [...this.#links.values()], ...(came.length > 0 && { came }) };
  }
}

/** The greater one of two roles that may be missing. */
export function higherOf(a: Role | undefined, b: Role | undefined): Role | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return higher(a, b);
}

function isReader({ role }: Came): boolean {
  return rankOf(role) < rankOf("member");
}

/** The id of the link that one was made of. */
function rootOf(id: string): string {
  const end = id.indexOf(".");
  return end < 0 ? id : id.slice(0, end);
}
