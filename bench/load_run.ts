/**
 * One run of the latency benchmark: real clients, an open-loop schedule, and a check of
 * everything every receiver got. All clients live in this process, so that there is one
 * clock.
 *
 * @module
 */

import type { ChatClient, Message } from "../client.ts";
import { reasonOf } from "../src/protocol/errors.ts";
import { readBody, writeBody } from "./body.ts";
import { enter, type Member } from "./members.ts";
import { Schedule } from "./schedule.ts";
import { dispatch, Sender } from "./senders.ts";
import { describeRanges, type Range, sizeOf } from "./sequence_check.ts";
import type { LoadCounts } from "./summary.ts";
import { WireTap } from "./wire_tap.ts";

/** Settings of a run; times in milliseconds. */
export interface LoadOptions {
  url: string;
  /** Clients, dealt out to the rooms in turn. */
  clients: number;
  rooms: number;
  /** Senders in each room: its first members. */
  senders: number;
  /** Messages a second of each sender. */
  rate: number;
  durationMs: number;
  warmupMs: number;
  /** Bytes in a message body. */
  payload: number;
  seed: number;
  /** Messages without acknowledgement that a sender may have; 0: any number. */
  inFlight: number;
  /** After the last message: how long nothing may come before what is missing counts as lost. */
  drainMs: number;
  /** Ends the run early; what was measured so far is kept. */
  signal?: AbortSignal;
}

/** A message that reached a client; times in milliseconds of `performance.now()`. */
export interface Delivery {
  senderId: string;
  receiverId: string;
  /** The sender's number of the message, from 0. */
  k: number;
  scheduledMs: number;
  sentMs: number;
  receivedMs: number;
  /** The place in the room's log. */
  seq: number;
}

/** Events of a run while it lasts. */
export interface LoadEvents {
  /** All clients are in their rooms; the measured part begins at `startMs`. */
  started(startMs: number): void;
  /** A measured message has reached a client. */
  delivered(delivery: Delivery): void;
}

/** The time that one message may wait for its acknowledgement, in milliseconds. */
const ACKNOWLEDGE_MS = 5_000;

/** The time between two looks at a run that has sent everything, in milliseconds. */
const LOOK_EVERY_MS = 10;

/** The time that a client may be without a connection before the run is given up, in milliseconds. */
const AWAY_MS = 3_000;

/** From the last join to the first message, in milliseconds. */
const SETTLE_MS = 50;

/**
 * Runs a load. Rejects only where it cannot begin: what goes wrong later is a problem of
 * the result.
 */
export async function runLoad(options: LoadOptions, events: LoadEvents): Promise<LoadCounts> {
  using tap = new WireTap();
  const chats: ChatClient[] = [];
  try {
    const members = await enter(options, chats);
    const run = new Run(options, events, members);
    await run.finished();
    return run.counts(tap);
  } finally {
    await Promise.all(chats.map((chat) => chat.close().catch(() => {})));
  }
}

class Run {
  readonly #options: LoadOptions;
  readonly #events: LoadEvents;
  readonly #members: Member[];
  readonly #senders: Sender[];
  readonly #schedule: Schedule;
  readonly #sentMs: Float64Array[];
  readonly #startMs: number;
  readonly #stop = new AbortController();
  readonly #problems: string[] = [];
  readonly #expected: number;
  #sent = 0;
  #received = 0;
  #unacknowledged = 0;
  #progressMs: number;
  #over = false;

