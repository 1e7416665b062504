/**
 * A session of the terminal chat on a screen that a test types on.
 *
 * @module
 */

import { ChatClient } from "../../client.ts";
import type { Line } from "../../src/cli/screen/editor.ts";
import type { Screen } from "../../src/cli/screen/screen.ts";
import { TerminalSession } from "../../src/cli/session.ts";
import { bounded } from "../support/waiting.ts";

/** A screen that a test types on; JSON comes out. */
export class TestScreen implements Screen {
  readonly shown: Record<string, unknown>[] = [];
  /** The lines for people. */
  readonly text: string[] = [];
  readonly prompts: string[] = [];
  readonly statuses: string[] = [];
  readonly columns = Infinity;
  readonly #entered: (Line | undefined)[] = [];
  #wake: () => void = () => {};

  constructor(readonly interactive: boolean) {}

  /** Enters lines; undefined is the end of the input. */
  enter(...lines: (string | undefined)[]): void {
    this.#entered.push(
      ...lines.map((text) => text === undefined ? undefined : { text, literal: false }),
    );
    this.#wake();
  }

  /** Pastes a text, and enters it. */
  paste(text: string): void {
    this.#entered.push({ text, literal: true });
    this.#wake();
  }

  async *lines(signal: AbortSignal): AsyncGenerator<Line, void, undefined> {
    signal.addEventListener("abort", () => this.enter(undefined));
    if (signal.aborted) return;
    while (true) {
      while (this.#entered.length === 0) await this.#change();
      const line = this.#entered.shift();
      if (line === undefined) return;
      yield line;
    }
  }

  show(text: string): Promise<void> {
    if (text.startsWith("{")) this.shown.push(JSON.parse(text));
    else this.text.push(text);
    this.#wake();
    return Promise.resolve();
  }

  setPrompt(prompt: string): Promise<void> {
    this.prompts.push(prompt);
    this.#wake();
    return Promise.resolve();
  }

  setStatus(status: string): Promise<void> {
    this.statuses.push(status);
    this.#wake();
    return Promise.resolve();
  }

  /** The page that is read, as rows of a screen of 40 columns and 6 rows. */
  page: string[] | undefined;

  setPage(
    page: ((size: { columns: number; rows: number }) => string[]) | undefined,
  ): Promise<void> {
    this.page = page?.({ columns: 40, rows: 6 });
    this.#wake();
    return Promise.resolve();
  }

  bells = 0;

  bell(): Promise<void> {
    this.bells++;
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Waits until the first row of the page is like that. */
  async read(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.page?.[0] ?? "none")) {
      await bounded(this.#change(), () => `${pattern} does not begin ${JSON.stringify(this.page)}`);
    }
  }

  /** Waits until something of that type was shown for the `nth` time, and returns it. */
  async saw(type: string, nth = 1): Promise<Record<string, unknown>> {
    while (true) {
      const found = this.shown.filter((shown) => shown.type === type)[nth - 1];
      if (found !== undefined) return found;
      await bounded(this.#change(), () => `no ${type} in ${JSON.stringify(this.shown)}`);
    }
  }

  /** Waits until something like this was shown, and returns it. */
  async until(
    isIt: (shown: Record<string, unknown>) => boolean,
  ): Promise<Record<string, unknown>> {
    while (true) {
      const found = this.shown.find(isIt);
      if (found !== undefined) return found;
      await bounded(this.#change(), () => `it is not in ${JSON.stringify(this.shown)}`);
    }
  }

  /** Waits until people were told such a line for the `nth` time. */
  async told(pattern: RegExp, nth = 1): Promise<void> {
    while (this.text.filter((line) => pattern.test(line)).length < nth) {
      await bounded(this.#change(), () => `${pattern} is not in ${JSON.stringify(this.text)}`);
    }
  }

  /** Waits until there is such a status. */
  async kept(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.statuses.at(-1) ?? "none")) {
      await bounded(this.#change(), () => `${pattern} is not among ${this.statuses}`);
    }
  }

  /** Waits until there is such a prompt. */
  async prompted(prompt: string): Promise<void> {
    while (this.prompts.at(-1) !== prompt) {
      await bounded(this.#change(), () => `${prompt} is not among ${this.prompts}`);
    }
  }

  /** All that was shown, without what differs from run to run. */
  get story(): string[] {
    return this.shown.map(({ type, body, name, message }) =>
      [type, name, body, message].filter((part) => part !== undefined).join(" ")
    );
  }

  #change(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = this.#wake;
    this.#wake = () => {
      before();
      resolve();
    };
    return promise;
  }
}

/** A session in a room called Lobby. */
export class Talk implements AsyncDisposable {
  private constructor(
    readonly chat: ChatClient,
    readonly screen: TestScreen,
    readonly session: TerminalSession,
    readonly exitCode: Promise<number>,
  ) {}

  static async start(
    { url }: { url: string },
    {
      interactive = true,
      name = "Ana",
      last = 0,
      room = "",
      sendTimeoutMs = 60_000,
      text = false,
    } = {},
  ): Promise<Talk> {
    const chat = new ChatClient(url, { name, sendTimeoutMs });
    await chat.connect();
    const screen = new TestScreen(interactive);
    const session = new TerminalSession(chat, screen, {
      joinCommand: (id) => `join ${id}`,
      page: "http://chat.example/",
      last,
      bell: true,
      ...(text ? { look: { colour: false, time: () => "12:00:00" } } : {}),
    });
    const entered = room === "" ? await chat.createRoom("Lobby") : await chat.joinRoom(room);
    return new Talk(chat, screen, session, session.run(entered));
  }

  /** The end, whose exit code is returned. */
  end(): Promise<number> {
    return bounded(this.exitCode, () => `no end: ${JSON.stringify(this.screen.shown)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.session.stop();
    await this.chat.close();
    await this.exitCode.catch(() => {});
  }
}
