import { assertEquals } from "@std/assert";
import type { Browser, BrowserContext, CDPSession, Page } from "playwright-core";
import { ChatClient } from "../../client.ts";
import { launch, NEEDS_CHROMIUM } from "../support/chromium.ts";
import { TestChat } from "../support/fixtures.ts";
import { until } from "../support/waiting.ts";
import { chance, FULL, report, SEED, setting } from "./setting.ts";

/** The number of times that the tab which leads is taken away. */
const TIMES = setting(6, 300);

/** The number of times in one story, which begins with another browser profile and room. */
const TIMES_OF_STORY = 6;

/** No story begins later than this, in milliseconds. */
const MOST_MS = setting(60_000, 25 * 60_000);

const TABS = 5;

/** The time until all that was written is in the log, in milliseconds. */
const HEAL_MS = 60_000;

/** A tab of the page. */
class Tab {
  readonly page: Page;
  readonly #devtools: CDPSession;

  private constructor(page: Page, devtools: CDPSession) {
    this.page = page;
    this.#devtools = devtools;
  }

  static async open(context: BrowserContext, link: string): Promise<Tab> {
    const page = await context.newPage();
    await page.goto(link);
    await page.getByLabel("Your name").or(page.locator("textarea")).first().waitFor();
    if (await page.getByLabel("Your name").isVisible()) {
      await page.getByLabel("Your name").fill("Ana");
      await page.getByRole("button", { name: "Enter the room" }).click();
    }
    const tab = new Tab(page, await context.newCDPSession(page));
    await page.getByRole("button", { name: /here/ }).waitFor();
    return tab;
  }

  get #field() {
    return this.page.getByRole("textbox", { name: "Message" });
  }

  async say(text: string): Promise<void> {
    await this.sendDraft();
    await this.#field.fill(text);
    await this.#field.press("Enter");
  }

  /** Sends what was not kept when a tab went: it is where it was written, and a person sees it. */
  async sendDraft(): Promise<void> {
    if (await this.#field.inputValue() !== "") await this.#field.press("Enter");
  }

  /** Says whether the connection of all tabs is that of this one. */
  isLeading(): Promise<boolean> {
    return this.page.evaluate<boolean>(`(async () => {
      const { locks } = navigator;
      const name = "probe " + crypto.randomUUID();
      const held = await locks.request(name, async () => (await locks.query()).held);
      const own = held.find((lock) => lock.name === name).clientId;
      return held.some(({ clientId, name }) => clientId === own && /^parley ws[^ ]*$/.test(name));
    })()`);
  }

  async freeze(): Promise<void> {
    await this.#devtools.send("Page.setWebLifecycleState", { state: "frozen" });
  }

  async thaw(): Promise<void> {
    await this.#devtools.send("Page.setWebLifecycleState", { state: "active" });
  }

  /** Ends its process, as when there is no memory left. */
  async kill(): Promise<void> {
    const crashed = new Promise<void>((resolve) => this.page.once("crash", () => resolve()));
    // The answer never comes.
    this.#devtools.send("Page.crash").catch(() => {});
    await crashed;
    await this.page.close();
  }

  /** The messages that it shows. */
  shown(): Promise<string[]> {
    return this.page.locator("[part=list] .body").allTextContents();
  }

  /** The number of messages that it shows as not sent yet. */
  pending(): Promise<number> {
    return this.page.locator(".pending").count();
  }
}

/** The verdict on one story. */
interface Verdict {
  times: number;
  said: number;
  lost: number;
  doubled: number;
  disordered: number;
  mostConnections: number;
  deeds: string[];
}

