/**
 * Changes that wait for the next transaction.
 *
 * @module
 */

import type { LogEntry } from "../../core/log/log.ts";
import type { Marker, StoredRoom } from "../../core/store/store.ts";
import { isModeration } from "../../core/authority/verdict.ts";
import type { Draft } from "../../protocol/frames.ts";
import type { SqliteRoom } from "./room.ts";

/** The numbers of the last messages of a client. */
export interface LastNumbers {
  /** The number of the last one that was accepted: it is stored, or waits. */
  accepted: number;
  /** The number of the last one that is on the disk. */
  stored: number;
}

/** A change to be written with the next transaction. */
export type Write =
  | {
    type: "entry";
    room: SqliteRoom;
    draft: Draft;
    last: LastNumbers | undefined;
    entry: LogEntry | undefined;
  }
  | { type: "repeat"; draft: Draft }
  | {
    type: "create";
    id: string;
    name: string;
    owner: string | undefined;
    made: PromiseWithResolvers<StoredRoom>;
  }
  | { type: "delete"; id: string }
  | { type: "remember"; id: string; name: string | undefined; last: LastNumbers }
  | { type: "forget"; id: string }
  | { type: "read"; person: string; id: string; marker: Marker; set: PromiseWithResolvers<void> };

/** Says whether somebody waits for the answer to a write, and can ask for it again. */
export function isRepeatable(write: Write): boolean {
  return write.type === "repeat" || write.type === "create" || write.type === "read" ||
    write.type === "entry" && (write.last !== undefined || isModeration(write.draft));
}
