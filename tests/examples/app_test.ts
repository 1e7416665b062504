import { assert, assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { ChatClient } from "../../client.ts";
import { bundleClient } from "../support/bundle.ts";
import { launch, NEEDS_CHROMIUM } from "../support/chromium.ts";
import { ExampleProcess } from "./example_process.ts";

async function startApp(): Promise<{ app: ExampleProcess; url: string }> {
  // The first bundle of a machine fetches what bundles, however long that takes.
  await bundleClient();
  const app = new ExampleProcess("app.ts", "-A", ["0"]);
  const listening = await app.printed(/http:\/\/\S+:\d+/);
  return { app, url: `http://127.0.0.1:${new URL(listening).port}` };
}

Deno.test("the app answers on its own routes, and the chat on all others", async () => {
  const { app, url } = await startApp();
  await using _ = app;
  await using chat = new ChatClient(`${url}/chat`.replace("http", "ws"), { name: "Ana" });
  await chat.connect();
  const room = await chat.createRoom("Lobby");
  assert((await room.send("hello")).seq! > 0);
  const size = await (await fetch(`${url}/size`)).json();
  assertEquals(size, { connections: 1, rooms: 1 });
  const answers = await Promise.all(["/", "/client.js", "/healthz", "/other"].map(async (path) => {
    const response = await fetch(url + path);
    await response.body?.cancel();
    return response.status;
  }));
  assertEquals(answers, [200, 200, 200, 404]);
  assertEquals(await app.end("SIGTERM"), 0, app.output);
});

/** Waits until the page shows these messages. */
async function shows(page: Page, messages: string[]): Promise<void> {
  await page.locator(`#messages li:nth-child(${messages.length})`).waitFor();
  assertEquals(await page.locator("#messages li").allTextContents(), messages);
}

async function say(page: Page, text: string): Promise<void> {
  await page.fill("#text", text);
  await page.click("button");
}

Deno.test({
  name: "two people talk on the page, and one that is loaded again is the same person",
  ...NEEDS_CHROMIUM,
  async fn() {
    const { app, url } = await startApp();
    await using _ = app;
    const browser = await launch();
    try {
      const ana = await browser.newPage();
      ana.on("dialog", (dialog) => dialog.accept("Ana"));
      await ana.goto(url);
      await ana.waitForURL(/#./);
      await say(ana, "<b>hello</b>");
      await shows(ana, ["Ana: <b>hello</b>"]);
      const ben = await browser.newPage();
      ben.on("dialog", (dialog) => dialog.accept("Ben"));
      await ben.goto(ana.url());
      await shows(ben, ["Ana: <b>hello</b>"]);
      await say(ben, "hi");
      await shows(ana, ["Ana: <b>hello</b>", "Ben: hi"]);
      await ana.reload();
      await shows(ana, ["Ana: <b>hello</b>", "Ben: hi"]);
      await say(ana, "again");
      await shows(ben, ["Ana: <b>hello</b>", "Ben: hi", "Ana: again"]);
      assertEquals(await ben.textContent("#people"), "Ana, Ben");
      assertEquals(await ben.textContent("#status"), "connected");
    } finally {
      await browser.close();
    }
  },
});