  constructor(options: LoadOptions, events: LoadEvents, members: Member[]) {
    this.#options = options;
    this.#events = events;
    this.#members = members;
    const senders = options.rooms * options.senders;
    this.#schedule = new Schedule({ ...options, senders });
    const { perSender } = this.#schedule;
    this.#senders = Array.from({ length: senders }, (_, i) => this.#sender(i));
    this.#sentMs = this.#senders.map(() => new Float64Array(perSender));
    this.#expected = members.reduce((sum, { checks }) => sum + checks.size * perSender, 0);
    options.signal?.addEventListener("abort", () => this.#fail("The run was interrupted"));
    this.#startMs = this.#progressMs = performance.now() + SETTLE_MS + options.warmupMs;
    for (const member of members) {
      for (const work of [this.#read(member), this.#watch(member)]) {
        work.catch((error) => this.#fail(`Cannot go on: ${reasonOf(error)}`));
      }
    }
  }

  /** Resolves when everything was sent and has come, or nothing more comes. */
  async finished(): Promise<void> {
    const { signal } = this.#stop;
    this.#events.started(this.#startMs);
    await dispatch(this.#schedule, this.#senders, { startMs: this.#startMs, signal });
    this.#progressMs = performance.now();
    while (!signal.aborted && !this.#complete()) {
      if (performance.now() - this.#progressMs > this.#options.drainMs) break;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    this.#over = true;
  }

  /** Counts what came of it, once it is finished. */
  counts({ wires }: WireTap): LoadCounts {
    const found = { missing: 0, duplicate: 0, reordered: 0 };
    const note = (kind: keyof typeof found, ranges: Range[], where: string) => {
      if (ranges.length === 0) return;
      found[kind] += sizeOf(ranges);
      this.#problems.push(`${NAMES[kind]} ${where} ${describeRanges(ranges)}`);
    };
    for (const { chat, checks } of this.#members) {
      for (const [sender, check] of checks) {
        const from = `at receiver ${chat.clientId}, from sender ${this.#idOf(sender)}: messages`;
        note("missing", check.missing(this.#schedule.perSender), from);
        note("duplicate", check.duplicates, from);
        note("reordered", check.reordered, from);
      }
    }
    for (const { clientId, entries } of wires) {
      const where = `on the wire to receiver ${clientId}: seq`;
      note("duplicate", entries.duplicates, where);
      note("reordered", entries.reordered, where);
    }
    return {
      sent: this.#sent,
      expected: this.#expected,
      received: this.#received,
      ...found,
      unacknowledged: this.#unacknowledged,
      problems: this.#problems,
    };
  }

  #idOf(client: number): string {
    return this.#members[client]?.chat.clientId ?? "?";
  }

  #complete(): boolean {
    return this.#received >= this.#expected && this.#senders.every(({ idle }) => idle);
  }

  #fail(problem: string): void {
    if (this.#over || this.#stop.signal.aborted) return;
    this.#problems.push(problem);
    this.#stop.abort();
  }

  #sender(sender: number): Sender {
    return new Sender(async ({ k }) => {
      const { room, chat } = this.#members[sender]!;
      if (this.#stop.signal.aborted) return;
      if (k >= 0) {
        this.#sentMs[sender]![k] = performance.now();
        this.#sent++;
      }
      try {
        await room.send(writeBody(sender, k, this.#options.payload), { timeoutMs: ACKNOWLEDGE_MS });
        this.#progressMs = Math.max(this.#progressMs, performance.now());
      } catch (error) {
        this.#unacknowledged++;
        if (this.#over || this.#stop.signal.aborted) return;
        this.#problems.push(`Message ${k} of sender ${chat.clientId}: ${reasonOf(error)}`);
      }
    }, this.#options.inFlight);
  }

  /** A client that loses its connection comes back by itself; one that does not ends the run. */
  async #watch({ chat }: Member): Promise<void> {
    let away: ReturnType<typeof setTimeout> | undefined;
    try {
      for await (const status of chat.statuses()) {
        if (status.type === "connected") {
          clearTimeout(away);
          away = undefined;
        } else if (status.type === "reconnecting" || status.type === "closed") {
          const { reason, code } = status;
          const problem = `The connection of client ${chat.clientId} ended: ${reason || code}`;
          away ??= setTimeout(() => this.#fail(problem), AWAY_MS);
        }
      }
    } finally {
      clearTimeout(away);
    }
  }

  async #read(member: Member): Promise<void> {
    const receiver = member.chat.clientId;
    for await (const event of member.room.events()) {
      switch (event.type) {
        case "message":
          if (!event.own) this.#take(member, event, performance.now());
          break;
        case "gap":
          this.#problems.push(
            `Receiver ${receiver} was told that seq ${event.fromSeq}–${event.toSeq} will not come`,
          );
          break;
        case "recovered":
          if (event.recovered) break;
          this.#problems.push(`Receiver ${receiver} was told that the history is gone`);
          break;
        case "closed":
          this.#fail(`The connection of client ${receiver} ended: ${event.reason}`);
      }
    }
  }

  #take(member: Member, message: Message, receivedMs: number): void {
    const { sender, k } = readBody(message.body) ?? { sender: -1, k: -1 };
    const check = member.checks.get(sender);
    if (check === undefined || k >= this.#schedule.perSender) {
      this.#fail(`Receiver ${member.chat.clientId} got a message that nobody sent it`);
      return;
    }
    if (k < 0) return;
    if (check.take(k) !== "duplicate") this.#received++;
    this.#progressMs = Math.max(this.#progressMs, receivedMs);
    this.#events.delivered({
      senderId: message.from,
      receiverId: member.chat.clientId,
      k,
      scheduledMs: this.#startMs + this.#schedule.atMs(sender, k),
      sentMs: this.#sentMs[sender]![k]!,
      receivedMs,
      seq: message.seq,
    });
  }
}

const NAMES = { missing: "Missing", duplicate: "Duplicate", reordered: "Reordered" } as const;
