/**
 * Links into rooms, as both sides of the wire know them. A link is a capability: an id, caveats that
 * narrow it, and the last signature of a chain over these. So whoever has a link can narrow it
 * further without a server, and nobody can widen one.
 *
 * @module
 */

import { isRole, lower, type Role } from "./roles.ts";

/** The longest link, in UTF-16 units: 4,096. */
export const MAX_LINK_CHARS: number = 4_096;

/** The most caveats of a link: 16. */
export const MAX_CAVEATS: number = 16;

/** The most people that a link can be for: 1,000. One without a number is for any number. */
export const MAX_USES: number = 1_000;

/** The most links of a room: 64. */
export const MAX_LINKS: number = 64;

/** The id of the link that every room has from its beginning: whoever has it acts as owner. */
export const OWNER_LINK: string = "owner";

/** A caveat of a link. All of them hold. */
export type Caveat =
  /** It gives no greater role. */
  | { role: Role }
  /** It ends at this time, in seconds since 1970. */
  | { exp: number }
  /** It is for this number of people at most. */
  | { uses: number }
  /** It is for whoever has this `sub`, or this client id. */
  | { to: string }
  /** It has one more id from here on, by which it can be ended. */
  | { id: string };

/** A link, read: nothing is checked but its shape. */
export interface ReadLink {
  /** The id of the link that it was made of, or is. */
  readonly id: string;
  /** Its caveats in their order, as they are written. */
  readonly caveats: readonly string[];
  /** The last signature of the chain. */
  readonly signature: string;
}

/** The sum of the caveats of a link. */
export interface LinkTerms {
  /** Its ids, joined by `.`. */
  readonly id: string;
  /** The greatest role that it gives; the link that it was made of may give less. */
  readonly role: Role;
  /** The time at which it ends, in milliseconds since 1970; undefined where no caveat says so. */
  readonly until: number | undefined;
  /** The places of the caveats that count uses, each with their number. */
  readonly uses: ReadonlyMap<number, number>;
  /** All that it is for. */
  readonly to: readonly string[];
}

const ID = /^[0-9a-z]{1,16}$/;
const SIGNATURE = /^[0-9a-hjkmnp-tv-z]{32}$/;

/** Writes a caveat. */
export function encodeCaveat(caveat: Caveat): string {
  if ("to" in caveat) return `to=${encodeURIComponent(caveat.to).replaceAll(".", "%2E")}`;
  const [[name, value] = []] = Object.entries(caveat);
  return `${name}=${value}`;
}

/** Writes a link. */
export function encodeLink({ id, caveats, signature }: ReadLink): string {
  return [id, ...caveats, signature].join(".");
}

/** Reads a link; undefined for what cannot be one. */
export function readLink(text: string): ReadLink | undefined {
  if (text.length > MAX_LINK_CHARS) return undefined;
  const [id = "", ...caveats] = text.split(".");
  const signature = caveats.pop() ?? "";
  const isOne = ID.test(id) && SIGNATURE.test(signature) && caveats.length <= MAX_CAVEATS;
  return isOne ? { id, caveats, signature } : undefined;
}

/** Says whether a text is the id of a link, or several joined by `.`, of a link and what was made of it. */
export function isLinkId(text: string): boolean {
  const ids = text.split(".");
  return ids.length <= MAX_CAVEATS + 1 && ids.every((id) => ID.test(id));
}

/** Adds the caveats of a link up; undefined where one is none that is known: then it lets nobody in. */
export function termsOf({ id, caveats }: Pick<ReadLink, "id" | "caveats">): LinkTerms | undefined {
  const ids = [id];
  let role: Role = "owner";
  let until = Infinity;
  const uses = new Map<number, number>();
  const to: string[] = [];
  for (const [place, caveat] of caveats.entries()) {
    const known = readCaveat(caveat);
    if (known === undefined) return undefined;
    if ("role" in known) role = lower(role, known.role);
    else if ("exp" in known) until = Math.min(until, known.exp * 1_000);
    else if ("uses" in known) uses.set(place, known.uses);
    else if ("to" in known) to.push(known.to);
    else ids.push(known.id);
  }
  return { id: ids.join("."), role, until: until === Infinity ? undefined : until, uses, to };
}

/** Reads a caveat; undefined for what is none. There is one way to write each. */
function readCaveat(text: string): Caveat | undefined {
  const [name, value, ...rest] = text.split("=");
  if (value === undefined || rest.length > 0) return undefined;
  switch (name) {
    case "role":
      return isRole(value) && value !== "none" ? { role: value } : undefined;
    case "exp":
      return /^(0|[1-9]\d{0,11})$/.test(value) ? { exp: Number(value) } : undefined;
    case "uses":
      return /^[1-9]\d{0,3}$/.test(value) && Number(value) <= MAX_USES
        ? { uses: Number(value) }
        : undefined;
    case "id":
      return ID.test(value) ? { id: value } : undefined;
    case "to": {
      const to = decoded(value);
      return to !== undefined && encodeCaveat({ to }) === text ? { to } : undefined;
    }
  }
  return undefined;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
