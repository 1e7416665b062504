import { assert, assertEquals } from "@std/assert";
import { DEFAULTS } from "../../../src/core/state/options.ts";
import type { PageQuery } from "../../../src/core/log/log.ts";
import type { StoreOptions } from "../../../src/core/store/store.ts";
import type { ChangeParts, ClientDraft } from "../../../src/protocol/frames.ts";
import { checkedNats } from "../../../src/store/jetstream/options.ts";
import type { JetStreamRoom } from "../../../src/store/jetstream/room.ts";
import { JetStreamStore } from "../../../src/store/jetstream/store.ts";
import { IGNORE } from "../../../src/store/suite/bench.ts";
import { FaultProxy } from "../../chaos/fault_proxy.ts";
import { NatsServer, NEEDS_NATS } from "../../support/nats_server.ts";
import { until } from "../../support/waiting.ts";

const nats = NEEDS_NATS.ignore ? undefined : await NatsServer.start();
Deno.test.afterAll(() => nats?.[Symbol.asyncDispose]());

let names = 0;
let ids = 0;

/** A node in which one person says things, and what it was refused. */
class Node implements AsyncDisposable {
  readonly store: JetStreamStore;
  readonly refused: string[] = [];
  readonly id = ++ids;
  room!: JetStreamRoom;
  #n = 0;

  constructor(name: string, options: Partial<StoreOptions> = {}, host = nats?.host ?? "") {
    const settings = checkedNats({ servers: host, name, probeMs: 500, leaseMs: 1_000 });
    this.store = new JetStreamStore(settings, {
      ...IGNORE,
      refused: (_, { code }) => void this.refused.push(code),
    }, { ...DEFAULTS, ...options });
  }

  static async open(name: string, options?: Partial<StoreOptions>, host?: string): Promise<Node> {
    const node = new Node(name, options, host);
    const open = async () => {
      node.room = await node.store.create("a", "Lobby") as JetStreamRoom;
      return true;
    };
    await until(() => open().catch(() => false), "a node does not begin to work");
    return node;
  }

  /** Says something as somebody, without waiting. */
  say(from: string, what: string | ChangeParts, re?: number): void {
    const n = ++this.#n;
    const about = re === undefined ? {} : { re };
    const said = typeof what === "string" ? { body: what, ...about } : what;
    // Clients of their own: none waits for another.
    const draft = {
      at: n,
      from: `${from}-${this.id}-${n}`,
      sub: from,
      n: 1,
      name: undefined,
      ...said,
    };
    this.store.append("a", draft as ClientDraft);
  }

  /** Says something, and returns its `seq`; that of the newest entry where it was refused. */
  async said(...what: Parameters<Node["say"]>): Promise<number> {
    this.say(...what);
    await this.store.settled();
    return this.room.log.head;
  }

