// This module is pure: no sockets, no clock, no Deno.

/**
 * Messages that are stored far away and were not seen here yet: their authors are answered when
 * they come by, or when it is known that they never will.
 *
 * @module
 */

import type { MessageDraft } from "../../protocol/frames.ts";
import { allIdle, becomeIdle, type Busy } from "./idle.ts";

/** All that is awaited in the rooms of a node. */
export class Awaited {
  /** By room and by place, in the order of the places. */
  readonly #rooms = new Map<string, Map<number, MessageDraft>>();
  /** The number of them by client, and who waits until there are none. */
  readonly #clients = new Map<string, Busy & { count: number }>();

  /** Notes that a message is stored at `seq` of a room, where it was not seen yet. */
  expect(roomId: string, seq: number, draft: MessageDraft): void {
    let room = this.#rooms.get(roomId);
    if (room === undefined) this.#rooms.set(roomId, room = new Map());
    room.set(seq, draft);
    const client = this.#clients.get(draft.from);
    if (client === undefined) this.#clients.set(draft.from, { count: 1, whenIdle: [] });
    else client.count++;
  }

  /** Notes that all of a room up to `seq` was seen, or is known to be missing. */
  seen(roomId: string, upTo: number): void {
    const room = this.#rooms.get(roomId);
    if (room === undefined) return;
    for (const [seq, { from }] of room) {
      if (seq > upTo) return;
      room.delete(seq);
      this.#release(from);
    }
    this.#rooms.delete(roomId);
  }

  /** Gives out what will not come by any more, because a room is closed here. */
  close(roomId: string): [seq: number, draft: MessageDraft][] {
    const lost = [...this.#rooms.get(roomId) ?? []];
    this.#rooms.delete(roomId);
    for (const [, { from }] of lost) this.#release(from);
    return lost;
  }

  /** Resolves when nothing of a client, or of anybody, is awaited; undefined where that is so. */
  settled(clientId?: string): Promise<void> | undefined {
    const busy = clientId === undefined
      ? [...this.#clients.values()]
      : [this.#clients.get(clientId) ?? []].flat();
    return allIdle(busy);
  }

  #release(clientId: string): void {
    const client = this.#clients.get(clientId);
    if (client === undefined || --client.count > 0) return;
    this.#clients.delete(clientId);
    becomeIdle(client);
  }
}
