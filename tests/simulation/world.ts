/**
 * A simulated world: servers, a network and people in one process, under a clock that is turned by hand.
 * A story happens to it, and oracles look on.
 *
 * @module
 */

import type { RoomEvent } from "../../client.ts";
import { withSeq } from "../../src/protocol/encode.ts";
import type { ChatOptions } from "../../src/server/chat.ts";
import { openMemoryStore } from "../../src/server/memory_store.ts";
import { nats } from "../../src/store/jetstream/nats.ts";
import { Chronicle } from "./chronicle.ts";
import { Disk, watchCommits } from "./disk.ts";
import { SimulatedNats, useNats } from "./nats_client.ts";
import { Network } from "./network.ts";
import type { Oracle, Sight } from "./oracle.ts";
import { ORACLES } from "./oracles.ts";
import { type Actor, Person, type PersonParts } from "./person.ts";
import { install } from "./platform.ts";
import { ServerNode } from "./server_node.ts";
import { lineOf, type Step, type Story } from "./story.ts";
import { PlainPerson, Stranger } from "./strangers.ts";
import { hashOf, type Process, Timeline } from "./timeline.ts";

/** The time between two looks at what is bounded, in milliseconds. */
const TICK_MS = 500;

/** The time in which all has to mend besides heartbeats and the grace period, in milliseconds. */
const MEND_MS = 60_000;

/** The time that an attempt to reach NATS goes on behind the end of a server, in milliseconds. */
const LAST_MS = 10_000;

/** The time in which what is said in a calm world is stored, in milliseconds. */
const SAY_MS = 10_000;

/** Options of servers, where a story has no others: their times are short, and nothing depends on the machine. */
const OPTIONS: ChatOptions = {
  memoryBytes: 2 ** 30,
  emptyRoomMs: 60_000,
  pauseMs: 60_000,
  secret: "of all nodes of a simulated world",
};

/** Something that has to end in time. */
export interface Promised {
  readonly process: Process;
  readonly what: string;
  /** On the clock of the world. */
  readonly until: number;
}

/** Something that is not as it must be. */
export interface Fault {
  /** The name of the oracle. */
  readonly oracle: string;
  readonly at: number;
  readonly what: string;
}

/** The end of a story, and what was seen. */
export interface Outcome {
  /** The first fault, where there was one. */
  readonly fault: Fault | undefined;
  /** A number that is the same for the same run, byte for byte. */
  readonly hash: number;
  readonly events: number;
  readonly simulatedMs: number;
  /** Counts of each thing that happened, in each state of who it happened to. */
  readonly coverage: ReadonlyMap<string, number>;
  /** The lines of all that happened; none unless they were asked for. */
  readonly trace: readonly string[];
}

/** Options of a run. */
export interface RunOptions {
  /** Has the outcome contain all that happened. */
  readonly trace?: boolean;
}

/** One world, for one story. */
export class World implements PersonParts {
  readonly timeline: Timeline;
  readonly network: Network;
  /** The servers of NATS, where the store is there. */
  readonly nats: SimulatedNats | undefined;
  readonly chronicle = new Chronicle();
  readonly nodes: ServerNode[] = [];
  readonly people: Person[] = [];
  readonly rooms = new Map<string, string>();
  readonly links = new Map<string, string>();
  /** Ids of rooms that were deleted: their members hear of it at their next word. */
  readonly deleted = new Set<string>();
  /** The program of each person whose \`hello\` came to a server last. */
  readonly greeted = new Map<string, Process>();
  readonly promises = new Set<Promised>();
  readonly coverage = new Map<string, number>();
  fault: Fault | undefined;
  /** Set once something has happened to a server or to NATS. */
  isTroubled = false;
  readonly #story: Story;
  readonly #actors = new Map<string, Actor>();
  readonly #oracles: [string, Oracle][];
  readonly #process: Process;
  readonly #trace: string[] | undefined;
  #hash: number;
  #marks = 0;
  #isHealed = false;

