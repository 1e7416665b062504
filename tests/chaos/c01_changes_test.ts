import { assertEquals } from "@std/assert";
import { ChatClient, SendError } from "../../client.ts";
import {
  Conversation,
  history,
  type PresentMessage,
} from "../../src/client/conversation/conversation.ts";
import type { LoggedRoomEvent } from "../../src/client/room_events.ts";
import type { ChatOptions } from "../../src/server/chat.ts";
import { sqlite } from "../../src/store/sqlite/sqlite.ts";
import { TestChat } from "../support/fixtures.ts";
import { NatsServer, NEEDS_NATS } from "../support/nats_server.ts";
import { workingNode } from "../support/node.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { until } from "../support/waiting.ts";
import { nudge } from "./people.ts";
import { FaultProxy } from "./fault_proxy.ts";
import { chance, report, setting } from "./setting.ts";

const PEOPLE = setting(3, 8);
/** The clients of one person: a token proves that they are. */
const DEVICES = 2;
const OPERATIONS = setting(240, 10_000);
const RESTARTS = setting(1, 10);
const REACTIONS = ["👍", "❤️", "+1", "🎉"];

/** All operations take minutes. */
const PATIENCE = { withinMs: 1_200_000, everyMs: 20 };

const folder = tempFolder();

/** A change, or a message, as it was acknowledged. */
type Deed =
  | { type: "said"; by: number; text: string; re: number | undefined }
  | { type: "edited"; by: number; re: number; text: string }
  | { type: "redacted"; re: number }
  | { type: "reacted"; by: number; re: number; reaction: string; adds: boolean };

/** A message as it should be: its text, whether it is there, who reacted, how many answer it. */
interface Model {
  text: string;
  texts: string[];
  redacted: boolean;
  reactions: Map<string, Set<number>>;
  replies: number;
}

/** The messages that the deeds add up to, in the order of the log. */
function modelOf(deeds: ReadonlyMap<number, Deed>): Map<number, Model> {
  const messages = new Map<number, Model>();
  for (const [seq, deed] of [...deeds].sort(([a], [b]) => a - b)) {
    const target = messages.get(deed.re ?? 0);
    if (deed.type === "said") {
      const { text } = deed;
      const fresh = { text, texts: [text], redacted: false, reactions: new Map(), replies: 0 };
      messages.set(seq, fresh);
      if (target !== undefined) target.replies++;
    } else if (target === undefined) throw new Error(`There is no message ${deed.re}`);
    else if (deed.type === "edited") target.texts.push(target.text = deed.text);
    else if (deed.type === "redacted") {
      target.redacted = true;
      target.reactions.clear();
    } else {
      const people = target.reactions.get(deed.reaction) ?? new Set();
      if (deed.adds) people.add(deed.by);
      else people.delete(deed.by);
      if (people.size > 0) target.reactions.set(deed.reaction, people);
      else target.reactions.delete(deed.reaction);
    }
  }
  return messages;
}

function wordsOf(text: string, redacted: boolean, reactions: [string, number][], replies: number) {
  const counts = reactions.map(([name, count]) => `${name}${count}`).sort();
  return `${redacted ? "(redacted)" : text} ${counts} ${replies}`;
}

function shown(messages: Iterable<PresentMessage>): Map<number, string> {
  return new Map([...messages].map(({ seq, body, redacted, reactions, replies }) => {
    const counts = [...reactions].map(([name, { count }]): [string, number] => [name, count]);
    return [seq, wordsOf(body, redacted, counts, replies)];
  }));
}

function expected(model: Map<number, Model>): Map<number, string> {
  return new Map([...model].map(([seq, { text, redacted, reactions, replies }]) => {
    const counts = [...reactions].map(([name, people]): [string, number] => [name, people.size]);
    return [seq, wordsOf(text, redacted, counts, replies)];
  }));
}

