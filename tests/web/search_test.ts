import { assert, assertEquals } from "@std/assert";
import { ChatClient } from "../../client.ts";
import { NEEDS_CHROMIUM } from "../support/chromium.ts";
import { until } from "../support/waiting.ts";
import { WebPages } from "../support/web_page.ts";

Deno.test({
  name: "the search finds what was said, in the list and long before it, by keyboard alone",
  ...NEEDS_CHROMIUM,
  async fn() {
    await using pages = await WebPages.start({ rate: 0 });
    await using ben = new ChatClient(pages.chat.url, { name: "Ben" });
    await ben.connect();
    const room = await ben.createRoom("Lobby");
    await room.send("the first <b>needle</b>");
    await Promise.all(Array.from({ length: 260 }, (_, i) => room.send(`line ${i}`)));
    await room.send("a Needle again");
    const ana = await pages.visitor();
    const { keyboard } = ana.page;
    await ana.openLink(`${pages.url}#${room.id}`, "Ana");
    await ana.reads("a Needle again");
    assertEquals(ana.requests.filter((url) => url.includes("?search-")).length, 0);
    const focused = () =>
      ana.page.evaluate(`(() => {
        const focused = document.activeElement?.shadowRoot?.activeElement;
        return focused?.labels?.[0]?.textContent ?? focused?.ariaLabel ?? focused?.textContent;
      })()`);
    await keyboard.press("Control+f");
    await until(async () => await focused() === "Search the messages", "the field has no focus");
    await keyboard.type("needle");
    await keyboard.press("Enter");
    await ana.page.getByRole("status").getByText("2 messages found").waitFor();
    const hits = ana.page.locator(".hit .text");
    assertEquals(await hits.allTextContents(), ["a Needle again", "the first <b>needle</b>"]);
    assertEquals(await hits.locator("mark").allTextContents(), ["Needle", "needle"]);
    // The first is in the list.
    for (let i = 0; i < 2; i++) await keyboard.press("Tab");
    await keyboard.press("Enter");
    await until(async () => String(await focused()).includes("a Needle again"), "it is not there");
    // The other one is not: what was said around it is shown with it.
    await ana.page.locator(".hit").last().focus();
    await keyboard.press("Enter");
    const around = ana.page.getByRole("list", { name: "Around it" });
    await around.waitFor();
    assert((await around.locator("li").allTextContents()).includes("Ben: line 0"));
    assertEquals(
      await around.locator("[aria-current]").textContent(),
      "Ben: the first <b>needle</b>",
    );
    await ana.page.getByLabel("Search the messages").fill("haystack");
    await keyboard.press("Escape");
    // What was typed stays.
    assertEquals(await focused(), "Search");
    await keyboard.press("Enter");
    await until(async () => await focused() === "Search the messages", "the field has no focus");
    await keyboard.press("Enter");
    await ana.page.getByRole("status").getByText("Nothing was found").waitFor();
    assertEquals(ana.problems, []);
  },
});
