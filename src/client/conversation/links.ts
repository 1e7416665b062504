// This module runs in browsers.

/**
 * Links into rooms, for Deno and browsers: they let people in without a token. Who only talks need not
 * load it.
 *
 * ```ts
 * import { connect } from "jsr:@parley/chat/client";
 * import { createLink, inviteUrl, narrowLink } from "jsr:@parley/chat/client/links";
 *
 * await using chat = await connect("ws://localhost:8765");
 * const room = await chat.createRoom("Lobby"); // room.reply.link is its owner link: keep it
 * const { link } = await createLink(chat, room, { role: "member", uses: 5 });
 * const guest = await narrowLink(link, { role: "reader", uses: 1 }); // without the server
 * console.log(inviteUrl("http://localhost:8765", room.id, guest));
 * ```
 *
 * A link is a secret: whoever has it can use it. `chat.joinRoom(id, { link })` comes in by one. What asks
 * the server rejects with a `ChatError`: `forbidden` where the role of the client is not enough,
 * `not_in_room`, `unsupported` where the store of the server has no roles, `invalid_action` where the
 * server is of an earlier version, `unavailable` where waiting helps.
 *
 * @module
 */

import { textOf } from "../../protocol/base32.ts";
import type { WaitOptions } from "../../protocol/deadline.ts";
import { ChatError } from "../../protocol/errors.ts";
import type { SuccessFrame } from "../../protocol/frames.ts";
import type { LinkInfo } from "../../protocol/link_frames.ts";
import {
  type Caveat,
  encodeCaveat,
  encodeLink,
  MAX_CAVEATS,
  MAX_LINK_CHARS,
  MAX_USES,
  type ReadLink,
  readLink,
  termsOf,
} from "../../protocol/links.ts";
import type { Role } from "../../protocol/roles.ts";
import { check } from "../check.ts";
import type { RequestSender } from "./conversation.ts";

export type { LinkInfo, RequestSender, Role };

/** A room, as far as these functions need it. */
export interface LinkedRoom {
  /** The room's id. */
  readonly id: string;
}

/** The terms of a link. */
export interface LinkOptions extends WaitOptions {
  /** The role that it gives: moderators make links up to `member`, owners any. */
  role: Exclude<Role, "none">;
  /** Milliseconds after which it ends; never unless given. */
  forMs?: number | undefined;
  /** The most people who may come in by it, from 1 to 1,000; any number unless given. */
  uses?: number | undefined;
  /** The `sub` that alone may use it; of whoever has proved none, the client id. */
  to?: string | undefined;
}

/** A link that was made. */
export interface MadeLink {
  /** The id, by which it can be ended. It is no secret. */
  id: string;
  /** The link itself. */
  link: string;
  /** The place in the log from which on it counts. */
  seq: number;
}

/** Makes a link into a room. Resolves when it counts. */
export function createLink(
  chat: RequestSender,
  room: LinkedRoom,
  { role, forMs, uses, to, ...wait }: LinkOptions,
): Promise<MadeLink> {
  const body = { room_id: room.id, role, for_ms: forMs, uses, to };
  return chat.request({ action: "link", body }, (reply) => {
    const { id, link, seq } = reply as Partial<SuccessFrame>;
    if (typeof id === "string" && typeof link === "string" && Number.isSafeInteger(seq)) {
      return { id, link, seq: seq! };
    }
    throw new ChatError("internal", "The server sent no link");
  }, wait);
}

/** Lists the links into a room. Nobody is told what lets people in: links are told once, when they are made. */
export function listLinks(
  chat: RequestSender,
  room: LinkedRoom,
  wait?: WaitOptions,
): Promise<LinkInfo[]> {
  return chat.request({ action: "links", body: { room_id: room.id } }, (reply) => {
    const { links } = reply as Partial<SuccessFrame>;
    if (Array.isArray(links)) return links;
    throw new ChatError("internal", "The server sent no links");
  }, wait);
}

/**
 * Ends a link with everything that was made of it, for good; resolves with the place in the log from
 * which on it counts no more. Rejects with `link_ended` where there is no such link.
 */
export function endLink(
  chat: RequestSender,
  room: LinkedRoom,
  id: string,
  wait?: WaitOptions,
): Promise<{ seq: number }> {
  return chat.request({ action: "unlink", body: { room_id: room.id, id } }, (reply) => {
    const { seq } = reply as Partial<SuccessFrame>;
    if (Number.isSafeInteger(seq)) return { seq: seq! };
    throw new ChatError("internal", "The server does not say where it is in the log");
  }, wait);
}