  constructor(story: Story, { trace = false }: RunOptions = {}) {
    this.#story = story;
    this.#hash = story.seed;
    this.#trace = trace ? [] : undefined;
    this.timeline = new Timeline(story.seed);
    this.timeline.failed = (process, error) =>
      this.#fail("nothingFails", `${process.name}: ${textOfError(error)}`);
    this.#process = this.timeline.process("world");
    this.#oracles = Object.entries(ORACLES).map(([name, make]) => [name, make()]);
    this.network = new Network(this.timeline, (process) => {
      const scale = process.random();
      return {
        delayMs: 1 + 80 * scale * scale,
        jitterMs: 20 * process.random(),
        windowBytes: 2 ** Math.floor(10 + 8 * process.random()),
      };
    });
    this.network.carried = (link, to, text) => {
      const { process } = link.client;
      const isUp = to !== link.client;
      if (isUp && text.startsWith('{"action":"hello"')) {
        this.greeted.set(process.name.split("#")[0]!, process);
      }
      this.#note(`${isUp ? "<" : ">"} ${process.name} ${text}`);
    };
    if (story.store === "jetstream") {
      this.chronicle.isShared = true;
      this.nats = new SimulatedNats(this.timeline);
      this.nats.model.stored = (subject, seq, data) => {
        const [, kind, id = ""] = subject.split(".");
        if (kind !== "room" || id === "-") return;
        this.chronicle.truth(id, seq, withSeq(seq, new TextDecoder().decode(data)));
      };
    }
    this.chronicle.isDurable = story.store !== "memory";
    this.chronicle.wrong = (what) => this.#fail("oneOrder", what);
    this.chronicle.stored = (book, entry) => this.#tell({ type: "stored", book, entry });
    for (let number = 1; number <= story.nodes; number++) this.nodes.push(this.#node(`n${number}`));
    for (const [name, kind] of story.cast) this.#actors.set(name, this.#actor(name, kind));
  }

  readonly observe = (observation: Sight): void => this.#tell(observation);

  mark(): string {
    return `m${++this.#marks}`;
  }

  promise(process: Process, what: string, ms: number, promise: Promise<unknown>): void {
    const promised = { process, what, until: this.timeline.now + ms };
    this.promises.add(promised);
    const over = () => this.promises.delete(promised);
    promise.then(over, over);
  }

  /** Everybody who is connected, by client id, with each room that it is in. */
  places(): (readonly [clientId: string, roomId: string])[] {
    return [...this.#actors.values()].flatMap(({ places }) => places);
  }

  /** The client id of somebody who is not a real client. */
  idOf(name: string): string | undefined {
    return this.#actors.get(name)?.places[0]?.[0];
  }

  /** Lets the story happen, has all faults end, and sends everybody home. */
  async run(): Promise<Outcome> {
    const rejected = (event: PromiseRejectionEvent) => {
      event.preventDefault();
      this.#fail("nothingFails", `A rejection that nobody takes: ${textOfError(event.reason)}`);
    };
    globalThis.addEventListener("unhandledrejection", rejected);
    try {
      using _platform = install(this.timeline, this.network);
      using _commits = watchCommits(this.timeline);
      using _nats = this.nats && useNats(this.nats);
      await this.#live();
      for (const { disk } of this.nodes) disk?.dispose();
    } finally {
      globalThis.removeEventListener("unhandledrejection", rejected);
    }
    const { events, now: simulatedMs } = this.timeline;
    const { fault, coverage } = this;
    return { fault, hash: this.#hash, events, simulatedMs, coverage, trace: this.#trace ?? [] };
  }

  async #live(): Promise<void> {
    const { steps } = this.#story;
    for (const node of this.nodes) node.start(this.#lookMs);
    this.#tick();
    for (const step of steps) {
      this.timeline.add(this.#process, step.at, () => this.#step(step));
    }
    const end = (steps.at(-1)?.at ?? 0) + 1_000;
    await this.#pass(end);
    this.#heal();
    const { heartbeatMs, graceMs, pauseMs, emptyRoomMs, closeMs } = this.nodes[0]!.settings;
    const awayMs = Math.max(graceMs, pauseMs);
    await this.#pass(2.5 * heartbeatMs + awayMs + MEND_MS / 2);
    this.#tell({ type: "mended" });
    await this.#pass(MEND_MS / 2);
    this.#tell({ type: "calm" });
    for (const person of this.people) {
      for (const [letter] of person.rooms) person.act("say", [letter, "1"]);
    }
    await this.#pass(SAY_MS);
    this.#tell({ type: "settled" });
    for (const actor of this.#actors.values()) actor.finish();
    await this.#pass(graceMs + emptyRoomMs + 5_000);
    this.network.tick();
    this.#tell({ type: "empty" });
    this.#isHealed = false;
    for (const node of this.nodes) node.stop(() => this.#tell({ type: "closed", node }));
    await this.#pass(closeMs + LAST_MS + 1_000);
    const open = this.nodes.find(({ chat }) => chat !== undefined);
    if (open !== undefined) this.#fail("nobodyWaitsLonger", `${open.name} does not close`);
  }

  async #pass(ms: number): Promise<void> {
    if (this.fault !== undefined) return;
    await this.timeline.pass(this.timeline.now + ms, () => this.fault !== undefined);
  }

  get #lookMs(): number {
    return this.#story.seed % 4 === 0 ? 0.2 : 0;
  }

  #node(name: string): ServerNode {
    const options: ChatOptions = { ...OPTIONS, ...this.#story.options };
    const node: ServerNode = new ServerNode(name, options, {
      timeline: this.timeline,
      network: this.network,
      lastMs: this.nats === undefined ? 0 : LAST_MS,
      disk: () => this.#story.store === "sqlite" ? this.#disk() : undefined,
      open: ({ disk, process }, opened) => {
        const open = this.nats === undefined
          ? disk?.open() ?? openMemoryStore
          : nats({ servers: "nats.test:4222" });
        return this.chronicle.watch(open, opened, () => process.alive);
      },
      logged: (node, line) => {
        this.#note(`${node.name} ${line.level} ${line.event} ${JSON.stringify(line.fields)}`);
        this.#tell({ type: "logged", node, line });
      },
    });
    this.network.add(node);
    return node;
  }

  #disk(): Disk {
    return new Disk(this.timeline, (entries) => {
      for (const entry of entries) this.chronicle.found(entry);
    });
  }

  #actor(name: string, kind: string): Actor {
    if (kind === "plain") return new PlainPerson(name, this);
    if (kind === "stranger") return new Stranger(name, this);
    const person = new Person(name, this);
    this.people.push(person);
    return person;
  }

  #tick(): void {
    this.network.tick();
    // What was to happen before all faults ended may come a little later.
    if (this.#isHealed) { for (const node of this.nodes) node.start(this.#lookMs); }
    this.#tell({ type: "tick" });
    this.#process.after(TICK_MS, () => this.#tick());
  }

  #step(step: Step): void {
    const { who, verb } = step;
    const state = this.#stateOf(step);
    const happens = this.#happen(step);
    this.#note(`# ${lineOf(step)}${happens ? "" : " (cannot)"}`);
    if (!happens) return;
    const kind = who === "net" || who === "nats"
      ? who
      : /^n\d/.test(who)
      ? "node"
      : this.#story.cast.get(who);
    const pair = `${kind} ${verb} | ${state}`;
    this.coverage.set(pair, (this.coverage.get(pair) ?? 0) + 1);
  }

  #happen({ who, verb, args }: Step): boolean {
    if (who === "net") return this.#disturb(verb, args);
    if (who === "nats") return this.#trouble(verb, Number(args[0]));
    const node = this.nodes.find(({ name }) => name === who);
    return node === undefined
      ? this.#actors.get(who)!.act(verb, args)
      : this.#handle(node, verb, args);
  }

