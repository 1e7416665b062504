import { assertEquals } from "@std/assert";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { ServerProcess } from "../../bench/server_process.ts";
import { ChatClient } from "../../client.ts";
import { launch, NEEDS_CHROMIUM } from "../support/chromium.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { pause, until } from "../support/waiting.ts";
import { chance, FULL, report, SEED, setting } from "./setting.ts";

const STORIES = setting(8, 1_000);

/** No story begins later than this, in milliseconds. */
const MOST_MS = setting(60_000, 30 * 60_000);

/** The number of people who are in the middle of a story at once. */
const AT_ONCE = 4;

const FOLDER = tempFolder();

/** The time that a page may take until all that was written is in the log, in milliseconds. */
const HEAL_MS = 60_000;

/** A server that can be killed, with its rooms in a file, and comes back at the same port. */
class Mortal implements AsyncDisposable {
  readonly #args: string[];
  #server: Promise<ServerProcess>;
  kills = 0;

  constructor(folder: string, port: number) {
    this.#args = ["--port", `${port}`, "--ops", "off", "--store", `sqlite:${folder}/chat.db`];
    this.#server = ServerProcess.start({ args: this.#args });
  }

  /** The URL of its WebSocket, once it is there. */
  async url(): Promise<string> {
    return (await this.#server).url;
  }

  /** Kills it, and resolves when it is there again. Each kill is of the process that the last one began. */
  async kill(): Promise<void> {
    this.kills++;
    this.#server = this.#server.then(async (server) => {
      server.kill("SIGKILL");
      await server[Symbol.asyncDispose]();
      return await ServerProcess.start({ args: this.#args });
    });
    await this.#server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#server)[Symbol.asyncDispose]();
  }
}

/** Somebody in front of a page that is loaded again, closed, and cut off while it is used. */
class Teller {
  readonly said: string[] = [];
  readonly deeds: string[] = [];
  readonly #context: BrowserContext;
  readonly #server: Mortal;
  readonly #roomId: string;
  readonly #random: () => number;
  #page!: Page;
  #isOffline = false;

  constructor(context: BrowserContext, server: Mortal, roomId: string, random: () => number) {
    this.#context = context;
    this.#server = server;
    this.#roomId = roomId;
    this.#random = random;
  }

  get #field() {
    return this.#page.getByRole("textbox", { name: "Message" });
  }

  async begin(): Promise<void> {
    await this.#open();
    await this.#page.getByLabel("Your name").fill("Ana");
    await this.#page.getByRole("button", { name: "Enter the room" }).click();
    await this.#field.waitFor();
  }

  /** Does one thing that a person may do, or that may happen to them. */
  async act(text: string): Promise<void> {
    const roll = this.#random();
    const deed = roll < 0.55
      ? "say"
      : roll < 0.68
      ? "say and reload"
      : roll < 0.75
      ? "reload"
      : roll < 0.82
      ? "close"
      : roll < 0.92
      ? "network"
      : roll < 0.96
      ? "kill"
      : "wait";
    this.deeds.push(deed);
    if (deed === "say" || deed === "say and reload") await this.#say(text);
    if (deed === "reload" || deed === "say and reload") await this.#reload();
    if (deed === "close") await this.#close();
    if (deed === "network") await this.#network(!this.#isOffline);
    if (deed === "kill") await this.#server.kill();
    if (deed === "wait") await pause(this.#random() * 400);
  }

  /** Puts all in order, and waits until nothing is on its way; says how much is in doubt. */
  async heal(): Promise<number> {
    await this.#network(false);
    // In the room again, the page shows what it has kept.
    await this.#page.locator("h1", { hasText: "Story" }).waitFor({ timeout: HEAL_MS });
    await this.#sendDraft();
    const left = () => this.#page.locator(".pending:not(.doubt)").count();
    const times = { withinMs: HEAL_MS, everyMs: 50 };
    await until(
      async () => await left() === 0 && await this.#page.locator(".status").isHidden(),
      "something is still on its way",
      times,
    );
    return await this.#page.locator(".doubt").count();
  }

  /** The messages that the page shows. */
  shown(): Promise<string[]> {
    return this.#page.locator("[part=list] .body").allTextContents();
  }

  async #say(text: string): Promise<void> {
    await this.#sendDraft();
    this.said.push(text);
    await this.#field.fill(text);
    await this.#field.press("Enter");
  }

  /** Sends what was not kept when the page went: it is where it was written, and a person sees it. */
  async #sendDraft(): Promise<void> {
    if (await this.#field.inputValue() !== "") await this.#field.press("Enter");
  }

