import { assertEquals } from "@std/assert";
import { reasonOf } from "../../src/protocol/errors.ts";
import type { Entry, MemberInfo } from "../../src/protocol/frames.ts";
import { Roster } from "../../src/protocol/roster.ts";
import type { RawSocket, TestChat } from "../support/fixtures.ts";
import { NatsServer, NEEDS_NATS } from "../support/nats_server.ts";
import { workingNode } from "../support/node.ts";
import { until } from "../support/waiting.ts";
import { FaultProxy } from "./fault_proxy.ts";
import { chance, report, SEED, setting } from "./setting.ts";

const NODES = 3;
const CLIENTS = 8;
const STEPS = setting(60, 200);
const GRACE_MS = 300;

/** The distance of the nodes from NATS. */
interface Distance {
  /** The delay of what one says to the other: of the first node; of the second twice as much, and so on. */
  delayMs: number;
  /** The time between two looks of a node whether it reaches NATS, in milliseconds. */
  probeMs: number;
  /** `true`: everybody moves at once; else one after the other. */
  atOnce: boolean;
}

const nats = NEEDS_NATS.ignore ? undefined : await NatsServer.start();
Deno.test.afterAll(() => nats?.[Symbol.asyncDispose]());

/** Somebody who moves between nodes. */
interface Wanderer {
  socket: RawSocket | undefined;
  session: string | undefined;
  id: string;
  rooms: Set<string>;
}

/** Reads a room at one node. */
class Observer {
  readonly roster = new Roster();
  readonly texts: string[] = [];
  readonly wrong: string[] = [];
  /** The number of changes that told nothing new. */
  twice = 0;
  readonly #socket: RawSocket;
  readonly reading: Promise<void>;
  #over = false;

  private constructor(socket: RawSocket, members: MemberInfo[]) {
    this.#socket = socket;
    this.roster.reset(members);
    this.reading = this.#read();
  }

  static async join(node: TestChat, roomId: string): Promise<Observer> {
    const socket = await node.v1();
    const joined = await socket.ask({ action: "join", body: roomId });
    assertEquals(joined.status, "success", JSON.stringify(joined));
    return new Observer(socket, joined.members as MemberInfo[]);
  }

  get id(): string {
    return this.#socket.id;
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const frame = await this.#socket.next();
        for (const entry of (frame.entries ?? []) as Entry[]) this.#take(entry);
      }
    } catch (error) {
      // The end of its own connection, or nothing came for long.
      if (!this.#over) this.wrong.push(reasonOf(error));
    }
  }

  #take(entry: Entry): void {
    this.texts.push(JSON.stringify(entry));
    if (!("event" in entry)) return;
    // Somebody who moves on before what its last node told is stored is told of twice.
    const isNew = entry.event === "join";
    if (isNew === this.roster.members.has(entry.from) && entry.from !== this.id) this.twice++;
    this.roster.apply(entry);
  }

  async close(): Promise<void> {
    this.#over = true;
    await this.#socket.close(1000);
    await this.reading;
  }
}

interface Told {
  operations: number;
  entries: number;
  twice: number;
  wrong: string[];
}

