/**
 * Connections of a simulated world, with delays, small buffers and faults.
 *
 * @module
 */

import type { Host, Network } from "./network.ts";
import { CLOSED, type Item, OPEN, SimulatedSocket } from "./socket.ts";
import type { Timeline, TimelineEvent } from "./timeline.ts";

/** The time after which a kernel gives up what its peer does not take, in milliseconds. */
const KERNEL_GIVES_UP_MS = 900_000;

/** The time of silence after which the runtime ends a socket that it pings, in milliseconds. */
const IDLE_MS = 30_000;

/** The most that passes through the connections of a person, and how fast. */
export interface LinkTraits {
  /** The time on the way, in milliseconds, and how much longer it may be by chance. */
  delayMs: number;
  jitterMs: number;
  /** The bytes that kernels and network hold in one direction. */
  windowBytes: number;
}

/** One direction of a connection. */
export class Pipe {
  /** Set while nothing gets through. */
  stalled = false;
  /** Set while the receiver does not read. */
  unread = false;
  /** When something last got through. */
  movedAt = 0;
  waitingBytes = 0;
  readonly #link: Link;
  readonly #sender: SimulatedSocket;
  readonly #receiver: SimulatedSocket;
  readonly #waiting: Item[] = [];
  /** Items on their way. */
  readonly #transit: { item: Item; event: TimelineEvent }[] = [];
  /** Items that are there, and not taken. */
  readonly #arrived: Item[] = [];
  #releasing = false;
  #takenBytes = 0;
  #lastAt = 0;

  constructor(link: Link, sender: SimulatedSocket, receiver: SimulatedSocket) {
    this.#link = link;
    this.#sender = sender;
    this.#receiver = receiver;
  }