/** The number of messages that are not what they should be. */
function wrong(found: Map<number, string>, wanted: Map<number, string>): number {
  const all = new Set([...found.keys(), ...wanted.keys()]);
  return [...all].filter((seq) => found.get(seq) !== wanted.get(seq)).length;
}

/** A client that changes messages, and holds what it sees of them. */
class Device {
  readonly chat: ChatClient;
  /** The number of its person, who is the same at the other devices. */
  readonly person: number;
  conversation!: Conversation;
  reading: Promise<void> | undefined;
  /** The changes to what its person said at another device. */
  fromOther = 0;
  /** The changes to what its person said that were refused as those of somebody else. */
  wronglyForbidden = 0;

  constructor(url: string, person: number) {
    this.person = person;
    const token = subOf(person);
    this.chat = new ChatClient(url, { name: `p${person}`, token, sendTimeoutMs: 60_000 });
  }

  async enter(roomId?: string): Promise<void> {
    await this.chat.connect();
    const room = roomId === undefined
      ? await this.chat.createRoom("Lobby")
      : await this.chat.joinRoom(roomId);
    this.conversation = new Conversation(room, { most: 2 * OPERATIONS });
    this.reading = (async () => {
      for await (const _ of this.conversation.updates());
    })();
  }

  /** Does something by chance. Returns its `seq` with what it was; undefined where it was refused. */
  async act(random: () => number, word: string): Promise<[number, Deed] | undefined> {
    const { conversation, person: by } = this;
    const held = [...conversation.messages.values()].slice(-40);
    const target = held[Math.floor(random() * held.length)];
    const isOwn = (message?: PresentMessage) => message?.sub === subOf(by);
    const own = held.filter((message) => isOwn(message) && !message.redacted).at(-1);
    let changed: PresentMessage | undefined;
    const re = target?.seq ?? 0;
    const reaction = REACTIONS[Math.floor(random() * REACTIONS.length)]!;
    const roll = random();
    try {
      if (target === undefined || roll < 0.25) {
        const replyTo = target !== undefined && roll < 0.08 ? re : undefined;
        const options = replyTo === undefined ? {} : { replyTo };
        const { seq = 0 } = await conversation.room.send(word, options);
        return [seq, { type: "said", by, text: word, re: replyTo }];
      }
      if (roll < 0.45) {
        changed = own ?? target;
        const { seq = 0 } = await conversation.edit(changed.seq, word);
        if (!changed.own) this.fromOther++;
        return [seq, { type: "edited", by, re: changed.seq, text: word }];
      }
      if (roll < 0.52) {
        changed = random() < 0.8 ? own ?? target : target;
        const { seq = 0 } = await conversation.redact(changed.seq);
        if (isOwn(changed) && !changed.own) this.fromOther++;
        return [seq, { type: "redacted", re: changed.seq }];
      }
      const adds = roll < 0.8;
      const { seq = 0 } = adds
        ? await conversation.react(re, reaction)
        : await conversation.unreact(re, reaction);
      return [seq, { type: "reacted", by, re, reaction, adds }];
    } catch (error) {
      if (!(error instanceof SendError) || error.mayBeStored) throw error;
      if (error.code === "forbidden" && isOwn(changed)) this.wronglyForbidden++;
      return undefined;
    }
  }
}

/** The subject of a person, which is its token as well. */
function subOf(person: number): string {
  return `person ${person}`;
}

const authenticate: NonNullable<ChatOptions["authenticate"]> = (_request, token) =>
  token === undefined ? null : { sub: token };

