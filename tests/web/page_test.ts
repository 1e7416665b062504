import { assert, assertEquals } from "@std/assert";
import { ChatClient } from "../../client.ts";
import { inviteUrl } from "../../src/client/conversation/links.ts";
import { setSettings } from "../../src/client/conversation/moderation.ts";
import { NEEDS_CHROMIUM } from "../support/chromium.ts";
import { until } from "../support/waiting.ts";
import { WebPages } from "../support/web_page.ts";

function pageTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ...NEEDS_CHROMIUM, fn });
}

pageTest("who opens the page makes a room, and who opens its link chats", async () => {
  await using pages = await WebPages.start();
  const [ana, ben] = [await pages.visitor(), await pages.visitor()];
  const link = await ana.makeRoom(pages.url, "Ana", "Harbour");
  await ana.reads("Nobody has said anything yet");
  await ana.say("hello");
  await ben.openLink(link, "Ben");
  await ben.sees(["hello"]);
  await ben.say("hi Ana");
  await ana.sees(["hello", "hi Ana"]);
  await ana.reads("Ben came");
  await ana.reads("2 people here");
  assertEquals([await ana.page.title(), await ben.page.title()], [
    "Harbour · Parley",
    "Harbour · Parley",
  ]);
  assertEquals([...ana.problems, ...ben.problems], []);
});

pageTest("a name is asked for once, and a page that is loaded again goes on", async () => {
  await using pages = await WebPages.start();
  const context = await pages.context();
  const ana = await pages.visitor({}, context);
  const link = await ana.makeRoom(pages.url, "Ana", "Lobby");
  await ana.say("one");
  await ana.sees(["one"]);
  await ana.page.reload();
  await ana.sees(["one"]);
  assertEquals(await ana.page.locator(".own .author").allTextContents(), ["Ana"]);
  const tab = await pages.visitor({}, context);
  await tab.openLink(link);
  await tab.sees(["one"]);
  await tab.page.goto(pages.url);
  await tab.page.getByRole("link", { name: "Lobby" }).click();
  await tab.sees(["one"]);
});

pageTest("Enter sends, Shift+Enter breaks the line, and a paste is one message", async () => {
  await using pages = await WebPages.start();
  const ana = await pages.visitor();
  await ana.makeRoom(pages.url, "Ana", "Lobby");
  await ana.field.pressSequentially("one");
  await ana.field.press("Shift+Enter");
  await ana.field.pressSequentially("two");
  await ana.field.press("Enter");
  await ana.sees(["one\ntwo"]);
  await ana.page.keyboard.insertText("a\nb\nc");
  await ana.field.press("Enter");
  await ana.sees(["one\ntwo", "a\nb\nc"]);
  await ana.field.press("Enter");
  await ana.page.getByRole("button", { name: "Send" }).click();
  assertEquals((await ana.bodies()).length, 2);
});

pageTest("what is written is kept for its room until it is sent", async () => {
  await using pages = await WebPages.start();
  const ana = await pages.visitor();
  const first = await ana.makeRoom(pages.url, "Ana", "One");
  await ana.field.fill("for the first");
  await ana.page.getByRole("button", { name: /here/ }).click();
  await ana.page.getByRole("button", { name: "Leave the room" }).click();
  await ana.page.getByLabel("Name of the room").fill("Two");
  await ana.page.getByRole("button", { name: "Make a room" }).click();
  await ana.field.waitFor();
  assertEquals(await ana.field.inputValue(), "");
  await ana.page.goto(first);
  await ana.field.waitFor();
  await until(async () => await ana.field.inputValue() === "for the first", "no draft");
  await ana.page.reload();
  await until(async () => await ana.field.inputValue() === "for the first", "no draft");
  await ana.say("for the first");
  await ana.page.reload();
  await ana.sees(["for the first"]);
  assertEquals(await ana.field.inputValue(), "");
});

