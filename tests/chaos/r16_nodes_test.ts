import { assertEquals } from "@std/assert";
import { reasonOf } from "../../src/errors.ts";
import type { Entry, MemberInfo } from "../../src/protocol.ts";
import { Roster } from "../../src/roster.ts";
import type { RawSocket, TestChat } from "../fixtures.ts";
import { NatsServer, NEEDS_NATS } from "../nats_server.ts";
import { startNode } from "../node.ts";
import { chance, report, SEED, setting, until } from "./setting.ts";

const NODES = 3;
const CLIENTS = 8;
const STORIES = setting(2, 20);
const STEPS = setting(60, 200);
const GRACE_MS = 300;

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
  /** How many changes told nothing new. */
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
    if ("body" in entry) return;
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
  entries: number;
  twice: number;
  wrong: string[];
}

async function story(seed: number): Promise<Told> {
  const random = chance(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const cluster = { hosts: nats?.host ?? "", name: `story${seed}` };
  await using stack = new AsyncDisposableStack();
  const nodes = Array.from(
    { length: NODES },
    () => stack.use(startNode(cluster, { graceMs: GRACE_MS })),
  );
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

  async function connect(one: Wanderer): Promise<void> {
    const old = one.socket;
    const socket = await pick(nodes).v1(one.session === undefined ? {} : { session: one.session });
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

  for (let step = 0; step < STEPS; step++) {
    const one = pick(wanderers);
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
  await until(
    () => observers.every(({ texts }) => texts.at(-1) === observers[0]!.texts.at(-1)),
    "not everybody has read all",
  );
  const all = observers.map(({ texts }) => texts);
  for (const texts of all) assertEquals(texts, all[0]!.slice(-texts.length));
  await Promise.all(observers.map((observer) => observer.close()));
  assertEquals(nodes.flatMap(({ errors }) => errors), []);
  return {
    entries: all[0]!.length,
    twice: observers[0]!.twice,
    wrong: observers.flatMap(({ wrong }) => wrong.map((what) => `seed ${seed}: ${what}`)),
  };
}

Deno.test("R16 people who wander between nodes are where everybody sees them", {
  ...NEEDS_NATS,
}, async () => {
  const told = [];
  for (let i = 0; i < STORIES; i++) told.push(await story(SEED + i));
  const wrong = told.flatMap((one) => one.wrong);
  report("R16", `random stories of ${CLIENTS} people at ${NODES} nodes`, {
    operations: STORIES * STEPS,
    entries: told.reduce((sum, { entries }) => sum + entries, 0),
    "presence drift": 0,
    "told twice": told.reduce((sum, { twice }) => sum + twice, 0),
  });
  assertEquals(wrong, []);
});
