import { assert, assertEquals } from "@std/assert";
import { ChatClient, type ChatRoom } from "../../client.ts";
import type { ChatOptions } from "../../src/server/chat.ts";
import { inRoom, PageServer, reportOf } from "../support/chat_page.ts";
import { CHROMIUM } from "../support/chromium.ts";
import { Chromium, type Tab } from "../support/devtools.ts";
import { TestChat } from "../support/fixtures.ts";
import { pause, until } from "../support/waiting.ts";

/** A page that is silent for longer than all of these together has lost its place. */
const TIMES = { heartbeatMs: 400, graceMs: 400 };
const SILENT_MS = 3 * TIMES.heartbeatMs + 2 * 500;

/** A page in Chromium and a client in Deno, in one room; what the latter hears of the former. */
async function together(options: ChatOptions = {}) {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(new TestChat({ ...TIMES, ...options }));
  const chat = stack.use(new ChatClient(server.url, { name: "Deno" }));
  await chat.connect();
  const room = await chat.createRoom("Lobby");
  const pages = stack.use(await PageServer.start());
  const browser = stack.use(await Chromium.start());
  const tab = await browser.open(pages.url(server.url, room.id));
  await inRoom(tab);
  const told: string[] = [];
  const listening = listen(room, told);
  stack.defer(() => listening);
  stack.defer(() => chat.close());
  await until(() => told.length > 0, "the page does not join");
  const moved = stack.move();
  return {
    server,
    room,
    pages,
    browser,
    tab,
    told,
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

/** Notes what happens to others in a room. */
async function listen(room: ChatRoom, told: string[]): Promise<void> {
  for await (const event of room.events()) {
    if ("own" in event && !event.own && event.type !== "message") told.push(event.type);
  }
}

/** Waits until the page has these messages, and no others. */
async function hasMessages(tab: Tab, bodies: string[]): Promise<void> {
  let seen: string[] = [];
  await until(async () => {
    seen = (await reportOf(tab)).messages.map(({ body }) => body);
    return seen.length >= bodies.length;
  }, () => `the page has only ${seen}`);
  assertEquals(seen, bodies);
}

function browserTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: CHROMIUM === undefined, fn });
}

browserTest(
  "a page that Chromium freezes keeps its place without a word, and catches up",
  async () => {
    await using all = await together();
    const { browser, pages, tab, room, told } = all;
    const { clientId } = await reportOf(tab);
    await browser.open(pages.otherUrl);
    await tab.freeze("frozen");
    await room.send("one");
    await pause(SILENT_MS);
    await room.send("two");
    await tab.freeze("active");
    await hasMessages(tab, ["one", "two"]);
    const after = await reportOf(tab);
    assertEquals([after.clientId, after.missed, told], [clientId, 0, ["join"]]);
    assert(after.statuses.includes("reconnecting"), "It was not frozen");
  },
);

browserTest(
  "a page that somebody left and came back to keeps its place without a word",
  async () => {
    await using all = await together();
    const { pages, tab, room, told } = all;
    const { clientId } = await reportOf(tab);
    await room.send("one");
    await hasMessages(tab, ["one"]);
    await tab.call("Page.navigate", { url: pages.otherUrl });
    await room.send("two");
    await pause(SILENT_MS);
    await tab.evaluate("history.back()");
    await until(() => tab.evaluate<boolean>("'report' in globalThis"), "it does not go back");
    await hasMessages(tab, ["one", "two"]);
    const after = await reportOf(tab);
    assert(after.cached, "It was loaded again");
    assertEquals([after.clientId, after.missed, told], [clientId, 0, ["join"]]);
  },
);

browserTest("a page that is loaded again is who it was, without a word", async () => {
  await using all = await together();
  const { tab, room, told } = all;
  const { clientId } = await reportOf(tab);
  await tab.evaluate(`chat.sendMessage("from the page")`);
  for (let i = 0; i < 3; i++) {
    await tab.evaluate("globalThis.isOld = true");
    await tab.call("Page.reload");
    await until(
      () => tab.evaluate<boolean>("!globalThis.isOld && 'ready' in globalThis"),
      "no page",
    );
    await inRoom(tab);
  }
  await tab.evaluate(`chat.sendMessage("again")`);
  await room.send("last");
  await hasMessages(tab, ["from the page", "again", "last"]);
  const after = await reportOf(tab);
  assertEquals(after.messages.map(({ own }) => own), [true, true, false]);
  assertEquals([after.clientId, told], [clientId, ["join"]]);
});

browserTest("a tab that is closed leaves its room without having been away", async () => {
  // It has kept its session, as a page does that is loaded again, and is given ten seconds for that.
  const pauseMs = 1_500;
  await using all = await together({ pauseMs });
  const { tab, told } = all;
  const since = performance.now();
  await tab.close();
  await until(() => told.length > 1, "it does not leave");
  assertEquals(told, ["join", "leave"]);
  assert(
    performance.now() - since > pauseMs - 500,
    "It left before it could have been loaded again",
  );
});