async function tell(browser: Browser, story: number): Promise<Verdict> {
  const random = chance(SEED + story);
  await using chat = new TestChat();
  await using judge = new ChatClient(chat.url, { name: "Judge" });
  await judge.connect();
  const room = await judge.createRoom(`Story ${story}`);
  await using context = await browser.newContext();
  const link = `${chat.url.replace("ws:", "http:")}#${room.id}`;
  const tabs: Tab[] = [];
  for (let i = 0; i < TABS; i++) tabs.push(await Tab.open(context, link));
  const said: string[] = [];
  const deeds: string[] = [];
  let mostConnections = 0;
  try {
    for (let time = 0; time < TIMES_OF_STORY; time++) {
      await until(() => chat.chat.size.connections === 2, "not one connection");
      let leader: Tab | undefined;
      await until(async () => {
        const leads = await Promise.all(tabs.map((tab) => tab.isLeading()));
        leader = tabs[leads.indexOf(true)];
        return leader !== undefined;
      }, "nobody leads");
      const deed = ["close", "freeze", "kill"][Math.floor(random() * 3)]!;
      deeds.push(deed);
      const all = tabs.map(async (tab, i) => {
        for (let count = 0; count < 2; count++) {
          const text = `${story}.${time}.${i}.${count}`;
          // Who is taken away says what it says before.
          if (tab === leader && count === 1) return;
          said.push(text);
          await tab.say(text);
        }
      });
      await all[tabs.indexOf(leader!)];
      const place = tabs.indexOf(leader!);
      if (deed === "close") await leader!.page.close();
      if (deed === "kill") await leader!.kill();
      if (deed === "freeze") await leader!.freeze();
      await Promise.all(all);
      mostConnections = Math.max(mostConnections, chat.chat.size.connections - 1);
      if (deed === "freeze") await leader!.thaw();
      else tabs[place] = await Tab.open(context, link);
    }
    for (const tab of tabs) await tab.sendDraft();
    const times = { withinMs: HEAL_MS, everyMs: 50 };
    await until(
      async () => (await Promise.all(tabs.map((tab) => tab.pending()))).every((n) => n === 0),
      "something is still on its way",
      times,
    );
    await room.send("end");
    const stored: string[] = [];
    for await (const { body } of room) {
      if (body === "end") break;
      stored.push(body);
    }
    let disordered = 0;
    for (const tab of tabs) {
      await until(async () => (await tab.shown()).at(-1) === "end", "a tab does not end", times);
      if ((await tab.shown()).slice(0, -1).join() !== stored.join()) disordered++;
    }
    await until(() => chat.chat.size.connections === 2, "not one connection at the end");
    const once = new Set(stored);
    return {
      times: TIMES_OF_STORY,
      said: said.length,
      lost: said.filter((text) => !once.has(text)).length,
      doubled: stored.length - once.size,
      disordered,
      mostConnections,
      deeds,
    };
  } catch (error) {
    throw new Error(`Story ${story} (${deeds.join(", ")}): ${error}`, { cause: error });
  }
}

Deno.test({
  name: "P3 whichever way the tab that leads goes while five send, nothing is lost or doubled",
  ...NEEDS_CHROMIUM,
  async fn() {
    // Each tab has a process of its own, so that one can be killed.
    const browser = await launch(["--process-per-tab", "--renderer-process-limit=100"]);
    const verdicts: Verdict[] = [];
    const begin = performance.now();
    try {
      const stories = TIMES / TIMES_OF_STORY;
      for (let story = 0; story < stories && performance.now() - begin < MOST_MS; story++) {
        verdicts.push(await tell(browser, story));
      }
    } finally {
      await browser.close();
    }
    const sum = (of: "times" | "said" | "lost" | "doubled" | "disordered") =>
      verdicts.reduce((sum, verdict) => sum + verdict[of], 0);
    const count = (deed: string) =>
      verdicts.flatMap(({ deeds }) => deeds).filter((its) => its === deed).length;
    const bad = { lost: sum("lost"), doubled: sum("doubled"), "out of order": sum("disordered") };
    const connections = Math.max(...verdicts.map(({ mostConnections }) => mostConnections));
    report("P3", `five tabs in Chromium, ${sum("times")} times without the one that leads`, {
      closed: count("close"),
      frozen: count("freeze"),
      killed: count("kill"),
      said: sum("said"),
      ...bad,
      "connections of the tabs, most": connections,
      minutes: ((performance.now() - begin) / 60_000).toFixed(1),
    }, FULL && sum("times") < 300 ? [`${sum("times")} times, not 300`] : []);
    assertEquals({ ...bad, connections }, {
      lost: 0,
      doubled: 0,
      "out of order": 0,
      connections: 1,
    });
  },
});