  put(item: Item): void {
    if (this.size === 0) this.movedAt = this.#link.timeline.now;
    this.#waiting.push(item);
    this.waitingBytes += item.bytes;
    const { timeline, traits, broken } = this.#link;
    if (broken !== "reset") this.#advance();
    else if (broken === "reset" && !this.stalled) {
      // The answer to anything that is sent is a reset.
      const at = timeline.now + 2 * traits.delayMs;
      timeline.add(this.#sender.process, at, () => this.#sender.end(1006));
    }
  }

  /** Lets nothing arrive before a time. */
  hold(at: number): void {
    this.#lastAt = Math.max(this.#lastAt, at);
  }

  /** The number of items that have not been taken. */
  get size(): number {
    return this.#waiting.length + this.#transit.length + this.#arrived.length;
  }

  /** Lets through what has waited, as far as it may: each in a turn of its own. */
  release(): void {
    if (this.stalled || this.unread || this.#releasing) return;
    if (this.#arrived.length === 0) {
      if (this.#link.broken === undefined) this.#advance();
      return;
    }
    this.#releasing = true;
    this.#receiver.process.after(0, () => {
      this.#releasing = false;
      if (this.stalled || this.unread) return;
      const item = this.#arrived.shift();
      if (item !== undefined) this.#hand(item);
      this.release();
    });
  }

  /** Loses what is on its way, but for the first `kept` items; returns when the last of these is there. */
  lose(kept: number): number {
    this.#waiting.length = 0;
    this.waitingBytes = 0;
    for (const { event } of this.#transit.splice(kept)) event.isCancelled = true;
    return this.#transit.at(-1)?.event.at ?? 0;
  }

  #advance(): void {
    const { timeline, traits, random } = this.#link;
    while (this.#waiting.length > 0) {
      const item = this.#waiting[0]!;
      if (this.#takenBytes > 0 && this.#takenBytes + item.bytes > traits.windowBytes) return;
      this.#waiting.shift();
      this.waitingBytes -= item.bytes;
      this.#takenBytes += item.bytes;
      if (this.#link.broken !== undefined) continue;
      const delay = traits.delayMs + traits.jitterMs * random();
      this.#lastAt = Math.max(this.#lastAt, timeline.now + delay);
      const event = timeline.add(this.#receiver.process, this.#lastAt, () => this.#arrive());
      this.#transit.push({ item, event });
    }
  }

  #arrive(): void {
    const { item } = this.#transit.shift()!;
    if (this.stalled || this.unread || this.#arrived.length > 0) this.#arrived.push(item);
    else this.#hand(item);
  }

  #hand(item: Item): void {
    this.#takenBytes -= item.bytes;
    this.movedAt = this.#link.timeline.now;
    if (item.type === "text" && typeof item.data === "string") {
      this.#link.network.carried(this.#link, this.#receiver, item.data);
    }
    this.#receiver.take(item);
    if (this.#link.broken === undefined) this.#advance();
  }
}

/** One connection: a client's end, a server's, and the way between them. */
export class Link {
  readonly network: Network;
  readonly timeline: Timeline;
  readonly traits: LinkTraits;
  readonly random: () => number;
  readonly client: SimulatedSocket;
  readonly server: SimulatedSocket;
  readonly host: Host;
  readonly up: Pipe;
  readonly down: Pipe;
  readonly isPlain: boolean;
  /** Set once it is broken: what is sent is answered with a reset, or with nothing. */
  broken: "reset" | "lost" | undefined;

  constructor(
    network: Network,
    client: SimulatedSocket,
    host: Host,
    traits: LinkTraits,
    isPlain: boolean,
  ) {
    this.network = network;
    this.timeline = network.timeline;
    this.traits = traits;
    this.random = client.process.random;
    this.client = client;
    this.host = host;
    this.server = new SimulatedSocket(host.process);
    this.up = new Pipe(this, this.client, this.server);
    this.down = new Pipe(this, this.server, this.client);
    this.isPlain = isPlain;
  }

  /** `true` while at least one end is not closed. */
  get open(): boolean {
    return this.client.readyState < CLOSED || this.server.readyState < CLOSED;
  }

  /** Lets nothing through in these directions, until `heal`. */
  stall(which: "up" | "down" | "both"): void {
    if (which !== "down") this.up.stalled = true;
    if (which !== "up") this.down.stalled = true;
  }

  /** Lets everything through again that has not been lost. */
  heal(): void {
    if (this.broken === "lost") return;
    for (const pipe of [this.up, this.down]) {
      if (!pipe.stalled) continue;
      pipe.stalled = false;
      const { process } = pipe === this.up ? this.host : this.client;
      process.after(0, () => pipe.release());
    }
  }

  /** Breaks it between two frames. An end that does not hear of it does so when it sends. */
  cut(heard: "both" | "client" | "server" = "both"): void {
    this.broken ??= "reset";
    for (
      const [pipe, end, name] of [
        [this.up, this.server, "server"],
        [this.down, this.client, "client"],
      ] as const
    ) {
      const at = pipe.lose(Math.floor((pipe.size + 1) * this.random()));
      if (heard !== "both" && heard !== name) continue;
      const soon = Math.max(at, this.timeline.now) + this.traits.delayMs;
      this.timeline.add(end.process, soon, () => end.end(1006));
    }
  }

  /** Has both ends hear of it where it is broken. */
  tell(): void {
    if (this.broken !== "reset") return;
    for (const end of [this.client, this.server]) end.process.after(0, () => end.end(1006));
  }

  /** Breaks it without a word to anybody. */
  lose(): void {
    this.broken = "lost";
    this.up.lose(0);
    this.down.lose(0);
  }

  /** Gives up what the network has not let through for long, as kernels and the runtime do. */
  tick(): void {
    const { now } = this.timeline;
    for (const [pipe, sender] of [[this.up, this.client], [this.down, this.server]] as const) {
      if (pipe.size > 0 && now - pipe.movedAt > KERNEL_GIVES_UP_MS) {
        this.timeline.add(sender.process, now, () => sender.end(1006));
      }
    }
    // Pings and their answers are not frames here: they get through where a frame would.
    if (!this.isPlain || this.server.readyState !== OPEN) return;
    if (!this.up.stalled && !this.down.stalled) this.up.movedAt = now;
    else if (now - this.up.movedAt > IDLE_MS) this.server.close(1001);
  }
}
