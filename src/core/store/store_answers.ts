/**
 * Answers of a store, which anybody may have written: what cannot be true is a fault, and gets to no
 * client.
 *
 * @module
 */

import { Roster } from "../../protocol/roster.ts";
import { Log, type Page, type PageQuery } from "../log/log.ts";
import type { Found, Marker, SearchQuery, StoredClient, StoredRoom } from "./store.ts";

/**
 * Takes the room of that id.
 *
 * @throws {TypeError} where it is another one, or none that can be read.
 */
export function checkedRoom(room: StoredRoom, id: string): StoredRoom {
  if (room.id !== id) throw wrong(`room ${room.id} for room ${id}`);
  if (!(room.log instanceof Log && room.roster instanceof Roster)) {
    throw wrong(`room ${id} without a Log and a Roster of this version of Parley`);
  }
  if (typeof room.name !== "string") throw wrong(`room ${id} without a name`);
  return room;
}

/**
 * Takes the client of that id.
 *
 * @throws {TypeError} where it is another one, or its numbers cannot be.
 */
export function checkedClient(client: StoredClient, id: string): StoredClient {
  const { name, n, doubtUpTo = 0 } = client;
  if (client.id !== id || typeof id !== "string") {
    throw wrong(`client ${client.id} for client ${id}`);
  }
  if (!(isCount(n) && doubtUpTo >= 0)) {
    throw wrong(`client ${id} at message ${n}, up to ${doubtUpTo}`);
  }
  if (name !== undefined && typeof name !== "string") throw wrong(`client ${id} called ${name}`);
  return client;
}

/**
 * Takes the page that was asked for.
 *
 * @throws {TypeError} where its entries are others, more than asked for, or not in their order.
 */
export function checkedPage(page: Page, { to, from, limit }: PageQuery): Page {
  let before = to === "newer" ? from : 0;
  for (const { seq, text } of page.entries) {
    if (!(seq > before && isCount(seq))) throw wrong(`entry ${seq} behind ${before}`);
    if (to === "older" && seq >= from) throw wrong(`entry ${seq} before ${from}`);
    if (typeof text !== "string") throw wrong(`entry ${seq} without a text`);
    before = seq;
  }
  if (page.entries.length > limit) throw wrong(`${page.entries.length} entries, not ${limit}`);
  return page;
}

/**
 * Takes what was found.
 *
 * @throws {TypeError} where it is not what was looked for.
 */
export function checkedFound(found: Found, query: SearchQuery): Found {
  const { entries, before = 0 } = found;
  const from = query.before;
  checkedPage({ entries, more: false, complete: true }, { ...query, to: "older", from });
  if (!(isCount(before) && before < from)) throw wrong(`a search that goes on before ${before}`);
  return found;
}

/**
 * Takes the read markers of a person.
 *
 * @throws {TypeError} where one cannot be.
 */
export function checkedMarkers(markers: ReadonlyMap<string, Marker>): ReadonlyMap<string, Marker> {
  for (const [roomId, { epoch, seq }] of markers) {
    if (!isCount(seq) || typeof epoch !== "string") throw wrong(`marker ${seq} in room ${roomId}`);
  }
  return markers;
}

/** Says whether a number can be that of a message or an entry; 0 where there is none. */
export function isCount(n: unknown): n is number {
  return Number.isSafeInteger(n) && Number(n) >= 0;
}

function wrong(what: string): TypeError {
  return new TypeError(`The store answers with ${what}`);
}
