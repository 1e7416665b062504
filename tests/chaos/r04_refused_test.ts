import { assertEquals } from "@std/assert";
import { ChatClient, type ChatRoom, SendError } from "../../client.ts";
import type { OpenStore } from "../../src/core/store/store.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import type { Entry } from "../../src/protocol/frames.ts";
import { chooseStore } from "../../src/daemon/open_store.ts";
import { nats as openNats } from "../../src/store/jetstream/nats.ts";
import { type Frame, type RawSocket, TestChat } from "../support/fixtures.ts";
import { NatsServer, NEEDS_NATS } from "../support/nats_server.ts";
import { TIMES } from "../support/node.ts";
import { type Fate, PageClient, SPOILT } from "../support/page_client.ts";
import { variable } from "../support/permissions.ts";
import { Wire } from "../support/scripted_server.ts";
import { pause, until } from "../support/waiting.ts";
import { FaultProxy } from "./fault_proxy.ts";
import { chance, report, SEED, setting } from "./setting.ts";

/** The number of messages in each run, and the number of runs. */
const MESSAGES = setting(200, 10_000);
const RUNS = setting(1, Number(variable("CHAOS_RUNS") ?? 20));

/** The number of people: half of them with the client of this project, half with one by the page. */
const PEOPLE = 16;
const ROOMS = 3;

/** Rounds of saying something, moving, and breaking something, and how long each takes, in milliseconds. */
const ROUNDS = setting(60, 600);
const ROUND_MS = 15;

/** The time that a client may take to come back on a busy machine, in milliseconds. */
const BACK_MS = 60_000;

/** The number of times that a server which has just begun is asked for a room. */
const MOST_TRIES = 20;

const nats = NEEDS_NATS.ignore ? undefined : await NatsServer.start();
Deno.test.afterAll(() => nats?.[Symbol.asyncDispose]());

type Random = () => number;

/** A store that refuses now and then what comes for the first time: for a while, or by throwing. */
function moody(open: OpenStore, random: Random, passed: Map<string, number>): OpenStore {
  return (events, options) => {
    const store = open(events, options);
    const append = store.append.bind(store);
    store.append = (roomId, draft) => {
      const { from, n } = draft;
      // What a store has taken it never refuses.
      if ("body" in draft && n > (passed.get(from) ?? 0)) {
        const mood = random();
        if (mood < 0.01) throw new Error("The store throws");
        if (mood < 0.03) {
          const refusal = new ChatError("unavailable", "Not now", { retryAfterMs: 20 });
          return events.refused(draft, refusal);
        }
        passed.set(from, n);
      }
      append(roomId, draft);
    };
    return store;
  };
}

/** Where all of it happens: servers that share a store, or one that has one. */
interface World {
  nodes: TestChat[];
  /** Cuts one of them off its store, or heals it. */
  sever?: (node: number, isCut: boolean) => void;
}

type MakeWorld = (random: Random, name: string, stack: AsyncDisposableStack) => Promise<World>;

const OPTIONS = { logEntries: 40_000, logBytes: 64 * 1_048_576, maxRoomsPerClient: 4, rate: 120 };

function one(store: (folder: string) => string): MakeWorld {
  return async (random, _name, stack) => {
    const folder = await Deno.makeTempDir();
    stack.defer(() => Deno.remove(folder, { recursive: true }));
    const open = await chooseStore(store(folder));
    return {
      nodes: [stack.use(new TestChat({ ...OPTIONS, store: moody(open, random, new Map()) }))],
    };
  };
}

const three: MakeWorld = async (random, name, stack) => {
  const passed = new Map<string, number>();
  const lines: FaultProxy[] = [];
  const nodes: TestChat[] = [];
  for (let i = 0; i < 3; i++) {
    const line = stack.use(await FaultProxy.to(nats?.host ?? ""));
    const open = openNats({ servers: line.host, name, ...TIMES });
    const store = moody(open, random, passed);
    const secret = "known to the nodes of these tests";
    nodes.push(stack.use(new TestChat({ ...OPTIONS, secret, store })));
    lines.push(line);
  }
  const sever = (node: number, isCut: boolean) => {
    if (isCut) lines[node]!.blackhole();
    else lines[node]!.heal();
  };
  return { nodes, sever };
};

