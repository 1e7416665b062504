/**
 * Clients that are cut off while what a server keeps is changed under them: its settings, its time,
 * its store. Whoever hears `recovered: true` then must have missed nothing of what was acknowledged.
 *
 * @module
 */

import type { Entry } from "../../src/protocol/frames.ts";
import { type Frame, RawSocket } from "../support/fixtures.ts";
import { pause, until } from "../support/waiting.ts";
import { chance } from "./setting.ts";

/** The settings that decide what is kept; times in milliseconds. */
export interface Kept {
  logEntries: number;
  logBytes: number;
  logAgeMs: number;
  emptyRoomMs: number;
  maxRooms: number;
}

/** Something that is done to a store. */
export interface Deed {
  /** `true`: something may be missing after it; else everybody must hear `recovered: true`. */
  readonly loses: boolean;
  /** `true`: whoever is connected meanwhile is sent away by it. */
  readonly sendsAway?: boolean;
  /** Does it; where there is nothing left to do it to, nothing happens. */
  act(): Promise<void>;
}

/** Servers over one store, one after the other. */
export interface World extends AsyncDisposable {
  /** Where the next connection goes; only while it runs. */
  readonly url: string;
  /** `true`: rooms outlive their server. */
  readonly durable: boolean;
  /** `true`: the store is another program, which may not answer for a moment. */
  readonly isFar: boolean;
  /** Starts what runs on the store. */
  start(kept: Kept): Promise<void>;
  /** Ends what runs on the store. */
  stop(): Promise<void>;
  /** Keeps what is stored by now, to be put back later, if the world can do that. */
  copy?(): Promise<void>;
  /** Deeds that can be done to the store while it runs, by name. */
  readonly running: Readonly<Record<string, Deed>>;
  /** Deeds that can be done to the store while nothing runs, by name. */
  readonly stopped: Readonly<Record<string, Deed>>;
}

/** The outcome for all who came back. */
export interface Counts {
  comebacks: number;
  /** Nothing was missing, and they were told so. */
  recovered: number;
  /** They were told that something may be missing, at once or by a gap behind it. */
  told: number;
  /** They were told so though nothing had happened that anything could be lost by. */
  needlessly: number;
  /** They could not come back, and were told why. */
  refused: number;
  /** They heard `recovered: true`, and something was missing, there twice or in another order. */
  lies: number;
  /** The first few lies and needless words. */
  findings: string[];
}

/** A message that was sent, and its place in the log where that was told: it is acknowledged then. */
interface Said {
  body: string;
  seq: number | undefined;
}

/** All that somebody has heard who came back. */
interface Heard {
  bodies: string[];
  gaps: { from_seq: number; to_seq: number }[];
}

/** One who is cut off. */
interface Guest {
  session: string;
  epoch: unknown;
  after: number;
  /** The number of messages that had been sent before that. */
  knows: number;
  /** `true` where nothing has happened since by which anything could be lost. */
  safe: boolean;
}

const FOREVER: Kept = {
  logEntries: 1_000,
  logBytes: 4_194_304,
  logAgeMs: 1e10,
  emptyRoomMs: 600_000,
  maxRooms: 1_000,
};

/** Other values of a setting, less and more. */
const OTHERS: { readonly [Name in keyof Kept]: readonly number[] } = {
  logEntries: [5, 20, 60],
  logBytes: [500, 2_000, 20_000],
  logAgeMs: [50, 700],
  emptyRoomMs: [1, 300],
  maxRooms: [1, 2],
};

/** Longer than it takes a server to look for what is too old, or empty for too long. */
const TICK_MS = 700;

/**
 * The most looks of somebody for an answer or for what was said meanwhile, and the wait in between,
 * in milliseconds. What came in at one node may still be on its way to another, which may have to
 * find out first that it was removed.
 */
const MAX_LOOKS = 100;
const LATE_MS = 100;

/** The longest time up to an answer to a message, in milliseconds: what is in doubt is given up after a minute. */
const ANSWERED_MS = 90_000;

