import { assert, assertEquals } from "@std/assert";
import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { RawSocket, type TestChat } from "../support/fixtures.ts";
import { backUp, restore, type StreamBackup } from "../support/nats_backup.ts";
import { NatsServer, NEEDS_NATS } from "../support/nats_server.ts";
import { startNode } from "../support/node.ts";
import type { LogLine } from "../support/recording_logger.ts";
import { pause, until } from "../support/waiting.ts";
import { type Deed, type Kept, runComebacks, type World } from "./comebacks.ts";
import { FaultProxy } from "./fault_proxy.ts";
import { report, SEED, setting } from "./setting.ts";

/** The number of comebacks, and the number of stories told at once. */
const COMEBACKS = setting(24, 2_000);
const AT_ONCE = setting(5, 10);

/**
 * The time that nodes may take to reach their streams, or to look at them twice, in milliseconds: twice
 * 5 s at the most, if the machine is idle.
 */
const BUSY_MS = 120_000;

/** The delay with which the nodes besides the first one hear everything, in milliseconds. */
const LATER_MS = 20;

const nats = NEEDS_NATS.ignore ? undefined : await NatsServer.start();
Deno.test.afterAll(() => nats?.[Symbol.asyncDispose]());

/** A node, or two of which the second is told otherwise and hears all later, over streams of their own. */
class InNats implements World {
  readonly durable = true;
  readonly isFar = true;
  readonly #name: string;
  readonly #others: readonly Partial<Kept>[];
  readonly #nc: NatsConnection;
  readonly #streams: JetStreamManager["streams"];
  readonly #line: FaultProxy;
  readonly #copies: StreamBackup[][] = [];
  #nodes: TestChat[] = [];
  #turn = 0;

  private constructor(
    name: string,
    others: readonly Partial<Kept>[],
    nc: NatsConnection,
    { streams }: JetStreamManager,
    line: FaultProxy,
  ) {
    this.#name = name;
    this.#others = others;
    this.#nc = nc;
    this.#streams = streams;
    this.#line = line;
  }

  /** Makes a world; for each of `others` there is another node, with these settings instead. */
  static async make(name: string, others: readonly Partial<Kept>[] = []): Promise<InNats> {
    const nc = await connect({ servers: nats!.host });
    const line = await FaultProxy.to(nats!.host);
    line.delay(LATER_MS);
    return new InNats(name, others, nc, await jetstreamManager(nc), line);
  }

  get url(): string {
    return this.#nodes[this.#turn++ % this.#nodes.length]!.url;
  }

