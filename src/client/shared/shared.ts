// This module runs in browsers.

/**
 * One connection for all tabs of a browser, and one outbox. The tab that holds a Web Lock leads: it has
 * the connection, and the others speak over it. Where it is closed, frozen or killed, another one
 * leads at once, and each client goes on from its cursor.
 *
 * ```ts
 * import { ChatClient } from "jsr:@parley/chat/client";
 * import { indexedDbOutboxStore } from "jsr:@parley/chat/client/offline";
 * import { SharedConnection } from "jsr:@parley/chat/client/shared";
 *
 * const url = "wss://chat.example.org";
 * const shared = new SharedConnection(url, await indexedDbOutboxStore(url));
 * const chat = new ChatClient(url, { name: "Ana", WebSocket: shared.WebSocket });
 * await chat.connect();
 * const room = await chat.joinRoom("k7q2-m9xd-4hwn-r3tc", { last: 100 });
 * await shared.outbox.add(room.id, "hello"); // kept, and sent once, by whichever tab leads
 * ```
 *
 * All tabs are one client, which is in the rooms that any of them has joined. Whatever they say goes
 * through the outbox: `room.send` rejects with `invalid_argument`, as a tab alone cannot count the
 * messages of all. Everything else of the client works in each of them. The name, and a token, are
 * those of the tab that leads.
 *
 * @module
 */

import * as CLOSE from "../../protocol/close_codes.ts";
import { sleep } from "../../protocol/deadline.ts";
import { SUBPROTOCOL } from "../../protocol/frames.ts";
import { RELOAD_MS } from "../limits.ts";
import {
  indexedDbOutboxStore,
  type KeptMessage,
  type KeptOutbox,
  memoryOutboxStore,
  type OutboxChange,
  type OutboxStore,
  type SendAttempt,
} from "../offline.ts";
import { listenToPage } from "../page.ts";
import { SharedLeader } from "./shared_leader.ts";
import { SharedOutbox, type Witnessed } from "./shared_outbox.ts";
import { MOVED, SharedSocket } from "./shared_socket.ts";
import type { LeaderWord, Word } from "./shared_words.ts";

export { indexedDbOutboxStore, memoryOutboxStore, SharedOutbox };
export type { KeptMessage, KeptOutbox, OutboxChange, OutboxStore, SendAttempt, Witnessed };

/** The part of a `BroadcastChannel` that is used. */
export interface Channel {
  /** Called with what another tab has posted. */
  onmessage: ((event: { data: unknown }) => void) | null;
  /** Posts to all other tabs, in order. */
  postMessage(word: unknown): void;
  /** Ends it. */
  close(): void;
}

/** The part of a `LockManager` that is used. */
export interface Locks {
  /** Holds a lock for as long as `held` runs; with `steal`, whoever holds it is rejected. */
  request(
    name: string,
    options: { signal?: AbortSignal; steal?: boolean },
    held: () => Promise<unknown>,
  ): Promise<unknown>;
}

/** The surroundings of a tab; those of its page unless given. */
export interface SharedOptions {
  /** Tells the tabs of one outbox from others; `parley` and the address of the server unless given. */
  name?: string;
  /** Locks that all tabs share. */
  locks?: Locks;
  /** A way to all other tabs, of that name. */
  channel?: Channel;
  /** The class of the connection of the tab that leads; that of the platform unless given. */
  WebSocket?: new (url: URL, protocol: string) => WebSocket;
  /**
   * The time in which the tab that leads has to answer, in milliseconds; another one takes the lead
   * otherwise. 5,000 unless given.
   */
  timeoutMs?: number;
}

/** The pause before a tab wants to lead again where that has failed, in milliseconds. */
const AGAIN_MS = 1_000;

/** The share of one tab in the connection of all. */
export class SharedConnection implements Disposable {
  /** Messages of all tabs that are not in a log yet. */
  readonly outbox: SharedOutbox;
  /** The class of the sockets of a client: `ClientOptions.WebSocket`. */
  readonly WebSocket: new (url: URL, protocol: string) => WebSocket;
  readonly #url: URL;
  readonly #name: string;
  readonly #store: OutboxStore;
  readonly #locks: Locks;
  readonly #channel: Channel;
  readonly #Socket: new (url: URL, protocol: string) => WebSocket;
  readonly #timeoutMs: number;
  readonly #tab: string = crypto.randomUUID();
  readonly #sockets = new Map<string, SharedSocket>();
  readonly #ended = new AbortController();
  /** Resolves once others can see by a lock that this tab is there. */
  readonly #present: Promise<void>;
  #opened = 0;
  #leader: SharedLeader | undefined;
  /** Lets another tab lead, or stops waiting for that. */
  #yield: () => void = () => {};
  #isResting = false;
  #isStanding = false;
  #isStealing = false;

