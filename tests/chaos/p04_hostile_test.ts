import { assert, assertEquals } from "@std/assert";
import { ChatClient } from "../../client.ts";
import { setSettings } from "../../src/client/conversation/moderation.ts";
import { NEEDS_CHROMIUM } from "../support/chromium.ts";
import { until } from "../support/waiting.ts";
import { type Visitor, WebPages } from "../support/web_page.ts";
import { HOSTILE_NAMES, HOSTILE_TEXTS } from "../web/hostile_texts.ts";
import { report } from "./setting.ts";

/** Elements that the page makes of messages, and of nothing else in them. */
const MADE = new Set(["P", "CODE", "B", "I", "A", "PRE", "BLOCKQUOTE"]);

/** Has the page count what runs, and what its rules had to stop: neither shall happen. */
async function watch({ page }: Visitor): Promise<void> {
  await page.addInitScript(`
    globalThis.runs = 0;
    globalThis.ran = globalThis.alert = () => runs++;
    addEventListener("securitypolicyviolation", () => runs++);
  `);
}

/** The number of scripts that ran; requests to elsewhere, and addresses of links that lead to code. */
async function harmOf({ page, requests }: Visitor, url: string) {
  const hrefs: string[] = await page.locator("a").evaluateAll((links) =>
    links.map((link) => (link as unknown as { href: string }).href)
  );
  return {
    runs: await page.evaluate("runs"),
    left: requests.filter((request) => !request.startsWith(url)),
    code: hrefs.filter((href) => !/^(https?|mailto):/.test(href)),
  };
}

const HARMLESS = { runs: 0, left: [], code: [] };

/** A text without its marks, which become elements. */
function bare(text: string): string {
  return text.replaceAll(/^```.*$|[*_`>\s]/gm, "");
}

Deno.test({
  name: "P4 no text that tries to be more runs, makes an element, or has a request leave",
  ...NEEDS_CHROMIUM,
  async fn() {
    assert(HOSTILE_TEXTS.length >= 200, `${HOSTILE_TEXTS.length}`);
    await using pages = await WebPages.start();
    const ana = await pages.visitor();
    await watch(ana);
    const link = await ana.makeRoom(pages.url, "Ana", "Lobby");
    await using ben = new ChatClient(pages.chat.url, { name: "Ben" });
    await ben.connect();
    const room = await ben.joinRoom(new URL(link).hash.slice(1));
    await Promise.all(HOSTILE_TEXTS.map((text) => room.send(text)));
    await until(async () => (await ana.bodies()).length === HOSTILE_TEXTS.length, "not all shown");
    const shown = await ana.bodies();
    shown.forEach((text, i) => assertEquals(bare(text), bare(HOSTILE_TEXTS[i]!)));
    const tags = await ana.page.locator(".body *").evaluateAll((
      all: { tagName: string }[],
    ) => [...new Set(all.map(({ tagName }) => tagName))]) as string[];
    assertEquals(tags.filter((tag) => !MADE.has(tag)), []);
    assertEquals(await harmOf(ana, pages.url), HARMLESS);
    // As history, and in the field of somebody who mends what failed.
    await ana.page.reload();
    await until(async () => (await ana.bodies()).length > 100, "no history");
    assertEquals(await harmOf(ana, pages.url), HARMLESS);
    assertEquals(ana.problems, []);
    report("P4", "hostile texts in bodies, live and as history", {
      texts: HOSTILE_TEXTS.length,
      "scripts run": 0,
      "elements made": 0,
      "requests left": 0,
    });
  },
});