  async start(kept: Kept): Promise<void> {
    const all = [{}, ...this.#others].map((other) => ({ ...kept, ...other }));
    this.#nodes = all.map((options, i) => {
      const cluster = { hosts: (i === 0 ? nats! : this.#line).host, name: this.#name };
      return startNode(cluster, { presenceLimit: 0, probeMs: 1_000, ...options });
    });
    await Promise.all(this.#nodes.map(works));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node[Symbol.asyncDispose]()));
    this.#nodes = [];
  }

  async copy(): Promise<void> {
    this.#copies.push([await this.#backUp(), await this.#backUp("-state")]);
  }

  /** Deeds that can be done to the streams at any time. */
  readonly #always: World["running"] = {
    "copy them": keeps(() => this.copy()),
    "make them forget ids": keeps(async () => {
      await this.#streams.update(this.#name, { duplicate_window: 100 * 1_000_000 });
    }),
    "purge all entries": loses(() => this.#purge({})),
    "purge all but three": loses(() => this.#purge({ keep: 3 })),
    "let them keep less for a moment": loses(async () => {
      const { config: { max_msgs_per_subject } } = await this.#streams.info(this.#name);
      await this.#streams.update(this.#name, { max_msgs_per_subject: 4 });
      await this.#streams.update(this.#name, { max_msgs_per_subject });
    }),
    "let all become too old": loses(async () => {
      const { config: { max_age, duplicate_window } } = await this.#streams.info(this.#name);
      const soon = 100 * 1_000_000;
      await this.#streams.update(this.#name, { max_age: soon, duplicate_window: soon });
      await pause(300);
      await this.#streams.update(this.#name, { max_age, duplicate_window });
    }),
    "remove a message": loses(async () => {
      const { state } = await this.#streams.info(this.#name);
      // What nothing was said behind cannot be known to be gone.
      const seq = state.last_seq - 5;
      if (seq > 0) await this.#streams.deleteMessage(this.#name, seq).catch(ignoreMissing);
    }),
  };

  readonly running: World["running"] = {
    ...this.#always,
    "put the first copy back": sendsAway(() => this.#putBackNoticed(0)),
    "delete them": sendsAway(async () => {
      await this.#delete();
      await this.#noticed();
    }),
  };

  readonly stopped: World["stopped"] = {
    ...this.#always,
    "put the first copy back": loses(() => this.#putBack(0)),
    "put the last copy back": loses(() => this.#putBack(this.#copies.length - 1)),
    "put the first copy of the rooms back": loses(() => this.#putBack(0, [0])),
    "put the first copy of the state back": loses(() => this.#putBack(0, [1])),
    "delete them": loses(() => this.#delete()),
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#delete();
    await this.#nc.close();
    await this.#line[Symbol.asyncDispose]();
  }

  #backUp(suffix = ""): Promise<StreamBackup> {
    return backUp(this.#nc, `${this.#name}${suffix}`);
  }

  async #purge(options: { keep?: number }): Promise<void> {
    await this.#streams.purge(this.#name, { filter: `${this.#name}.room.*`, ...options });
  }

  async #putBack(copy: number, parts: readonly number[] = [0, 1]): Promise<void> {
    for (const part of parts) await restore(this.#nc, this.#copies[copy]![part]!);
  }

  /** While nodes run, which make the streams anew as soon as they see that they are gone. */
  async #putBackNoticed(copy: number): Promise<void> {
    await until(() => this.#putBack(copy).then(() => true, () => false), "nodes are faster");
    await this.#noticed();
  }

  /** Resolves when nodes have looked, found nothing new, and lost no room by it. */
  async #noticed(): Promise<void> {
    const lost = () => this.#nodes.flatMap(({ log }) => log.filter(isLoss)).length;
    let before;
    do {
      before = lost();
      await this.#looked();
      await Promise.all(this.#nodes.map(works));
    } while (lost() > before);
  }

  /** Resolves when every node has begun to look at its streams and ended that: it begins once more then. */
  async #looked(): Promise<void> {
    // A look asks for the stream of the state first, and then for that of the rooms.
    const inOrder = [`${this.#name}-state`, this.#name, `${this.#name}-state`];
    /** The number of these questions by the connection that they have come on. */
    const asked = new Map<string, number>();
    const listening = this.#nc.subscribe("$JS.API.STREAM.INFO.*", {
      callback: (_error, { subject, reply = "" }) => {
        const connection = reply.split(".", 2).join(".");
        const count = asked.get(connection) ?? 0;
        if (subject.endsWith(`.${inOrder[count]}`)) asked.set(connection, count + 1);
      },
    });
    const isDone = (count: number) => count === inOrder.length;
    const isEnough = () => [...asked.values()].filter(isDone).length >= this.#nodes.length;
    await until(isEnough, "nodes do not look", { withinMs: BUSY_MS });
    listening.unsubscribe();
  }

  async #delete(): Promise<void> {
    for (const suffix of ["", "-state"]) {
      await this.#streams.delete(`${this.#name}${suffix}`).catch(ignoreMissing);
    }
  }
}

function isLoss({ event }: LogLine): boolean {
  return event === "room gone";
}

function keeps(act: () => Promise<void>): Deed {
  return { loses: false, act };
}

function loses(act: () => Promise<void>): Deed {
  return { loses: true, act };
}

function sendsAway(act: () => Promise<void>): Deed {
  return { loses: true, sendsAway: true, act };
}

/** A stream or a message may be gone already. */
function ignoreMissing(error: unknown): void {
  if (!/not found|no message found/.test(String(error))) throw error;
}

/** Resolves when a node reaches its streams. */
async function works(node: TestChat): Promise<void> {
  const socket = await RawSocket.open(node.url, "parley.v1");
  await socket.ask({ action: "hello" });
  const body = "0000-0000-0000-0000";
  await until(
    async () => (await socket.ask({ action: "join", body })).code === "room_not_found",
    "a node does not work",
    { withinMs: BUSY_MS },
  );
  await socket.close(1000);
}

const OTHERS: Partial<Kept>[] = [
  { logEntries: 5 },
  { logEntries: 2_000 },
  { logBytes: 2_000 },
  { logAgeMs: 1_000 },
];

for (const nodes of ["one node", "nodes that are told otherwise"] as const) {
  Deno.test({
    name:
      `R6 whoever hears recovered: true has missed nothing, whatever was done to NATS: ${nodes}`,
    ...NEEDS_NATS,
    async fn() {
      const isOne = nodes === "one node";
      const { findings, ...counts } = await runComebacks(
        (story) =>
          InNats.make(
            `${isOne ? "one" : "two"}${story}`,
            isOne ? [] : [OTHERS[story % OTHERS.length]!],
          ),
        { comebacks: COMEBACKS / 2, atOnce: AT_ONCE, seed: SEED },
      );
      report("R6", `cut off while NATS or what it keeps was changed, ${nodes}`, { ...counts });
      assertEquals([counts.lies, findings.filter((text) => text.startsWith("lies"))], [0, []]);
      // With another node that keeps less, nobody can be sure to be told that nothing is missing.
      if (isOne) assertEquals([counts.needlessly, findings], [0, []]);
      assert(counts.recovered > 0 && counts.told > 0);
    },
  });
}