  /** Begins to share: with `url`, the server; `store`, the place where the outbox is kept. */
  constructor(url: string | URL, store: OutboxStore, options: SharedOptions = {}) {
    this.#url = new URL(url);
    this.#name = options.name ?? `parley ${url}`;
    this.#store = store;
    this.#locks = options.locks ?? (globalThis.navigator as unknown as { locks: Locks }).locks;
    this.#channel = options.channel ?? new BroadcastChannel(this.#name) as unknown as Channel;
    this.#Socket = options.WebSocket ?? WebSocket;
    this.#timeoutMs = options.timeoutMs ?? 5_000;
    this.outbox = new SharedOutbox(store, (word) => this.#say(word));
    const open = () => this.#open();
    // What a constructor returns is what `new` gives.
    this.WebSocket = function () {
      return open();
    } as unknown as typeof WebSocket;
    this.#channel.onmessage = ({ data }) => this.#hear(data as Word);
    const { signal } = this.#ended;
    const page = {
      nudge: () => this.#stand(),
      doubt: () => {},
      pause: (forMs?: number) => this.#rest(forMs),
    };
    listenToPage(page, () => this.#rest(RELOAD_MS), signal);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#present = promise;
    const whileHere = () => {
      resolve();
      return new Promise((gone) => signal.addEventListener("abort", gone));
    };
    this.#locks.request(this.#lockOf(this.#tab), { signal }, whileHere).catch(() => {});
    this.#say({ type: "tab" });
    this.#stand();
    this.outbox.read();
  }

  /** Says whether the connection is that of this tab. */
  get isLeading(): boolean {
    return this.#leader !== undefined;
  }

  /** Takes part no more: another tab leads. Close the clients first. */
  [Symbol.dispose](): void {
    this.#rest();
    this.#ended.abort();
    for (const socket of [...this.#sockets.values()]) socket.end(CLOSE.normal, "Shared no more");
    this.#sockets.clear();
    this.#channel.close();
  }

  /** Lets others lead, until `#stand`: the page stops, for `forMs` milliseconds at the most. */
  #rest(forMs?: number): void {
    this.#isResting = true;
    this.#leader?.stop(forMs);
    this.#yield();
  }

  /** Leads whenever nobody else does, until `#rest`. */
  async #stand(): Promise<void> {
    this.#isResting = false;
    if (this.#isStanding) return;
    this.#isStanding = true;
    const { signal } = this.#ended;
    while (!this.#isResting && !signal.aborted) await this.#lead();
    this.#isStanding = false;
  }

  async #lead(): Promise<void> {
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const waiting = new AbortController();
    this.#yield = () => {
      waiting.abort();
      resolve();
    };
    // A lock that is stolen takes no signal.
    const options = this.#isStealing ? { steal: true } : { signal: waiting.signal };
    this.#isStealing = false;
    try {
      const request = this.#locks.request(this.#name, options, () => {
        if (!waiting.signal.aborted) this.#begin();
        return over;
      });
      // Chromium does not always say that it has given up a lock that was asked for a moment ago.
      await Promise.race([request, over]);
    } catch {
      // Stolen, as this tab was silent for long; or given up before it came.
      if (!waiting.signal.aborted) await sleep(AGAIN_MS, this.#ended.signal);
    } finally {
      this.#leader?.stop();
      this.#leader = undefined;
    }
  }

  #begin(): void {
    this.#leader = new SharedLeader(crypto.randomUUID(), this.#store, {
      say: (word) => this.#say(word),
      socket: () => new this.#Socket(this.#url, SUBPROTOCOL),
      gone: async (tab, signal) => {
        await this.#locks.request(this.#lockOf(tab), { signal }, () => Promise.resolve());
      },
    });
  }

  #lockOf(tab: string): string {
    return `${this.#name} tab ${tab}`;
  }

  #open(): WebSocket {
    const id = `${this.#tab} ${++this.#opened}`;
    const socket = new SharedSocket({
      say: (text) => this.#say({ type: "said", socket: id, text }),
      shut: (code) => {
        this.#sockets.delete(id);
        this.#say({ type: "shut", socket: id, code });
      },
    });
    this.#sockets.set(id, socket);
    this.#ask(id);
    const { signal } = this.#ended;
    sleep(this.#timeoutMs, signal).then(() => {
      // Whoever leads says nothing: its page hangs, and still holds the lock.
      if (socket.readyState !== 0 || this.isLeading || this.#isResting || signal.aborted) return;
      this.#isStealing = true;
      this.#yield();
    });
    return socket as unknown as WebSocket;
  }

  #ask(socket: string): void {
    this.#present.then(() => this.#say({ type: "open", tab: this.#tab, socket }));
  }

  /** Says something to all tabs, this one included. */
  #say(word: Word): void {
    if (this.#ended.signal.aborted) return;
    this.#channel.postMessage(word);
    queueMicrotask(() => this.#hear(word));
  }

  #hear(word: Word): void {
    if (this.#ended.signal.aborted) return;
    switch (word.type) {
      case "leads":
        return this.#follow(word.term);
      case "opened":
        return this.#sockets.get(word.socket)?.open(word.term);
      case "heard":
        for (const socket of this.#meant(word)) socket.hear(word.text);
        return;
      case "ended":
        for (const socket of this.#meant(word)) socket.end(word.code, word.reason);
        return;
      case "kept":
        return void this.outbox.read();
      case "here":
        return;
      case "tab":
        this.#say({ type: "here" });
        break;
      case "added":
        this.outbox.read();
    }
    this.#leader?.hear(word);
  }

  /** Goes on with whoever leads now. */
  #follow(term: string): void {
    if (this.#leader !== undefined && this.#leader.term !== term) this.#yield();
    for (const [id, socket] of this.#sockets) {
      // Before the server has answered, the next one asks it again.
      if (!socket.isHeard) this.#ask(id);
      else if (socket.term !== term) {
        // At once: the server is not what has failed.
        socket.hear(MOVED);
        socket.end(CLOSE.unresponsive, "");
        this.#sockets.delete(id);
      }
    }
  }

  #meant({ term, sockets, type }: LeaderWord & { type: "heard" | "ended" }): SharedSocket[] {
    const found = [...this.#sockets].filter(([its, socket]) =>
      socket.term === term && (sockets === undefined || sockets.includes(its))
    );
    if (type === "ended") { for (const [its] of found) this.#sockets.delete(its); }
    return found.map(([, socket]) => socket);
  }
}
