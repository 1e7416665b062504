/**
 * Reads the messages of one subject from a stream, with a consumer that exists only meanwhile.
 *
 * @module
 */

import type { JetStreamManager } from "@nats-io/jetstream";
import type { Msg, NatsConnection } from "@nats-io/transport-node";
import { NS_PER_MS } from "./streams.ts";

/** The part of a stream that is read, and how. */
export interface StreamReading {
  stream: string;
  subject: string;
  /** The subject that the messages are sent to, with no other listener. */
  inbox: string;
  /** The `seq` of the first message, from 1. */
  from: number;
  /** The most messages: of more than that, the newest or the oldest. */
  most: number;
  kept: "newest" | "oldest";
  /** Milliseconds without a message after which the reading fails. */
  patienceMs: number;
}

/** A message that was read. */
export interface ReadMessage {
  message: Msg;
  seq: number;
}

/** Milliseconds between two heartbeats of a consumer, and until it ends if nobody reads from it. */
const HEARTBEAT_MS = 500;
const UNUSED_MS = 5_000;

/** Reads all messages in order. Rejects where one does not come. */
export async function readStream(
  { nc, jsm }: { nc: NatsConnection; jsm: JetStreamManager },
  { stream, subject, inbox, from, most, kept, patienceMs }: StreamReading,
): Promise<ReadMessage[]> {
  const done = Promise.withResolvers<void>();
  const messages: ReadMessage[] = [];
  let heardAt = performance.now();
  let nth = 0;
  const subscription = nc.subscribe(inbox, {
    callback: (error, message) => {
      if (error !== null) return done.reject(error);
      heardAt = performance.now();
      if (message.headers?.code === 100) {
        if (message.reply) message.respond();
        return;
      }
      const place = placeOf(message.reply ?? "");
      if (place.nth !== ++nth) return done.reject(new Error("A message is missing"));
      if (kept === "oldest" && messages.length >= most) return;
      if (messages.push({ message, seq: place.seq }) > most) messages.shift();
      if (place.left === 0 || kept === "oldest" && messages.length === most) done.resolve();
    },
  });
  const timer = setInterval(() => {
    if (performance.now() - heardAt > patienceMs) done.reject(new Error("No answer in time"));
  }, patienceMs / 4);
  try {
    const adding = jsm.consumers.add(stream, {
      deliver_subject: inbox,
      filter_subject: subject,
      ack_policy: "none",
      deliver_policy: "by_start_sequence",
      opt_start_seq: from,
      mem_storage: true,
      num_replicas: 1,
      flow_control: true,
      idle_heartbeat: NS_PER_MS * HEARTBEAT_MS,
      inactive_threshold: NS_PER_MS * UNUSED_MS,
    });
    // The reading may fail before the consumer is there.
    await Promise.race([adding, done.promise]);
    const { name, num_pending } = await adding;
    if (num_pending === 0) done.resolve();
    await done.promise;
    // The consumer would end by itself, only later.
    jsm.consumers.delete(stream, name).catch(() => {});
    return messages;
  } finally {
    clearInterval(timer);
    subscription.unsubscribe();
  }
}

/** Counts the messages of a subject from a `seq` on, which is at least 1. */
export async function countStream(
  jsm: JetStreamManager,
  { stream, subject, from }: Pick<StreamReading, "stream" | "subject" | "from">,
): Promise<number> {
  const { name, num_pending } = await jsm.consumers.add(stream, {
    filter_subject: subject,
    ack_policy: "none",
    deliver_policy: "by_start_sequence",
    opt_start_seq: from,
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: NS_PER_MS * UNUSED_MS,
  });
  jsm.consumers.delete(stream, name).catch(() => {});
  return num_pending;
}

/** Reads the `seq` of a message, its index, and how many follow, from its reply subject. */
function placeOf(reply: string): { seq: number; nth: number; left: number } {
  const tokens = reply.split(".");
  // Since NATS 2.10 the subject may name a domain and an account before the stream.
  const at = tokens.length > 9 ? 7 : 5;
  return {
    seq: Number(tokens[at]),
    nth: Number(tokens[at + 1]),
    left: Number(tokens[at + 3]),
  };
}
