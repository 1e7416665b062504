import { assertEquals } from "@std/assert";
import { NEEDS_CHROMIUM } from "../support/chromium.ts";
import { until } from "../support/waiting.ts";
import { WebPages } from "../support/web_page.ts";

function tabsTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ...NEEDS_CHROMIUM, fn });
}

tabsTest("the tabs of a browser are one person with one connection", async () => {
  await using pages = await WebPages.start();
  const context = await pages.context();
  const first = await pages.visitor({}, context);
  const link = await first.makeRoom(pages.url, "Ana", "Lobby");
  await first.say("one");
  await first.sees(["one"]);
  const second = await pages.visitor({}, context);
  await second.openLink(link);
  await second.sees(["one"]);
  await second.say("two");
  for (const tab of [first, second]) await tab.sees(["one", "two"]);
  await first.say("three");
  for (const tab of [first, second]) {
    await tab.sees(["one", "two", "three"]);
    await tab.reads("1 person here");
    assertEquals(await tab.page.locator(".own").count(), 3);
  }
  assertEquals(pages.chat.chat.size.connections, 1);
  // The one that leads goes, and the other one goes on.
  await first.page.close();
  await second.say("four");
  await second.sees(["one", "two", "three", "four"]);
  const third = await pages.visitor({}, context);
  await third.openLink(link);
  await third.sees(["one", "two", "three", "four"]);
  await third.say("five");
  await second.sees(["one", "two", "three", "four", "five"]);
  assertEquals(pages.chat.chat.size.connections, 1);
  assertEquals([...first.problems, ...second.problems, ...third.problems], []);
});

tabsTest(
  "what one tab has to send offline, each of them shows; it is sent when that tab is closed",
  async () => {
    await using pages = await WebPages.start();
    const context = await pages.context();
    const [first, second] = [await pages.visitor({}, context), await pages.visitor({}, context)];
    const link = await first.makeRoom(pages.url, "Ana", "Lobby");
    await second.openLink(link);
    await until(() => pages.chat.chat.size.connections === 1, "they do not share");
    await context.setOffline(true);
    await second.say("in a tunnel");
    await first.reads("in a tunnel");
    await second.reads("in a tunnel");
    await second.page.close();
    await context.setOffline(false);
    await first.sees(["in a tunnel"]);
  },
);
