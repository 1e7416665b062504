import { assert, assertEquals } from "@std/assert";
import { NEEDS_CHROMIUM } from "../support/chromium.ts";
import { until } from "../support/waiting.ts";
import { type Visitor, WebPages } from "../support/web_page.ts";

function moderationTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ...NEEDS_CHROMIUM, fn });
}

/** A room whose owner is Ana, with Ben in it. */
async function begun(pages: WebPages): Promise<[ana: Visitor, ben: Visitor, link: string]> {
  const [ana, ben] = [await pages.visitor(), await pages.visitor()];
  const link = await ana.makeRoom(pages.url, "Ana", "Lobby");
  await ben.openLink(link, "Ben");
  await ana.reads("2 people here");
  return [ana, ben, link];
}

/** Opens the menu of the last message of Ben, as a keyboard does. */
async function openMenu(ana: Visitor): Promise<void> {
  await ana.page.locator("[part=list] > li.message:not(.own)").last().focus();
  await ana.page.keyboard.press("Enter");
  await ana.page.getByRole("button", { name: "Answer" }).waitFor();
}

moderationTest("who owns a room sets its topic, and everybody sees it", async () => {
  await using pages = await WebPages.start();
  const [ana, ben, link] = await begun(pages);
  assertEquals(ben.requests.filter((url) => url.includes("?actions-")).length, 0);
  await ana.page.getByRole("button", { name: "2 people here" }).click();
  await ana.page.getByLabel("Topic").fill("Cats <b>only</b>");
  await ana.page.getByLabel("Topic").press("Enter");
  for (const tab of [ana, ben]) await tab.page.locator("header .topic").getByText("Cats").waitFor();
  await ana.page.getByRole("button", { name: "Close" }).click();
  assertEquals(await ana.page.getByLabel("Topic").isVisible(), false);
  // The list says who did it, as text.
  for (const tab of [ana, ben]) {
    await tab.page.getByRole("log").getByText("Ana set the topic: Cats <b>only</b>").waitFor();
  }
  assertEquals(await ben.page.locator("header .topic").textContent(), "Cats <b>only</b>");
  const carl = await pages.visitor();
  await carl.openLink(link, "Carl");
  await carl.page.locator("header .topic").getByText("Cats <b>only</b>").waitFor();
  // Who moderates nothing has no tools.
  await carl.page.getByRole("button", { name: "3 people here" }).click();
  await carl.reads("Carl (you)");
  assertEquals(await carl.page.getByLabel("Topic").count(), 0);
  assertEquals(await carl.page.getByRole("button", { name: /Moderate/ }).count(), 0);
  assertEquals([...ana.problems, ...ben.problems, ...carl.problems], []);
});

moderationTest(
  "whoever makes a room is given its owner link, and comes back as owner by it",
  async () => {
    await using pages = await WebPages.start();
    const context = await pages.context({ permissions: ["clipboard-read", "clipboard-write"] });
    const ana = await pages.visitor({}, context);
    const link = await ana.makeRoom(pages.url, "Ana", "Lobby");
    await ana.page.getByRole("button", { name: "Copy owner link" }).click();
    await ana.page.getByRole("button", { name: "Copied" }).waitFor();
    const owners = await ana.page.evaluate<string>("navigator.clipboard.readText()");
    assert(owners.startsWith(`${link}.owner.`), owners);
    // The secret is nowhere on the page, nor in its address.
    assertEquals(ana.page.url(), link);
    const secret = owners.slice(-32);
    assertEquals((await ana.page.locator("parley-chat").innerHTML()).includes(secret), false);
    await ana.page.getByRole("button", { name: "Not now" }).click();
    assertEquals(await ana.page.getByRole("button", { name: "Not now" }).count(), 0);
    await ana.say("hello");
    await ana.page.reload();
    await ana.sees(["hello"]);
    await ana.page.getByRole("button", { name: "1 person here" }).click();
    await ana.page.getByRole("button", { name: "Copy owner link" }).waitFor();
    assertEquals(await ana.page.getByRole("button", { name: "Copy owner link" }).count(), 1);
    // Another device knows nothing of her but the link.
    const again = await pages.visitor();
    await again.openLink(owners, "Ana");
    await again.page.getByRole("button", { name: "2 people here" }).click();
    await again.page.getByLabel("Topic").waitFor();
    const ben = await pages.visitor();
    await ben.openLink(link, "Ben");
    await ben.page.getByRole("button", { name: "3 people here" }).click();
    await ben.reads("Ben (you)");
    assertEquals(await ben.page.getByRole("button", { name: "Copy owner link" }).count(), 0);
    assertEquals([...ana.problems, ...again.problems, ...ben.problems], []);
  },
);

