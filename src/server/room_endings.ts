/**
 * The ends of rooms: those that are deleted here or elsewhere, and those whose log is lost.
 *
 * @module
 */

import type { Hub } from "../core/hub.ts";
import { normalizeRoomId } from "../core/authority/ids.ts";
import * as CLOSE from "../protocol/close_codes.ts";
import { Connection } from "./connections/connection.ts";
import type { Connections } from "./connections/connections.ts";
import type { EngineStore } from "./engine_store.ts";
import type { Logger } from "./logging/logger.ts";
import type { Pump } from "./connections/pump.ts";

/** The parts of an engine that the ends of rooms need. */
export interface RoomEndingsParts {
  readonly hub: Hub;
  readonly pump: Pump;
  readonly connections: Connections;
  readonly store: EngineStore;
  readonly logger: Logger;
}

/** Ends rooms. */
export class RoomEndings {
  readonly #parts: RoomEndingsParts;

  /** Works on the parts of an engine. */
  constructor(parts: RoomEndingsParts) {
    this.#parts = parts;
  }

  /** Deletes a room with its log; says whether it was open. Its members are told at their next word. */
  delete(roomId: string): boolean {
    const id = normalizeRoomId(roomId);
    this.#parts.store.store.delete(id);
    return this.#forget(id);
  }

  /** Forgets a room that the store does not have any more. Members of one that is lost come back, and are told so. */
  gone(roomId: string, how: "deleted" | "lost"): void {
    const { hub, connections, logger } = this.#parts;
    const outlets = hub.rooms.get(roomId)?.members.map(({ outlet }) => outlet) ?? [];
    this.#forget(roomId);
    logger.warn("room gone", { room: roomId, how });
    if (how === "deleted") return;
    outlets.forEach((outlet, turn) => {
      if (!(outlet instanceof Connection)) return;
      connections.sendAway(outlet, turn, CLOSE.internal, "The log of a room was lost");
    });
  }

  /** Forgets a room whose log ends. Its entries are delivered first, as their authors wait for that. */
  #forget(roomId: string): boolean {
    const { hub, pump, connections } = this.#parts;
    for (const member of [...hub.rooms.get(roomId)?.members ?? []]) {
      pump.deliver(member);
      const { outlet, cursor, room } = member;
      if (outlet !== undefined && cursor < room.log.head) {
        connections.evict(outlet, CLOSE.slowReader, "Reads too slowly");
      }
    }
    return hub.deleteRoom(roomId);
  }
}