/** The bytes of a file as characters; none where it is not there. */
function charactersOf(path: string): string {
  try {
    return new TextDecoder("latin1").decode(Deno.readFileSync(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

/** The messages as pages alone show them, read from the newest to the oldest. */
async function paged(device: Device): Promise<Map<number, string>> {
  const { chat, conversation: { room } } = device;
  const events: LoggedRoomEvent[] = [];
  let before: number | undefined;
  while (true) {
    const page = await history(chat, room, { before, limit: 256 });
    events.unshift(...page.events);
    if (!page.more) break;
    before = page.first;
  }
  const rebuilt = new Conversation(room, { most: 2 * OPERATIONS });
  for (const event of events) rebuilt.take(event);
  return shown(rebuilt.messages.values());
}

/** Servers that keep one log, and what may break of them. */
interface World extends AsyncDisposable {
  /** The address for each client. */
  url(index: number): string;
  /** Breaks the connections of clients. */
  cut(): void;
  /** Ends the server of that number, and starts another on what is stored; missing where nothing is. */
  restart?(index: number): Promise<void>;
  /** The texts, of those that are looked for, that are in what is stored. */
  holds?(texts: readonly string[]): Promise<string[]>;
}

async function inMemory(): Promise<World> {
  const server = new TestChat({ rate: 0, logEntries: 50_000, logBytes: 64_000_000, authenticate });
  const proxy = await FaultProxy.to(server.host);
  return {
    url: () => proxy.url,
    cut: () => proxy.reset(),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function withSqlite(): Promise<World> {
  const path = `${folder}/changes.db`;
  const store = () => ({
    ...{ store: sqlite(path), rate: 0, logEntries: 1_000, historyEntries: 1e6, authenticate },
  });
  let server = new TestChat(store());
  const proxy = await FaultProxy.to(server.host);
  return {
    url: () => proxy.url,
    cut: () => proxy.reset(),
    async restart() {
      await server[Symbol.asyncDispose]();
      server = new TestChat(store());
      proxy.aim(server.host);
    },
    holds(texts) {
      const all = [path, `${path}-wal`].map(charactersOf).join();
      return Promise.resolve(texts.filter((text) => all.includes(text)));
    },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function withNats(count: number): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const nats = stack.use(await NatsServer.start());
  const start = () =>
    // Memory has a part of what the stream keeps.
    workingNode({ hosts: nats.host, name: "changes" }, {
      ...{ logEntries: 100_000, logBytes: 131_072, authenticate },
      // Nodes that wait for a core are not cut off.
      ...{ probeMs: 1_000, leaseMs: 5_000 },
    });
  const nodes = await Promise.all(Array.from({ length: count }, start));
  stack.defer(async () => void await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]())));
  const proxies = await Promise.all(nodes.map(({ host }) => FaultProxy.to(host)));
  for (const proxy of proxies) stack.use(proxy);
  const whole = stack.move();
  return {
    url: (index) => proxies[index % count]!.url,
    cut: () => proxies.forEach((proxy) => proxy.reset()),
    async restart(index) {
      const at = index % count;
      await nodes[at]![Symbol.asyncDispose]();
      nodes[at] = await start();
      proxies[at]!.aim(nodes[at]!.host);
    },
    holds: (texts) => nats.holds(texts),
    [Symbol.asyncDispose]: () => whole[Symbol.asyncDispose](),
  };
}

/** Lets people change messages while servers end and connections break, and compares what comes of it. */
async function story(where: string, world: World): Promise<void> {
  const random = chance();
  // Those of one person follow each other, so that they are at different nodes.
  const devices = Array.from(
    { length: PEOPLE * DEVICES },
    (_, i) => new Device(world.url(i), Math.floor(i / DEVICES)),
  );
  await devices[0]!.enter();
  const roomId = devices[0]!.conversation.room.id;
  for (const device of devices.slice(1)) await device.enter(roomId);
  const deeds = new Map<number, Deed>();
  const counts = { done: 0, refused: 0, cuts: 0, restarts: 0, doubled: 0 };
  let left = OPERATIONS;
  const work = devices.map(async (device) => {
    while (left-- > 0) {
      const done = await device.act(random, `word${left}.`);
      if (done === undefined) counts.refused++;
      else if (deeds.has(done[0])) counts.doubled++;
      else {
        counts.done++;
        deeds.set(...done);
      }
    }
  });
  const part = OPERATIONS / (RESTARTS + 1);
  const trouble = (async () => {
    for (let i = 1; i <= RESTARTS; i++) {
      await until(() => left < OPERATIONS - part * i + part / 2, "it does not go on", PATIENCE);
      world.cut();
      counts.cuts++;
      await until(() => left < OPERATIONS - part * i, "it does not go on", PATIENCE);
      if (world.restart === undefined) continue;
      await world.restart(i);
      counts.restarts++;
    }
  })();
  const nudging = setInterval(
    () => devices.some(({ chat }) => chat.status.type !== "connected") && nudge(),
    50,
  );
  await Promise.all([...work, trouble]);
  clearInterval(nudging);
  await devices[0]!.conversation.room.send("the end");
  const isDone = ({ conversation }: Device) =>
    [...conversation.messages.values()].at(-1)?.body === "the end";
  await until(() => devices.every(isDone), "somebody does not see the end", { withinMs: 60_000 });
  const model = modelOf(deeds);
  const wanted = expected(model);
  const last = [...devices[0]!.conversation.messages.keys()].at(-1)!;
  wanted.set(last, wordsOf("the end", false, [], 0));
  let different = 0;
  for (const { conversation } of devices) {
    different += wrong(shown(conversation.messages.values()), wanted);
  }
  let differentInPages = 0;
  for (const device of devices.slice(0, 3)) {
    differentInPages += wrong(await paged(device), wanted);
  }
  const gone = [...model.values()].flatMap(({ redacted, texts }) => redacted ? texts : []);
  const { events } = await history(devices[1]!.chat, devices[1]!.conversation.room, { limit: 256 });
  const inHistory = gone.filter((text) => JSON.stringify(events).includes(`"${text}"`)).length;
  let held = NaN;
  const { holds } = world;
  if (holds !== undefined) {
    await until(
      async () => {
        held = (await holds(gone)).length;
        return held === 0;
      },
      () => `${held} are left`,
      { withinMs: 60_000, everyMs: 500 },
    );
  }
  for (const { chat } of devices) await chat.close();
  await Promise.all(devices.map(({ reading }) => reading));
  const wronglyAllowed = [...deeds.values()].filter((deed) => {
    const target = deeds.get(deed.re ?? 0);
    return deed.type === "edited" && target?.type === "said" && target.by !== deed.by;
  }).length;
  const wronglyForbidden = devices.reduce((sum, device) => sum + device.wronglyForbidden, 0);
  report("C1", `${OPERATIONS} changes of ${PEOPLE} people at ${DEVICES} devices each, ${where}`, {
    ...counts,
    messages: model.size,
    "own, from another device": devices.reduce((sum, device) => sum + device.fromOther, 0),
    "edited by others": wronglyAllowed,
    "own, but refused as another's": wronglyForbidden,
    "different at clients": different,
    "different in pages": differentInPages,
  });
  report("C1", `C2: ${gone.length} texts of these redacted, while all runs, ${where}`, {
    ...(holds && { "found on the disk": held }),
    "found in history": inHistory,
  });
  assertEquals(
    [different, differentInPages, inHistory, counts.doubled, wronglyAllowed, wronglyForbidden],
    [0, 0, 0, 0, 0, 0],
  );
}

Deno.test("C1 messages are the same at every client and in pages, in memory", async () => {
  await using world = await inMemory();
  await story("one node in memory", world);
});

Deno.test("C1 messages are the same at every client and in pages, whatever breaks between", async () => {
  await using world = await withSqlite();
  await story("one node with SQLite", world);
});

for (const [count, where] of [[1, "one node with NATS"], [3, "three nodes with NATS"]] as const) {
  Deno.test({
    name: `C1 messages are the same at every client and in pages, ${where}`,
    ...NEEDS_NATS,
    async fn() {
      await using world = await withNats(count);
      await story(where, world);
    },
  });
}
