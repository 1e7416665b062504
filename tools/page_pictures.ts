/**
 * Makes the pictures of the page in README, from a real run in Chromium: `docs/page.png` and
 * `docs/page_phone.png`. `deno run -A tools/page_pictures.ts FOLDER` shows all states of the page
 * instead, each in a file of a folder, to be looked at.
 *
 * @module
 */

import type { BrowserContextOptions } from "playwright-core";
import { ChatClient } from "../client.ts";
import { Conversation } from "../src/client/conversation/conversation.ts";
import { type Visitor, WebPages } from "../tests/support/web_page.ts";

const ROOT = new URL("../", import.meta.url);

const DESK: BrowserContextOptions = { viewport: { width: 880, height: 560 } };
const PHONE: BrowserContextOptions = {
  viewport: { width: 360, height: 640 },
  hasTouch: true,
  isMobile: true,
  colorScheme: "dark",
};

const SAID = [
  ["Ben", "Morning! The boat leaves at **nine**, not at ten."],
  ["Ben", "Tides: https://example.org/tides/thursday"],
  ["Mio", "Then I need the early train.\n> 06:12 Harbour\n> 07:55 Pier"],
  [
    "Ben",
    "The logger on board, in case it says it again:\n```\n06:40 wind SW 4\n06:55 gust SW 6\n```",
  ],
  ["ليلى", "أحضر القهوة معي ☕"],
  ["Mio", "You are a hero, Layla."],
];

/** A room of Ana's, in which three others have talked. */
class Scene implements AsyncDisposable {
  readonly #others = new Map<string, ChatClient>();

  private constructor(readonly pages: WebPages, readonly ana: Visitor, readonly link: string) {}

  static async begin(): Promise<Scene> {
    const pages = await WebPages.start();
    const ana = await pages.visitor(DESK);
    const link = await ana.makeRoom(pages.url, "Ana", "Thursday's boat");
    const scene = new Scene(pages, ana, link);
    await ana.page.getByRole("button", { name: "Not now" }).click();
    await scene.openPanel();
    await ana.page.getByLabel("Topic").fill("Nine at the pier. Bring a jacket");
    await ana.page.getByLabel("Topic").press("Enter");
    await ana.page.getByRole("button", { name: "Close" }).click();
    await scene.#talk(new URL(link).hash.slice(1));
    return scene;
  }

  async openPanel(tab = this.ana): Promise<void> {
    await tab.page.getByRole("button", { name: /people|person here/ }).click();
    await tab.reads("in the room");
  }

  async openMenu(tab: Visitor, place: number): Promise<void> {
    const line = tab.page.locator(".message").nth(place);
    await line.hover();
    await line.getByRole("button", { name: /Actions/ }).click();
    await tab.page.getByRole("button", { name: "Answer" }).waitFor();
  }

  async #talk(roomId: string): Promise<void> {
    for (const name of new Set(SAID.map(([name]) => name!))) {
      const other = new ChatClient(this.pages.chat.url, { name });
      this.#others.set(name, other);
      await other.connect();
      await other.joinRoom(roomId);
    }
    for (const [name, text] of SAID) await this.#others.get(name!)!.room!.send(text!);
    await this.ana.reads("You are a hero");
    await this.ana.say("Nine it is. I will be the one with the **red** umbrella.");
    const own = this.ana.page.locator("[part=list] > .own");
    const seq = Number(await own.getAttribute("data-seq"));
    for (const other of this.#others.values()) await new Conversation(other.room!).react(seq, "☕");
    await this.ana.page.getByRole("button", { name: "☕ 3" }).waitFor();
    this.#others.get("Ben")!.room!.typing();
    await this.ana.reads("Ben is typing");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const other of this.#others.values()) await other.close();
    await this.pages[Symbol.asyncDispose]();
  }
}

async function shoot(path: string | URL, { page }: Visitor): Promise<void> {
  await Deno.writeFile(path, await page.screenshot({ animations: "disabled" }));
}

/** The two pictures of README. */
async function pictures(): Promise<void> {
  await using scene = await Scene.begin();
  await shoot(new URL("docs/page.png", ROOT), scene.ana);
  const phone = await scene.pages.visitor(PHONE);
  await phone.openLink(scene.link, "Noor");
  await phone.reads("umbrella");
  await shoot(new URL("docs/page_phone.png", ROOT), phone);
}

/** All states, each in a file. */
async function states(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  await using scene = await Scene.begin();
  const { ana, pages, link } = scene;
  const shot = (name: string, tab = ana) => shoot(`${folder}/${name}.png`, tab);
  await shot("busy");
  await scene.openMenu(ana, 2);
  await shot("menu");
  await ana.page.getByRole("button", { name: "Answer" }).click();
  await shot("answer");
  await ana.page.getByRole("button", { name: "Cancel" }).click();
  await scene.openPanel();
  await ana.page.getByRole("button", { name: "Moderate Ben" }).click();
  await shot("moderated");
  await ana.page.getByRole("button", { name: "Mute Ben" }).click();
  await shot("dialog");
  await ana.page.keyboard.press("Escape");
  await ana.page.getByRole("button", { name: "Search" }).click();
  await ana.page.getByLabel("Search the messages").fill("the");
  await ana.page.keyboard.press("Enter");
  await ana.reads("messages found");
  await shot("search");
  await scene.openPanel();
  await ana.page.emulateMedia({ colorScheme: "dark" });
  await ana.page.getByLabel("Density").selectOption("compact");
  await shot("dark_compact");
  await ana.page.emulateMedia({ forcedColors: "active" });
  await shot("forced_colours");

  const phone = await pages.visitor(PHONE);
  await phone.page.goto(link);
  await phone.reads("You have a link");
  await shot("phone_asked", phone);
  await phone.openLink(link, "Noor");
  await phone.reads("umbrella");
  await shot("phone", phone);
  await scene.openMenu(phone, 2);
  await shot("phone_menu", phone);
  await scene.openPanel(phone);
  await shot("phone_panel", phone);

  const zoe = await pages.visitor(DESK);
  await zoe.page.goto(pages.url);
  await zoe.reads("Make a room");
  await shot("start", zoe);
  await zoe.makeRoom(pages.url, "Zoe", "Kitchen");
  await shot("empty", zoe);
  await zoe.say("Who has the keys?");
  await zoe.sees(["Who has the keys?"]);
  await zoe.page.context().setOffline(true);
  await zoe.reads(/Connection lost/);
  await zoe.say("I am at the door.");
  await zoe.reads("Waits for the connection");
  await shot("offline", zoe);
  await zoe.page.context().setOffline(false);
  await zoe.sees(["Who has the keys?", "I am at the door."]);
  await zoe.say("x".repeat(70_000));
  await zoe.reads(/Not sent/);
  await shot("failed", zoe);
  await zoe.page.goto("about:blank");
  await zoe.page.goto(`${pages.url}#nowhere`);
  await zoe.reads("You are not in the room");
  await shot("refused", zoe);
}

if (import.meta.main) {
  const [folder] = Deno.args;
  await (folder === undefined ? pictures() : states(folder));
}
