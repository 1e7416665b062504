/**
 * The two streams of all nodes, one for the entries of rooms and one for the records of rooms and
 * clients: makes them, keeps their settings, and tells them from others of the same name.
 *
 * @module
 */

import type { JetStreamManager, StreamConfig, StreamInfo } from "@nats-io/jetstream";
import { sleep } from "../../../protocol/deadline.ts";

import { DELETED } from "../../../core/store/store.ts";
import { reasonOf } from "../../../protocol/errors.ts";

/** Settings of the streams. */
export interface StreamSettings {
  /** The first word of all subjects, and the name of the stream of the rooms. */
  name: string;
  /** The number of servers that keep each message. */
  replicas: number;
  /** The number of entries of a room that are kept, and for how many milliseconds. */
  logEntries: number;
  logAgeMs: number;
  /** The least milliseconds for which ids of messages are remembered. */
  dedupMs: number;
  /** The timeout of one question, in milliseconds. */
  patienceMs: number;
  /** Set where streams that are there stay as they are, whatever the settings here. */
  isGuest?: true;
}

/** The part of the link to NATS that the streams need. */
export interface StreamsLink {
  /** Returns the reason why a subject takes no messages now; undefined where it takes them. */
  refusal(subject: string): Promise<string | undefined>;
  /** Says whether the link no longer waits for the streams. */
  isOver(): boolean;
  /** Something about a stream is wrong, and cannot be changed. */
  troubled(reason: string): void;
}

/** Milliseconds between two looks at a stream that takes no messages yet. */
const BEGINS_AFTER_MS = 5;

/** The least milliseconds for which records of rooms and clients are kept: a day. */
export const STATE_KEPT_MS = 86_400_000;

/** Settings of an existing stream that a node with other settings changes. */
const CHANGEABLE = [
  "num_replicas",
  "max_msgs_per_subject",
  "max_age",
  "duplicate_window",
] as const;

/** NATS counts in nanoseconds, in numbers that do not last for a century. */
export const NS_PER_MS = 1_000_000;
const LONGEST_MS = 3_000_000_000_000;

const STREAM_NOT_FOUND = 10_059;

/** Milliseconds of silence after which a server is gone: they hear each other every second. */
const SILENT_MS = 5_000;

/** The least bytes of a message in a stream. */
const LEAST_BYTES = 256;

/** The beginning of the descriptions of Parley's streams. */
const IDENTITY = "parley:";

/** The streams, as one node sees them. */
export class JetStreamStreams {
  readonly #settings: StreamSettings;
  readonly #link: StreamsLink;
  #made: string | undefined;
  #full: string | undefined;
  #keptEntries = Infinity;

  /** Makes the streams of a node that has not looked yet. */
  constructor(settings: StreamSettings, link: StreamsLink) {
    this.#settings = settings;
    this.#link = link;
  }

  /** Returns the subject of one room or client, like `parley.room.k7q2`. */
  subject(kind: string, of: string): string {
    // The names of rooms may have letters that NATS takes for none.
    const token = of.startsWith("#") ? encodeURIComponent(of) : of;
    return `${this.#settings.name}.${kind}.${token}`;
  }

  /** Returns the name of the stream that a subject belongs to. */
  nameFor(subject: string): string {
    const { name } = this.#settings;
    return subject.startsWith(this.subject("room", "")) ? name : `${name}-state`;
  }

  /** The description of the streams at the last look; undefined before the first. */
  get made(): string | undefined {
    return this.#made;
  }

  /** The reason why a stream took nothing more at the last look; undefined where it did. */
  get full(): string | undefined {
    return this.#full;
  }

  /** The number of entries of a room that are kept, at the last look. */
  get keptEntries(): number {
    return this.#keptEntries;
  }

  /** Makes the streams where they are missing, and looks at them. Rejects where it cannot. */
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

  /** Makes a stream, or corrects its settings. */
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
    // The stream may be neither as it was before, nor as this node wants it.
    const info = await streams.info(wanted.name);
    const { config } = info;
    // A node without a setting must not remove replicas, and one with a shorter time must not make
    // NATS forget ids that others count on.
    const replicas = Math.max(config.num_replicas, wanted.num_replicas ?? 1);
    const window = Math.max(config.duplicate_window ?? 0, wanted.duplicate_window ?? 0);
    const asked = { ...wanted, num_replicas: replicas };
    if (wanted.duplicate_window !== undefined) asked.duplicate_window = window;
    if (window > (wanted.max_age ?? window)) asked.max_age = window;
    const other = CHANGEABLE.some((key) => asked[key] !== undefined && asked[key] !== config[key]);
    // Once only: nodes with other settings would undo it for ever.
    if (!other || this.#made !== undefined || this.#settings.isGuest) return info;
    return await streams.update(wanted.name, asked);
  }

  /** Restores the time for which ids are remembered, if it was shortened. */
  async #keepWindow(
    streams: JetStreamManager["streams"],
    { config }: StreamInfo,
    { name, duplicate_window = 0 }: Partial<StreamConfig> & { name: string },
  ): Promise<void> {
    if (config.duplicate_window >= duplicate_window || this.#settings.isGuest) return;
    try {
      await streams.update(name, { duplicate_window });
    } catch (error) {
      const ms = config.duplicate_window / NS_PER_MS;
      this.#link.troubled(`${name} remembers ids for ${ms} ms only: ${reasonOf(error)}`);
    }
  }

  /**
   * Waits until a stream takes messages. NATS shows a stream that another node is making before it
   * does, and before version 2.9.16 even with another creation time.
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

/** Returns the reason why a stream takes nothing more: it has a limit, and drops nothing. */
function fullnessOf({ config, state }: StreamInfo): string | undefined {
  if (config.discard !== "new") return undefined;
  const { name, max_bytes, max_msgs } = config;
  if (max_bytes > 0 && state.bytes + LEAST_BYTES > max_bytes) {
    return `${name} is full: it has ${state.bytes} of ${max_bytes} bytes`;
  }
  const isFull = max_msgs > 0 && state.messages >= max_msgs;
  return isFull ? `${name} is full: it has all of ${max_msgs} messages` : undefined;
}

/** Says whether the leader of a stream reaches a majority of its servers. */
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
    // When several nodes make it at once, NATS refuses some, with varying reasons.
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
 * Finds the identity of a stream, among others of its name. The creation time is second best: each
 * replica of NATS 2.9 has its own, a fraction of a millisecond from the others', and gives that
 * when it leads.
 */
function identityOf({ config: { description }, created }: StreamInfo): string {
  return description?.startsWith(IDENTITY) ? description : created;
}

/** Returns the error code of JetStream; 0 for other errors. */
export function codeOf(error: unknown): number {
  return error instanceof Error && error.name !== "TimeoutError" && "code" in error &&
      typeof error.code === "number"
    ? error.code
    : 0;
}
