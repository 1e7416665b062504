/**
 * A worker whose peers join a room and read what comes as fast as they can, on a thread of
 * their own: what the mute ones are compared with.
 *
 * @module
 */

import { MutePeer } from "./mute_peer.ts";

/** The order to the worker; it answers once all have joined. */
export interface ReadingOrder {
  host: string;
  roomId: string;
  count: number;
}

// Inside, a worker has the interface that its owner has from outside.
const owner = globalThis as unknown as Worker;

owner.onmessage = async ({ data }: MessageEvent<ReadingOrder>) => {
  for (let i = 0; i < data.count; i++) (await MutePeer.join(data.host, data.roomId)).drain();
  owner.postMessage("joined");
};
