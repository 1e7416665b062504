/**
 * The bodies of webhooks: entries of one room that follow each other, as they are on the wire.
 *
 * @module
 */

import type { Page } from "../core/log/log.ts";
import type { Room } from "../core/state/room.ts";

/** The most entries of one request, and the most UTF-16 units of them, unless the first alone has more. */
export const MOST_ENTRIES = 100;
export const MOST_UNITS = 262_144;

/** A request to a webhook. */
export interface WebhookBatch {
  /** Its name: the same entries have the same one, and other entries another. */
  readonly id: string;
  /** Its body, as JSON. */
  readonly body: string;
  /** The `seq` that the next request goes on behind. */
  readonly upTo: number;
  /** The number of its entries. */
  readonly entries: number;
  /** The number of entries that are gone before it, as far as their numbers say. */
  readonly missed: number;
}

/**
 * Makes a request of what lies behind a cursor; undefined where that is nothing. Up to `doubtUpTo`
 * entries may have been sent before. `at` is in milliseconds since 1970.
 */
export function batchBehind(
  { id, name, log }: Pick<Room, "id" | "name" | "log">,
  cursor: number,
  { entries, complete }: Page,
  doubtUpTo: number,
  at: number,
): WebhookBatch | undefined {
  const first = entries[0]?.seq ?? log.tail + 1;
  const upTo = entries.at(-1)?.seq ?? log.tail;
  if (upTo <= cursor) return undefined;
  const missed = complete ? 0 : Math.max(0, first - 1 - cursor);
  const { epoch } = log;
  const data = [
    `"room_id":${JSON.stringify(id)}`,
    `"room_name":${JSON.stringify(name)}`,
    `"epoch":${JSON.stringify(epoch)}`,
    ...(missed > 0 ? [`"gap":${JSON.stringify({ from_seq: cursor + 1, to_seq: first - 1 })}`] : []),
    ...(cursor < doubtUpTo ? [`"repeat":true`] : []),
    `"entries":[${entries.map(({ text }) => text).join(",")}]`,
  ];
  const timestamp = JSON.stringify(new Date(at).toISOString());
  return {
    id: `${id}:${epoch}:${upTo}`,
    body: `{"type":"room.entries","timestamp":${timestamp},"data":{${data.join(",")}}}`,
    upTo,
    entries: entries.length,
    missed,
  };
}