/** A message that was said, and what its author was told became of it. */
interface Said {
  author: string;
  body: string;
  fate: Fate | undefined;
}

/** Somebody who says things and moves. */
interface Person {
  say(roomId: string, body: string): Promise<Fate>;
  move(host: string): Promise<void>;
  /** Does something that is refused, now and then. */
  err(): void;
  /** Counts how often it was thrown out, and came back as somebody else. */
  count(): { out: number; forgotten: number; refusals: Record<string, number> };
}

/** Asks again for as long as the answer is "not now". */
async function patiently<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ChatError) || error.retryAfterMs === undefined) throw error;
      await pause(error.retryAfterMs);
    }
  }
}

/** The client of this project, over a line that leads now here, now there. */
async function official(
  { nodes }: World,
  rooms: string[],
  random: Random,
  stack: AsyncDisposableStack,
): Promise<Person> {
  const wire = stack.use(new Wire(nodes[0]!.host));
  const chat = stack.use(new ChatClient(wire.url));
  const known = new Map<string, ChatRoom>();
  let forgotten = -1;
  const refusals: Record<string, number> = {};
  await chat.connect();
  (async () => {
    for await (const status of chat.statuses()) {
      if (status.type === "connected" && !status.resumed) forgotten++;
    }
  })();
  for (const id of rooms) known.set(id, await patiently(() => chat.joinRoom(id)));
  let doomed = await patiently(() => chat.createRoom("Doomed"));
  const told = (error: unknown): Fate => {
    if (!(error instanceof SendError)) throw error;
    refusals[error.code] = (refusals[error.code] ?? 0) + 1;
    return error.mayBeStored ? "unknown" : "refused";
  };
  return {
    say: (roomId, body) => known.get(roomId)!.send(body).then(({ seq = 0 }) => seq, told),
    async move(host) {
      wire.host = host;
      wire.cut();
      // Its backoff is for the network: here it comes back at once.
      await until(
        () => {
          globalThis.dispatchEvent(new Event("online"));
          return chat.status.type === "connected";
        },
        () => JSON.stringify(chat.status),
        { withinMs: BACK_MS },
      );
    },
    async err() {
      // A room that is deleted while something is on its way to it.
      const room = doomed;
      const sends = [room.send("x"), room.send("y")].map((sent) => sent.catch(told));
      if (random() < 0.5) await Promise.all(sends);
      nodes[Math.floor(random() * nodes.length)]!.chat.deleteRoom(room.id);
      await Promise.all([...sends, room.send("z").catch(told)]);
      if (chat.rooms.has(room.id)) return;
      doomed = await chat.createRoom("Doomed").catch(() => room);
    },
    count: () => ({ out: Number(chat.status.type === "closed"), forgotten, refusals }),
  };
}

/** A client by the page, which garbles some of what it says. */
async function byPage(
  { nodes }: World,
  rooms: string[],
  random: Random,
  stack: AsyncDisposableStack,
): Promise<Person> {
  const client = stack.use(new PageClient(Math.ceil(random() * 128)));
  let url = nodes[0]!.url;
  let isOver = false;
  const connect = async (): Promise<void> => {
    while (!isOver && !client.isReady) {
      await client.connect(url).catch(() => pause(20));
    }
  };
  let connecting = connect();
  client.lost = () => {
    connecting = connecting.then(connect);
  };
  stack.defer(async () => {
    isOver = true;
    await connecting;
  });
  await connecting;
  for (const roomId of rooms) await client.join(roomId);
  const ways = Object.keys(SPOILT);
  let tooLong = 0;
  const NOISE = [
    { action: "dance" },
    { action: "hello" },
    { action: "join", body: "0000-0000-0000-0000" },
    { action: "create", body: "One too many" },
    { action: "message", room_id: rooms[0], n: -1, body: "x" },
    { action: "message", room_id: rooms[0], n: 1e9, body: "x" },
    { action: "typing", room_id: "0000-0000-0000-0000" },
  ];
  return {
    say: (roomId, body) => client.say(roomId, body),
    async move(host) {
      url = `ws://${host}/`;
      connecting = connecting.then(() => client.leave()).then(connect);
      await connecting;
    },
    err() {
      const way = ways[Math.floor(random() * ways.length)]!;
      // Whoever sends several of these is taken for a flood.
      const isTooMuch = way === "too long to be read" && ++tooLong > 2;
      if (random() < 0.5 && !isTooMuch) client.say(rooms[0]!, `spoilt: ${way}`, way);
      else client.mutter(NOISE[Math.floor(random() * NOISE.length)]!);
    },
    count: () => ({
      out: client.goodbyes.filter((code) => code >= 4500).length,
      forgotten: client.forgotten,
      refusals: client.refusals,
    }),
  };
}

