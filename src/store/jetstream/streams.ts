/**
 * The two streams of all nodes, one for the rooms and one for what is known of rooms and
 * clients: makes them, keeps them as they should be, and tells them from others of the
 * same name.
 *
 * @module
 */

import type { JetStreamManager, StreamConfig, StreamInfo } from "@nats-io/jetstream";
import { sleep } from "../../protocol/deadline.ts";

import { DELETED } from "../../core/store.ts";
import { reasonOf } from "../../protocol/errors.ts";

/** Settings of the streams. */
export interface StreamSettings {
  /** The first word of all subjects, and the name of the stream of the rooms. */
  name: string;
  /** The number of servers that keep each message. */
  replicas: number;
  /** The number of entries of a room that are kept, and for how long in milliseconds. */
  logEntries: number;
  logAgeMs: number;
  /** The least time that ids of messages are remembered, in milliseconds. */
  dedupMs: number;
  /** The timeout of one question, in milliseconds. */
  patienceMs: number;
}

/** The part of the line to NATS that the streams need. */
export interface StreamsLink {
  /** Why a subject takes no messages now; undefined where it takes them. */
  refusal(subject: string): Promise<string | undefined>;
  /** Says whether nobody waits for the streams any more. */
  isOver(): boolean;
  /** Something about a stream is not as it should be, and cannot be mended. */
  troubled(reason: string): void;
}

/** The time that a stream that takes no messages yet is left alone, in milliseconds. */
const BEGINS_AFTER_MS = 5;

/** The least time that rooms and clients that nobody asks for are remembered, in milliseconds: a day. */
export const STATE_KEPT_MS = 86_400_000;

/** Settings that a node that was told otherwise changes of a stream that is there. */
const CHANGEABLE = [
  "num_replicas",
  "max_msgs_per_subject",
  "max_age",
  "duplicate_window",
] as const;

/** NATS counts in nanoseconds, and cannot count to a century. */
export const NS_PER_MS = 1_000_000;
const LONGEST_MS = 3_000_000_000_000;

const STREAM_NOT_FOUND = 10_059;

/** The silence in milliseconds after which a server is gone: those that keep a stream hear each other every second. */
const SILENT_MS = 5_000;

/** The least bytes that a message takes in a stream. */
const LEAST_BYTES = 256;

/** The beginning of the descriptions of our streams. */
const IDENTITY = "parley:";

/** The streams, as one node sees them. */
export class JetStreamStreams {
  readonly #settings: StreamSettings;
  readonly #link: StreamsLink;
  #made: string | undefined;
  #full: string | undefined;
  #keptEntries = Infinity;

  /** Makes what a node knows before it has looked: nothing. */
  constructor(settings: StreamSettings, link: StreamsLink) {
    this.#settings = settings;
    this.#link = link;
  }

  /** The subject of a kind of things, like `parley.room.k7q2`. */
  subject(kind: string, of: string): string {
    return `${this.#settings.name}.${kind}.${of}`;
  }

  /** The name of the stream that a subject belongs to. */
  nameFor(subject: string): string {
    const { name } = this.#settings;
    return subject.startsWith(this.subject("room", "")) ? name : `${name}-state`;
  }

  /** The mark that told the streams from others of the same name at the last look; undefined before the first. */
  get made(): string | undefined {
    return this.#made;
  }

  /** Why a stream took nothing more at the last look, though it is there; undefined where it did. */
  get full(): string | undefined {
    return this.#full;
  }

  /** The number of entries of a room that are kept, at the last look. */
  get keptEntries(): number {
    return this.#keptEntries;
  }

