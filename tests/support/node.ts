/**
 * Chats that share a store, as several nodes of one system do.
 *
 * @module
 */

import type { ChatOptions } from "../../src/server/chat.ts";
import { nats } from "../../src/store/jetstream/nats.ts";
import type { NatsNumbers } from "../../src/store/jetstream/options.ts";
import { TestChat } from "./fixtures.ts";

/** The time between two looks of these nodes whether they reach NATS, and the time that one may be silent: quicker than people want. */
export const TIMES = { probeMs: 250, leaseMs: 1_500 };

/** Things that the nodes of one test share. */
export interface Cluster {
  /** NATS, like `127.0.0.1:4222,127.0.0.1:4223`. */
  hosts: string;
  /** The name that tells it from other tests with the same NATS. */
  name: string;
}

/** Starts a node in this process. */
export function startNode(
  { hosts, name }: Cluster,
  { replicas = 1, probeMs = TIMES.probeMs, leaseMs = TIMES.leaseMs, ...options }:
    & ChatOptions
    & Partial<NatsNumbers> = {},
): TestChat {
  return new TestChat({
    rate: 0,
    secret: "known to the nodes of these tests",
    store: nats({ servers: hosts.split(","), name, replicas, probeMs, leaseMs }),
    ...options,
  });
}
