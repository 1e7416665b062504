/**
 * Backups of streams, as the tools of NATS make and restore them.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/transport-node";
import { bounded } from "./waiting.ts";

/** A consumer of a stream as it was. */
interface Consumer {
  name: string;
  config: Record<string, unknown>;
}

/** A stream as it was. */
export interface StreamBackup {
  readonly name: string;
  /** The description by NATS, for whoever restores it. */
  readonly about: Record<string, unknown>;
  readonly chunks: Uint8Array[];
  readonly consumers: Consumer[];
}

/** Asks NATS something about JetStream. */
async function ask(nc: NatsConnection, what: string, body?: unknown): Promise<Answer> {
  const text = body === undefined ? "" : JSON.stringify(body);
  const answer = await nc.request(`$JS.API.${what}`, text, { timeout: 5_000 });
  const read: Answer = answer.json();
  if (read.error !== undefined) throw new Error(read.error.description);
  return read;
}

interface Answer {
  error?: { description: string };
  config?: unknown;
  state?: unknown;
  deliver_subject?: string;
  consumers?: Consumer[];
}

/** Makes a backup of a stream. */
export async function backUp(nc: NatsConnection, name: string): Promise<StreamBackup> {
  const inbox = `backup.${crypto.randomUUID()}`;
  const chunks: Uint8Array[] = [];
  const done = Promise.withResolvers<void>();
  const subscription = nc.subscribe(inbox, {
    callback: (error, message) => {
      if (error !== null) return done.reject(error);
      if (message.data.length === 0) return done.resolve();
      chunks.push(message.data.slice());
      message.respond();
    },
  });
  const { config, state } = await ask(nc, `STREAM.SNAPSHOT.${name}`, { deliver_subject: inbox });
  await bounded(done.promise, () => `${name} is not backed up`);
  subscription.unsubscribe();
  const { consumers = [] } = await ask(nc, `CONSUMER.LIST.${name}`);
  return { name, about: { config, state }, chunks, consumers };
}

/**
 * Puts a stream back in the place of the one there is, with its consumers: NATS 2.15 brings those in
 * memory back as well, 2.10 does not.
 */
export async function restore(nc: NatsConnection, backup: StreamBackup): Promise<void> {
  const { name, about, chunks, consumers } = backup;
  await ask(nc, `STREAM.DELETE.${name}`);
  const { deliver_subject: to = "" } = await ask(nc, `STREAM.RESTORE.${name}`, about);
  for (const chunk of [...chunks, new Uint8Array()]) {
    const answer = await nc.request(to, chunk, { timeout: 5_000 });
    const text = answer.string();
    const { error }: Answer = text === "" ? {} : JSON.parse(text);
    if (error !== undefined) throw new Error(error.description);
  }
  for (const { name: consumer, config } of consumers) {
    const same = { stream_name: name, config };
    await ask(nc, `CONSUMER.DURABLE.CREATE.${name}.${consumer}`, same);
  }
}