/** Terms that a link is narrowed to; it never gives more than before. */
export interface NarrowOptions {
  /** The greatest role. */
  role?: Exclude<Role, "none"> | undefined;
  /** The time at which it ends. */
  until?: Date | undefined;
  /** The most people who may come in by it, from 1 to 1,000. */
  uses?: number | undefined;
  /** The `sub` or client id that alone may use it. */
  to?: string | undefined;
}

/**
 * Makes a link that gives less of another one, without a server. It has an id of its own, so that it is
 * counted and ended apart from others that are made of the same one: that stands in the entry `use` of
 * whoever comes in by it.
 *
 * @throws {ChatError} `invalid_argument` where that is no link, or it has as many terms as one can have.
 */
export async function narrowLink(
  link: string,
  { role, until, uses, to }: NarrowOptions,
): Promise<string> {
  const read = linkIn(link);
  check(uses === undefined || Number.isInteger(uses) && uses > 0 && uses <= MAX_USES, "uses", uses);
  const exp = until && Math.floor(until.getTime() / 1_000);
  check(exp === undefined || Number.isSafeInteger(exp) && exp >= 0, "until", until);
  check(to === undefined || to.isWellFormed(), "to", to);
  const caveats: Caveat[] = [{ id: textOf(crypto.getRandomValues(new Uint8Array(8))) }];
  if (role !== undefined) caveats.push({ role });
  if (exp !== undefined) caveats.push({ exp });
  if (uses !== undefined) caveats.push({ uses });
  if (to !== undefined) caveats.push({ to });
  let { signature } = read;
  const written = caveats.map(encodeCaveat);
  for (const caveat of written) signature = await signed(signature, caveat);
  const narrowed = { id: read.id, caveats: [...read.caveats, ...written], signature };
  const fits = narrowed.caveats.length <= MAX_CAVEATS && termsOf(narrowed) !== undefined;
  const text = encodeLink(narrowed);
  check(fits && text.length <= MAX_LINK_CHARS, "the terms of the link", "more");
  return text;
}

/** The terms of a link, as far as they stand in it. */
export interface LinkDescription {
  /** Its ids, joined by `.`: the last one ends it alone, the first one all that was made of the same. */
  id: string;
  /** The greatest role that it gives. */
  role: Role;
  /** The time at which it ends; missing where it does not. */
  until?: Date;
  /** The most people who may come in by it; missing where that is any number. */
  uses?: number;
}

/**
 * Says what a link gives. Whether the server will take it is not known.
 *
 * @throws {ChatError} `invalid_argument` where that is no link.
 */
export function describeLink(link: string): LinkDescription {
  const { id, role, until, uses } = termsOf(linkIn(link))!;
  return {
    ...{ id, role },
    ...(until === undefined ? {} : { until: new Date(until) }),
    ...(uses.size === 0 ? {} : { uses: Math.min(...uses.values()) }),
  };
}

/** The address of a room on a page, with a link behind `#` that lets people in: no server logs that. */
export function inviteUrl(page: string | URL, roomId: string, link?: string): string {
  const url = URL.parse(page);
  check(url !== null, "page", page);
  // A named room has a "#" of its own.
  url.hash = `#${link === undefined ? roomId : `${roomId}.${link}`}`;
  return url.href;
}

/** The room, and the link if there is one, of what {@linkcode inviteUrl} made, of its `hash`, or of a room id. */
export function readInvite(text: string): { roomId: string; link?: string } {
  const behind = text.slice(text.indexOf("#") + 1);
  const end = behind.indexOf(".");
  if (end < 0) return { roomId: nameIn(behind) };
  return { roomId: nameIn(behind.slice(0, end)), link: behind.slice(end + 1) };
}

/** The id of a room, whose name stands in an address in its own spelling. */
function nameIn(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The parts of a link; it is a secret, so no error shows it. */
function linkIn(link: string): ReadLink {
  const read = typeof link === "string" ? readLink(link) : undefined;
  check(read !== undefined && termsOf(read) !== undefined, "link", "what is no link");
  return read;
}

/** Signs a caveat with the signature before it as the key. */
async function signed(signature: string, caveat: string): Promise<string> {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", bytes(signature), algorithm, false, ["sign"]);
  return textOf(new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes(caveat))));
}
