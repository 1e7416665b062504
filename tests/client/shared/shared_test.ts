import { assert, assertEquals, assertRejects } from "@std/assert";
import { ChatClient, type ChatError, type ChatRoom, SendError } from "../../../client.ts";
import { history } from "../../../src/client/conversation/conversation.ts";
import { chance, SEED } from "../../chaos/setting.ts";
import { FakeBrowser, type FakeTab } from "../../support/fake_tabs.ts";
import { TestChat } from "../../support/fixtures.ts";
import { until } from "../../support/waiting.ts";

/** A tab in a room, and what it has read there. */
class Reader {
  readonly tab: FakeTab;
  readonly bodies: string[] = [];
  readonly seqs: number[] = [];
  missed = 0;
  room!: ChatRoom;

  constructor(tab: FakeTab) {
    this.tab = tab;
  }

  static async begin(
    browser: FakeBrowser,
    url: string,
    roomId: string,
    timeoutMs?: number,
  ): Promise<Reader> {
    const reader = new Reader(browser.open(url, "Ana", timeoutMs));
    await reader.tab.chat.connect();
    for (let attempt = 0; reader.room === undefined; attempt++) {
      try {
        reader.room = await reader.tab.chat.joinRoom(roomId, { last: 1_000 });
      } catch (error) {
        // Another tab leads from now on: as with any connection that breaks.
        if (attempt === 10 || (error as ChatError).code !== "disconnected") throw error;
      }
    }
    reader.#read();
    return reader;
  }

  say(text: string): Promise<number> {
    return this.tab.shared.outbox.add(this.room.id, text);
  }

  async #read(): Promise<void> {
    for await (const event of this.room.events({ from: "start" })) {
      if (event.type === "gap" || "recovered" in event && !event.recovered) this.missed++;
      if (event.type !== "message") continue;
      this.bodies.push(event.body);
      this.seqs.push(event.seq);
      this.tab.shared.outbox.witness(event);
    }
  }
}

/** A chat with a room, and somebody who reads in it without tabs. */
async function begun(stack: AsyncDisposableStack) {
  const chat = stack.use(new TestChat());
  const judge = stack.use(new ChatClient(chat.url, { name: "Judge" }));
  await judge.connect();
  const room = await judge.createRoom("Tabs");
  const browser = new FakeBrowser();
  const open = async (timeoutMs?: number) => {
    const reader = await Reader.begin(browser, chat.url, room.id, timeoutMs);
    stack.use(reader.tab);
    return reader;
  };
  return { chat, judge, room, browser, open };
}

Deno.test("the tabs of a browser are one client with one connection, and all read the same", async () => {
  await using stack = new AsyncDisposableStack();
  const { chat, room, browser, open } = await begun(stack);
  const tabs = [await open(), await open(), await open(), await open(), await open()];
  assertEquals(chat.chat.size.connections, 2);
  assertEquals(browser.sockets.size, 1);
  assertEquals(tabs.filter(({ tab }) => tab.shared.isLeading).length, 1);
  assertEquals(new Set(tabs.map(({ tab }) => tab.chat.clientId)).size, 1);
  for (const [i, tab] of tabs.entries()) await tab.say(`from ${i}`);
  await room.send("from the judge");
  for (const { bodies, tab, seqs } of tabs) {
    await until(() => bodies.length === 6, () => `only ${bodies}`);
    assertEquals(new Set(bodies).size, 6);
    assertEquals(seqs, seqs.toSorted((a, b) => a - b));
    await until(() => tab.shared.outbox.messages.length === 0, "something is kept");
  }
  assertEquals([...room.members.keys()].length, 2);
});

Deno.test("a tab that comes later reads history, and the others read nothing twice", async () => {
  await using stack = new AsyncDisposableStack();
  const { room, open } = await begun(stack);
  for (let i = 0; i < 20; i++) await room.send(`${i}`);
  const first = await open();
  const second = await open();
  await until(() => second.bodies.length === 20, "no history");
  await room.send("more");
  await until(() => second.bodies.length === 21 && first.bodies.length === 21, "no news");
  assertEquals(first.bodies, second.bodies);
  // Each asks for pages of its own.
  for (const { tab, room } of [first, second]) {
    const { events } = await history(tab.chat, room, { before: 10, limit: 5 });
    assertEquals(events.length, 5);
  }
});

Deno.test("what one tab leaves, another one stays in; the last one leaves for all", async () => {
  await using stack = new AsyncDisposableStack();
  const { room, open } = await begun(stack);
  const [first, second] = [await open(), await open()];
  await until(() => room.members.size === 2, "nobody came");
  await first.room.leave();
  await second.say("still here");
  await until(() => second.bodies.length === 1, "not said");
  assertEquals(room.members.size, 2);
  await second.room.leave();
  await until(() => room.members.size === 1, "it is still there");
});

