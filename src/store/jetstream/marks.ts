/**
 * Marks in the memory of NATS, which neither a backup nor a copy of its files has: while they are
 * there, the stream of the rooms is the one that they were made for.
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
 * The word of the marks of a life: `whole` that the stream of the rooms has been there all the time,
 * `replaced` that it has been deleted since and is another one, `none` nothing, as they are not
 * there. They are `unread` while the servers that have them do not answer.
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
 * empty when NATS has started again. The other is a consumer in memory, which ends with the stream
 * that is deleted to be restored. It is never asked for anything. Some NATS (2.15) bring it back with
 * the stream, others (2.10) do not, so the message says when it was made.
 */
export async function setMarks(marked: MarkedStream, life: string): Promise<void> {
  const marks = await readMarks(marked, life);
  if (marks === "unread") throw new Error("NATS does not say whether its marks are there");
  // What was replaced shall be seen by all.
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
  // Before the other one: where that is, this one was.
  await jsm.consumers.add(stream, consumer);
  const { created } = await jsm.consumers.info(stream, consumerOf(life));
  // The same again is no error.
  await jsm.streams.add({
    name: streamOf(marked),
    subjects: [subjectOf(marked)],
    storage: "memory",
    max_msgs: 1,
    num_replicas: replicas,
  });
  await nc.request(subjectOf(marked), `${life} ${created}`);
}

/** Removes the mark of a life that is over, where it can. */
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
