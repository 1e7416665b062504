import { assert, assertEquals, assertRejects } from "@std/assert";
import { ChatClient, type ChatRoom, connect, type RoomEvent } from "../../client.ts";
import { TestChat } from "../support/fixtures.ts";
import { said, ScriptedServer } from "../support/scripted_server.ts";
import { bounded } from "../support/waiting.ts";
import { FakePage } from "./fake_page.ts";

/** A room in which Deno listens, and a client in a page that has said something there. */
async function visited(url: string) {
  const listener = new ChatClient(url, { name: "Deno" });
  await listener.connect();
  const heard = await listener.createRoom("Lobby");
  const page = new FakePage();
  const chat = new ChatClient(url, { name: "Page" });
  await chat.connect();
  const room = await chat.joinRoom(heard.id);
  await room.send("from the page");
  const events = heard.events();
  await upTo(events, "from the page");
  return {
    page,
    chat,
    room,
    listener,
    events,
    async [Symbol.asyncDispose]() {
      page[Symbol.dispose]();
      await chat.close();
      await listener.close();
    },
  };
}

/** Tells what happens in a room up to a message, in words. */
async function upTo(events: AsyncGenerator<RoomEvent>, body: string): Promise<string[]> {
  const words: string[] = [];
  for (;;) {
    const next = bounded(events.next(), () => `"${body}" does not come, only ${words}`);
    const { value } = await next;
    if (value === undefined) throw new Error(`The room ended after ${words}`);
    words.push(value.type === "message" ? value.body : value.type);
    if (words.at(-1) === body) return words;
  }
}

/** Waits for the end of a room's connection and the next one. */
async function cameBack(chat: ChatClient): Promise<boolean> {
  for await (const status of chat.statuses({ from: "now" })) {
    if (status.type === "connected") return status.resumed;
  }
  return false;
}

/** The messages that a room holds, and whether they are this client's. */
async function held(room: ChatRoom, count: number): Promise<[string, boolean][]> {
  const messages: [string, boolean][] = [];
  for await (const { body, own } of room.messages({ from: "start" })) {
    if (messages.push([body, own]) === count) break;
  }
  return messages;
}

Deno.test("a page that is loaded again is the same client, and nobody is told", async () => {
  await using server = new TestChat();
  await using visit = await visited(server.url);
  const { page, chat, room, events, listener } = visit;
  const { session = null, clientId } = chat;
  page.window("pagehide", { persisted: false });
  page.show("hidden");
  await using again = new ChatClient(server.url, { session });
  await again.connect();
  const roomAgain = await again.joinRoom(room.id, { last: 10 });
  assertEquals([again.clientId, again.session], [clientId, session ?? ""]);
  await roomAgain.send("from the same page");
  assertEquals(await upTo(events, "from the same page"), ["from the same page"]);
  assertEquals(await held(roomAgain, 2), [["from the page", true], ["from the same page", true]]);
  assertEquals(listener.room?.members.size, 2);
});

Deno.test("a page that is loaded again begins behind the numbers of the page before", async () => {
  const hellos: unknown[] = [];
  const numbers: unknown[] = [];
  await using server = new ScriptedServer(async (peer, turn) => {
    hellos.push((await peer.welcome({ resumed: true, n: 4 + turn })).body);
    await peer.admit({ recovered: turn > 0, seq: turn, after: turn });
    const { n, body } = await peer.next();
    numbers.push(n);
    peer.entries(said(1 + turn, String(body), "me", Number(n)));
    if (turn === 0) peer.close(1001);
  });
  await using chat = await connect(server.url, { session: "of the page before" });
  const room = await chat.createRoom("Lobby");
  assertEquals(await room.send("one"), { seq: 1 });
  let connections = 0;
  for await (const { type } of chat.statuses()) {
    if (type === "connected" && ++connections === 2) break;
  }
  assertEquals(await room.send("two"), { seq: 2 });
  // It does not know what the page before had answers to, until the server has told the count.
  assertEquals(hellos, [{ session: "of the page before" }, { session: "secret", n: 5, sent: 5 }]);
  assertEquals(numbers, [5, 6]);
});

Deno.test("a page that ends and whose session nobody has read leaves its rooms at once", async () => {
  await using server = new TestChat();
  await using visit = await visited(server.url);
  visit.page.window("pagehide", { persisted: false });
  visit.page.show("hidden");
  const [left] = [await bounded(visit.events.next(), () => "nobody leaves")];
  assertEquals(left.value?.type, "leave");
});

for (
  const [how, stop, goOn] of [
    ["frozen", (page) => page.document("freeze"), (page) => page.document("resume")],
    [
      "left and shown again",
      (page) => {
        page.window("pagehide", { persisted: true });
        page.show("hidden");
        page.document("freeze");
      },
      (page) => page.window("pageshow", { persisted: true }),
    ],
  ] as [string, (page: FakePage) => void, (page: FakePage) => void][]
) {
  Deno.test(`a page that is ${how} misses nothing, and nobody is told`, async () => {
    await using server = new TestChat();
    await using visit = await visited(server.url);
    const { page, chat, room, events, listener } = visit;
    const { clientId } = chat;
    stop(page);
    assert(chat.status.type === "reconnecting" && chat.status.delayMs === Infinity);
    await listener.sendMessage("meanwhile");
    const back = cameBack(chat);
    goOn(page);
    assertEquals([await back, chat.clientId], [true, clientId]);
    await room.send("here again");
    assertEquals(await upTo(events, "here again"), ["meanwhile", "here again"]);
    assertEquals(await held(room, 3), [
      ["from the page", true],
      ["meanwhile", false],
      ["here again", true],
    ]);
  });
}

Deno.test("of two clients with one session the older stays away, whatever its page tells", async () => {
  await using server = new TestChat();
  await using visit = await visited(server.url);
  const { page, chat, room, events } = visit;
  const ended = Array.fromAsync(chat.statuses());
  await using twin = new ChatClient(server.url, { session: chat.session ?? null });
  await twin.connect();
  const last = (await bounded(ended, () => "both stay")).at(-1);
  assertEquals(last, {
    type: "closed",
    code: 4500,
    reason: "This session continues on a newer connection",
  });
  for (const type of ["online", "pageshow", "offline"]) page.window(type);
  for (const type of ["visibilitychange", "freeze", "resume"]) page.document(type);
  await assertRejects(() => room.send("x"), Error, "Not in room");
  await (await twin.joinRoom(room.id)).send("from the twin");
  assertEquals(await upTo(events, "from the twin"), ["away", "back", "from the twin"]);
  assertEquals(server.chat.size.connections, 2);
});

Deno.test("a session that nobody knows makes a new client, with a session of its own", async () => {
  await using server = new TestChat();
  await using chat = await connect(server.url, { session: "nobody.knows" });
  assertEquals(chat.status, { type: "connected", resumed: false, stored: 0 });
  await using again = await connect(server.url, { session: chat.session ?? null });
  assertEquals([again.clientId, again.status], [
    chat.clientId,
    { type: "connected", resumed: true, stored: 0 },
  ]);
});