  /** Everything of the room as pages show it, read from its end. */
  async pages(limit = 7): Promise<unknown[]> {
    const all: unknown[] = [];
    for (let from = Number.MAX_SAFE_INTEGER;;) {
      const query: PageQuery = { to: "older", from, limit, units: 1_000_000 };
      const { entries, more, edits } = await this.store.history.page("a", query);
      const [first] = entries;
      if (first === undefined) return all;
      const nows = this.room.states.nows(first.seq - 1, entries.at(-1)!.seq, edits);
      all.unshift(...entries.map(({ seq, text }) => [JSON.parse(text), nows.get(seq)]));
      from = first.seq;
      if (!more) return all;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.store.close();
  }
}

function test(what: string, run: (name: string) => Promise<void>): void {
  const name = `changes${++names}`;
  Deno.test({ name: `JetStreamStore, changes: ${what}`, ...NEEDS_NATS, fn: () => run(name) });
}

/** Waits until no text of the kind is in the files of NATS. */
async function gone(texts: string[]): Promise<void> {
  await until(async () => (await nats!.holds(texts)).length === 0, "it is still on the disk");
}

test("redacted text is on no disk, and all nodes keep the same of it", async (name) => {
  await using a = await Node.open(name);
  await using b = await Node.open(name);
  const re = await a.said("ana", "Geheimnis-1");
  const answer = await a.said("ben", "Geheimnis-2", re);
  await a.said("ana", { re, edit: "Geheimnis-3" });
  await a.said("ben", { re, react: "👍" });
  await a.said("ana", "stays");
  assertEquals((await nats!.holds(["Geheimnis-1", "Geheimnis-3"])).length, 2);
  await a.said("ana", { re, redact: true });
  await a.said("ben", { re: answer, redact: true });
  const last = await a.said("ana", "the end");
  await gone(["Geheimnis"]);
  assertEquals(a.refused, []);
  await using c = await Node.open(name);
  await until(() => b.room.log.head >= last && c.room.log.head >= last, "a node lags");
  const pages = await a.pages();
  assertEquals(pages.length, 8);
  assertEquals([await b.pages(), await c.pages(3)], [pages, pages]);
  assertEquals([c.room.log.size, c.room.log.tail], [8, a.room.log.tail]);
  assert(!JSON.stringify(pages).includes("Geheimnis"));
  const nows = a.room.states.nows(0, last);
  assertEquals(nows.get(re), `{"seq":${re + 5},"redacted":true,"replies":1}`);
  assertEquals([b, c].map(({ room }) => room.states.nows(0, last)), [nows, nows]);
});

test("a node that was cut off finds nothing missing where entries were erased", async (name) => {
  await using line = await FaultProxy.to(nats!.host);
  await using a = await Node.open(name);
  await using b = await Node.open(name, {}, line.host);
  const re = await a.said("ana", "Verrat");
  await until(() => b.room.log.head === re, "the other does not hear it");
  line.blackhole();
  await a.said("ben", "noise");
  await a.said("ana", { re, redact: true });
  const last = await a.said("ben", "the end");
  await gone(["Verrat"]);
  line.heal();
  line.reset();
  await until(() => b.room.log.head === last, "the other does not come back");
  assertEquals([b.room.log.tail, b.room.log.size], [a.room.log.tail, a.room.log.size]);
  assertEquals(await b.pages(), await a.pages());
});

test("what a node did not come to erase, another one does", async (name) => {
  await using line = await FaultProxy.to(nats!.host);
  await using a = await Node.open(name, {}, line.host);
  await using b = await Node.open(name);
  const re = await a.said("ana", "Untat");
  await until(() => b.room.log.head === re, "the other does not hear it");
  // It publishes, and hears and asks nothing more.
  line.delay(20);
  a.say("ana", { re, redact: true });
  await until(() => b.room.log.head > re, "the redaction does not come");
  line.blackhole();
  await gone(["Untat"]);
});

test("pages tell of messages and edits that memory has let go", async (name) => {
  await using a = await Node.open(name, { logBytes: 600 });
  const seqs: number[] = [];
  for (let i = 0; i < 40; i++) seqs.push(await a.said("ana", `message ${i}`));
  await a.said("ana", { re: seqs[3]!, edit: "edited 3" });
  await a.said("ben", { re: seqs[5]!, react: "+1" });
  await a.said("ana", { re: seqs[4]!, redact: true });
  await a.said("ben", { re: seqs[4]!, edit: "of nobody" });
  for (let i = 0; i < 40; i++) await a.said("ben", `later ${i}`);
  assert(a.room.log.tail > seqs[39]! + 3, "memory has it still");
  assertEquals(await a.said("ben", { re: seqs[6]!, edit: "not mine" }), a.room.log.head);
  assertEquals(a.refused, ["message_redacted", "forbidden"]);
  await a.said("ana", { re: seqs[6]!, edit: "edited 6" });
  const pages = await a.pages();
  const nows = pages.flatMap((page) => (page as [unknown, string?])[1] ?? []);
  assertEquals(nows.map((now) => JSON.parse(now)), [
    { seq: seqs[39]! + 1, body: "edited 3", edited_at: 41 },
    { seq: seqs[39]! + 3, redacted: true },
    { seq: seqs[39]! + 2, reactions: { "+1": 1 } },
    { seq: a.room.log.head, body: "edited 6", edited_at: 86 },
  ]);
  await using b = await Node.open(name);
  assertEquals(await b.pages(), pages);
});

test("what remains of a message falls off with the entries around it", async (name) => {
  await using node = await Node.open(name, { logEntries: 5 });
  const seq = await node.said("ana", "one");
  await node.said("ana", "two");
  await node.said("ana", { re: seq, redact: true });
  const places = async () => {
    const pages = await node.pages() as [{ seq: number }][];
    return pages.map(([entry]) => entry.seq);
  };
  await until(async () => (await places()).length === 3, "the message is not erased");
  assertEquals(await places(), [seq, seq + 1, seq + 2]);
  for (let i = 0; i < 6; i++) await node.said("ana", `later ${i}`);
  const { head } = node.room.log;
  assertEquals(await places(), [4, 3, 2, 1, 0].map((back) => head - back));
  const query: PageQuery = { to: "newer", from: seq - 1, limit: 9, units: 1_000_000 };
  const { entries, complete } = await node.store.history.page("a", query);
  assertEquals([entries[0]!.seq, complete], [head - 4, false]);
});

test("nodes that change the same messages at once come to the same", async (name) => {
  await using a = await Node.open(name);
  await using b = await Node.open(name);
  await using c = await Node.open(name);
  const nodes = [a, b, c];
  const seqs: number[] = [];
  for (let i = 0; i < 10; i++) seqs.push(await a.said("ana", `Wort-${i}.`));
  await until(() => nodes.every(({ room }) => room.log.head === seqs[9]), "a node lags");
  for (let round = 0; round < 12; round++) {
    for (const [i, node] of nodes.entries()) {
      const re = seqs[(round * 7 + i * (round % 2)) % 10]!;
      node.say("ana", { re, edit: `Wort-${round}-${i}.` });
      if ((round + i) % 3 === 0) node.say("ana", { re, redact: true });
      node.say("ben", { re, react: "👍" });
      node.say(i === 0 ? "ben" : "cleo", round % 2 === 0 ? { re, unreact: "👍" } : "x", re);
    }
    if (round % 4 === 3) await Promise.all(nodes.map(({ store }) => store.settled()));
  }
  await Promise.all(nodes.map(({ store }) => store.settled()));
  const last = await a.said("ana", "the end");
  await until(() => nodes.every(({ room }) => room.log.head === last), "a node lags");
  const pages = await a.pages(50);
  assertEquals([await b.pages(50), await c.pages(9)], [pages, pages]);
  const redacted = seqs.filter((seq) =>
    a.room.states.nows(seq - 1, seq).get(seq)?.includes("redacted")
  );
  assert(
    redacted.length > 3,
    `${redacted.length} were redacted; ${nodes.map(({ refused }) => refused)}`,
  );
  // All edits of these are gone, also those that came just before.
  await using d = await Node.open(name);
  assertEquals(await d.pages(50), pages);
  const texts = pages.map((page) => JSON.stringify((page as unknown[])[0]));
  for (const re of redacted) {
    assertEquals(texts.filter((text) => text.includes(`"re":${re},"edit":"W`)), []);
  }
});