  /** Looks whether the streams are there; makes them where they are not. Rejects where it cannot. */
  async check({ streams }: JetStreamManager): Promise<void> {
    const { replicas, logEntries, logAgeMs, dedupMs } = this.#settings;
    const state = await this.#ensure(streams, {
      name: this.nameFor(this.subject("meta", "*")),
      subjects: ["meta", "roster", "client"].map((kind) => this.subject(kind, "*")),
      num_replicas: replicas,
      max_msgs_per_subject: 1,
      max_age: NS_PER_MS * Math.min(LONGEST_MS, Math.max(STATE_KEPT_MS, DELETED.ms, 2 * logAgeMs)),
    });
    const rooms = await this.#ensure(streams, {
      name: this.nameFor(this.subject("room", "*")),
      subjects: [this.subject("room", "*")],
      num_replicas: replicas,
      max_msgs_per_subject: logEntries,
      max_age: NS_PER_MS * Math.min(LONGEST_MS, Math.max(dedupMs, logAgeMs)),
      duplicate_window: NS_PER_MS * dedupMs,
      republish: { src: this.subject("room", ">"), dest: this.subject("live", ">") },
    });
    const { max_msgs_per_subject: kept } = rooms.config;
    this.#keptEntries = kept > 0 ? kept : Infinity;
    if (!hasMajority(rooms)) {
      throw new Error(`${rooms.config.name} has lost its majority of servers`);
    }
    this.#full = fullnessOf(rooms) ?? fullnessOf(state);
    this.#made = `${identityOf(rooms)} ${identityOf(state)}`;
  }

  /** Makes a stream, or makes it as it should be. */
  async #ensure(
    streams: JetStreamManager["streams"],
    wanted: Partial<StreamConfig> & { name: string },
  ): Promise<StreamInfo> {
    const found = await find(streams, wanted.name) ?? await make(streams, wanted);
    if (this.#made?.split(" ").includes(identityOf(found))) {
      await this.#keepWindow(streams, found, wanted);
      return found;
    }
    await this.#begun(wanted.subjects?.[0] ?? "");
    // What it was before, or what each of several nodes was told, need not be what came of it.
    const info = await streams.info(wanted.name);
    const { config } = info;
    // A node that was not told how many there are must not take replicas away, nor must one that
    // was told of a shorter time make ids be forgotten that others count on.
    const replicas = Math.max(config.num_replicas, wanted.num_replicas ?? 1);
    const window = Math.max(config.duplicate_window ?? 0, wanted.duplicate_window ?? 0);
    const asked = { ...wanted, num_replicas: replicas };
    if (wanted.duplicate_window !== undefined) asked.duplicate_window = window;
    if (window > (wanted.max_age ?? window)) asked.max_age = window;
    const other = CHANGEABLE.some((key) => asked[key] !== undefined && asked[key] !== config[key]);
    // Once only: nodes that were told otherwise would undo it for ever.
    if (!other || this.#made !== undefined) return info;
    return await streams.update(wanted.name, asked);
  }

  /** Sees to it that ids are remembered for long enough, whoever has changed that since. */
  async #keepWindow(
    streams: JetStreamManager["streams"],
    { config }: StreamInfo,
    { name, duplicate_window = 0 }: Partial<StreamConfig> & { name: string },
  ): Promise<void> {
    if (config.duplicate_window >= duplicate_window) return;
    try {
      await streams.update(name, { duplicate_window });
    } catch (error) {
      const ms = config.duplicate_window / NS_PER_MS;
      this.#link.troubled(`${name} remembers ids for ${ms} ms only: ${reasonOf(error)}`);
    }
  }

  /**
   * Waits until a stream takes messages. NATS shows one that another node is making earlier
   * than that, and before version 2.9.16 even tells another moment at which it was made.
   */
  async #begun(subjects: string): Promise<void> {
    const giveUpAt = performance.now() + this.#settings.patienceMs;
    while (true) {
      const refusal = await this.#link.refusal(subjects.replace("*", "-"));
      if (refusal === undefined) return;
      if (this.#link.isOver() || performance.now() > giveUpAt) {
        throw new Error(`${subjects} takes no messages: ${refusal}`);
      }
      await sleep(BEGINS_AFTER_MS);
    }
  }
}

/** Why a stream takes nothing more, where somebody has given it a limit and it drops nothing by itself. */
function fullnessOf({ config, state }: StreamInfo): string | undefined {
  if (config.discard !== "new") return undefined;
  const { name, max_bytes, max_msgs } = config;
  if (max_bytes > 0 && state.bytes + LEAST_BYTES > max_bytes) {
    return `${name} is full: it has ${state.bytes} of ${max_bytes} bytes`;
  }
  const isFull = max_msgs > 0 && state.messages >= max_msgs;
  return isFull ? `${name} is full: it has all of ${max_msgs} messages` : undefined;
}

/** Says whether the server that leads a stream is in touch with a majority of those that keep it. */
function hasMajority({ cluster }: StreamInfo): boolean {
  const others = cluster?.replicas ?? [];
  const silent = others.filter(({ offline, active }) => offline || active > NS_PER_MS * SILENT_MS);
  return 2 * silent.length <= others.length;
}

async function make(
  streams: JetStreamManager["streams"],
  wanted: Partial<StreamConfig> & { name: string },
): Promise<StreamInfo> {
  try {
    return await streams.add({ ...wanted, description: IDENTITY + crypto.randomUUID() });
  } catch (error) {
    // Of several nodes that make it at once NATS refuses some, with varying reasons.
    const others = await find(streams, wanted.name);
    if (others === undefined) throw error;
    return others;
  }
}

async function find(
  streams: JetStreamManager["streams"],
  name: string,
): Promise<StreamInfo | undefined> {
  try {
    return await streams.info(name);
  } catch (error) {
    if (codeOf(error) !== STREAM_NOT_FOUND) throw error;
    return undefined;
  }
}

/**
 * Finds what tells a stream from others of its name. When it was made is second best: each replica
 * of NATS 2.9 has its own moment, a fraction of a millisecond from the others', and tells it
 * when it leads.
 */
function identityOf({ config: { description }, created }: StreamInfo): string {
  return description?.startsWith(IDENTITY) ? description : created;
}

/** The number by which JetStream says what is wrong; 0 where it said nothing. */
export function codeOf(error: unknown): number {
  return error instanceof Error && error.name !== "TimeoutError" && "code" in error &&
      typeof error.code === "number"
    ? error.code
    : 0;
}