pageTest("what the outbox keeps is no draft, at whatever moment the page goes", async () => {
  await using pages = await WebPages.start();
  const context = await pages.context();
  const ana = await pages.visitor({}, context);
  const link = await ana.makeRoom(pages.url, "Ana", "Lobby");
  await context.setOffline(true);
  await ana.reads(/Connection lost/);
  // As if the page ended between the two.
  await ana.page.evaluate("Storage.prototype.removeItem = () => {}");
  await ana.say("once");
  await ana.reads("Waits for the connection");
  await ana.page.close();
  await context.setOffline(false);
  const later = await pages.visitor({}, context);
  await later.openLink(link);
  await later.sees(["once"]);
  await later.reads("Sent");
  assertEquals(await later.field.inputValue(), "");
});

pageTest("the list stays at its end only where it was there, and counts what is new", async () => {
  await using pages = await WebPages.start();
  const ana = await pages.visitor({ viewport: { width: 500, height: 400 } });
  const link = await ana.makeRoom(pages.url, "Ana", "Lobby");
  await using ben = new ChatClient(pages.chat.url, { name: "Ben" });
  await ben.connect();
  const room = await ben.joinRoom(new URL(link).hash.slice(1));
  const log = ana.page.getByRole("log");
  const fromEnd = () =>
    log.evaluate((log: { scrollHeight: number; scrollTop: number; clientHeight: number }) =>
      log.scrollHeight - log.scrollTop - log.clientHeight
    );
  for (let i = 0; i < 40; i++) await room.send(`line ${i}`);
  await until(async () => (await ana.bodies()).length === 40, "not all lines");
  await until(async () => await fromEnd() < 2, "not at the end");
  await log.hover();
  await ana.page.mouse.wheel(0, -400);
  await ana.reads("Latest ↓");
  const before = await fromEnd();
  for (const text of ["new one", "new two"]) await room.send(text);
  await ana.reads("2 new messages ↓");
  assert(await fromEnd() >= before, "It moved");
  assertEquals(await ana.page.title(), "(2) Lobby · Parley");
  await ana.page.getByRole("button", { name: "2 new messages" }).click();
  await until(async () => await fromEnd() < 2, "not at the end");
  assertEquals(await ana.page.title(), "Lobby · Parley");
  assertEquals(await ana.page.locator("[part=new]").count(), 1);
});

pageTest("who comes back finds the line above what is new", async () => {
  await using pages = await WebPages.start();
  const ana = await pages.visitor({ viewport: { width: 500, height: 400 } });
  const link = await ana.makeRoom(pages.url, "Ana", "Lobby");
  await ana.say("seen");
  await ana.sees(["seen"]);
  await ana.page.goto("about:blank");
  await using ben = new ChatClient(pages.chat.url, { name: "Ben" });
  await ben.connect();
  const room = await ben.joinRoom(new URL(link).hash.slice(1));
  for (let i = 0; i < 30; i++) await room.send(`line ${i}`);
  await ana.openLink(link);
  await ana.page.getByRole("button", { name: "30 new messages" }).click();
  const line = ana.page.locator("[part=new]");
  await until(async () => (await line.boundingBox())!.y >= 0, "the line is not seen");
});

pageTest(
  "a break is told in words, and what is written meanwhile is sent when it is over",
  async () => {
    await using pages = await WebPages.start();
    const [ana, ben] = [await pages.visitor(), await pages.visitor()];
    const link = await ana.makeRoom(pages.url, "Ana", "Lobby");
    await ben.openLink(link, "Ben");
    await ana.page.context().setOffline(true);
    await ana.reads(/Connection lost/);
    await ana.say("from the tunnel");
    await ana.reads("Waits for the connection");
    await ana.page.context().setOffline(false);
    await ben.sees(["from the tunnel"]);
    await ana.sees(["from the tunnel"]);
    await ana.reads("Sent");
    await until(() => ana.page.getByText(/Connection lost/).isHidden(), "it still says so");
  },
);

pageTest("what cannot be sent says why, and can be mended", async () => {
  await using pages = await WebPages.start();
  const ana = await pages.visitor();
  await ana.makeRoom(pages.url, "Ana", "Lobby");
  const long = "x".repeat(70_000);
  await ana.say(long);
  await ana.reads(/Not sent: /);
  await ana.page.getByRole("button", { name: "Edit" }).click();
  await until(
    async () => (await ana.field.inputValue()).length === long.length,
    "the text is not put back",
  );
  await ana.say("short");
  await ana.sees(["short"]);
  assertEquals(await ana.page.getByText(/Not sent/).count(), 0);
});

