import { assertEquals } from "@std/assert";
import type Axe from "axe-core";
import type { BrowserContextOptions } from "playwright-core";
import { ChatClient } from "../../client.ts";
import { NEEDS_CHROMIUM } from "../support/chromium.ts";
import { type Visitor, WebPages } from "../support/web_page.ts";
import { report } from "./setting.ts";

const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true };

/** Nothing moves: a button that fades in has too little contrast for a moment. */
const STILL: BrowserContextOptions = { reducedMotion: "reduce" };

const WAYS: Record<string, BrowserContextOptions> = {
  "light": { colorScheme: "light" },
  "dark": { colorScheme: "dark" },
  "forced colours": { forcedColors: "active" },
  "a light phone": { ...PHONE, colorScheme: "light" },
  "a dark phone": { ...PHONE, colorScheme: "dark" },
};

/** Asks axe what is wrong with the page, shadow trees included. */
async function violations({ page }: Visitor): Promise<string[]> {
  // It looks at the environment as soon as it is imported.
  const { default: axe } = await import("axe-core");
  // By the driver, as the page's own rules let no other script in; once, until it is loaded again.
  if (!await page.evaluate(`"axe" in globalThis`)) await page.evaluate(`${axe.source}; undefined`);
  const { violations } = await page.evaluate(`axe.run({
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  })`) as Axe.AxeResults;
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, any }) => `${id}: ${html} ${any[0]?.message}`)
  );
}

for (const [way, options] of Object.entries(WAYS)) {
  Deno.test({
    name: `P5 axe finds nothing wrong with the page in ${way}`,
    ...NEEDS_CHROMIUM,
    async fn() {
      await using pages = await WebPages.start();
      const ana = await pages.visitor({ ...STILL, ...options });
      await ana.page.goto(pages.url);
      await ana.page.getByLabel("Your name").waitFor();
      assertEquals(await violations(ana), [], "start");
      const link = await ana.makeRoom(pages.url, "Ana", "Lobby");
      assertEquals(await violations(ana), [], "empty");
      await using ben = new ChatClient(pages.chat.url, { name: "Ben" });
      await ben.connect();
      const room = await ben.joinRoom(new URL(link).hash.slice(1));
      await room.send("see https://example.org\n> a quote\n```\ncode\n```\nand `more`, **bold**");
      await room.send("again");
      await ana.say("x".repeat(70_000));
      await ana.reads(/Not sent/);
      assertEquals(await violations(ana), [], "busy");
      await ana.page.getByRole("button", { name: "Actions" }).first().click();
      assertEquals(await violations(ana), [], "actions");
      await ana.page.getByRole("button", { name: /here/ }).click();
      await ana.reads("(you)");
      assertEquals(await violations(ana), [], "panel");
      await ana.page.getByRole("button", { name: "Moderate Ben" }).click();
      await ana.page.getByLabel("Topic").fill("A topic");
      await ana.page.getByLabel("Topic").press("Enter");
      await ana.reads("Ana set the topic");
      assertEquals(await violations(ana), [], "tools of moderators");
      await ana.page.getByRole("button", { name: "Ban Ben" }).last().click();
      await ana.page.getByRole("dialog").waitFor();
      assertEquals(await violations(ana), [], "dialog");
      await ana.page.keyboard.press("Escape");
      await ana.page.keyboard.press("Control+f");
      await ana.page.getByLabel("Search the messages").fill("quote");
      await ana.page.keyboard.press("Enter");
      await ana.reads("1 message found");
      assertEquals(await violations(ana), [], "search");
      await ana.page.context().setOffline(true);
      await ana.reads(/Connection lost/);
      assertEquals(await violations(ana), [], "offline");
      const ask = await pages.visitor({ ...STILL, ...options });
      await ask.page.goto(link);
      await ask.page.getByLabel("Your name").waitFor();
      assertEquals(await violations(ask), [], "ask");
      report("P5", `axe in ${way}, ten states of the page`, {
        violations: 0,
      });
    },
  });
}
