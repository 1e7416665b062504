import { assert, assertEquals } from "@std/assert";
import { ServerProcess } from "../../bench/server_process.ts";
import { ChatClient, type ChatRoom } from "../../client.ts";
import { inRoom, PageServer, reportOf } from "../support/chat_page.ts";
import { CHROMIUM } from "../support/chromium.ts";
import { Chromium, type Tab } from "../support/devtools.ts";
import { pause, until } from "../support/waiting.ts";
import { FULL, report, setting } from "./setting.ts";

/** The time that nobody looks at the pages, in milliseconds. */
const HIDDEN_MS = setting(5_000, 30 * 60_000);

/** The time that a page has to have gone without its timers, in milliseconds: four of the short heartbeats. */
const GAP_MS = 4_000;

/** When it is given up to wait for that, in milliseconds. */
const MOST_MS = HIDDEN_MS + 90_000;

/** The time between two messages in the busy room, in milliseconds. */
const EVERY_MS = 200;

/** Chromium begins to run timers once a minute after five minutes: here after two seconds or so. */
const HASTE =
  "--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/2/grace_period_seconds_loaded/2";

/** A room with a page in it that nobody looks at, and what others are told of that page. */
class Scene {
  readonly told: string[] = [];
  readonly said: string[] = [];
  readonly #chat: ChatClient;
  readonly #room: ChatRoom;
  readonly tab: Tab;
  readonly clientId: string;

  private constructor(chat: ChatClient, room: ChatRoom, tab: Tab, clientId: string) {
    this.#chat = chat;
    this.#room = room;
    this.tab = tab;
    this.clientId = clientId;
  }

  static async open(url: string, pages: PageServer, browser: Chromium): Promise<Scene> {
    const chat = new ChatClient(url, { name: "Deno" });
    await chat.connect();
    const room = await chat.createRoom("Lobby");
    const tab = await browser.open(pages.url(url, room.id));
    await inRoom(tab);
    const { clientId } = await reportOf(tab);
    return new Scene(chat, room, tab, clientId);
  }

  async say(): Promise<void> {
    const body = `${this.said.length + 1}`;
    await this.#room.send(body);
    this.said.push(body);
  }

  async listen(): Promise<void> {
    for await (const event of this.#room.events()) {
      if ("own" in event && !event.own && event.type !== "message") this.told.push(event.type);
    }
  }

  /** Judges what came of it, when the page has had time to see all that was said. */
  async verdict() {
    await this.say();
    const last = this.said.at(-1);
    await until(
      async () => (await reportOf(this.tab)).messages.at(-1)?.body === last,
      "the page does not see the last message",
      { withinMs: 60_000, everyMs: 100 },
    );
    const page = await reportOf(this.tab);
    const seen = page.messages.map(({ body }) => body);
    const count = (what: string) => this.told.filter((event) => event === what).length;
    return {
      page,
      figures: {
        away: count("away"),
        leave: count("leave"),
        said: this.said.length,
        lost: this.said.filter((body) => !seen.includes(body)).length,
        doubled: seen.length - new Set(seen).size,
        connections: page.statuses.filter((status) => status === "connected").length,
        "longest gap of its timers in s": Math.round(page.longestGapMs / 1_000),
      },
    };
  }

  close(): Promise<void> {
    return this.#chat.close();
  }
}

/** Says whether the timers of all pages have been held up for long enough to show something. */
async function areHeldUp(scenes: Scene[]): Promise<boolean> {
  const reports = await Promise.all(scenes.map(({ tab }) => reportOf(tab)));
  return reports.every(({ longestGapMs }) => longestGapMs > GAP_MS);
}

Deno.test({
  name: "R19 a tab that nobody looks at stays in its room, whether others speak or not",
  ignore: CHROMIUM === undefined,
  async fn() {
    await using server = await ServerProcess.start({
      args: FULL ? [] : ["--heartbeat", "1", "--grace", "1"],
    });
    await using pages = await PageServer.start();
    await using browser = await Chromium.start(...FULL ? [] : [HASTE]);
    const quiet = await Scene.open(server.url, pages, browser);
    const busy = await Scene.open(server.url, pages, browser);
    await browser.open(pages.otherUrl);
    const listening = [quiet, busy].map((scene) => scene.listen());
    const begin = performance.now();
    const hiddenMs = () => performance.now() - begin;
    while (hiddenMs() < HIDDEN_MS || hiddenMs() < MOST_MS && !await areHeldUp([quiet, busy])) {
      await busy.say();
      await pause(EVERY_MS);
    }
    const minutes = (hiddenMs() / 60_000).toFixed(1);
    const verdicts = [await quiet.verdict(), await busy.verdict()];
    for (const [i, { figures }] of verdicts.entries()) {
      report("R19", `a tab hidden for ${minutes} min in a ${["quiet", "busy"][i]} room`, figures);
    }
    for (const scene of [quiet, busy]) await scene.close();
    await Promise.all(listening);
    for (const [i, { page, figures }] of verdicts.entries()) {
      const { away, leave, lost, doubled, connections } = figures;
      assertEquals([away, leave, lost, doubled, connections, page.missed], [0, 0, 0, 0, 1, 0]);
      assertEquals([page.clientId, page.visible], [[quiet, busy][i]!.clientId, false]);
      assert(page.longestGapMs > GAP_MS, "Its timers were not held up, and nothing is shown");
    }
  },
});