moderationTest(
  "what others have said is deleted, and who says it is muted, by the menu of the message",
  async () => {
    await using pages = await WebPages.start();
    const [ana, ben] = await begun(pages);
    await ben.say("one");
    await ben.say("two");
    await ana.sees(["one", "two"]);
    await openMenu(ana);
    await ana.page.getByRole("button", { name: "Delete" }).click();
    for (const tab of [ana, ben]) await tab.sees(["one", "This message was deleted"]);
    await ana.page.locator("[part=list] > li.message").first().focus();
    await ana.page.keyboard.press("Enter");
    await ana.page.getByRole("button", { name: "Mute Ben" }).click();
    const dialog = ana.page.getByRole("dialog", { name: "Mute Ben" });
    await dialog.getByLabel("How long").selectOption("For an hour");
    await dialog.getByLabel("Reason").fill("Too loud");
    await dialog.getByRole("button", { name: "Mute" }).click();
    await until(async () => await dialog.count() === 0, "the dialog stays");
    await ben.page.getByRole("log").getByText(/^Ana muted Ben until .*: Too loud$/).waitFor();
    await ben.say("three");
    await ben.reads(/Not sent/);
    await ana.page.locator("[part=list] > li.message").first().focus();
    await ana.page.keyboard.press("Enter");
    await ana.page.getByRole("button", { name: "Let write Ben" }).click();
    await ana.page.getByRole("dialog").getByRole("button", { name: "Let write" }).click();
    await until(async () => await ana.page.getByRole("dialog").count() === 0, "the dialog stays");
    await ben.page.getByRole("button", { name: "Try again" }).click();
    await ana.sees(["one", "This message was deleted", "three"]);
  },
);

moderationTest("somebody is removed or banned by the panel, and let in again", async () => {
  await using pages = await WebPages.start();
  const [ana, ben, link] = await begun(pages);
  const act = async (words: string) => {
    await ana.page.getByRole("button", { name: "Moderate Ben" }).click();
    await ana.page.getByRole("button", { name: `${words} Ben` }).click();
    await ana.page.getByRole("dialog").getByRole("button", { name: words }).click();
  };
  await ana.page.getByRole("button", { name: "2 people here" }).click();
  await act("Remove");
  await ben.reads("You were removed from this room");
  await ana.reads("1 person in the room");
  await ben.page.reload();
  await ana.reads("2 people in the room");
  await act("Ban");
  await ana.page.getByRole("heading", { name: "Banned" }).waitFor();
  await ben.page.goto("about:blank");
  await ben.page.goto(link);
  await ben.reads("You are not in the room");
  await ana.page.getByRole("button", { name: "Let Ben in again" }).click();
  await until(
    async () => await ana.page.getByRole("heading", { name: "Banned" }).count() === 0,
    "he is still banned",
  );
  await ben.page.getByRole("button", { name: "Try again" }).click();
  await ana.reads("2 people in the room");
});

moderationTest(
  "a dialog is left by Escape, and nothing was done",
  async () => {
    await using pages = await WebPages.start();
    const [ana, ben] = await begun(pages);
    await ben.say("hello");
    await ana.sees(["hello"]);
    await openMenu(ana);
    await ana.page.getByRole("button", { name: "Ban Ben" }).click();
    const dialog = ana.page.getByRole("dialog", { name: "Ban Ben" });
    await dialog.waitFor();
    await ana.page.keyboard.press("Escape");
    await until(async () => await dialog.count() === 0, "the dialog stays");
    assertEquals(await ana.page.getByRole("button", { name: "2 people here" }).count(), 1);
  },
);