/** Makes a room as soon as the server can, which has perhaps just begun. */
async function makeRoom(host: RawSocket, name: string): Promise<Frame> {
  for (let ref = 1; ref <= MOST_TRIES; ref++) {
    host.send({ action: "create", body: name, ref });
    const reply = await host.until((frame) => frame.ref === ref);
    if (reply.retry_after_ms === undefined) return reply;
    await pause(Number(reply.retry_after_ms));
  }
  throw new Error(`Room ${name} cannot be made`);
}

/** Everything in a room's log, as somebody reads it who comes afterwards. */
async function read(node: TestChat, roomId: string, epoch: string): Promise<Entry[]> {
  await using socket = await node.v1();
  socket.send({ action: "join", body: { room_id: roomId, epoch, after: 0 } });
  const joined = await socket.until(({ status }) => status !== undefined);
  assertEquals(joined.recovered, true, JSON.stringify(joined));
  const entries: Entry[] = [];
  while ((entries.at(-1)?.seq ?? 0) < Number(joined.seq)) entries.push(...await socket.entries(1));
  return entries;
}

interface Figures {
  stored: number;
  rejected: number;
  unknown: number;
  /** Resolved, and in no log. */
  lost: number;
  doubled: number;
  /** Resolved with another place than it has. */
  misplaced: number;
  /** Rejected for certain, and in a log. */
  phantom: number;
  /** Behind what its author said later. */
  reordered: number;
  out: number;
  forgotten: number;
  moves: number;
}

