import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { ServerProcess } from "../../bench/server_process.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import { NatsCluster, NatsServer, NEEDS_NATS } from "../support/nats_server.ts";
import { TIMES } from "../support/node.ts";
import { pause, until } from "../support/waiting.ts";
import { assertClean } from "./checker.ts";
import { FaultProxy } from "./fault_proxy.ts";
import { Cast, connected, nudge, type Person } from "./people.ts";
import { chance, FULL, report, setting } from "./setting.ts";

const KILLS = setting(2, 20);
const PEOPLE = setting(6, 20);
const PER_SECOND = setting(50, 200);

function nodeArgs(hosts: string, replicas: number): string[] {
  return [
    ["--rate", "0", "--log-entries", "100000", "--store", `nats://${hosts}`],
    ["--nats-replicas", `${replicas}`],
    ["--nats-probe", `${TIMES.probeMs}`, "--nats-lease", "2"],
  ].flat();
}

function startNode(hosts: string, replicas: number, args: string[] = []): Promise<ServerProcess> {
  return ServerProcess.start({
    args: [...nodeArgs(hosts, replicas), ...args],
    env: { CHAT_SECRET: "known to the three nodes of this test" },
  });
}

/** Nodes in processes of their own, and for each of many people a way in that leads to one of them. */
class Nodes implements AsyncDisposable {
  readonly servers: ServerProcess[] = [];
  readonly ways: FaultProxy[] = [];
  readonly #hosts: string;
  readonly #replicas: number;

  constructor(hosts: string, replicas: number) {
    this.#hosts = hosts;
    this.#replicas = replicas;
  }

