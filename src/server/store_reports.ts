/**
 * Reports of a store, which anybody may have written. Whatever it reports, and whenever, nothing is
 * thrown at it: where it reports from a timer of its own, that would end the process.
 *
 * @module
 */

import { checkedMarkers, isCount } from "../core/store/store_answers.ts";
import type { StoreEvents } from "../core/store/store.ts";
import { ChatError, reasonOf } from "../protocol/errors.ts";

/** The state of what hears the reports. */
export interface ReportsSetting {
  /** Says whether it has ended: then nothing is heard any more. */
  hasEnded(): boolean;
  /** Says whether the store has a bus to other processes. */
  hasBus(): boolean;
  /** Notes that a report cannot be true, or that what was done about it failed. */
  failed(report: string, error: unknown): void;
}

/** Makes reports for a store of what shall be done about them. */
export function guardedReports(
  heard: StoreEvents,
  { hasEnded, hasBus, failed }: ReportsSetting,
): StoreEvents {
  const guarded =
    <Args extends unknown[]>(name: string, hear: (...args: Args) => void) =>
    (...args: Args): void => {
      if (hasEnded()) return;
      try {
        hear(...args);
      } catch (error) {
        failed(name, error);
      }
    };
  // Only another process can have said that.
  const fromBus = <Args extends unknown[]>(name: string, hear: (...args: Args) => void) =>
    guarded(name, (...args: Args) => {
      if (!hasBus()) throw new TypeError("It has no bus");
      hear(...args);
    });
  return {
    stored: guarded("stored", (roomId) => heard.stored(roomId)),
    moderated: guarded("moderated", (roomId, draft, seq) => heard.moderated(roomId, draft, seq)),
    repeated: guarded("repeated", (draft, seq, unseen) => {
      if (!isCount(seq)) throw new TypeError(`It is stored as ${seq}`);
      heard.repeated(draft, seq, unseen);
    }),
    refused: guarded("refused", (draft, error, doubtful) => {
      if (error instanceof ChatError) return heard.refused(draft, error, doubtful);
      failed("refused", error);
      // Nobody knows what such an error means.
      heard.refused(draft, new ChatError("internal", "Internal error"), true);
    }),
    failing: guarded("failing", (reason) => {
      heard.failing(reason === undefined ? undefined : reasonOf(reason));
    }),
    troubled: guarded("troubled", (reason) => heard.troubled(reasonOf(reason))),
    relayed: fromBus("relayed", (roomId, text) => {
      const { event, room_id } = JSON.parse(text);
      if (event !== "typing" || room_id !== roomId) throw new TypeError(`It relays ${text}`);
      heard.relayed(roomId, text);
    }),
    orphaned: guarded("orphaned", (roomId, ids) => heard.orphaned(roomId, ids)),
    taken: fromBus("taken", (id, roomId, mayBeHere) => heard.taken(id, roomId, mayBeHere)),
    read: fromBus("read", (person, roomId, marker) => {
      checkedMarkers(new Map([[roomId, marker]]));
      heard.read(person, roomId, marker);
    }),
    revoked: fromBus("revoked", (sub, before) => {
      if (!isCount(before)) throw new TypeError(`It is revoked before ${before}`);
      heard.revoked(sub, before);
    }),
    gone: guarded("gone", (roomId, how) => heard.gone(roomId, how)),
  };
}
