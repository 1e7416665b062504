// This module runs in browsers.

/// <reference lib="dom" />
/**
 * One person at one server, whatever room it is in: a client that connects as often as it takes, and
 * an outbox that outlives the page.
 *
 * @module
 */

import { ChatClient, type ChatError, type Status } from "../client.ts";
import {
  indexedDbOutboxStore,
  memoryOutboxStore,
  OfflineOutbox,
  type OutboxStore,
} from "../src/client/offline.ts";
import type { SharedConnection } from "../src/client/shared/shared.ts";
import { LentStore } from "../src/client/shared/shared_outbox.ts";
import { loadTabs } from "./parts.ts";
import type { Alone } from "./tabs.ts";

type Tabs = typeof import("./tabs.ts");

/** The longest wait between attempts, in milliseconds. */
const MOST_DELAY_MS = 20_000;

/** The outbox of the page: its own, or that of all tabs. */
export type PageOutbox = Pick<
  OfflineOutbox,
  "session" | "messages" | "attach" | "enter" | "add" | "retry" | "discard" | "witness" | "onchange"
>;

/** The time that a page which is loaded again may take to let go of its outbox, in milliseconds. */
const LOCK_MS = 1_000;

/** Failures that waiting may help; so it does where the server says how long. */
const WAITING_HELPS = ["unreachable", "timeout", "disconnected", "unavailable"];

/** One person. */
export class Person {
  readonly #src: string;
  readonly #ended = new AbortController();
  #outbox: Promise<PageOutbox> | undefined;
  #isKeeping = false;
  /** The connection, where it is this page's own. */
  #live: WebSocket | undefined;
  #shared: SharedConnection | undefined;
  #chat: Promise<ChatClient> | undefined;
  #connected: ChatClient | undefined;
  #name: string;
  #status: Status = { type: "idle" };
  /** Ends the wait for the next attempt. */
  #waking = new AbortController();
  /** Called when the connection stands otherwise. */
  onstatus: (status: Status) => void = () => {};
  /** Called when the outbox is another one. */
  onoutbox: () => void = () => {};

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
  outbox(): Promise<PageOutbox> {
    return this.#outbox ??= this.#openOutbox();
  }

  /** Says whether other tabs share the connection. */
  get isSharing(): boolean {
    return this.#shared !== undefined;
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
    this.#shared?.[Symbol.dispose]();
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
      WebSocket: this.#socketClass(),
    });
    outbox.attach(chat);
    this.#tell({ type: "connecting" });
    await chat.connect();
    this.#connected = chat;
    this.#watch(chat);
    return chat;
  }

  /** The outbox of this server in this browser, alone or with other tabs; one in memory where none is kept. */
  async #openOutbox(): Promise<PageOutbox> {
    const name = `parley ${this.#src}`;
    try {
      const store = await indexedDbOutboxStore(name);
      const channel = new BroadcastChannel(name);
      this.#ended.signal.addEventListener("abort", () => channel.close());
      this.#isKeeping = true;
      let release: () => void;
      try {
        release = await lock(name, channel, this.#ended.signal);
      } catch {
        channel.close();
        return await this.#share(await loadTabs(), name, store);
      }
      const lent = new LentStore(store);
      channel.onmessage = async () => {
        // The other one need not wait for the lock.
        channel.postMessage({ type: "here" });
        // Where that cannot be loaded now, the other one asks again.
        const tabs = await loadTabs().catch(() => undefined);
        if (tabs === undefined || this.isSharing || this.#ended.signal.aborted) return;
        channel.close();
        this.#outbox = this.#share(tabs, name, store, { lent, release });
        this.onoutbox();
        if (this.#live !== undefined) tabs.giveUp(this.#live);
      };
      return await OfflineOutbox.open(lent);
    } catch {
      this.#isKeeping = false;
      return await OfflineOutbox.open(memoryOutboxStore());
    }
  }

  /** The class of its connections, which are those of all tabs once there are any. */
  #socketClass(): typeof WebSocket {
    const connect = (url: URL, protocol: string) =>
      this.#shared === undefined
        ? this.#live = new WebSocket(url, protocol)
        : new this.#shared.WebSocket(url, protocol);
    return function (url: URL, protocol: string) {
      return connect(url, protocol);
    } as unknown as typeof WebSocket;
  }

  #share(tabs: Tabs, name: string, store: OutboxStore, alone?: Alone): Promise<PageOutbox> {
    const { shared, outbox } = tabs.share(this.#src, name, store, alone);
    this.#shared = shared;
    return outbox;
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

/**
 * Takes a lock until it is released, the signal is aborted or the page ends; rejects where another tab
 * has it, which says so at once.
 */
function lock(name: string, channel: BroadcastChannel, ended: AbortSignal): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const waiting = new AbortController();
    const held = () => {
      if (waiting.signal.aborted) return;
      const { promise, resolve: release } = Promise.withResolvers<void>();
      resolve(release);
      ended.addEventListener("abort", () => release());
      // The page that comes next shall not have to wait until this one is cleared away.
      addEventListener("pagehide", ({ persisted }) => persisted || release());
      return promise;
    };
    const end = channel.onmessage = () => {
      waiting.abort();
      // Chromium does not always say so where the lock was asked for a moment ago.
      reject();
    };
    setTimeout(end, LOCK_MS);
    channel.postMessage({ type: "tab" });
    navigator.locks.request(name, { signal: waiting.signal }, held).catch((error) => {
      reject(error);
      // Another tab has taken it away, as this page had stood still.
      channel.onmessage?.(error);
    });
  });
}