/** One room, and what happens to it. */
class Story {
  readonly #world: World;
  readonly #random: () => number;
  readonly #guests: Guest[] = [];
  /** Messages that were sent, in their order. */
  readonly #said: Said[] = [];
  /** Where the newest of it is that was acknowledged, and in which life of the room. */
  #newest = { epoch: undefined as unknown, seq: 0 };
  readonly #steps: string[] = [];
  /** Set where something was done, while it ran, by which what is in the store may be lost at its end. */
  #broken = false;
  #kept: Kept = { ...FOREVER };
  #roomId = "";
  /** The fields that make it again where it is lost. */
  #room: Frame = { room_name: "Lobby" };
  #host: RawSocket | undefined;

  constructor(world: World, random: () => number) {
    this.#world = world;
    this.#random = random;
  }

  /** Lets it happen, then lets all who were cut off come back. */
  async run(counts: Counts): Promise<void> {
    try {
      await this.#run(counts);
    } catch (error) {
      throw new Error(`After: ${this.#steps.join(", ")}`, { cause: error });
    }
  }

  async #run(counts: Counts): Promise<void> {
    this.#changeSettings();
    await this.#world.start(this.#kept);
    await this.#enter();
    await this.#say();
    await this.#world.copy?.();
    for (let step = 2 + this.#upTo(6); step > 0; step--) {
      await this.#cutOff();
      await this.#happen();
      if (this.#random() < 0.7) await this.#say();
    }
    for (const guest of this.#guests) await this.#comeBack(guest, counts);
    await this.#host?.close();
    await this.#world.stop();
  }

  async #happen(): Promise<void> {
    const kind = this.#random();
    if (kind < 0.15) return this.#say();
    if (kind < 0.25) return this.#pass();
    if (kind < 0.4) return this.#leaveEmpty();
    if (kind < 0.55 && await this.#do(this.#world.running)) return;
    await this.#host?.close();
    await this.#world.stop();
    this.#note("restart", this.#world.durable);
    if (this.#random() < 0.6) await this.#do(this.#world.stopped);
    if (this.#random() < 0.6) this.#changeSettings();
    await this.#world.start(this.#kept);
    this.#broken = false;
    await this.#enter();
  }

  /** Does one of several things to the store; says whether there are any. */
  async #do(deeds: World["running"]): Promise<boolean> {
    const names = Object.keys(deeds);
    if (names.length === 0) return false;
    const name = this.#pick(names);
    const { loses, sendsAway, act } = deeds[name]!;
    this.#note(name, !loses);
    this.#broken ||= loses;
    await act();
    if (sendsAway) {
      await this.#host?.close();
      await this.#enter();
    }
    return true;
  }

  /** Notes what happens; whoever is cut off may lose something by it unless it is safe. */
  #note(what: string, safe: boolean): void {
    this.#steps.push(what);
    if (!safe) { for (const guest of this.#guests) guest.safe = false; }
  }

  #changeSettings(): void {
    const name = this.#pick(Object.keys(OTHERS) as (keyof Kept)[]);
    const value = this.#random() < 0.4 ? FOREVER[name] : this.#pick(OTHERS[name]);
    this.#kept = { ...this.#kept, [name]: value };
    this.#note(`${name} ${value}`, value === FOREVER[name]);
  }

  /** `true` where all is kept that is said from now on. */
  get #keepsAll(): boolean {
    return Object.keys(OTHERS).every((name) =>
      this.#kept[name as keyof Kept] === FOREVER[name as keyof Kept]
    );
  }

  async #enter(): Promise<void> {
    this.#host = await this.#hello();
    if (this.#roomId === "") {
      const made = await this.#ask(this.#host, { action: "create", body: "Lobby" });
      this.#roomId = String(made.room_id);
      this.#newest = { epoch: made.epoch, seq: 0 };
      this.#room = { ...this.#room, room_id: made.room_id, room_token: made.room_token };
    } else {
      const joined = await this.#ask(this.#host, { action: "join", body: this.#room });
      if (joined.epoch !== this.#newest.epoch) this.#newest = { epoch: joined.epoch, seq: 0 };
    }
  }

  /** Some messages. */
  async #say(): Promise<void> {
    const host = this.#host!;
    const body = Array.from({ length: 1 + this.#upTo(30) }, () => {
      const padding = this.#random() < 0.1 ? 3_000 : 20;
      return crypto.randomUUID().padEnd(36 + this.#upTo(padding));
    });
    host.send({ action: "messages", room_id: this.#roomId, body });
    const acked = new Map<string, number>();
    let isOver = false;
    const isAnswered = async () => {
      host.send({ action: "ping", ref: "so far" });
      for (;;) {
        const { ref, status, event, entries } = await host.next();
        // Of a batch that is larger than the log, its author sees the last ones: no others are acknowledged.
        if (ref === "so far") return isOver || acked.has(body.at(-1)!);
        // Where little age is allowed, a busy machine can have dropped even the last one by now.
        const isLate = event === "gap" && this.#kept.logAgeMs !== FOREVER.logAgeMs;
        isOver ||= status === "error" || isLate;
        for (const entry of (entries ?? []) as Entry[]) {
          if (!("body" in entry)) continue;
          acked.set(entry.body, entry.seq);
          this.#newest.seq = entry.seq;
        }
      }
    };
    await until(isAnswered, "messages have no answer", { withinMs: ANSWERED_MS });
    for (const it of body) this.#said.push({ body: it, seq: acked.get(it) });
    this.#note(`say ${body.length}`, this.#keepsAll);
  }

  /** Time passes, so that what is too old goes. */
  async #pass(): Promise<void> {
    this.#note("time passes", this.#keepsAll);
    await pause(TICK_MS);
  }

  /** Everybody leaves, others want the place, and somebody comes back. */
  async #leaveEmpty(): Promise<void> {
    await this.#host!.close(1000);
    const others = await this.#hello();
    for (let i = this.#upTo(3); i > 0; i--) await others.ask({ action: "create", body: "Other" });
    this.#note("the room is empty", this.#world.durable && this.#keepsAll);
    if (this.#random() < 0.5) await pause(TICK_MS);
    await others.close(1000);
    await this.#enter();
  }

  /** Somebody joins, reads up to the newest message, and is gone. */
  async #cutOff(): Promise<void> {
    const guest = await this.#hello();
    const body = { room_id: this.#roomId, last: 0 };
    let joined = await this.#ask(guest, { action: "join", body });
    const lacks = () =>
      joined.epoch === this.#newest.epoch && Number(joined.after) < this.#newest.seq;
    for (let looks = 1; looks < MAX_LOOKS && lacks(); looks++) {
      await pause(LATE_MS);
      joined = await this.#ask(guest, { action: "join", body });
    }
    if (joined.status === "success") {
      this.#guests.push({
        session: String(guest.welcome.session),
        epoch: joined.epoch,
        after: Number(joined.after),
        knows: this.#said.length,
        safe: !this.#broken && this.#keepsAll,
      });
      this.#steps.push("cut off");
    }
    // Without a code, as when the line breaks.
    await guest.close();
  }

  async #comeBack(guest: Guest, counts: Counts): Promise<void> {
    counts.comebacks++;
    const socket = await this.#hello(this.#random() < 0.5 ? guest.session : undefined);
    const { epoch, after } = guest;
    const body = { ...this.#room, epoch, after };
    const joined = await this.#ask(socket, { action: "join", body });
    if (joined.status === "error") counts.refused++;
    else if (joined.recovered !== true) {
      counts.told++;
      if (guest.safe) this.#find(guest, joined, counts, "needlessly", "was told of nothing");
    } else {
      const heard: Heard = { bodies: [], gaps: [] };
      const wrong = await this.#listen(guest, socket, heard);
      if (wrong !== undefined) {
        await this.#say();
        const isTold = await this.#listen(guest, socket, heard) === undefined;
        const when = isTold ? "only behind the next message" : "not even behind the next message";
        this.#find(guest, joined, counts, "lies", `${wrong}, and all was told ${when}`);
      } else if (heard.gaps.length === 0) counts.recovered++;
      else {
        counts.told++;
        if (guest.safe) this.#find(guest, joined, counts, "needlessly", "was told of a gap");
      }
    }
    await socket.close();
  }

  /** Lets somebody hear all that was said meanwhile, or of gaps; says what is still wrong in the end. */
  async #listen(guest: Guest, socket: RawSocket, heard: Heard): Promise<string | undefined> {
    // What was in doubt when the guest was cut off may have been stored since.
    const before = this.#said.slice(0, guest.knows).filter(({ seq }) => seq === undefined);
    const doubtful = new Set(before.map(({ body }) => body));
    const said = this.#said.slice(guest.knows);
    let wrong: string | undefined;
    for (let looks = 0; looks < MAX_LOOKS; looks++) {
      if (looks > 0) await pause(LATE_MS);
      await hear(socket, heard);
      heard.bodies = heard.bodies.filter((body) => !doubtful.has(body));
      wrong = difference(heard, said);
      if (wrong === undefined) break;
    }
    return wrong;
  }

