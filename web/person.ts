// This module runs in browsers.

/// <reference lib="dom" />
/**
 * One person at one server, whatever room it is in: a client that connects as often as it takes, and
 * an outbox that outlives the page.
 *
 * @module
 */

import { ChatClient, type ChatError, type Status } from "../client.ts";
import { indexedDbOutboxStore, memoryOutboxStore, OfflineOutbox } from "../src/client/offline.ts";

/** The longest wait between attempts, in milliseconds. */
const MOST_DELAY_MS = 20_000;

/** The time that a page which is loaded again may take to let go of its outbox, in milliseconds. */
const LOCK_MS = 1_000;

/** Failures that waiting may help; so it does where the server says how long. */
const WAITING_HELPS = ["unreachable", "timeout", "disconnected", "unavailable"];

/** One person. */
export class Person {
  readonly #src: string;
  readonly #ended = new AbortController();
  #outbox: Promise<OfflineOutbox> | undefined;
  #isKeeping = false;
  #chat: Promise<ChatClient> | undefined;
  #connected: ChatClient | undefined;
  #name: string;
  #status: Status = { type: "idle" };
  /** Ends the wait for the next attempt. */
  #waking = new AbortController();
  /** Called when the connection stands otherwise. */
  onstatus: (status: Status) => void = () => {};

  /** Makes somebody who does nothing yet. */
  constructor(src: string, name: string) {
    this.#src = src;
    this.#name = name;
  }

  /** The id of this person; empty before the first connection. */
  get clientId(): string {
    return this.#connected?.clientId ?? "";
  }

  /** The state of the connection. */
  get status(): Status {
    return this.#status;
  }

  /** Messages that are not in a log yet. */
  outbox(): Promise<OfflineOutbox> {
    return this.#outbox ??= this.#openOutbox();
  }

  /** Says whether the outbox outlives the page. */
  get isKeeping(): boolean {
    return this.#isKeeping;
  }

  /**
   * Does something with a client, as often as it takes.
   *
   * @throws {ChatError} where waiting does not help.
   */
  async with<Result>(work: (chat: ChatClient) => Promise<Result>): Promise<Result> {
    for (let mostMs = 1_000;; mostMs = Math.min(2 * mostMs, MOST_DELAY_MS)) {
      try {
        return await work(await this.#connect());
      } catch (error) {
        const { code, message, retryAfterMs } = error as ChatError;
        const isOver = retryAfterMs === undefined && !WAITING_HELPS.includes(code);
        if (isOver || this.#ended.signal.aborted) throw error;
        const delayMs = Math.max(Math.random() * mostMs, retryAfterMs ?? 0);
        if (this.#connected === undefined) {
          this.#tell({ type: "reconnecting", attempt: 0, delayMs, code: 0, reason: message });
        }
        await this.#wait(delayMs);
      }
    }
  }

  /** Takes another name. */
  async rename(name: string): Promise<void> {
    if (name === this.#name) return;
    await this.#connected?.rename(name);
    this.#name = name;
  }

  /** Tries again at once. */
  retryNow(): void {
    this.#waking.abort();
    this.#connected?.retryNow();
  }

  /** Leaves for good. */
  async close(): Promise<void> {
    this.#ended.abort();
    this.#waking.abort();
    await this.#connected?.close();
  }

  #connect(): Promise<ChatClient> {
    const connecting = this.#chat ??= this.#open();
    connecting.catch(() => {
      if (this.#chat === connecting) this.#chat = undefined;
    });
    return connecting;
  }

  async #open(): Promise<ChatClient> {
    const outbox = await this.outbox();
    const chat = new ChatClient(this.#src, {
      name: this.#name,
      session: outbox.session,
      signal: this.#ended.signal,
    });
    outbox.attach(chat);
    this.#tell({ type: "connecting" });
    await chat.connect();
    this.#connected = chat;
    this.#watch(chat);
    return chat;
  }

  /** The outbox of this server in this browser; one in memory where another tab has it, or none is kept. */
  async #openOutbox(): Promise<OfflineOutbox> {
    const name = `parley ${this.#src}`;
    try {
      await lock(name, this.#ended.signal);
      const outbox = await OfflineOutbox.open(await indexedDbOutboxStore(name));
      this.#isKeeping = true;
      return outbox;
    } catch {
      return await OfflineOutbox.open(memoryOutboxStore());
    }
  }

  async #watch(chat: ChatClient): Promise<void> {
    this.#tell(chat.status);
    for await (const status of chat.statuses()) this.#tell(status);
    // The server does not want it back: another attempt is another client.
    this.#chat = this.#connected = undefined;
  }

  #tell(status: Status): void {
    this.#status = status;
    this.onstatus(status);
  }

  async #wait(ms: number): Promise<void> {
    this.#waking = new AbortController();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#waking.signal.addEventListener("abort", () => resolve());
    await promise;
    clearTimeout(timer);
  }
}

/** Takes a lock until the signal is aborted or the page ends; rejects where another tab keeps it. */
function lock(name: string, ended: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const held = () => {
      resolve();
      return new Promise<void>((release) => {
        ended.addEventListener("abort", () => release());
        // The page that comes next shall not have to wait until this one is cleared away.
        addEventListener("pagehide", ({ persisted }) => persisted || release());
      });
    };
    navigator.locks.request(name, { signal: AbortSignal.timeout(LOCK_MS) }, held).catch(reject);
  });
}