Deno.test("a message for a room that only one tab is in is sent by the one that leads, which is not", async () => {
  await using stack = new AsyncDisposableStack();
  const { judge, open } = await begun(stack);
  const [leader, other] = [await open(), await open()];
  assert(leader.tab.shared.isLeading);
  const elsewhere = await judge.createRoom("Elsewhere");
  // In no tab at all: it is joined for the message, and left again.
  await other.tab.shared.outbox.add(elsewhere.id, "hello");
  for await (const { body } of elsewhere) {
    assertEquals(body, "hello");
    break;
  }
  await until(() => elsewhere.members.size === 1, "it is still there");
  // In one that does not lead.
  await other.tab.chat.joinRoom(elsewhere.id);
  await other.tab.shared.outbox.add(elsewhere.id, "again");
  for await (const { body } of elsewhere) {
    assertEquals(body, "again");
    break;
  }
  assertEquals(elsewhere.members.size, 2);
});

Deno.test("what does not go through the outbox is refused, as one tab cannot count for all", async () => {
  await using stack = new AsyncDisposableStack();
  const { open } = await begun(stack);
  const { room } = await open();
  const error = await assertRejects(() => room.send("hello"), SendError);
  assertEquals([error.code, error.mayBeStored], ["invalid_argument", false]);
});

Deno.test("a message that failed is shown in each tab, and any of them drops it or sends it again", async () => {
  await using stack = new AsyncDisposableStack();
  const { open } = await begun(stack);
  const tabs = [await open(), await open()];
  const long = "x".repeat(70_000);
  await tabs[1]!.say(long);
  const kept = (i: number) => tabs[i]!.tab.shared.outbox.messages;
  await until(() => kept(0)[0]?.state === "failed" && kept(1)[0]?.state === "failed", "no failure");
  assertEquals(kept(1)[0]?.reason, "70000 bytes, at most 65536");
  const { id } = kept(1)[0]!;
  tabs[1]!.tab.shared.outbox.retry(id);
  await until(() => kept(1)[0]?.state === "failed" && kept(1)[0]?.id !== id, "not again");
  const dropped = await tabs[1]!.tab.shared.outbox.discard(kept(1)[0]!.id);
  assertEquals(dropped?.body, long);
  await until(() => kept(0).length === 0 && kept(1).length === 0, "it is still there");
});

Deno.test("a tab that hangs and holds the lock loses the lead, and nothing is lost or doubled", async () => {
  await using stack = new AsyncDisposableStack();
  const { room, open } = await begun(stack);
  const [first, second] = [await open(200), await open(200)];
  await second.say("before");
  await until(() => second.bodies.length === 1, "not said");
  first.tab.hang();
  await second.say("meanwhile");
  // As its client does once it has heard nothing for long.
  second.tab.chat.retryNow();
  await until(() => second.tab.shared.isLeading, "it does not lead");
  await until(() => second.bodies.length === 2, "not said");
  assertEquals(second.bodies, ["before", "meanwhile"]);
  const bodies: string[] = [];
  await room.send("end");
  for await (const { body } of room) {
    if (body === "end") break;
    bodies.push(body);
  }
  assertEquals(bodies, ["before", "meanwhile"]);
});

Deno.test("whichever tab is closed or killed while all send: nothing is lost, doubled or out of order", async () => {
  for (let story = 0; story < 20; story++) {
    const seed = SEED + story;
    try {
      await tell(chance(seed));
    } catch (error) {
      throw new Error(`Seed ${seed}: ${error}`, { cause: error });
    }
  }
});

async function tell(random: () => number): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const { chat, judge, room, open, browser } = await begun(stack);
  const tabs = [await open(), await open(), await open()];
  const said: string[] = [];
  const pending: Promise<unknown>[] = [];
  for (let i = 0; i < 30; i++) {
    const roll = random();
    const leading = tabs.find(({ tab }) => tab.shared.isLeading);
    const victim = roll < 0.8 ? leading : tabs[Math.floor(random() * tabs.length)];
    if (roll > 0.85 && victim !== undefined && tabs.length > 1) {
      tabs.splice(tabs.indexOf(victim), 1);
      if (random() < 0.5) victim.tab.kill();
      else pending.push(victim.tab[Symbol.asyncDispose]());
      tabs.push(await open());
      continue;
    }
    const text = `${i}`;
    said.push(text);
    const adding = tabs[Math.floor(random() * tabs.length)]!.say(text);
    if (random() < 0.5) await adding;
    else pending.push(adding);
  }
  await Promise.all(pending);
  await until(
    async () => (await browser.store.load()).messages.length === 0,
    "something is still kept",
    { withinMs: 30_000 },
  );
  await room.send("end");
  const stored: string[] = [];
  for await (const { body } of room) {
    if (body === "end") break;
    stored.push(body);
  }
  assertEquals(stored.toSorted(), said.toSorted());
  for (const { bodies, missed } of tabs) {
    await until(() => bodies.at(-1) === "end", "a tab does not come to the end");
    assertEquals([bodies.slice(0, -1), missed], [stored, 0]);
  }
  assertEquals(browser.sockets.size, 1);
  assertEquals(chat.chat.size.connections, 2);
  assertEquals(judge.status.type, "connected");
}
