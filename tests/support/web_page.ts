/**
 * The page of a chat in Chromium, as people have it.
 *
 * @module
 */

import type {
  Browser,
  BrowserContext,
  BrowserContextOptions,
  Locator,
  Page,
} from "playwright-core";
import type { ChatOptions } from "../../src/server/chat.ts";
import { launch } from "./chromium.ts";
import { TestChat } from "./fixtures.ts";
import { until } from "./waiting.ts";

/** A person in front of the page. */
export class Visitor {
  readonly page: Page;
  /** The errors that the page had, in words. */
  readonly problems: string[] = [];
  /** The addresses that the page has asked for. */
  readonly requests: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on("pageerror", ({ message }) => this.problems.push(message));
    page.on(
      "console",
      (message) => message.type() === "error" && this.problems.push(message.text()),
    );
    page.on("request", (request) => this.requests.push(request.url()));
  }

  /** The field to write in. */
  get field(): Locator {
    return this.page.getByRole("textbox", { name: "Message" });
  }

  /** Makes a room, and returns its link. */
  async makeRoom(url: string, name: string, room: string): Promise<string> {
    await this.page.goto(url);
    await this.page.getByLabel("Your name").fill(name);
    await this.page.getByLabel("Name of the room").fill(room);
    await this.page.getByRole("button", { name: "Make a room" }).click();
    await this.field.waitFor();
    await until(() => this.page.url().includes("#"), "the address has no room");
    return this.page.url();
  }

  /** Opens a link, and says a name where that is asked for. */
  async openLink(link: string, name?: string): Promise<void> {
    await this.page.goto(link);
    if (name !== undefined) {
      await this.page.getByLabel("Your name").fill(name);
      await this.page.getByRole("button", { name: "Enter the room" }).click();
    }
    await this.field.waitFor();
  }

  /** Says something, as a person does who pastes it. */
  async say(text: string): Promise<void> {
    await this.field.fill(text);
    await this.field.press("Enter");
  }

  /** The messages in the list, without those that are on their way. */
  bodies(): Promise<string[]> {
    return this.page.locator("[part=list] .body").allTextContents();
  }

  /** Waits until these are the messages in the list. */
  async sees(bodies: string[]): Promise<void> {
    let seen: string[] = [];
    await until(async () => {
      seen = await this.bodies();
      return JSON.stringify(seen) === JSON.stringify(bodies);
    }, () => `the list has ${JSON.stringify(seen)}, not ${JSON.stringify(bodies)}`);
  }

  /** Waits until the page shows a text. */
  async reads(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).first().waitFor();
  }
}

/** The browser of a file's tests: to start one takes longer than most of them. */
let browser: Promise<Browser> | undefined;
Deno.test.afterAll(async () => await (await browser)?.close());

/** Returns the browser of this file, or another one where that has ended. */
async function sharedBrowser(): Promise<Browser> {
  const running = await browser;
  if (running?.isConnected()) return running;
  return await (browser = launch());
}

/** A chat, and people with profiles of their own in a browser for its page. */
export class WebPages implements AsyncDisposable {
  readonly chat: TestChat;
  readonly #browser: Browser;
  readonly #contexts: BrowserContext[] = [];

  private constructor(chat: TestChat, browser: Browser) {
    this.chat = chat;
    this.#browser = browser;
  }

  static async start(options: ChatOptions = {}): Promise<WebPages> {
    const browser = await sharedBrowser();
    return new WebPages(new TestChat(options), browser);
  }

  /** The address of the page. */
  get url(): string {
    return this.chat.url.replace("ws:", "http:");
  }

  /** A browser profile of somebody's own: another person, or another device. */
  async context(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const context = await this.#browser.newContext(options);
    this.#contexts.push(context);
    return context;
  }

  /** Somebody with a browser of their own, or another tab of `context`. */
  async visitor(options: BrowserContextOptions = {}, context?: BrowserContext): Promise<Visitor> {
    return new Visitor(await (context ?? await this.context(options)).newPage());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#contexts.map((context) => context.close()));
    await this.chat[Symbol.asyncDispose]();
  }
}
