/**
 * Marks in the memory of NATS, which neither a backup nor a copy of its files has: while they are
 * there, the stream of the rooms is the one that they were made beside.
 *
 * @module
 */

import type { ConsumerConfig, JetStreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { codeOf } from "./jetstream_streams.ts";

/** A connection, and the stream of the rooms. */
export interface MarkedStream {
  nc: NatsConnection;
  jsm: JetStreamManager;
  stream: string;
}

const NOT_FOUND = new Set([10_014, 10_037, 10_059]);

/** Whether both marks of a life are there: if not, or if that cannot be known, it may have ended. */
export async function hasMarks(marked: MarkedStream, life: string): Promise<boolean> {
  const { jsm, stream } = marked;
  try {
    const kept = await jsm.streams.getMessage(streamOf(marked), {
      last_by_subj: subjectOf(marked),
    });
    if (kept?.string() !== life) return false;
    await jsm.consumers.info(stream, consumerOf(life));
    return true;
  } catch (error) {
    if (!NOT_FOUND.has(codeOf(error))) throw error;
    return false;
  }
}

/**
 * Makes the marks of a life, where they are not there. One is a message in a stream in memory, which
 * is empty when NATS has started again. The other is a consumer in memory, which ends with the stream
 * that is deleted to be restored, and does not come back with it. It is never asked for anything.
 */
export async function setMarks(marked: MarkedStream, life: string): Promise<void> {
  if (await hasMarks(marked, life)) return;
  const { nc, jsm, stream } = marked;
  const consumer: Partial<ConsumerConfig> = {
    durable_name: consumerOf(life),
    ack_policy: "explicit",
    deliver_policy: "new",
    filter_subject: `${stream}.room.-`,
    mem_storage: true,
    num_replicas: 1,
  };
  await jsm.consumers.add(stream, consumer);
  // The same again is no error.
  await jsm.streams.add({
    name: streamOf(marked),
    subjects: [subjectOf(marked)],
    storage: "memory",
    max_msgs: 1,
    num_replicas: 1,
  });
  await nc.request(subjectOf(marked), life);
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