pageTest(
  "a link with a capability lets in with its role, again when the page is loaded again",
  async () => {
    await using pages = await WebPages.start();
    await using ana = new ChatClient(pages.chat.url, { name: "Ana" });
    await ana.connect();
    const room = await ana.createRoom("Lobby");
    await setSettings(ana, room, { join: "link" });
    const link = inviteUrl(pages.url, room.id, room.reply.link);
    const ben = await pages.visitor();
    await ben.page.goto(inviteUrl(pages.url, room.id));
    await ben.page.getByLabel("Your name").fill("Ben");
    await ben.page.getByRole("button", { name: "Enter the room" }).click();
    await ben.reads("You are not in the room");
    const cleo = await pages.visitor();
    await cleo.openLink(link, "Cleo");
    await cleo.say("hello");
    await cleo.sees(["hello"]);
    assertEquals(cleo.page.url(), link);
    await cleo.page.reload();
    await cleo.sees(["hello"]);
    const { roles } = (await ana.joinRoom(room.id)).reply;
    assertEquals(room.members.size, 2, JSON.stringify(roles));
  },
);

pageTest("a link to no room says so, and leads on", async () => {
  await using pages = await WebPages.start();
  const ana = await pages.visitor();
  await ana.page.goto(`${pages.url}#0000-0000-0000-0000`);
  await ana.page.getByLabel("Your name").fill("Ana");
  await ana.page.getByRole("button", { name: "Enter the room" }).click();
  await ana.reads("You are not in the room");
  await ana.page.getByRole("button", { name: "Another room" }).click();
  await ana.reads("Make a room");
});

pageTest("those who come and go are folded, and those who type are named", async () => {
  await using pages = await WebPages.start();
  const ana = await pages.visitor();
  const link = await ana.makeRoom(pages.url, "Ana", "Lobby");
  const id = new URL(link).hash.slice(1);
  await using stack = new AsyncDisposableStack();
  const people = [];
  for (const name of ["Ben", "Carl", "Dora", "Eva", "Finn"]) {
    const chat = stack.use(new ChatClient(pages.chat.url, { name }));
    await chat.connect();
    people.push({ chat, room: await chat.joinRoom(id) });
  }
  await ana.reads("5 people came");
  await people[0]!.chat.close();
  await ana.reads("1 person came and left · 4 people came");
  people[1]!.room.typing();
  await ana.reads("Carl is typing…");
  await people[1]!.room.send("done");
  await ana.sees(["done"]);
  await until(() => ana.page.getByText("Carl is typing…").isHidden(), "still typing");
  await people[1]!.chat.rename("Karl");
  await ana.page.getByRole("button", { name: "5 people here" }).click();
  await ana.page.getByRole("complementary").getByText("Karl").waitFor();
});

pageTest(
  "screen readers hear messages of others, in few words, and nothing of history",
  async () => {
    await using pages = await WebPages.start();
    const ana = await pages.visitor();
    const link = await ana.makeRoom(pages.url, "Ana", "Lobby");
    await using ben = new ChatClient(pages.chat.url, { name: "Ben" });
    await ben.connect();
    const room = await ben.joinRoom(new URL(link).hash.slice(1));
    const status = ana.page.getByRole("status");
    await ana.say("my own");
    await ana.sees(["my own"]);
    assertEquals(await status.textContent(), "");
    await room.send("hello");
    await until(async () => await status.textContent() === "Ben: hello", "nothing is said");
    await Promise.all(["a", "b", "c"].map((text) => room.send(text)));
    await until(
      async () => await status.textContent() === "3 new messages from 1 person",
      "not said",
    );
    await ana.page.reload();
    await until(async () => (await ana.bodies()).length === 5, "no history");
    assertEquals(await ana.page.getByRole("status").textContent(), "");
  },
);