Deno.test({
  name: "P4 names of people and rooms that try to be more are names",
  ...NEEDS_CHROMIUM,
  async fn() {
    assert(HOSTILE_NAMES.length >= 150, `${HOSTILE_NAMES.length}`);
    await using pages = await WebPages.start({ rate: 0 });
    const ana = await pages.visitor();
    await watch(ana);
    await using ben = new ChatClient(pages.chat.url, { name: "Ben" });
    await ben.connect();
    const lobby = await ben.createRoom("Lobby");
    await ana.openLink(`${pages.url}#${lobby.id}`, "<b onclick=ran()>Ana");
    await ana.page.getByRole("button", { name: /here/ }).click();
    for (const name of HOSTILE_NAMES) {
      await ben.rename(name);
      lobby.typing();
      await lobby.send("x");
    }
    await until(async () => (await ana.bodies()).length === HOSTILE_NAMES.length, "not all shown");
    const authors = await ana.page.locator(".author").allTextContents();
    assertEquals(authors, HOSTILE_NAMES);
    for (const name of HOSTILE_NAMES.slice(0, 20)) {
      const room = await ben.createRoom(name);
      await ana.page.goto(`${pages.url}#${room.id}`);
      await ana.page.getByRole("heading", { name, exact: true }).first().waitFor();
      await room.leave();
    }
    await ana.page.goto(pages.url);
    await ana.reads("Where you were");
    // Links of the page itself lead to its rooms.
    assertEquals(await harmOf(ana, pages.url), HARMLESS);
    assertEquals(ana.problems, []);
    report("P4", "hostile names of people, and 20 of rooms", {
      names: HOSTILE_NAMES.length,
      "scripts run": 0,
      "elements made": 0,
      "requests left": 0,
    });
  },
});

Deno.test({
  name: "P4 topics, and what the search has found, are texts",
  ...NEEDS_CHROMIUM,
  async fn() {
    await using pages = await WebPages.start({ rate: 0 });
    const ana = await pages.visitor();
    await watch(ana);
    await using ben = new ChatClient(pages.chat.url, { name: "<i onclick=ran()>Ben" });
    await ben.connect();
    const room = await ben.createRoom("Lobby");
    await Promise.all(HOSTILE_TEXTS.map((text) => room.send(text)));
    await ana.openLink(`${pages.url}#${room.id}`, "Ana");
    const topics = HOSTILE_TEXTS.filter((text) => text === text.trim() && text.length <= 256);
    assert(topics.length >= 100, `${topics.length}`);
    for (const topic of topics) await setSettings(ben, room, { topic });
    const notices = ana.page.locator("[part=notice]");
    const words = topics.map((topic) => `<i onclick=ran()>Ben set the topic: ${topic}`);
    await until(
      async () => JSON.stringify(await notices.allTextContents()) === JSON.stringify(words),
      "the topics are not all shown as they are",
    );
    assertEquals(await ana.page.locator("header .topic").textContent(), topics.at(-1));
    await ana.page.keyboard.press("Control+f");
    const field = ana.page.getByLabel("Search the messages");
    for (const text of ["ran", "script", "onerror", "<img"]) {
      await field.fill(text);
      await field.press("Enter");
      await ana.page.getByRole("status").getByText(/messages? found/).waitFor();
      assert(await ana.page.locator(".hit").count() > 0, text);
    }
    const made = await ana.page.locator("[part=notice] *, .hit *, .topic *").evaluateAll((
      all: { tagName: string }[],
    ) => [...new Set(all.map(({ tagName }) => tagName))].sort());
    assertEquals(made, ["B", "BDI", "MARK", "SPAN"]);
    assertEquals(await harmOf(ana, pages.url), HARMLESS);
    assertEquals(ana.problems, []);
    report("P4", "hostile topics, and hostile texts that are searched", {
      topics: topics.length,
      "scripts run": 0,
      "elements made": 0,
      "requests left": 0,
    });
  },
});

Deno.test({
  name: "P4 an address with anything behind its # is an address of a room, or of none",
  ...NEEDS_CHROMIUM,
  async fn() {
    await using pages = await WebPages.start();
    const ana = await pages.visitor();
    await watch(ana);
    await ana.makeRoom(pages.url, "Ana", "Lobby");
    for (
      const hash of [
        "%",
        "%E0%A4%A",
        "<img src=x onerror=ran()>",
        "javascript:ran()",
        "a".repeat(5_000),
      ]
    ) {
      await ana.page.goto(`${pages.url}#${hash}`);
      await ana.reads("You are not in the room");
    }
    assertEquals(await harmOf(ana, pages.url), HARMLESS);
    assertEquals(ana.problems, []);
  },
});