  #handle(node: ServerNode, verb: string, [first = ""]: readonly string[]): boolean {
    if (verb !== "start") this.isTroubled = true;
    if (verb === "start") {
      if (node.chat !== undefined) return false;
      node.start(this.#lookMs);
      return true;
    }
    if (node.chat === undefined) return false;
    switch (verb) {
      case "stop":
        if (node.closing !== undefined) return false;
        node.stop(() => this.#tell({ type: "closed", node }));
        return true;
      case "kill":
        node.kill();
        return true;
      case "tear":
        node.tear();
        return node.disk !== undefined;
      case "snap":
        this.nats?.snap(node.name);
        return this.nats !== undefined;
      case "sever":
        this.nats?.sever(node.name);
        this.#process.after(Number(first), () => this.nats?.reach(node.name));
        return this.nats !== undefined;
      case "miss":
        this.nats?.deafUntil.set(node.name, this.timeline.now + Number(first));
        return this.nats !== undefined;
      case "fill":
        node.disk?.fill(Number(first));
        return node.disk !== undefined;
      case "hang":
        node.process.hang(Number(first));
        return true;
      case "skew":
        node.process.wallSkew += Number(first);
        node.isSkewed = true;
        return true;
      case "delete": {
        const id = this.rooms.get(first);
        // What a server does not do before its end, it does not do.
        if (id === undefined || node.closing !== undefined) return false;
        this.rooms.delete(first);
        this.links.delete(first);
        this.deleted.add(id);
        node.process.after(0, () => node.chat?.deleteRoom(id));
        return true;
      }
      default:
        return false;
    }
  }

  #trouble(verb: string, ms: number): boolean {
    const { nats } = this;
    if (nats === undefined) return false;
    this.isTroubled = true;
    this.#note(`nats ${verb}`);
    if (verb === "unlead") nats.leaderlessUntil = this.timeline.now + ms;
    else {
      nats.snap();
      // After either, the streams may be in another life.
      this.chronicle.isDurable = false;
      if (verb === "restart") nats.model.restart();
      else {
        nats.model.wipe();
        this.chronicle.over();
      }
    }
    return true;
  }

