import { assertEquals } from "@std/assert";
import type { Entry } from "../../src/protocol/frames.ts";
import { sqlite } from "../../src/store/sqlite/sqlite.ts";
import { type Frame, type RawSocket, TestChat } from "../support/fixtures.ts";
import { NatsServer, NEEDS_NATS } from "../support/nats_server.ts";
import { workingNode } from "../support/node.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { pause, until } from "../support/waiting.ts";
import { chance, report, SEED, setting } from "./setting.ts";

const BANS = setting(60, 1_000);

/** The raw sockets of these tests answer no heartbeat. */
const OPTIONS = {
  rate: 0,
  logEntries: 100_000,
  logBytes: 64 * 1_048_576,
  heartbeatMs: 3_600_000,
};

/** The time after which something is asked again, in milliseconds, where the store is not reached. */
const AGAIN_MS = 100;

/** The most messages that are on their way at a ban. */
const MOST_SENT = 8;

/** The part of a log for which somebody was banned: behind the one `seq`, before the other. */
interface Ban {
  from: number;
  to: number;
}

/** Somebody who says what it can, and keeps what it was answered. */
class Talker {
  readonly #socket: RawSocket;
  readonly #roomId: string;
  /** Messages that its entries showed, by number; and numbers that were refused since. */
  readonly acked = new Map<number, number>();
  n = 0;

  constructor(socket: RawSocket, roomId: string) {
    this.#socket = socket;
    this.#roomId = roomId;
  }

  get id(): string {
    return this.#socket.id;
  }

  async join(): Promise<void> {
    // Its node may not have heard yet that it may.
    await until(async () => {
      this.#socket.send({ action: "join", body: { room_id: this.#roomId }, ref: "join" });
      const joined = await this.#socket.until((frame) => this.#take(frame) && frame.ref === "join");
      return joined.status === "success";
    }, "it is not let in");
  }

  /** Says something without waiting for an answer. */
  say(body: string): void {
    this.#socket.send({ action: "message", room_id: this.#roomId, n: ++this.n, body });
  }

  /** Waits until all that it said is answered, and it knows that it was removed; returns how much was refused. */
  async settle(): Promise<number> {
    const refused = new Set<number>();
    let isRemoved = false;
    const isAnswered = () => {
      for (let n = this.n; n > 0 && !this.acked.has(n); n--) if (!refused.has(n)) return false;
      return isRemoved;
    };
    while (!isAnswered()) {
      const frame = await this.#socket.next();
      this.#take(frame);
      if (frame.event === "removed") isRemoved = true;
      if (frame.status === "error") refused.add(Number(frame.n));
    }
    // Numbers have no holes: what was refused is what came last.
    while (refused.delete(this.n)) this.n--;
    assertEquals([...refused], [], "a number is refused and one behind it taken");
    return refused.size;
  }

  #take(frame: Frame): true {
    if (frame.event !== "entries") return true;
    for (const entry of frame.entries as Entry[]) {
      if ("body" in entry && entry.from === this.id) this.acked.set(entry.n, entry.seq);
    }
    return true;
  }
}

/** Somebody who only reads, all that comes. */
class Reader {
  readonly entries: Entry[] = [];
  readonly #reading: Promise<void>;
  #last = 0;

  constructor(socket: RawSocket) {
    this.#reading = this.#read(socket);
  }

  async reach(seq: number): Promise<void> {
    await until(() => this.#last >= seq, () => `a reader is at ${this.#last}, not at ${seq}`);
  }

  get over(): Promise<void> {
    return this.#reading;
  }

  async #read(socket: RawSocket): Promise<void> {
    for (;;) {
      const frame = await socket.next().catch(() => undefined);
      if (frame === undefined) return;
      if (frame.event !== "entries") continue;
      this.entries.push(...frame.entries as Entry[]);
      this.#last = this.entries.at(-1)!.seq;
    }
  }
}

/** The number of entries that somebody wrote while it was banned. */
function forbiddenIn(entries: readonly Entry[], from: string, bans: readonly Ban[]): number {
  return entries.filter((entry) => {
    if (entry.from !== from || "event" in entry && entry.event === "leave") return false;
    return bans.some((ban) => entry.seq > ban.from && entry.seq < ban.to);
  }).length;
}