async function run(
  seed: number,
  makeWorld: MakeWorld,
  refusals: Record<string, number>,
): Promise<Figures> {
  const random = chance(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  await using stack = new AsyncDisposableStack();
  const world = await makeWorld(random, `refused${seed}`, stack);
  const host = stack.use(await world.nodes[0]!.v1());
  const epochs = new Map<string, string>();
  for (let i = 0; i < ROOMS; i++) {
    const made = await makeRoom(host, `Room ${i}`);
    epochs.set(String(made.room_id), String(made.epoch));
  }
  const rooms = [...epochs.keys()];
  const people: Person[] = [];
  for (let i = 0; i < PEOPLE; i++) {
    people.push(await (i % 2 ? official : byPage)(world, rooms, random, stack));
  }
  const said: Said[] = [];
  const told: Promise<void>[] = [];
  const errs: unknown[] = [];
  let moves = 0;
  /** Which node is cut off from its store, and for how many rounds. */
  let severed: { node: number; left: number } | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    const due = Math.floor((round + 1) * MESSAGES / ROUNDS) - said.length;
    for (let i = 0; i < due; i++) {
      const who = Math.floor(random() * PEOPLE);
      // Some cost many times more than others.
      const size = random() < 0.02 ? 20_000 : random() < 0.1 ? 3_000 : 0;
      const one: Said = {
        author: `${who}`,
        body: `${said.length} ${"x".repeat(size)}`,
        fate: undefined,
      };
      said.push(one);
      told.push(people[who]!.say(pick(rooms), one.body).then((fate) => void (one.fate = fate)));
      if (random() < 0.08) errs.push(people[who]!.err());
    }
    if (random() < 0.5) {
      moves++;
      told.push(pick(people).move(pick(world.nodes).host));
    }
    if (severed !== undefined && --severed.left <= 0) {
      world.sever?.(severed.node, false);
      severed = undefined;
    } else if (severed === undefined && random() < 0.03) {
      severed = { node: Math.floor(random() * world.nodes.length), left: 10 + 60 * random() };
      world.sever?.(severed.node, true);
    }
    await pause(ROUND_MS);
  }
  if (severed !== undefined) world.sever?.(severed.node, false);
  const waiting = () => said.filter(({ fate }) => fate === undefined).length;
  await until(() => waiting() === 0, () => `${waiting()} have no answer`, { withinMs: 180_000 });
  await Promise.all([...told, ...errs]);
  const places = new Map<string, number[]>();
  const latest = new Map<string, number>();
  let reordered = 0;
  for (const [roomId, epoch] of epochs) {
    for (const entry of await read(world.nodes[0]!, roomId, epoch)) {
      if (!("body" in entry)) continue;
      const index = parseInt(entry.body);
      const { author = "", fate } = said[index] ?? {};
      places.set(entry.body, [...places.get(entry.body) ?? [], entry.seq]);
      // Whoever has begun anew as another client knows that of what it said before.
      const lanes = [
        `${entry.from} ${roomId}`,
        ...(fate === "unknown" ? [] : [`${author} ${roomId}`]),
      ];
      if (lanes.some((lane) => index < (latest.get(lane) ?? -1))) reordered++;
      for (const lane of lanes) latest.set(lane, index);
    }
  }
  const count = (isSo: (one: Said, seqs: number[]) => boolean) =>
    said.filter((one) => isSo(one, places.get(one.body) ?? [])).length;
  const counts = people.map((person) => person.count());
  for (const { refusals: own } of counts) {
    for (const [code, times] of Object.entries(own)) refusals[code] = (refusals[code] ?? 0) + times;
  }
  return {
    stored: count((_, seqs) => seqs.length > 0),
    rejected: count(({ fate }) => fate === "refused"),
    unknown: count(({ fate }) => fate === "unknown"),
    lost: count(({ fate }, seqs) => typeof fate === "number" && seqs.length === 0),
    doubled: count((_, seqs) => seqs.length > 1),
    misplaced: count(({ fate }, seqs) => typeof fate === "number" && fate > 0 && seqs[0] !== fate),
    phantom: count(({ fate }, seqs) => fate === "refused" && seqs.length > 0),
    reordered,
    out: counts.reduce((sum, { out }) => sum + out, 0),
    forgotten: counts.reduce((sum, { forgotten }) => sum + forgotten, 0),
    moves,
  };
}

/** Figures of all runs together; what must not happen stops the test with its seed. */
async function runAll(what: string, makeWorld: MakeWorld): Promise<void> {
  const sums: Record<string, number> = {};
  const refusals: Record<string, number> = {};
  for (let i = 0; i < RUNS; i++) {
    const figures = await run(SEED + i, makeWorld, refusals);
    for (const [name, figure] of Object.entries(figures)) sums[name] = (sums[name] ?? 0) + figure;
    const { lost, doubled, misplaced, phantom, reordered, out } = figures;
    const wrong = { lost, doubled, misplaced, phantom, reordered, out };
    const right = { lost: 0, doubled: 0, misplaced: 0, phantom: 0, reordered: 0, out: 0 };
    assertEquals(wrong, right, `seed ${SEED + i}`);
  }
  report("R4", `${what}: ${RUNS} × ${MESSAGES} messages, refused in between for every reason`, {
    ...sums,
    ...refusals,
  });
}

const WORLDS: [what: string, makeWorld: MakeWorld, ignore: boolean][] = [
  ["one server, in memory", one(() => "memory"), false],
  ["one server, SQLite", one((folder) => `sqlite:${folder}/chat.db`), false],
  ["three servers, moved between them at random", three, NEEDS_NATS.ignore],
];

for (const [what, makeWorld, ignore] of WORLDS) {
  Deno.test({
    name: `R4 whatever is refused in between, each message is stored once or rejected: ${what}`,
    ignore,
    fn: () => runAll(what, makeWorld),
  });
}