  async #hello(session?: string): Promise<RawSocket> {
    const socket = await RawSocket.open(this.#world.url, "parley.v1");
    socket.welcome = await this.#ask(socket, { action: "hello", body: { session } });
    socket.id = String(socket.welcome.client_id);
    return socket;
  }

  /** Asks again, as clients do, while a store far away does not answer. */
  async #ask(socket: RawSocket, question: Frame): Promise<Frame> {
    for (let looks = 1;; looks++) {
      socket.send(question);
      const answer = await socket.until(({ status }) => status !== undefined);
      const mayChange = this.#world.isFar && answer.code === "unavailable";
      if (!mayChange || looks === MAX_LOOKS) return answer;
      await pause(LATE_MS);
    }
  }

  #find(
    { after, knows }: Guest,
    joined: Frame,
    counts: Counts,
    kind: "lies" | "needlessly",
    what: string,
  ): void {
    counts[kind]++;
    if (counts.findings.length > 5) return;
    const where = `after ${after}, message ${knows}, of ${joined.seq}`;
    counts.findings.push(`${kind}: ${what}, ${where}: ${this.#steps.join(", ")}`);
  }

  #upTo(most: number): number {
    return Math.floor(this.#random() * (most + 1));
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)]!;
  }
}

/**
 * Runs stories, several at once, until so many have come back: each in a world of its own, and the
 * same for the same seed, as far as the machine's timing lets them be.
 */
