/**
 * Proofs: what a token, or the app around a chat, says of a person that it knows.
 *
 * @module
 */

import { type ChatError, stacklessError } from "../../protocol/errors.ts";
import { readName } from "../../protocol/names.ts";
import { MAX_SUB_CHARS, type Role, ROLES } from "../../protocol/roles.ts";
import type { Principal } from "./authority.ts";
import { normalizeRoomId } from "./ids.ts";

/** The most rooms that a proof names, and the most words of its scope. */
const MAX_GRANTS = 100;

/** The word of a scope with which somebody acts as owner everywhere. */
const ADMIN = "admin";

/** The word of a scope with which somebody makes named rooms. */
const NAMES_ROOMS = "rooms:create";

/** The longest name of an issuer, in UTF-16 units: it is a part of the names of its people. */
const MAX_ISSUER_CHARS = 512;

/** Characters of a `sub` that nobody sees: two people could look the same. */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

/** A person, as a token or the app around a chat knows it. */
export interface Proof {
  /** The one lasting name of the person, which no other of the same issuer has: 1 to 255 visible characters. */
  readonly sub: string;
  /**
   * The party that says so, without blanks; none unless given. The same `sub` of another one is another
   * person: so the chat calls them by both, `issuer sub`, which is what their roles are given to. Give it
   * for everybody or for nobody.
   */
  readonly issuer?: string;
  /** `true` where no other issuer has the same `sub`: then that alone is what the person is called. */
  readonly unique?: boolean;
  /** The name that others see; the person chooses one unless given. */
  readonly name?: string;
  /** `true` for a program. */
  readonly bot?: boolean;
  /** Words apart by spaces: `rooms:create`, `admin`. */
  readonly scope?: string;
  /** Roles by room id, and under `*` the one in all other rooms. */
  readonly rooms?: Readonly<Record<string, Role>>;
  /** When this was said, in milliseconds since 1970: a revocation ends what was said before it. Now, unless given. */
  readonly issuedAt?: number;
  /** When it ends, in milliseconds since 1970; never, unless given. */
  readonly expiresAt?: number;
}

/** A proof that was checked, with what was not given. */
export interface CheckedProof extends Proof {
  readonly issuer: string;
  /** The `sub` has the issuer in it, where that is needed. */
  readonly unique: true;
  readonly bot?: true;
  /** The words of the scope. */
  readonly words: readonly string[];
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/**
 * Checks a proof at the time `at`, in milliseconds since 1970. Room ids come back in the one way they
 * are written.
 *
 * @throws {ChatError} `token_invalid` that names what will not do, and its value.
 */
export function checkedProof(
  proof: { readonly [Field in keyof Proof]?: unknown },
  at: number,
): CheckedProof {
  const { issuer = "", unique = issuer === "", name, bot = false, scope = "" } = proof;
  const { issuedAt = at, expiresAt = Infinity } = proof;
  if (typeof issuer !== "string" || issuer.length > MAX_ISSUER_CHARS) {
    throw wrong("iss", `a text of at most ${MAX_ISSUER_CHARS} characters`, issuer);
  }
  if (typeof unique !== "boolean") throw wrong("unique", "true or false", unique);
  if (!unique && !/^\S+$/.test(issuer)) throw wrong("iss", "a text without blanks", issuer);
  const sub = checkedSub(proof.sub);
  if (name !== undefined && typeof name !== "string") throw wrong("name", "a text", name);
  if (typeof bot !== "boolean") throw wrong("bot", "true or false", bot);
  if (typeof scope !== "string") throw wrong("scope", "a text", scope);
  const words = scope.split(" ").filter((word) => word !== "");
  if (words.length > MAX_GRANTS) throw wrong("scope", `at most ${MAX_GRANTS} words`, words.length);
  if (!isTime(issuedAt)) throw wrong("issuedAt", "milliseconds since 1970", issuedAt);
  if (!isTime(expiresAt)) throw wrong("expiresAt", "milliseconds since 1970", expiresAt);
  return {
    // An issuer has no blank: this tells where it ends.
    sub: unique ? sub : checkedSub(`${issuer} ${sub}`),
    issuer,
    unique: true,
    ...usableName(name),
    ...(bot ? { bot } : {}),
    scope,
    words,
    ...(proof.rooms === undefined ? {} : { rooms: checkedRooms(proof.rooms) }),
    issuedAt,
    expiresAt,
  };
}

/** The person that a proof is of, as rooms know it. */
export function principalOf({ sub, name, bot, words, rooms, expiresAt }: CheckedProof): Principal {
  const grants = {
    ...(rooms && { rooms }),
    ...(words.includes(ADMIN) && { admin: true as const }),
    ...(words.includes(NAMES_ROOMS) && { names: true as const }),
  };
  return {
    sub,
    proven: true,
    ...(name === undefined ? {} : { name }),
    ...(bot && { bot }),
    grants,
    ...(expiresAt === Infinity ? {} : { expiresAt }),
  };
}

/** Checks a `sub`: see {@linkcode Proof.sub}. */
export function checkedSub(sub: unknown): string {
  const fits = typeof sub === "string" && sub !== "" && sub.length <= MAX_SUB_CHARS;
  if (fits && sub.isWellFormed() && sub.trim() === sub && !UNSEEN.test(sub)) return sub;
  throw wrong("sub", `a text of 1 to ${MAX_SUB_CHARS} visible characters`, sub);
}

function checkedRooms(rooms: unknown): Record<string, Role> {
  if (typeof rooms !== "object" || rooms === null || Array.isArray(rooms)) {
    throw wrong("rooms", "an object", rooms);
  }
  const entries = Object.entries(rooms);
  if (entries.length > MAX_GRANTS) throw wrong("rooms", `at most ${MAX_GRANTS}`, entries.length);
  const roles = new Map<string, Role>();
  for (const [room, given] of entries) {
    const role = ROLES.find((role) => role === given);
    if (role === undefined) {
      throw wrong(`the role in ${shown(room)}`, `one of ${ROLES.join(", ")}`, given);
    }
    const id = normalizeRoomId(room);
    if (roles.has(id)) throw invalid(`rooms name ${shown(id)} twice`);
    roles.set(id, role);
  }
  return Object.fromEntries(roles);
}

/**
 * The name, if others may be shown it. One that is too long, or has characters that nobody sees,
 * counts as none: the person cannot change what a provider says of it.
 */
function usableName(name: string | undefined): { name?: string } {
  try {
    return name === undefined ? {} : { name: readName(name) };
  } catch {
    return {};
  }
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && value >= 0;
}

function wrong(what: string, wanted: string, value: unknown): ChatError {
  return invalid(`${what} must be ${wanted}, not ${shown(value)}`);
}

/** The refusal of a token; `why` holds no more of it than a part of one claim. */
export function invalid(why: string): ChatError {
  return stacklessError("token_invalid", `Token will not do: ${why}`);
}

/** A claim in an error, in few characters whatever it is. */
export function shown(value: unknown): string {
  if (value === undefined) return "missing";
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : String(value);
}
