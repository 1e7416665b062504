/**
 * The store for chats on many machines: rooms in NATS JetStream, shared by all who use it.
 *
 * ```ts
 * import { createChat } from "jsr:@parley/chat/mount";
 * import { nats } from "jsr:@parley/chat/nats";
 *
 * const chat = createChat({
 *   store: nats({ servers: ["10.0.0.1:4222", "10.0.0.2:4222", "10.0.0.3:4222"], replicas: 3 }),
 *   secret: Deno.env.get("CHAT_SECRET")!, // the same one on every machine
 * });
 * const server = Deno.serve(chat.fetch);
 * Deno.addSignalListener("SIGTERM", async () => {
 *   await chat.close(); // without this, the connection to NATS would keep the program alive
 *   await server.shutdown();
 * });
 * ```
 *
 * @module
 */

import type { OpenStore } from "../../core/store/store.ts";
import { checkedNats, type NatsOptions } from "./options.ts";
import { JetStreamStore } from "./store.ts";

export type { NatsOptions };

/**
 * Keeps rooms in NATS JetStream. An acknowledgement means that most replicas have the message.
 * Chats with the same servers, `name` and `secret` share rooms and people: a client that loses one
 * goes on at another. The store connects when a chat is made with it, and keeps the program alive
 * until the chat is closed: close it at SIGTERM, under `deno serve` too. It needs the permission to
 * reach the servers (`--allow-net`).
 *
 * @throws {RangeError} that names the wrong option and its value.
 */
export function nats(options: NatsOptions): OpenStore {
  const settings = checkedNats(options);
  return (events, limits) => new JetStreamStore(settings, events, limits);
}