async function story(seed: number, { delayMs, probeMs, atOnce }: Distance): Promise<Told> {
  const random = chance(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const cluster = { hosts: nats?.host ?? "", name: `story${seed}-${delayMs}` };
  await using stack = new AsyncDisposableStack();
  const nodes: TestChat[] = [];
  for (let i = 1; i <= NODES; i++) {
    const way = stack.use(await FaultProxy.to(cluster.hosts));
    way.delay(i * delayMs);
    nodes.push(
      stack.use(await workingNode({ ...cluster, hosts: way.host }, { graceMs: GRACE_MS, probeMs })),
    );
  }
  const { host, roomId } = await nodes[0]!.host1();
  stack.defer(() => host.close(1000));
  const observers: Observer[] = [];
  for (const node of nodes) observers.push(await Observer.join(node, roomId));
  const wanderers: Wanderer[] = Array.from({ length: CLIENTS }, () => ({
    socket: undefined,
    session: undefined,
    id: "",
    rooms: new Set(),
  }));

  async function hello({ session }: Wanderer): Promise<RawSocket> {
    for (let tries = 0; tries < 100; tries++) {
      const socket = await pick(nodes).v1(session === undefined ? {} : { session });
      // A node that forgets it at this moment, or takes it over, may have the other one refuse it.
      if (socket.welcome.code !== "unavailable") return socket;
      await socket.close(1000);
    }
    throw new Error(`seed ${seed}: no node lets ${session} in`);
  }

  async function connect(one: Wanderer): Promise<void> {
    const old = one.socket;
    const socket = await hello(one);
    // The older connection is closed by its node, if there still is one.
    if (old !== undefined && socket.id === one.id) await old.closed();
    else await old?.close(1000);
    const { welcome, id } = socket;
    if (id !== one.id) one.rooms.clear();
    Object.assign(one, { socket, id, session: String(welcome.session) });
    // As clients do: what it was in, it joins again.
    for (const room of one.rooms) await ask(one, { action: "join", body: room });
  }

  async function ask({ socket }: Wanderer, frame: Record<string, unknown>): Promise<void> {
    socket?.send({ ...frame, ref: "r" });
    const answer = await socket?.until(({ ref }) => ref === "r");
    assertEquals(answer?.status, "success", JSON.stringify(answer));
  }

  async function move(one: Wanderer): Promise<void> {
    const what = random();
    if (one.socket === undefined || what < 0.3) await connect(one);
    else if (what < 0.6) {
      await ask(one, { action: "join", body: roomId });
      one.rooms.add(roomId);
    } else if (what < 0.7 && one.rooms.size > 0) {
      await ask(one, { action: "leave", body: { room_id: roomId } });
      one.rooms.clear();
    } else if (what < 0.9) {
      await one.socket.close();
      one.socket = undefined;
    } else {
      await one.socket.close(1000);
      Object.assign(one, { socket: undefined, session: undefined });
      one.rooms.clear();
    }
  }

  const walks = atOnce ? wanderers.map((one) => () => one) : [() => pick(wanderers)];
  const steps = atOnce ? STEPS / 4 : STEPS;
  await Promise.all(walks.map(async (next) => {
    for (let step = 0; step < steps; step++) await move(next());
  }));
  const here = [host.id, ...observers.map(({ id }) => id)];
  for (const { socket, rooms, id } of wanderers) {
    if (socket !== undefined && rooms.size > 0) here.push(id);
  }
  const seen = ({ roster }: Observer) =>
    [...roster.members.values()].map(({ client_id, away }) =>
      away ? `${client_id} away` : client_id
    )
      .sort();
  await until(
    () => observers.every((observer) => `${seen(observer)}` === `${here.sort()}`),
    () => `seed ${seed}: ${JSON.stringify([here, ...observers.map(seen)], null, 1)}`,
  );
  await Promise.all(wanderers.map(({ socket }) => socket?.close(1000)));
  const all = observers[0]!.texts;
  await until(
    // All of it in one look: what the last nodes have to tell may still be coming.
    () => observers.every(({ texts }) => `${texts}` === `${all.slice(-texts.length)}`),
    () => `seed ${seed}: ${JSON.stringify(observers.map(({ texts }) => texts), null, 1)}`,
  );
  await Promise.all(observers.map((observer) => observer.close()));
  assertEquals(nodes.flatMap(({ errors }) => errors), []);
  return {
    operations: steps * walks.length,
    entries: all.length,
    twice: observers[0]!.twice,
    wrong: observers.flatMap(({ wrong }) => wrong.map((what) => `seed ${seed}: ${what}`)),
  };
}

function test(name: string, stories: number, distance: Distance): void {
  Deno.test(`R16 people who wander between nodes ${name} are where everybody sees them`, {
    ...NEEDS_NATS,
  }, async () => {
    const told = [];
    for (let i = 0; i < stories; i++) told.push(await story(SEED + i, distance));
    const wrong = told.flatMap((one) => one.wrong);
    report("R16", `random stories of ${CLIENTS} people at ${NODES} nodes ${name}`, {
      operations: told.reduce((sum, { operations }) => sum + operations, 0),
      entries: told.reduce((sum, { entries }) => sum + entries, 0),
      "presence drift": 0,
      "told twice": told.reduce((sum, { twice }) => sum + twice, 0),
    });
    assertEquals(wrong, []);
  });
}

test("beside NATS", setting(2, 20), { delayMs: 0, probeMs: 250, atOnce: false });
test("far from NATS", setting(2, 20), { delayMs: 5, probeMs: 1_000, atOnce: true });
