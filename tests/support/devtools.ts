/**
 * Chromium as people run it, driven by its own protocol. Drivers switch off by flags what
 * browsers do to pages that nobody looks at, and that is what tests with this are about.
 *
 * @module
 */

import { CHROMIUM } from "./chromium.ts";
import { bounded, until } from "./waiting.ts";

/** None of these changes how a page is treated. */
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--remote-debugging-port=0",
];

/** The time that it may take to start on a machine that is busy, in milliseconds. */
const START_MS = 30_000;

interface Answer {
  id?: number;
  result?: unknown;
  error?: { message: string };
}

/** A browser with one window. */
export class Chromium implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #calls = 0;

  private constructor(process: Deno.ChildProcess, profile: string, socket: WebSocket) {
    this.#process = process;
    this.#profile = profile;
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const { id = 0, result, error }: Answer = JSON.parse(data);
      const call = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) call?.resolve(result);
      else call?.reject(new Error(error.message));
    };
  }

  /** Starts the browser, with more flags if need be. */
  static async start(...flags: string[]): Promise<Chromium> {
    const profile = await Deno.makeTempDir({ prefix: "parley-chromium-" });
    const process = new Deno.Command(CHROMIUM ?? "", {
      args: [...FLAGS, ...flags, `--user-data-dir=${profile}`, "about:blank"],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const socket = new WebSocket(await addressOf(profile));
    await bounded(
      new Promise((resolve, reject) => {
        socket.onopen = resolve;
        socket.onerror = reject;
      }),
      () => "Chromium does not answer",
    );
    return new Chromium(process, profile, socket);
  }

  /** Opens a page in a new tab, which hides the tab before it. */
  async open(url: string): Promise<Tab> {
    const { targetId } = await this.call<{ targetId: string }>("Target.createTarget", { url });
    const attached = await this.call<{ sessionId: string }>("Target.attachToTarget", {
      targetId,
      flatten: true,
    });
    const tab = new Tab(this, targetId, attached.sessionId);
    await tab.call("Page.enable");
    return tab;
  }

  /** Asks the browser, or one of its tabs, for something. */
  call<T>(method: string, params: Record<string, unknown> = {}, sessionId?: string): Promise<T> {
    const id = ++this.#calls;
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.set(id, answer);
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    return bounded(answer.promise, () => `${method} has no answer`) as Promise<T>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#socket.onclose = resolve);
    this.#socket.close();
    this.#process.kill("SIGKILL");
    await Promise.all([this.#process.status, closed]);
    await Deno.remove(this.#profile, { recursive: true }).catch(() => {});
  }
}

/** One tab of a browser. */
export class Tab {
  readonly #browser: Chromium;
  readonly #target: string;
  readonly #session: string;

  /** Made by {@linkcode Chromium.open} only. */
  constructor(browser: Chromium, target: string, session: string) {
    this.#browser = browser;
    this.#target = target;
    this.#session = session;
  }

  /** Asks the tab for something. */
  call<T>(method: string, params: Record<string, unknown> = {}): Promise<T> {
    return this.#browser.call(method, params, this.#session);
  }

  /** The value of an expression in the page; what it throws is thrown here. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.call<
      { result: { value: T }; exceptionDetails?: unknown }
    >("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails !== undefined) {
      throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    }
    return result.value;
  }

  /** Makes it the tab that is seen. */
  async show(): Promise<void> {
    await this.#browser.call("Target.activateTarget", { targetId: this.#target });
  }

  /** Closes the tab. */
  async close(): Promise<void> {
    await this.#browser.call("Target.closeTarget", { targetId: this.#target });
  }

  /** Stops the page, as browsers do with hidden ones to save energy, or lets it go on. */
  async freeze(state: "frozen" | "active"): Promise<void> {
    await this.call("Page.setWebLifecycleState", { state });
  }
}

/** Where a browser that starts with this profile can be talked to. */
async function addressOf(profile: string): Promise<string> {
  const read = () => Deno.readTextFile(`${profile}/DevToolsActivePort`).catch(() => "");
  const times = { withinMs: START_MS, everyMs: 50 };
  await until(async () => (await read()).includes("\n"), `${CHROMIUM} does not start`, times);
  const [port, path] = (await read()).split("\n");
  return `ws://127.0.0.1:${port}${path}`;
}