  async start(count: number): Promise<void> {
    const starting = Array.from({ length: count }, () => startNode(this.#hosts, this.#replicas));
    this.servers.push(...await Promise.all(starting));
  }

  /** Kills a node, leads its people to the others, and starts it again. */
  async kill(victim: number): Promise<void> {
    const server = this.servers[victim]!;
    server.kill("SIGKILL");
    await server.ended;
    this.ways.forEach((way, i) => {
      const next = (victim + 1 + i % (this.servers.length - 1)) % this.servers.length;
      if (way.target === server.host) way.aim(this.servers[next]!.host);
    });
    const port = server.host.slice(server.host.lastIndexOf(":") + 1);
    this.servers[victim] = await startNode(this.#hosts, this.#replicas, ["--port", port]);
  }

  /** A way in for one more person. */
  async way(): Promise<string> {
    const server = this.servers[this.ways.length % this.servers.length]!;
    const way = await FaultProxy.to(server.host);
    this.ways.push(way);
    return way.url;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.ways.map((way) => way[Symbol.asyncDispose]()));
    await Promise.all(this.servers.map((server) => server[Symbol.asyncDispose]()));
  }
}

/** Brings people in, each by its own way, all in one room. */
async function fill(cast: Cast, nodes: Nodes, aim: (url: string) => void): Promise<Person[]> {
  const people: Person[] = [];
  while (people.length < PEOPLE) {
    aim(await nodes.way());
    await until(
      async () => {
        try {
          people.push(await cast.enter(people[0]?.room.id));
          return true;
        } catch (error) {
          // At first the replicas elect who leads.
          if (error instanceof ChatError && error.code === "unavailable") return false;
          throw error;
        }
      },
      "nobody can come in",
      { everyMs: 100 },
    );
  }
  return people;
}

async function allBack(people: Person[], isBack: (person: Person) => boolean): Promise<void> {
  await until(
    () => {
      nudge();
      return people.every((person) => connected(person) && isBack(person));
    },
    () => `only ${people.filter(connected).length} of ${people.length} are back`,
    {
      withinMs: 30_000,
      everyMs: 100,
    },
  );
}

/** Has everybody talk while something happens again and again, and judges what came of it. */
async function survive(
  what: string,
  times: number,
  happen: (
    i: number,
    nodes: Nodes,
    cluster: NatsCluster,
    said: () => Promise<void>,
  ) => Promise<void>,
): Promise<void> {
  await using cluster = await NatsCluster.start();
  await using nodes = new Nodes(cluster.hosts, 3);
  await nodes.start(3);
  let url = "";
  await using cast = new Cast(() => url, { timeoutMs: 10_000 });
  const people = await fill(cast, nodes, (way) => url = way);
  let over = false;
  const talking = cast.talk(people, {
    count: Infinity,
    perSecond: PER_SECOND,
    while: () => !over,
  });
  const said = async () => {
    const enough = cast.acknowledged + PER_SECOND;
    await until(() => cast.acknowledged >= enough, "nothing is said", { withinMs: 60_000 });
  };
  await said();
  for (let i = 0; i < times; i++) {
    await happen(i, nodes, cluster, said);
    await said();
  }
  over = true;
  await allBack(people, () => true);
  await talking;
  const verdict = await cast.verdict();
  report("R2", `${what}, ${PER_SECOND} msg/s, ${PEOPLE} people`, {
    acked: verdict.acked,
    indeterminate: verdict.indeterminate,
    lost: verdict.lost,
    duplicate: verdict.duplicate,
    "out of order": verdict.reordered,
    "told missing": verdict.told,
    "silent gaps": verdict.silentGaps,
  });
  assertClean(verdict);
}

Deno.test("R2 whichever process is killed, three nodes over three replicas lose nothing", {
  ...NEEDS_NATS,
}, async () => {
  const random = chance();
  // The first two are one of each kind, so that a short run sees both.
  const victims = Array.from({ length: KILLS }, (_, i) => i < 2 ? 3 * i : Math.floor(6 * random()));
  const ofNats = victims.filter((victim) => victim >= 3).length;
  await survive(
    `${KILLS} kills, ${ofNats} of them of NATS`,
    KILLS,
    async (i, nodes, nats, said) => {
      const victim = victims[i]!;
      if (victim < 3) return await nodes.kill(victim);
      const server = nats.servers[victim - 3]!;
      await server.down();
      await said();
      await server.up();
      // A majority must be whole before the next one goes.
      await pause(setting(500, 5_000));
    },
  );
});

Deno.test("R2 a NATS server that is stopped and goes on says nothing out of turn", {
  ignore: NEEDS_NATS.ignore || !FULL,
}, async () => {
  const times = 6;
  await survive(
    `a NATS server stopped for 10 s, ${times} times`,
    times,
    async (i, _, nats, said) => {
      const server = nats.servers[i % 3]!;
      server.pause(true);
      await pause(10_000);
      await said();
      server.pause(false);
      await pause(1_000);
    },
  );
});

Deno.test("R2 when a store was wiped, everybody is told that the past is lost", {
  ...NEEDS_NATS,
}, async () => {
  await using nats = await NatsServer.start();
  await using nodes = new Nodes(nats.host, 1);
  await nodes.start(2);
  let url = "";
  await using cast = new Cast(() => url);
  const people = await fill(cast, nodes, (way) => url = way);
  await cast.talk(people, { count: 100, perSecond: Infinity });
  const { epoch } = people[0]!.room;
  await nats.down();
  await nats.wipe();
  await nats.up();
  await allBack(people, ({ room }) => room.epoch !== epoch);
  await cast.talk(people, { count: 100, perSecond: Infinity });
  const verdict = await cast.verdict();
  const epochs = new Set(people.map(({ room }) => room.epoch));
  report("R2", `a wiped store under 2 nodes, ${PEOPLE} people`, {
    "told of a new epoch": people.filter(({ room }) => room.epoch !== epoch).length,
    "different epochs then": epochs.size,
    acked: verdict.acked,
    lost: verdict.lost,
    duplicate: verdict.duplicate,
    "silent gaps": verdict.silentGaps,
  });
  assertClean(verdict, { toldIsFine: true });
  assertEquals(epochs.size, 1);
  assertNotEquals([...epochs][0], epoch);
  assert(verdict.acked >= 200, `${verdict.acked}`);
});
