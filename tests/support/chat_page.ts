/**
 * A page with a client in it, for a browser: it joins a room, and keeps what it sees.
 *
 * @module
 */

import { bundleClient } from "./bundle.ts";
import type { Tab } from "./devtools.ts";
import { until } from "./waiting.ts";

/** The report of a page: what it has seen. */
export interface PageReport {
  clientId: string;
  /** The messages in their order, and whether they are its own. */
  messages: { body: string; own: boolean }[];
  statuses: string[];
  /** The number of `gap` and `recovered: false` that it was told. */
  missed: number;
  visible: boolean;
  /** The longest time without a call of a timer of 100 ms, in milliseconds. */
  longestGapMs: number;
  /** `true` where it was shown again out of the browser's cache. */
  cached: boolean;
}

const HTML = `<!doctype html>
<meta charset="utf-8">
<title>Chat</title>
<script type="module">
  import { ChatClient } from "/client.js";

  const report = { messages: [], statuses: [], missed: 0, longestGapMs: 0, cached: false };
  const asked = new URLSearchParams(location.search);
  const session = sessionStorage.getItem("session");
  const chat = new ChatClient(asked.get("server"), { name: "Page", session });
  Object.assign(globalThis, { chat, report, ready: begin() });
  addEventListener("pageshow", ({ persisted }) => report.cached ||= persisted);
  let last = performance.now();
  globalThis.measureGap = () => {
    report.longestGapMs = Math.max(report.longestGapMs, performance.now() - last);
  };
  setInterval(() => {
    measureGap();
    last = performance.now();
  }, 100);

  async function begin() {
    readStatuses();
    await chat.connect();
    sessionStorage.setItem("session", chat.session);
    readRoom(await chat.joinRoom(asked.get("room"), { last: 100 }));
  }

  async function readStatuses() {
    for await (const { type } of chat.statuses()) report.statuses.push(type);
  }

  async function readRoom(room) {
    for await (const event of room.events()) {
      if (event.type === "message") report.messages.push({ body: event.body, own: event.own });
      if (event.type === "gap" || event.recovered === false) report.missed++;
    }
  }
</script>`;

/** Serves the page, and an empty one at `/other`. */
export class PageServer implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  private constructor(script: string) {
    this.#server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
      const { pathname } = new URL(request.url);
      const [body, type] = pathname === "/client.js"
        ? [script, "javascript"]
        : [pathname === "/" ? HTML : "<!doctype html><title>Other</title>", "html"];
      return new Response(body, { headers: { "content-type": `text/${type}; charset=utf-8` } });
    });
  }

  static async start(): Promise<PageServer> {
    return new PageServer(await bundleClient());
  }

  /** The address of a page that joins a room of a server. */
  url(server: string, roomId: string): string {
    return `${this.#origin}/?${new URLSearchParams({ server, room: roomId })}`;
  }

  /** The address of a page with nothing in it. */
  get otherUrl(): string {
    return `${this.#origin}/other`;
  }

  get #origin(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** Waits until the page is in its room. */
export async function inRoom(tab: Tab): Promise<void> {
  await until(() => tab.evaluate<boolean>("'ready' in globalThis"), "the page does not load");
  await tab.evaluate("ready");
}

/** Asks the page in a tab what it has seen by now. */
export function reportOf(tab: Tab): Promise<PageReport> {
  return tab.evaluate(
    `measureGap(), ({ ...report, clientId: chat.clientId, visible: document.visibilityState === "visible" })`,
  );
}
