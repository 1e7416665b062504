import { assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { ChatClient } from "../../client.ts";
import { bundle } from "../support/bundle.ts";
import { launch, NEEDS_CHROMIUM } from "../support/chromium.ts";
import { TestChat } from "../support/fixtures.ts";
import { until } from "../support/waiting.ts";

async function shows(page: Page, status: string, messages: string[]): Promise<void> {
  let seen = "";
  const wanted = [status, ...messages].join("\n");
  await until(async () => {
    seen = (await page.locator("p, li").allTextContents()).join("\n");
    return seen === wanted;
  }, () => `it shows ${JSON.stringify(seen)}, not ${JSON.stringify(wanted)}`);
}

Deno.test({
  name: "a component with useChat shows a room once, though React runs its effect twice",
  ...NEEDS_CHROMIUM,
  async fn() {
    const script = await bundle("tests/examples/use_chat_page.ts");
    await using server = new TestChat();
    await using chat = new ChatClient(server.url, { name: "Deno" });
    await chat.connect();
    const room = await chat.createRoom("Lobby");
    await room.send("before");
    const pages = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
      const isScript = new URL(request.url).pathname === "/page.js";
      return isScript
        ? new Response(script, { headers: { "content-type": "text/javascript; charset=utf-8" } })
        : new Response(
          `<!doctype html><body></body><script type="module" src="/page.js"></script>`,
          {
            headers: { "content-type": "text/html" },
          },
        );
    });
    const browser = await launch();
    try {
      const page = await browser.newPage();
      const query = new URLSearchParams({ server: server.url, room: room.id });
      await page.goto(`http://127.0.0.1:${pages.addr.port}/?${query}`);
      await shows(page, "connected", ["Deno: before"]);
      await page.click("button");
      await shows(page, "connected", ["Deno: before", "Page: from the page"]);
      await room.send("after");
      await shows(page, "connected", ["Deno: before", "Page: from the page", "Deno: after"]);
      assertEquals([...room.members.values()].map(({ name }) => name), ["Deno", "Page"]);
      await page.goto(`http://127.0.0.1:${pages.addr.port}/?server=${server.url}&room=x`);
      await shows(page, "Room x does not exist", []);
    } finally {
      await browser.close();
      await pages.shutdown();
    }
  },
});
