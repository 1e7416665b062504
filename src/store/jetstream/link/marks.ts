/**
 * Marks in the memory of NATS, which neither a backup nor a copy of its files has. While they are
 * there, the stream of the rooms is the one for which they were made.
 *
 * @module
 */

import type { ConsumerConfig, JetStreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { codeOf } from "./streams.ts";

/** A connection, and the stream of the rooms, which `replicas` servers keep. */
export interface MarkedStream {
  nc: NatsConnection;
  jsm: JetStreamManager;
  stream: string;
  replicas: number;
}

const CONSUMER_NOT_FOUND = 10_014;
const NO_MESSAGE = 10_037;
const STREAM_NOT_FOUND = 10_059;

/**
 * The meaning of the marks of a life. `whole`: the stream of the rooms was there all the time.
 * `replaced`: it was deleted since, and is another one. `none`: there are no marks. `unread`: the
 * servers that have them do not answer.
 */
export type Marks = "whole" | "replaced" | "none" | "unread";

/** Reads the marks of a life. */
export async function readMarks(marked: MarkedStream, life: string): Promise<Marks> {
  const { jsm, stream } = marked;
  try {
    const query = { last_by_subj: subjectOf(marked) };
    const kept = await jsm.streams.getMessage(streamOf(marked), query);
    const [of, made] = kept?.string().split(" ") ?? [];
    if (of !== life || made === undefined) return "none";
    const { created } = await jsm.consumers.info(stream, consumerOf(life));
    return created === made ? "whole" : "replaced";
  } catch (error) {
    const code = codeOf(error);
    if (code === CONSUMER_NOT_FOUND) return "replaced";
    return code === NO_MESSAGE || code === STREAM_NOT_FOUND ? "none" : "unread";
  }
}

/**
 * Makes the marks of a life, where there are none. One is a message in a stream in memory, which is
 * empty after NATS has started again. The other is a consumer in memory, which reads nothing: it
 * ends when the stream is deleted for a restore. Some NATS (2.15) bring it back with the stream,
 * others (2.10) do not, so the message says when it was made.
 */
export async function setMarks(marked: MarkedStream, life: string): Promise<void> {
  const marks = await readMarks(marked, life);
  if (marks === "unread") throw new Error("NATS does not say whether its marks are there");
  // All nodes must be able to see that the stream was replaced.
  if (marks !== "none") return;
  const { nc, jsm, stream, replicas } = marked;
  const consumer: Partial<ConsumerConfig> = {
    durable_name: consumerOf(life),
    ack_policy: "explicit",
    deliver_policy: "new",
    filter_subject: `${stream}.room.-`,
    mem_storage: true,
    num_replicas: replicas,
  };
  // First: where the message is, the consumer was made.
  await jsm.consumers.add(stream, consumer);
  const { created } = await jsm.consumers.info(stream, consumerOf(life));
  // Making the same stream again is no error.
  await jsm.streams.add({
    name: streamOf(marked),
    subjects: [subjectOf(marked)],
    storage: "memory",
    max_msgs: 1,
    num_replicas: replicas,
  });
  await nc.request(subjectOf(marked), `${life} ${created}`);
}

/** Removes the mark of a life that is over, if possible. */
export async function removeMark({ jsm, stream }: MarkedStream, life: string): Promise<void> {
  await jsm.consumers.delete(stream, consumerOf(life)).catch(() => {});
}

function streamOf({ stream }: MarkedStream): string {
  return `${stream}-mark`;
}

function subjectOf({ stream }: MarkedStream): string {
  return `${stream}.mark.life`;
}

function consumerOf(life: string): string {
  return `life-${life}`;
}
