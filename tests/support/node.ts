/**
 * Chats that share a store, as several nodes of one system do.
 *
 * @module
 */

import type { ChatOptions } from "../../src/server/chat.ts";
import { nats } from "../../src/store/jetstream/nats.ts";
import type { NatsNumbers } from "../../src/store/jetstream/options.ts";
import { TestChat } from "./fixtures.ts";
import { until } from "./waiting.ts";

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

/**
 * Starts a node and waits until it works. A node that has just begun may answer that it does not
 * reach its store yet, and log that; those errors are taken out of its log.
 */
export async function workingNode(
  cluster: Cluster,
  options?: ChatOptions & Partial<NatsNumbers>,
): Promise<TestChat> {
  const node = startNode(cluster, options);
  try {
    await using socket = await node.v1();
    await until(async () => {
      const { code } = await socket.ask({ action: "join", body: "0000-0000-0000-0000" });
      return code !== "unavailable";
    }, "a node does not begin to work");
    await socket.close(1000);
    await until(() => node.chat.size.connections === 0, "a connection stays");
  } catch (error) {
    await node[Symbol.asyncDispose]();
    throw error;
  }
  node.log.splice(0, Infinity, ...node.log.filter(({ level }) => level !== "error"));
  return node;
}