pageTest("all of it can be done by keyboard", async () => {
  await using pages = await WebPages.start();
  const ana = await pages.visitor();
  const { keyboard } = ana.page;
  await ana.page.goto(pages.url);
  await ana.page.getByLabel("Your name").waitFor();
  await keyboard.type("Ana");
  await keyboard.press("Tab");
  await keyboard.type("Lobby");
  await keyboard.press("Enter");
  await ana.field.waitFor();
  const focused = () =>
    ana.page.evaluate(`(() => {
      const focused = document.activeElement?.shadowRoot?.activeElement;
      return focused?.ariaLabel ?? focused?.textContent;
    })()`);
  await until(async () => await focused() === "Message", "the field has no focus");
  for (const text of ["one", "two"]) {
    await keyboard.type(text);
    await keyboard.press("Enter");
  }
  await ana.sees(["one", "two"]);
  await keyboard.press("Shift+Tab");
  assertEquals(await focused(), "Messages");
  await keyboard.press("ArrowUp");
  await keyboard.press("ArrowUp");
  assert(String(await focused()).includes("one"));
  await keyboard.press("Enter");
  assertEquals(await focused(), "React with 👍");
  await keyboard.press("Escape");
  assert(String(await focused()).includes("one"));
  await keyboard.press("Escape");
  assertEquals(await focused(), "Message");
  // Behind the buttons for the owner link.
  await ana.reads("Copy owner link");
  for (let i = 0; i < 5; i++) await keyboard.press("Shift+Tab");
  assertEquals(await focused(), "1 person here");
  await keyboard.press("Enter");
  assertEquals(await focused(), "Close");
  await keyboard.press("Escape");
  assertEquals(await focused(), "1 person here");
});

pageTest(
  "what was written offline in a tab that was closed is sent when it is opened again",
  async () => {
    await using pages = await WebPages.start();
    const context = await pages.context();
    const [ana, ben] = [await pages.visitor({}, context), await pages.visitor()];
    const link = await ana.makeRoom(pages.url, "Ana", "Lobby");
    await ben.openLink(link, "Ben");
    await context.setOffline(true);
    await ana.reads(/Connection lost/);
    for (const text of ["one", "two"]) await ana.say(text);
    await until(async () => await ana.page.locator(".pending").count() === 2, "not kept");
    await ana.page.close();
    await context.setOffline(false);
    const again = await pages.visitor({}, context);
    // It is another room that is opened: what waits is sent all the same.
    await again.makeRoom(pages.url, "Ana", "Other");
    await ben.sees(["one", "two"]);
  },
);

pageTest(
  "what was on its way to a server that forgets is in doubt, and a person decides",
  async () => {
    await using pages = await WebPages.start();
    const ana = await pages.visitor();
    await ana.makeRoom(pages.url, "Ana", "Lobby");
    // As a page leaves it that was closed in the middle of a send.
    await ana.page.evaluate(`new Promise((resolve) => {
    const opened = indexedDB.open("parley " + location.href.split("#")[0].replace("http", "ws"));
    opened.onsuccess = () => {
      const changes = opened.result.transaction("messages", "readwrite");
      changes.objectStore("messages").add({
        roomId: location.hash.slice(1), body: "perhaps", writtenAt: 1, state: "sending",
        attempt: { clientId: "somebody", n: 1, epoch: "x", after: 0 },
      });
      changes.oncomplete = resolve;
    };
  })`);
    await ana.page.reload();
    await ana.reads(/May have been sent/);
    assertEquals(await ana.bodies(), []);
    await ana.page.getByRole("button", { name: "Send again" }).click();
    await ana.sees(["perhaps"]);
    assertEquals(await ana.page.locator(".pending").count(), 0);
  },
);

pageTest("who scrolls up reads what was said before, and stays where they are", async () => {
  await using pages = await WebPages.start({ rate: 0 });
  await using ben = new ChatClient(pages.chat.url, { name: "Ben" });
  await ben.connect();
  const room = await ben.createRoom("Lobby");
  const all = Array.from({ length: 450 }, (_, i) => `line ${i}`);
  await Promise.all(all.map((text) => room.send(text)));
  const ana = await pages.visitor({ viewport: { width: 500, height: 500 } });
  await ana.openLink(`${pages.url}#${room.id}`, "Ana");
  await until(async () => (await ana.bodies()).at(-1) === "line 449", "no history");
  const log = ana.page.getByRole("log");
  await log.hover();
  let least = Infinity;
  await until(
    async () => {
      const shown = await ana.bodies();
      // Each page joins the next one: no hole, nothing twice.
      assertEquals(shown, all.slice(-shown.length));
      least = Math.min(least, 450 - shown.length);
      // Where a page failed to come, scrolling on asks for it again.
      await ana.page.mouse.wheel(0, 100);
      await ana.page.mouse.wheel(0, -3_000);
      return shown.length === 450;
    },
    () => `it reads back to ${least} only`,
    { withinMs: 60_000, everyMs: 50 },
  );
  assertEquals(await ana.page.locator("[part=day]").count(), 1);
});