export async function runComebacks(
  makeWorld: (story: number) => Promise<World>,
  { comebacks, atOnce, seed }: { comebacks: number; atOnce: number; seed: number },
): Promise<Counts> {
  const counts: Counts = {
    comebacks: 0,
    recovered: 0,
    told: 0,
    needlessly: 0,
    refused: 0,
    lies: 0,
    findings: [],
  };
  let stories = 0;
  async function tell(): Promise<void> {
    while (counts.comebacks < comebacks) {
      const story = ++stories;
      await using world = await makeWorld(story);
      await new Story(world, chance(seed + 1_000_003 * story)).run(counts);
    }
  }
  await Promise.all(Array.from({ length: atOnce }, tell));
  return counts;
}

/** Finds what is wrong with what somebody heard of what was said meanwhile; undefined where nothing is. */
function difference({ bodies, gaps }: Heard, said: readonly Said[]): string | undefined {
  let next = 0;
  let lacks = 0;
  for (const { body, seq } of said) {
    if (bodies[next] === body) next++;
    else if (seq !== undefined && !gaps.some((gap) => gap.from_seq <= seq && seq <= gap.to_seq)) {
      lacks++;
    }
  }
  if (lacks === 0 && next === bodies.length) return undefined;
  return `lacks ${lacks} of ${said.length}, and saw ${bodies.length - next} that it should not`;
}

/** Takes in what comes up to what has been said by now. */
async function hear(socket: RawSocket, { bodies, gaps }: Heard): Promise<void> {
  socket.send({ action: "ping", ref: "almost" });
  socket.send({ action: "ping", ref: "end" });
  for (;;) {
    const frame = await socket.next();
    if (frame.ref === "end") return;
    if (frame.event === "gap") gaps.push(frame as unknown as Heard["gaps"][number]);
    for (const entry of (frame.entries ?? []) as Entry[]) {
      if ("body" in entry) bodies.push(entry.body);
    }
  }
}
