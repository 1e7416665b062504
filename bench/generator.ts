// deno-lint-ignore-file no-console -- a program whose output is read by others
/**
 * The load generator of the throughput runs, one run a process:
 *
 *     deno run -A bench/generator.ts '{"port":8765,"dialect":"parley",
 *       "shape":{"rooms":1,"members":100,"senders":1,"window":32}}'
 *
 * prints one line of JSON. Keep it on another core than the server.
 *
 * @module
 */

import { reasonOf } from "../src/protocol/errors.ts";
import type { Dialect } from "./dialects.ts";
import { Histogram } from "./histogram.ts";
import { LoadPool, type LoadRoom, type LoadSender } from "./load_pool.ts";
import type { GeneratorResult } from "./measurements.ts";
import { Schedule } from "./schedule.ts";
import type { Shape } from "./shapes.ts";
import { cpuSecondsOf, ownCpuSeconds, rssOf } from "./usage.ts";

/** Settings of a generator. */
export interface GeneratorOptions {
  port: number;
  dialect: Dialect;
  shape: Shape;
  /** The processes of the server, for what they use. */
  pid?: number;
  /** Seconds that are measured, and seconds before that. */
  seconds?: number;
  warmup?: number;
  /** Bytes in a message body. */
  payload?: number;
}

/** The longest wait for something to happen, in milliseconds. */
const POLL_MS = 20;

/** The time that everything that was sent may take to come after the end, in milliseconds. */
const DRAIN_MS = 3_000;

/** With more deliveries than a clock can be read for, the latency of one in 256 is taken. */
const SAMPLE_MASK = 255;

function generate(options: GeneratorOptions): GeneratorResult {
  const { port, dialect, pid, seconds = 3, warmup = 1.5, payload = 64 } = options;
  const shape = options.shape;
  const pool = new LoadPool(dialect, shape, payload);
  pool.connect(port, shape);
  const latency = new Histogram();
  const load = shape.rate === undefined
    ? new Saturation(pool, shape)
    : new Steady(pool, shape.rate, { durationMs: 1_000 * seconds, warmupMs: 1_000 * warmup });

  run(pool, load, 1_000 * warmup);
  pool.latency = latency;
  pool.sampleMask = shape.rate === undefined ? SAMPLE_MASK : 0;
  const before = reading(pool, pid);
  run(pool, load, 1_000 * seconds);
  const after = reading(pool, pid);
  pool.latency = undefined;
  const rss = pid === undefined ? NaN : rssOf(pid) ?? NaN;

  const used = Object.fromEntries(
    Object.entries(after).map(([key, value]) => [key, value - before[key as keyof typeof before]]),
  ) as typeof before;
  return {
    perSecond: used.deliveries / used.seconds,
    perCpuSecond: used.deliveries / used.serverCpu,
    messagesPerSecond: used.sent / used.seconds,
    entriesPerFrame: used.deliveries / used.frames,
    bytesPerDelivery: used.bytes / used.deliveries,
    serverCpu: used.serverCpu / used.seconds,
    generatorCpu: used.generatorCpu / used.seconds,
    serverRssBytes: rss,
    p50: latency.percentile(0.5),
    p99: latency.percentile(0.99),
    "p99.9": latency.percentile(0.999),
    max: latency.max,
    lost: drain(pool),
  };
}

/** Decides what is said when. */
interface Load {
  /** Says what is due, and returns how long nothing more will be, in milliseconds. */
  go(nowMs: number): number;
}

function run(pool: LoadPool, load: Load, forMs: number): void {
  const end = performance.now() + forMs;
  for (;;) {
    const now = performance.now();
    if (now >= end) return;
    const waitMs = load.go(now);
    pool.flush();
    pool.poll(Math.min(waitMs, end - now, POLL_MS));
  }
}

/** Keeps a window of messages in flight in every room. */
class Saturation implements Load {
  readonly #pool: LoadPool;
  readonly #window: number;
  #turn = 0;

  constructor(pool: LoadPool, { window = 1 }: Shape) {
    this.#pool = pool;
    this.#window = window;
    for (const room of pool.rooms) this.#fill(room, microseconds(performance.now()));
  }

  go(nowMs: number): number {
    const { changed } = this.#pool;
    for (const room of changed) {
      room.dirty = false;
      this.#fill(room, microseconds(nowMs));
    }
    changed.length = 0;
    return Infinity;
  }

  #fill(room: LoadRoom, stampUs: number): void {
    // Its author gets a message too.
    const done = Math.floor(room.delivered / room.members);
    while (room.sent - done < this.#window) {
      this.#pool.say(room.senders[this.#turn++ % room.senders.length]!, stampUs);
    }
  }
}

/** Says each message when it is due; its stamp is that moment, however late it is said. */
class Steady implements Load {
  readonly #pool: LoadPool;
  readonly #senders: LoadSender[];
  readonly #startMs: number;
  readonly #dues: Iterator<{ sender: number; atMs: number }>;
  #next: { sender: number; atMs: number } | undefined;

  constructor(pool: LoadPool, rate: number, times: { durationMs: number; warmupMs: number }) {
    this.#pool = pool;
    this.#senders = pool.rooms.flatMap(({ senders }) => senders);
    const schedule = new Schedule({ senders: this.#senders.length, rate, seed: 1, ...times });
    this.#startMs = performance.now() + times.warmupMs;
    this.#dues = schedule[Symbol.iterator]();
    this.#next = this.#dues.next().value;
  }

  go(nowMs: number): number {
    for (const room of this.#pool.changed) room.dirty = false;
    this.#pool.changed.length = 0;
    while (this.#next !== undefined) {
      const atMs = this.#startMs + this.#next.atMs;
      if (atMs > nowMs) return atMs - nowMs;
      this.#pool.say(this.#senders[this.#next.sender]!, microseconds(atMs));
      this.#next = this.#dues.next().value;
    }
    return Infinity;
  }
}

function microseconds(ms: number): number {
  return Math.round(ms * 1_000);
}

/** Counters and clocks at one moment. */
function reading(pool: LoadPool, pid: number | undefined) {
  return {
    seconds: performance.now() / 1_000,
    deliveries: pool.deliveries,
    frames: pool.frames,
    bytes: pool.bytes,
    sent: pool.rooms.reduce((sum, { sent }) => sum + sent, 0),
    serverCpu: pid === undefined ? NaN : cpuSecondsOf(pid) ?? NaN,
    generatorCpu: ownCpuSeconds(),
  };
}

/** Waits for what is on its way, and returns how many deliveries never came. */
function drain(pool: LoadPool): number {
  const lost = () =>
    pool.rooms.reduce((sum, { sent, members, delivered }) => sum + sent * members - delivered, 0);
  const end = performance.now() + DRAIN_MS;
  pool.flush();
  while (lost() > 0 && performance.now() < end) {
    pool.poll(POLL_MS);
    pool.flush();
  }
  return lost();
}

if (import.meta.main) {
  try {
    console.log(JSON.stringify(generate(JSON.parse(Deno.args[0] ?? "{}"))));
    // The sockets are the C library's: the runtime knows of nothing that is open.
    Deno.exit(0);
  } catch (error) {
    console.error(reasonOf(error));
    Deno.exit(1);
  }
}
