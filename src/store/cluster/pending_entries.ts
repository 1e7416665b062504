// This module is pure: no sockets, no clock, no Deno.

/**
 * Messages that are stored, but that this node has not seen yet. Their authors are answered when
 * they come by, or when it is known that they never will.
 *
 * @module
 */

import type { ClientDraft } from "../../protocol/frames.ts";
import { allIdle, becomeIdle, type Busy } from "./idle.ts";

/** The awaited messages in the rooms of a node. */
export class PendingEntries {
  /** The messages by room and by `seq`, in order. */
  readonly #rooms = new Map<string, Map<number, ClientDraft>>();
  /** Their number by client, and the callers who wait until there are none. */
  readonly #clients = new Map<string, Busy & { count: number }>();

  /** Notes that a message is stored at `seq` of a room, and not seen there yet. */
  expect(roomId: string, seq: number, draft: ClientDraft): void {
    let room = this.#rooms.get(roomId);
    if (room === undefined) this.#rooms.set(roomId, room = new Map());
    room.set(seq, draft);
    const client = this.#clients.get(draft.from);
    if (client === undefined) this.#clients.set(draft.from, { count: 1, whenIdle: [] });
    else client.count++;
  }

  /** Notes that all entries of a room up to `seq` were seen, or are known to be missing. */
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

  /** Returns the messages that will not come by any more, as a room is closed here. */
  close(roomId: string): [seq: number, draft: ClientDraft][] {
    const lost = [...this.#rooms.get(roomId) ?? []];
    this.#rooms.delete(roomId);
    for (const [, { from }] of lost) this.#release(from);
    return lost;
  }

  /** Resolves when no message of a client, or of any, is awaited; undefined where none is now. */
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