  async #network(offline: boolean): Promise<void> {
    this.#isOffline = offline;
    await this.#context.setOffline(offline);
  }

  async #reload(): Promise<void> {
    // A browser without a network shows no page.
    if (this.#isOffline) return;
    await this.#page.reload({ waitUntil: "commit" }).catch(() => {});
    await this.#open();
  }

  async #close(): Promise<void> {
    await this.#page.close();
    await this.#network(false);
    await this.#open();
  }

  /** Opens the page, as often as it takes: the server may be gone. */
  async #open(): Promise<void> {
    const isNew = this.#page === undefined || this.#page.isClosed();
    if (isNew) this.#page = await this.#context.newPage();
    for (let attempt = 0; attempt < 20; attempt++) {
      const url = (await this.#server.url()).replace("ws:", "http:");
      const there = isNew || attempt > 0 ? `${url}/#${this.#roomId}` : undefined;
      try {
        if (there !== undefined) await this.#page.goto(there, { timeout: 5_000 });
        await this.#page.locator("textarea, input").first().waitFor({ timeout: 5_000 });
        return;
      } catch {
        await pause(100);
      }
    }
    throw new Error("The page does not open");
  }
}

/** Does something as often as it takes, as the server may be killed meanwhile. */
async function eventually<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 0;; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === 20) throw error;
      await pause(200);
    }
  }
}

/** The verdict on one story. */
interface Verdict {
  said: number;
  lost: number;
  doubled: number;
  disordered: number;
  doubts: number;
}

async function tell(browser: Browser, server: Mortal, story: number): Promise<Verdict> {
  const random = chance(SEED + story);
  await using context = await browser.newContext();
  await using stack = new AsyncDisposableStack();
  const roomId = await eventually(async () => {
    const chat = stack.use(new ChatClient(await server.url(), { name: "Judge" }));
    await chat.connect();
    return (await chat.createRoom(`Story ${story}`)).id;
  });
  const teller = new Teller(context, server, roomId, random);
  try {
    await teller.begin();
    const acts = 6 + Math.floor(random() * 6);
    for (let i = 0; i < acts; i++) await teller.act(`${story}.${i}`);
    const doubts = await teller.heal();
    // The log, as somebody reads it who has had no connection before.
    const log = await eventually(async () => {
      const reader = stack.use(new ChatClient(await server.url(), { name: "Reader" }));
      await reader.connect();
      return await reader.joinRoom(roomId, { last: 1_000 });
    });
    const stored: string[] = [];
    await log.send("end");
    for await (const { body } of log) {
      if (body === "end") break;
      stored.push(body);
    }
    await until(async () => (await teller.shown()).at(-1) === "end", "the page does not end");
    const shown = (await teller.shown()).slice(0, -1);
    const once = [...new Set(stored)];
    const inOrder = teller.said.filter((text) => once.includes(text));
    return {
      said: teller.said.length,
      lost: teller.said.length - once.length - doubts,
      doubled: stored.length - once.length,
      disordered: Number(inOrder.join() !== once.join()) + Number(shown.join() !== stored.join()),
      doubts,
    };
  } catch (error) {
    throw new Error(`Story ${story} (${teller.deeds.join(", ")}): ${error}`, { cause: error });
  }
}

Deno.test({
  name: "P2 what is written on the page is sent once, whatever happens to tab, network and server",
  ...NEEDS_CHROMIUM,
  async fn() {
    await using server = new Mortal(FOLDER, 20_000 + SEED % 10_000);
    const browser = await launch();
    const verdicts: Verdict[] = [];
    let next = 0;
    const begin = performance.now();
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, async () => {
        while (next < STORIES && performance.now() - begin < MOST_MS) {
          verdicts.push(await tell(browser, server, next++));
        }
      }));
    } finally {
      await browser.close();
    }
    const sum = (of: keyof Verdict) => verdicts.reduce((sum, verdict) => sum + verdict[of], 0);
    const bad = { lost: sum("lost"), doubled: sum("doubled"), "out of order": sum("disordered") };
    report("P2", `${verdicts.length} stories on pages in Chromium`, {
      said: sum("said"),
      ...bad,
      "in doubt": sum("doubts"),
      "kills of the server": server.kills,
      minutes: ((performance.now() - begin) / 60_000).toFixed(1),
    }, FULL && verdicts.length < 1_000 ? [`${verdicts.length} stories, not 1,000`] : []);
    assertEquals(bad, { lost: 0, doubled: 0, "out of order": 0 });
  },
});
