/**
 * Chats that share a store, as several nodes of one system do.
 *
 * @module
 */

import type { ChatOptions } from "../../server.ts";
import { JetStreamStore } from "../../src/store/jetstream/store.ts";
import { TestChat } from "./fixtures.ts";

/** How often these nodes look whether they reach NATS, and how long one may be silent: quicker than people want. */
export const TIMES = { probeMs: 250, leaseMs: 1_500 };

/** What the nodes of one test share. */
export interface Cluster {
  /** NATS, like `127.0.0.1:4222,127.0.0.1:4223`. */
  hosts: string;
  /** What tells it from other tests with the same NATS. */
  name: string;
}

/** Starts a node in this process. */
export function startNode({ hosts, name }: Cluster, options: ChatOptions = {}): TestChat {
  const address = { servers: hosts.split(","), name };
  return new TestChat({
    rate: 0,
    secret: "known to the nodes of these tests",
    ...TIMES,
    store: (events, storeOptions) => new JetStreamStore(address, events, storeOptions),
    ...options,
  });
}