  #disturb(verb: string, [who = "", how = "", which = ""]: readonly string[]): boolean {
    const actor = this.#actors.get(who);
    if (actor === undefined) return false;
    const { process } = actor;
    const links = this.network.of(process);
    switch (verb) {
      case "cut":
        for (const link of links) link.cut(how as "both");
        return links.length > 0;
      case "stall":
        this.network.isolate(process, which as "both");
        this.#process.after(Number(how), () => this.network.reach(process));
        return true;
      case "deaf":
        for (const link of links) {
          link.down.unread = true;
          process.after(Number(how), () => {
            link.down.unread = false;
            link.down.release();
          });
        }
        return links.length > 0;
      default:
        return false;
    }
  }

  /** Ends all faults. */
  #heal(): void {
    this.#note("# all faults end");
    this.timeline.mayHang = false;
    this.#isHealed = true;
    if (this.nats !== undefined) this.nats.leaderlessUntil = 0;
    for (const node of this.nodes) {
      node.process.wake();
      node.disk?.mend();
      this.nats?.reach(node.name);
      this.nats?.deafUntil.delete(node.name);
    }
    for (const link of this.network.links) link.tell();
    for (const actor of this.#actors.values()) {
      const { process } = actor;
      process.wake();
      this.network.reach(process);
      for (const { down } of this.network.of(process)) {
        if (down.unread) {
          down.unread = false;
          process.after(0, () => down.release());
        }
      }
      if (actor instanceof Person && process.alive) {
        actor.act("show", []);
        process.after(0, () => process.tell("resume"));
      }
    }
  }

  #stateOf({ who, args: [first = ""] }: Step): string {
    const node = this.nodes.find(({ name }) => name === who);
    if (node !== undefined) {
      return node.chat === undefined ? "down" : node.closing !== undefined ? "closing" : "up";
    }
    if (who === "nats") return "up";
    const actor = this.#actors.get(who === "net" ? first : who);
    return actor?.state ?? "nobody";
  }

  #tell(sight: Sight): void {
    if (sight.type === "seen") {
      this.#note(`${sight.reader.person} sees ${textOfEvent(sight.event)}`);
    } else if (
      sight.type === "acknowledged" || sight.type === "refused" || sight.type === "status"
    ) {
      this.#note(JSON.stringify(sight));
    }
    if (this.fault !== undefined) return;
    for (const [name, oracle] of this.#oracles) {
      const what = oracle(sight, this);
      if (what !== undefined) this.#fail(name, what);
    }
  }

  #fail(oracle: string, what: string): void {
    if (this.fault !== undefined) return;
    this.fault = { oracle, at: this.timeline.now, what };
    this.#note(`! ${oracle}: ${what}`);
  }

  #note(line: string): void {
    const text = `${this.timeline.now.toFixed(3)} ${line}`;
    this.#hash = hashOf(text, this.#hash);
    this.#trace?.push(text);
  }
}

function textOfEvent(event: RoomEvent): string {
  const { seq, from, body, name } = event as Partial<Extract<RoomEvent, { body: string }>>;
  return [event.type, seq, from, name, body?.split(" ")[0]].filter((part) => part !== undefined)
    .join(" ");
}

function textOfError(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}

/** Lets a story happen in a world of its own. */
export function simulate(story: Story, options?: RunOptions): Promise<Outcome> {
  return new World(story, options).run();
}