pageTest("a page of earlier lines does not move what is seen", async () => {
  await using pages = await WebPages.start({ rate: 0 });
  await using ben = new ChatClient(pages.chat.url, { name: "Ben" });
  await ben.connect();
  const room = await ben.createRoom("Lobby");
  await Promise.all(Array.from({ length: 500 }, (_, i) => room.send(`line ${i}`)));
  const ana = await pages.visitor({ viewport: { width: 500, height: 500 } });
  await ana.openLink(`${pages.url}#${room.id}`, "Ana");
  await until(async () => (await ana.bodies()).at(-1) === "line 499", "no history");
  const before = await ana.bodies();
  const line = ana.page.locator(".body", { hasText: /^line 305$/ });
  await line.scrollIntoViewIfNeeded();
  await until(async () => (await ana.bodies()).length > before.length, "nothing comes");
  const { y } = (await line.boundingBox())!;
  assert(y > 0 && y < 500, `It is not seen any more: ${y}`);
});

pageTest("messages are answered, edited, deleted and reacted to", async () => {
  await using pages = await WebPages.start();
  const [ana, ben] = [await pages.visitor(), await pages.visitor()];
  const link = await ana.makeRoom(pages.url, "Ana", "Lobby");
  await ben.openLink(link, "Ben");
  await ana.say("teh first");
  await ben.sees(["teh first"]);
  // By keyboard: what was said last, from an empty field.
  await ana.field.press("ArrowUp");
  assertEquals(await ana.field.inputValue(), "teh first");
  await ana.say("the first");
  await ben.sees(["the first"]);
  await ben.reads("edited");
  const actions = ben.page.getByRole("button", { name: "Actions for the message of Ana" });
  await actions.click();
  assertEquals(await ben.page.getByRole("button", { name: "Delete" }).count(), 0);
  await ben.page.getByRole("button", { name: "React with 🎉" }).click();
  await ana.page.getByRole("button", { name: "🎉 1" }).click();
  await ben.page.getByRole("button", { name: "🎉 2" }).click();
  await ana.page.getByRole("button", { name: "🎉 1", pressed: true }).waitFor();
  // The changes are part of history, and counted there already; what is one's own stays so.
  await ana.page.reload();
  await ana.page.getByRole("button", { name: "🎉 1", pressed: true }).waitFor();
  await actions.click();
  await ben.page.getByRole("button", { name: "Answer" }).click();
  await ben.reads("Answer to Ana");
  await ben.say("agreed");
  await ana.reads("↩ Ana: the first");
  await ben.sees(["the first", "agreed"]);
  await ana.page.getByRole("button", { name: "Actions for the message of Ana" }).click();
  await ana.page.getByRole("button", { name: "Delete" }).click();
  await ben.sees(["This message was deleted", "agreed"]);
  // As history has it.
  await ben.page.reload();
  await ben.sees(["This message was deleted", "agreed"]);
  await ben.reads("↩ Ana:");
  assertEquals([...ana.problems, ...ben.problems], []);
});

pageTest(
  "what was sent is no draft of a tab that comes later, whichever tab sent first",
  async () => {
    await using pages = await WebPages.start();
    const context = await pages.context();
    const [one, other] = [await pages.visitor({}, context), await pages.visitor({}, context)];
    const link = await one.makeRoom(pages.url, "Ana", "Lobby");
    await other.openLink(link);
    await one.field.fill("of one");
    await other.field.fill("of the other");
    for (const tab of [one, other]) await tab.field.press("Enter");
    await one.sees(["of one", "of the other"]);
    await until(async () => await one.page.locator(".pending").count() === 0, "still on its way");
    const later = await pages.visitor({}, context);
    await later.openLink(link);
    await later.sees(["of one", "of the other"]);
    assertEquals(await later.field.inputValue(), "");
  },
);