/** Bans somebody who talks, again and again; the owner, who is banned and who reads are at nodes of their own. */
async function race(what: string, [a, b, c]: [TestChat, TestChat, TestChat]): Promise<void> {
  const random = chance(SEED);
  const { host: ana, roomId } = await a.host1();
  await using _ana = ana;
  await using eve = await c.v1();
  await eve.ask({ action: "join", body: roomId });
  const reader = new Reader(eve);
  await using socket = await b.v1();
  const mallory = new Talker(socket, roomId);
  const give = async (role: string): Promise<number> => {
    for (;;) {
      ana.send({ action: "role", body: { room_id: roomId, to: mallory.id, role }, ref: role });
      const { status, code, seq } = await ana.until(({ ref }) => ref === role);
      if (status === "success") return Number(seq);
      assertEquals(code, "unavailable");
      await pause(AGAIN_MS);
    }
  };
  const bans: Ban[] = [];
  let refused = 0;
  for (let round = 0; round < BANS; round++) {
    await mallory.join();
    const before = mallory.n;
    const count = 1 + Math.floor(random() * MOST_SENT);
    const at = Math.floor(random() * (count + 1));
    let banned: Promise<number> | undefined;
    for (let i = 0; i <= count; i++) {
      if (i === at) banned = give("none");
      if (i < count) mallory.say(`${round}.${i}`);
      if (random() < 0.3) await pause(random() * 2);
    }
    const from = await banned!;
    await mallory.settle();
    refused += count - (mallory.n - before);
    bans.push({ from, to: await give("member") });
  }
  const end = bans.at(-1)!.to;
  await reader.reach(end);
  let seen = forbiddenIn(reader.entries, mallory.id, bans);
  const shown = new Map<string, string>();
  let voided = 0;
  for (const [name, node] of Object.entries({ a, b, c })) {
    await using late = await node.v1();
    late.send({ action: "join", body: { room_id: roomId, last: 10_000 } });
    const read = new Reader(late);
    await read.reach(end);
    const history = read.entries.filter(({ seq }) => seq <= end);
    seen += forbiddenIn(history, mallory.id, bans);
    voided = history.filter((entry) => "event" in entry && entry.event === "void").length;
    shown.set(name, JSON.stringify(history));
    const lost = [...mallory.acked].filter(([n, seq]) =>
      !history.some((entry) =>
        "body" in entry && entry.from === mallory.id && entry.n === n && entry.seq === seq
      )
    );
    assertEquals(lost, [], `acknowledged and not there at ${name}`);
    const said = history.filter((entry) => "body" in entry && entry.from === mallory.id);
    assertEquals(said.length, mallory.acked.size, `refused and there at ${name}`);
  }
  report("A2", `banned ${BANS} times while up to ${MOST_SENT} messages are under way, ${what}`, {
    "entries behind a ban": seen,
    "refused": refused,
    "taken": mallory.acked.size,
    "void": voided,
    "histories": new Set(shown.values()).size,
  });
  assertEquals(seen, 0);
  assertEquals(new Set(shown.values()).size, 1, "all nodes show the same history");
}

Deno.test("A2 nothing is behind a ban that it forbids, in memory", async () => {
  await using chat = new TestChat(OPTIONS);
  await race("memory", [chat, chat, chat]);
});

const folder = tempFolder();

Deno.test("A2 nothing is behind a ban that it forbids, with SQLite", async () => {
  await using chat = new TestChat({ ...OPTIONS, store: sqlite(`${folder}/ban.db`) });
  await race("SQLite", [chat, chat, chat]);
});

Deno.test({
  name: "A2 nothing is behind a ban that it forbids, on three nodes over NATS",
  ...NEEDS_NATS,
  fn: async () => {
    await using nats = await NatsServer.start();
    const cluster = { hosts: nats.host, name: "bans" };
    await using a = await workingNode(cluster, OPTIONS);
    await using b = await workingNode(cluster, OPTIONS);
    await using c = await workingNode(cluster, OPTIONS);
    await race("NATS, three nodes", [a, b, c]);
  },
});
