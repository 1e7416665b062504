/**
 * The time of a simulated world, which passes only from one event to the next, and the processes that
 * events happen to. A process that stands still has its events later, one that is gone never.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { chance } from "../chaos/setting.ts";

/** The wall clock of a world at its beginning, in milliseconds since 1970. */
const BEGIN_AT = 1_800_000_000_000;

/** The most events of a world: more shows that something goes round in circles. */
const MOST_EVENTS = 20_000_000;

// The platform's own, whatever stands in its place later.
const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** One thing that is going to happen to a process. */
export interface TimelineEvent {
  at: number;
  readonly order: number;
  readonly process: Process;
  readonly run: () => void;
  isCancelled: boolean;
  /** Set where it only lets others happen that had to wait. */
  releases?: boolean;
}

/** A program that runs in the world: its time, its chance, and whether it still runs. */
export class Process {
  readonly name: string;
  /** Numbers in [0, 1) that depend on nothing but the seed and the name. */
  readonly random: () => number;
  /** The timers that run, by their number. */
  readonly timers = new Map<number, TimelineEvent>();
  /** Listeners of the page and the whole program, by type. */
  readonly listeners = new Map<string, Set<(event: Event) => void>>();
  /** The document that its code finds; none in a process that is no page. */
  page: { visibilityState: string; addEventListener: unknown } | undefined;
  /** Events that have to wait until it goes on. */
  readonly held: TimelineEvent[] = [];
  /** The difference of its wall clock, in milliseconds. */
  wallSkew = 0;
  /** The time that passes with each look at the clock, in milliseconds. */
  lookMs = 0;
  readonly #timeline: Timeline;
  #stillUntil = 0;
  #busyUntil = 0;
  #alive = true;

  constructor(timeline: Timeline, name: string, seed: number) {
    this.#timeline = timeline;
    this.name = name;
    this.random = chance(hashOf(name, seed));
  }

  /** `true` until it is killed. */
  get alive(): boolean {
    return this.#alive;
  }

  /** The time until which nothing happens to it, on the clock of the world. */
  get freeAt(): number {
    return Math.max(this.#stillUntil, this.#busyUntil);
  }

  /** Its monotonic clock, in milliseconds. A slow process needs time to look. */
  now(): number {
    if (this.lookMs === 0) return this.#timeline.now;
    this.#busyUntil = Math.max(this.#busyUntil, this.#timeline.now) + this.lookMs * this.random();
    return this.#busyUntil;
  }

  /** Its wall clock, in milliseconds since 1970. */
  wall(): number {
    return Math.floor(BEGIN_AT + this.wallSkew + this.now());
  }

  /** Has it stand still for `ms` milliseconds. */
  hang(ms: number): void {
    if (!this.#timeline.mayHang) return;
    this.#stillUntil = Math.max(this.#stillUntil, this.#timeline.now + ms);
  }

  /** Until when it stands still, or stood still last. */
  get stoodUntil(): number {
    return this.#stillUntil;
  }

  /** Has it go on at once. */
  wake(): void {
    this.#stillUntil = Math.min(this.#stillUntil, this.#timeline.now);
    this.#timeline.release(this);
  }

  /** Ends it: nothing happens to it any more. */
  kill(): void {
    this.#alive = false;
    this.timers.clear();
    this.listeners.clear();
  }

  /** Has something happen to it after `ms` milliseconds, at the earliest. */
  after(ms: number, run: () => void): TimelineEvent {
    return this.#timeline.add(this, this.#timeline.now + ms, run);
  }

  /** Tells its listeners of an event of the page or the whole program. */
  tell(type: string, fields: Record<string, unknown> = {}): void {
    const event = Object.assign(new Event(type), fields);
    for (const listener of [...this.listeners.get(type) ?? []]) listener(event);
  }
}

/** The events to come, in the order of their times, and of their making where those are the same. */
export class Timeline {
  /** The time since the beginning, in milliseconds. */
  now = 0;
  /** Set while processes may be made to stand still. */
  mayHang = true;
  /** The process that something is happening to. */
  current: Process | undefined;
  /** Set while a process waits for the import of a module, which takes turns of the real event loop. */
  imports = 0;
  /** The number of events so far. */
  events = 0;
  /** Called where an event throws. */
  failed: (process: Process, error: unknown) => void = (_, error) => {
    throw error;
  };
  readonly #seed: number;
  readonly #heap: TimelineEvent[] = [];
  #order = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Makes a process. */
  process(name: string): Process {
    return new Process(this, name, this.#seed);
  }

  /** Adds an event at a time. */
  add(process: Process, at: number, run: () => void): TimelineEvent {
    const event: TimelineEvent = { at, order: ++this.#order, process, run, isCancelled: false };
    this.#push(event);
    return event;
  }

  /** Has something happen to a process now, on the side of what happens to others. */
  inside(process: Process, run: () => void): void {
    const { current } = this;
    this.current = process;
    run();
    this.current = current;
  }

  /**
   * Lets events happen until the time `end`; or until `isDone`, which is asked after each.
   *
   * @throws {Error} where there is no end of them.
   */
  async pass(end: number, isDone: () => boolean = () => false): Promise<void> {
    for (let next = this.#heap[0]; next !== undefined && next.at <= end; next = this.#heap[0]) {
      this.#pop();
      const { process, run } = next;
      if (next.isCancelled || !process.alive) continue;
      if (next.releases) {
        this.now = next.at;
        this.release(process);
        continue;
      }
      if (process.freeAt > next.at) {
        if (process.held.push(next) === 1) this.#releaseAt(process);
        continue;
      }
      this.now = next.at;
      this.current = process;
      try {
        run();
      } catch (error) {
        this.failed(process, error);
      }
      // All that its promises bring about belongs to it, too.
      do await nextTurn(); while (this.imports > 0);
      this.current = undefined;
      if (++this.events > MOST_EVENTS) throw new Error(`More than ${MOST_EVENTS} events`);
      if (isDone()) return;
    }
    this.now = Math.max(this.now, end);
  }

  /** Lets what a process has waited for happen, unless it still stands still. */
  release(process: Process): void {
    const { held } = process;
    if (held.length === 0) return;
    if (process.freeAt > this.now) return this.#releaseAt(process);
    for (const event of held.splice(0)) {
      event.at = this.now;
      this.#push(event);
    }
  }

  #releaseAt(process: Process): void {
    const event = this.add(process, process.freeAt, () => {});
    event.releases = true;
  }

  #push(event: TimelineEvent): void {
    const heap = this.#heap;
    let place = heap.length;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(event, heap[parent]!)) break;
      heap[place] = heap[parent]!;
      place = parent;
    }
    heap[place] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = last;
  }
}

function isBefore(a: TimelineEvent, b: TimelineEvent): boolean {
  return a.at < b.at || a.at === b.at && a.order < b.order;
}

/** A number made of a text and a number before it (FNV-1a). */
export function hashOf(text: string, begin: number): number {
  let hash = (begin ^ 0x811c9dc5) >>> 0;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  }
  return hash;
}
